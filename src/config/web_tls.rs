//! `tls_server_config` of the web configuration file.

use super::fault::{Fault, Place};
use super::web_file::Files;
use super::web_keys::{Keys, quoted};
use super::yaml::Node;
use crate::web::access::{Cipher, ClientAuth, Curve, Tls, TlsFault, TlsParts, Version};

/// The only one of the files that is a secret.
const KEY_FILE: &str = "key_file";

/// Something that stands in the file itself or in one that it names.
struct Text {
    place: Place,
    bytes: Vec<u8>,
}

/// Reads the table; `None` if it is empty, or faults were reported.
pub(super) fn read(
    node: Node,
    place: &Place,
    files: &mut Files<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Tls> {
    let before = faults.len();
    let mut keys = Keys::of(node, place.clone(), faults);
    if keys.is_empty() {
        return None;
    }
    let certificate = text(&mut keys, ["cert", "cert_file"], true, files);
    let key = text(&mut keys, ["key", KEY_FILE], true, files);
    let client_ca = text(&mut keys, ["client_ca", "client_ca_file"], false, files);
    let client_auth = client_auth(&mut keys, client_ca.as_ref());
    let names = keys.texts("client_allowed_sans");
    if let Some((place, _)) = names.first()
        && !client_auth.verifies()
    {
        let sentence = "means something only with client_auth_type: RequireAndVerifyClientCert, \
                        as anybody can make a certificate with any name";
        keys.fault(place.fault(sentence));
    }
    let min_version = version(&mut keys, "min_version").unwrap_or(Version::V12);
    let max_version = version(&mut keys, "max_version").unwrap_or(Version::V13);
    if min_version > max_version {
        let place = keys.place().below("min_version");
        keys.fault(place.fault("is above max_version"));
    }
    let cipher_suites = ciphers(&mut keys);
    let prefer_server_cipher_suites = keys.flag("prefer_server_cipher_suites").unwrap_or(true);
    let curve_preferences = curves(&mut keys);
    keys.finish();
    let (certificate, key) = (certificate?, key?);
    if faults.len() > before {
        return None;
    }
    let built = Tls::new(&TlsParts {
        certificate: certificate.bytes,
        key: key.bytes,
        client_auth,
        client_ca: client_ca.as_ref().map(|text| text.bytes.clone()),
        client_allowed_sans: names.into_iter().map(|(_, name)| name).collect(),
        min_version,
        max_version,
        cipher_suites,
        prefer_server_cipher_suites,
        curve_preferences,
    });
    let wrong = match built {
        Ok(tls) => return Some(tls),
        Err(wrong) => wrong,
    };
    faults.push(match wrong {
        TlsFault::Certificate(sentence) => certificate.place.fault(sentence),
        TlsFault::Key(sentence) => key.place.fault(sentence),
        TlsFault::ClientCa(sentence) => match &client_ca {
            Some(ca) => ca.place.fault(sentence),
            None => place.below("client_ca_file").fault(sentence),
        },
        TlsFault::Protocol(sentence) => place.below("cipher_suites").fault(sentence),
    });
    None
}

/// What stands in the file itself, or else in the file that is named.
fn text(
    keys: &mut Keys<'_>,
    [inline, file]: [&'static str; 2],
    needed: bool,
    files: &mut Files<'_>,
) -> Option<Text> {
    match (keys.text(inline), keys.text(file)) {
        (Some((place, _)), Some(_)) => {
            keys.fault(place.fault(format!("is there beside {file}: one of both is enough")));
            None
        }
        (Some((place, text)), None) => Some(Text {
            place,
            bytes: text.into_bytes(),
        }),
        (None, Some((place, path))) => match files.read(&path) {
            Ok(bytes) => {
                if file == KEY_FILE {
                    files.expose(&place, &path);
                }
                Some(Text { place, bytes })
            }
            Err(sentence) => {
                keys.fault(place.fault(sentence));
                None
            }
        },
        (None, None) if needed => {
            let place = keys.place().below(file);
            keys.fault(place.fault("is missing: without it nothing is encrypted"));
            None
        }
        (None, None) => None,
    }
}

fn client_auth(keys: &mut Keys<'_>, client_ca: Option<&Text>) -> ClientAuth {
    let written = keys.text("client_auth_type");
    let known = |name: &str| {
        // A former name, which the toolkit still reads.
        let name = if name == "RequireClientCert" {
            "RequireAnyClientCert"
        } else {
            name
        };
        ClientAuth::NAMES.iter().find(|(it, _)| *it == name)
    };
    let chosen = match &written {
        None => ClientAuth::NoClientCert,
        Some((place, name)) => match known(name) {
            Some((_, chosen)) => *chosen,
            None => {
                let names = ClientAuth::NAMES.map(|(name, _)| name).join(", ");
                let name = quoted(name);
                keys.fault(place.fault(format!("{name} is not one of {names}")));
                return ClientAuth::NoClientCert;
            }
        },
    };
    match (chosen, client_ca) {
        (ClientAuth::NoClientCert, Some(ca)) => {
            let sentence = "is there without a client_auth_type: nobody would be asked for a \
                            certificate";
            keys.fault(ca.place.fault(sentence));
        }
        (chosen, None) if chosen.verifies() => {
            let place = keys.place().below("client_ca_file");
            keys.fault(place.fault("is missing: it says whose certificates clients have to show"));
        }
        _ => {}
    }
    chosen
}

fn version(keys: &mut Keys<'_>, key: &'static str) -> Option<Version> {
    let (place, name) = keys.text(key)?;
    let sentence = match &*name {
        "TLS12" => return Some(Version::V12),
        "TLS13" => return Some(Version::V13),
        "TLS10" | "TLS11" => {
            format!("{name} is not served, it is broken: write TLS12 or TLS13")
        }
        _ => format!("{} is not one of TLS12, TLS13", quoted(&name)),
    };
    keys.fault(place.fault(sentence));
    None
}

fn ciphers(keys: &mut Keys<'_>) -> Vec<Cipher> {
    let mut ciphers = Vec::new();
    for (place, name) in keys.texts("cipher_suites") {
        match Cipher::named(&name) {
            Some(cipher) => ciphers.push(cipher),
            None => {
                let (name, all) = (quoted(&name), Cipher::names().join(", "));
                keys.fault(place.fault(format!("{name} is not served; these are: {all}")));
            }
        }
    }
    ciphers
}

fn curves(keys: &mut Keys<'_>) -> Vec<Curve> {
    let mut curves = Vec::new();
    for (place, name) in keys.texts("curve_preferences") {
        match Curve::named(&name) {
            Some(curve) => curves.push(curve),
            None => {
                let (name, all) = (quoted(&name), Curve::NAMES.join(", "));
                keys.fault(place.fault(format!("{name} is not served; these are: {all}")));
            }
        }
    }
    curves
}
