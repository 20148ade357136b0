//! The web configuration file: the format of the Prometheus exporter-toolkit, read into what the
//! listeners need.
//!
//! Everything that the format knows is known here; what bascule cannot do is refused in a
//! sentence, and nothing is passed over. Relative paths start from the file's own folder. No
//! fault quotes a hash or a key.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::fault::{At, Fault, Place, printable};
use super::secret::Environment;
use super::values::{CREDENTIALS, FilePath};
use super::web_keys::{Keys, whole};
use super::web_tls;
use super::yaml::{self, Node, Unreadable, What};
use crate::web::access::{Access, ClientAuth, Hash, Headers, Rate, Users};

/// Longest name of a user, in bytes.
const LONGEST_NAME: usize = 255;

/// What a private key in PEM begins and ends with.
const KEY: &[u8] = b"PRIVATE KEY-----";

/// The files of a web configuration, read as they are asked for, and what all of them say.
pub(super) struct Files<'a> {
    environment: &'a Environment,
    folder: &'a Path,
    digest: Sha256,
    /// Of those that are secret, which others can read.
    exposed: Vec<Fault>,
}

impl Files<'_> {
    /// The content of a file that the web configuration names.
    pub(super) fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let bytes = self.environment.read(&self.full(path)?)?;
        self.digest.update(bytes.len().to_be_bytes());
        self.digest.update(&bytes);
        Ok(bytes)
    }

    /// Warns if others can read such a file, which holds a secret.
    pub(super) fn expose(&mut self, place: &Place, path: &str) {
        let full = self.full(path).ok();
        let warning = full.and_then(|full| self.environment.exposed(&full));
        self.exposed.extend(warning.map(|it| place.fault(it)));
    }

    fn full(&self, path: &str) -> Result<FilePath, String> {
        if path.starts_with(CREDENTIALS) {
            return Ok(FilePath(path.to_owned()));
        }
        let full = self.folder.join(path).into_os_string();
        full.into_string()
            .map(FilePath)
            .map_err(|_| "is below a directory whose name is not UTF-8".to_owned())
    }
}

/// RFC 3339 in UTC with whole seconds.
fn timestamp(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| "some time".to_owned(), |it| format!("{it:.0}"))
}

/// Reads the file that `[web] config_file` names.
pub(crate) fn read(
    at: &At<FilePath>,
    environment: &Environment,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Access {
    let path = match environment.expand(&at.value) {
        Ok(path) => path,
        Err(sentence) => {
            faults.push(at.fault(sentence));
            return Access::default();
        }
    };
    let name = printable(&path.display().to_string());
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let bytes = match environment.read(&at.value) {
        Ok(bytes) => bytes,
        Err(sentence) => {
            faults.push(at.fault(sentence));
            return Access::default();
        }
    };
    let access = of_bytes(&bytes, &name, (environment, folder), faults, warnings);
    let holds_key = bytes.windows(KEY.len()).any(|part| part == KEY);
    if holds_key || !access.users.is_empty() {
        warnings.extend(environment.exposed(&at.value).map(|it| at.fault(it)));
    }
    access
}

/// Reads the bytes of a file of this name in this folder.
pub(super) fn of_bytes(
    bytes: &[u8],
    name: &str,
    (environment, folder): (&Environment, &Path),
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Access {
    let place = whole(name);
    let Ok(text) = std::str::from_utf8(bytes) else {
        faults.push(place.fault("is not UTF-8 text"));
        return Access::default();
    };
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(Unreadable(line, sentence)) => {
            faults.push(Place { line, ..place }.fault(sentence));
            return Access::default();
        }
    };
    let mut files = Files {
        environment,
        folder,
        digest: Sha256::new_with_prefix(bytes),
        exposed: Vec::new(),
    };
    document(root, place, &mut files, faults, warnings)
}

fn document(
    root: Node,
    place: Place,
    files: &mut Files<'_>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Access {
    if matches!(root.what, What::Nothing) {
        // Cut short by a full disk or an editor, it must not take all protection away.
        faults.push(place.fault("is empty: without web.config_file nothing is protected either"));
        return Access::default();
    }
    let mut below = Vec::new();
    let mut keys = Keys::of(root, place, faults);
    let tls = keys.take("tls_server_config");
    let http = keys.take("http_server_config");
    let users = keys.take("basic_auth_users");
    let rate = keys.take("rate_limit");
    keys.finish();
    let tls = tls.and_then(|(place, node)| {
        let read = web_tls::read(node, &place, files, &mut below)?;
        weaknesses(&place, &read, files.environment, warnings);
        Some(read)
    });
    let headers = http.map(|(place, node)| http_server(node, place, &mut below));
    let users = users.map(|(place, node)| basic_auth(node, &place, &mut below, warnings));
    let rate = rate.and_then(|(place, node)| rate_limit(node, place, &mut below));
    faults.append(&mut below);
    warnings.append(&mut files.exposed);
    Access {
        tls,
        headers: headers.unwrap_or_default(),
        users: Users::new(users.unwrap_or_default()),
        rate,
        fingerprint: files.digest.clone().finalize().into(),
    }
}

/// What works, and will not for long, or not as it may be meant.
fn weaknesses(
    place: &Place,
    tls: &crate::web::access::Tls,
    environment: &Environment,
    warnings: &mut Vec<Fault>,
) {
    let (from, until) = tls.validity();
    if until < environment.now {
        let sentence = format!("the certificate expired at {}", timestamp(until));
        warnings.push(place.fault(sentence));
    }
    if from > environment.now {
        let sentence = format!("the certificate is valid from {} on", timestamp(from));
        warnings.push(place.fault(sentence));
    }
    warnings.extend(tls.oddities().into_iter().map(|it| place.fault(it)));
    let weak = match tls.client_auth() {
        ClientAuth::RequestClientCert => "lets in clients with any certificate, and without one",
        ClientAuth::RequireAnyClientCert => {
            "lets in clients with any certificate, one they made themselves included"
        }
        ClientAuth::VerifyClientCertIfGiven => "lets in clients without a certificate",
        ClientAuth::NoClientCert | ClientAuth::RequireAndVerifyClientCert => return,
    };
    let place = place.below("client_auth_type");
    warnings.push(place.fault(format!("{weak}; RequireAndVerifyClientCert does not")));
}

fn http_server(node: Node, place: Place, faults: &mut Vec<Fault>) -> Headers {
    let mut inner = Vec::new();
    let mut keys = Keys::of(node, place, faults);
    // Both are fine: HTTP/2 is an offer, and a server need not make it.
    keys.flag("http2");
    let wanted = keys.take("headers");
    keys.finish();
    let mut headers = Headers::default();
    if let Some((place, node)) = wanted {
        let mut keys = Keys::of(node, place, &mut inner);
        for (key, node) in keys.take_all() {
            let place = keys.at(&key);
            let set = match node.what {
                What::Text { text, .. } => headers.set(&key.name, &text),
                What::Nothing => headers.set(&key.name, ""),
                What::List(_) | What::Table(_) => Err("must be a text".to_owned()),
            };
            if let Err(sentence) = set {
                keys.fault(place.fault(sentence));
            }
        }
    }
    faults.append(&mut inner);
    headers
}

fn basic_auth(
    node: Node,
    place: &Place,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> BTreeMap<String, Hash> {
    let mut users = BTreeMap::new();
    let mut keys = Keys::of(node, place.clone(), faults);
    let entries = keys.take_all();
    if entries.is_empty() {
        keys.fault(place.fault("names nobody: leave it out if nobody has to say who they are"));
    }
    for (key, node) in entries {
        let table = Place {
            line: Some(key.line),
            ..place.clone()
        };
        if let Some(sentence) = wrong_name(&key.name) {
            keys.fault(table.fault(sentence));
            continue;
        }
        let place = keys.at(&key);
        let hash = match node.what {
            What::Text { text, .. } => Hash::new(&text),
            What::Nothing => Err("has no hash".to_owned()),
            What::List(_) | What::Table(_) => Err("must be a bcrypt hash".to_owned()),
        };
        match hash {
            Ok(hash) => {
                warnings.extend(hash.weakness().map(|sentence| place.fault(sentence)));
                users.insert(key.name, hash);
            }
            Err(sentence) => keys.fault(place.fault(sentence)),
        }
    }
    users
}

fn wrong_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("there is a user without a name")
    } else if name.starts_with("$2") {
        Some("there is a hash in the place of a name: write `name: hash`")
    } else if name.contains(':') {
        Some("there is a name with a colon, which no client can send")
    } else if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        Some("there is a name that is longer than 255 bytes, or not printable")
    } else {
        None
    }
}

fn rate_limit(node: Node, place: Place, faults: &mut Vec<Fault>) -> Option<Rate> {
    let mut keys = Keys::of(node, place, faults);
    let interval = keys.text("interval");
    let burst = keys.text("burst");
    let interval = interval.and_then(|(place, text)| match duration(&text) {
        Some(interval) => Some(interval),
        None => {
            let sentence = "must be a duration, such as \"1s\" or \"100ms\"";
            keys.fault(place.fault(sentence));
            None
        }
    });
    let limited = interval.is_some_and(|interval| !interval.is_zero());
    let burst = match burst {
        Some((place, text)) => match text.parse::<u32>() {
            Ok(0) if limited => {
                keys.fault(place.fault("must be 1 or more: with 0 no request is ever answered"));
                None
            }
            Ok(burst) => Some(burst),
            Err(_) => {
                keys.fault(place.fault("must be a whole number"));
                None
            }
        },
        None if limited => {
            let place = keys.place().below("burst");
            keys.fault(place.fault("is missing: without it no request is ever answered"));
            None
        }
        None => None,
    };
    keys.finish();
    limited.then(|| Some(Rate::new(interval?, burst?)))?
}

/// A duration as Go writes it. A bare 0 needs no unit.
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let spaces = text.contains(char::is_whitespace);
    humantime::parse_duration(text).ok().filter(|_| !spaces)
}
