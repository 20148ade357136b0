//! Throw-away authorities and every kind of wrong certificate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bascule::host::clock::Clock;
use bascule::probe::trust::Roots;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Days from now; negative is the past.
pub(crate) type Days = i64;

/// Somebody who signs.
pub(crate) struct Authority {
    params: CertificateParams,
    key: KeyPair,
    /// Its own certificate: self-signed, or signed by another authority.
    pub(crate) certificate: CertificateDer<'static>,
}

/// What a server shows, with the key.
pub(crate) struct Chain {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

impl Chain {
    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    /// The chain as a PEM text.
    pub(crate) fn pem(&self) -> String {
        self.certificates.iter().map(pem).collect()
    }

    /// With one more certificate at the end.
    pub(crate) fn and(mut self, certificate: &CertificateDer<'static>) -> Self {
        self.certificates.push(certificate.clone());
        self
    }
}

/// What is asked of an authority.
pub(crate) struct Wish {
    pub(crate) names: Vec<String>,
    pub(crate) from: Days,
    pub(crate) until: Days,
    pub(crate) usage: ExtendedKeyUsagePurpose,
    pub(crate) serial: Vec<u8>,
    pub(crate) extensions: Vec<CustomExtension>,
}

/// A flawless certificate for a name.
pub(crate) fn wish(name: &str) -> Wish {
    Wish {
        names: vec![name.to_owned()],
        from: -10,
        until: 90,
        usage: ExtendedKeyUsagePurpose::ServerAuth,
        serial: vec![0x51, 0x22, 0x33],
        extensions: Vec::new(),
    }
}

impl Wish {
    pub(crate) fn valid(mut self, from: Days, until: Days) -> Self {
        (self.from, self.until) = (from, until);
        self
    }
}

impl Authority {
    /// A root.
    pub(crate) fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(name, -1000, 1000);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            params,
            key,
            certificate,
        }
    }

    /// An authority below this one.
    pub(crate) fn intermediate(&self, name: &str, from: Days, until: Days) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(name, from, until);
        let certificate = params.signed_by(&key, &self.issuer()).unwrap();
        Self {
            params,
            key,
            certificate: certificate.der().clone(),
        }
    }

    /// The other authority's name and key, signed by this one.
    pub(crate) fn cross_sign(
        &self,
        other: &Self,
        from: Days,
        until: Days,
    ) -> CertificateDer<'static> {
        let mut params = other.params.clone();
        set_validity(&mut params, from, until);
        let signed = params.signed_by(&other.key, &self.issuer()).unwrap();
        signed.der().clone()
    }

    /// A server's (or client's) certificate, alone.
    pub(crate) fn sign(&self, wish: &Wish) -> Chain {
        self.sign_changed(wish, |_| {})
    }

    /// The same with one thing or another changed.
    pub(crate) fn sign_changed(
        &self,
        wish: &Wish,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Chain {
        let key = KeyPair::generate().unwrap();
        let mut params = params(wish);
        change(&mut params);
        let signed = params.signed_by(&key, &self.issuer()).unwrap();
        Chain {
            certificates: vec![signed.der().clone()],
            key,
        }
    }

    /// A server's certificate for a key that somebody else has, or nobody.
    pub(crate) fn sign_key(
        &self,
        wish: &Wish,
        key: &impl PublicKeyData,
    ) -> CertificateDer<'static> {
        let signed = params(wish).signed_by(key, &self.issuer()).unwrap();
        signed.der().clone()
    }

    /// Trust in this authority only.
    pub(crate) fn roots(&self) -> Roots {
        let pem = pem(&self.certificate);
        Roots::none().with_pem(pem.as_bytes()).unwrap()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

/// Signed by itself, as an authority (as `openssl req -x509` does) or not.
pub(crate) fn self_signed(wish: &Wish, as_authority: bool) -> Chain {
    let key = KeyPair::generate().unwrap();
    let mut params = params(wish);
    params.is_ca = if as_authority {
        IsCa::Ca(BasicConstraints::Unconstrained)
    } else {
        IsCa::NoCa
    };
    let certificate = params.self_signed(&key).unwrap();
    Chain {
        certificates: vec![certificate.der().clone()],
        key,
    }
}

/// An OCSP response of one answer, whose signature nobody has made.
pub(crate) fn staple(serial: &[u8], revoked: bool, from: Days, until: Days) -> Vec<u8> {
    let time = |days| der(0x18, &[generalized(days).as_bytes()]);
    let sha1 = der(0x30, &[&[0x06, 5, 0x2b, 14, 3, 2, 26], &[5, 0]]);
    let id = der(
        0x30,
        &[
            &sha1,
            &der(4, &[&[1; 20]]),
            &der(4, &[&[2; 20]]),
            &der(2, &[serial]),
        ],
    );
    let status = if revoked {
        der(0xa1, &[&time(-3)])
    } else {
        vec![0x80, 0]
    };
    let single = der(
        0x30,
        &[&id, &status, &time(from), &der(0xa0, &[&time(until)])],
    );
    let data = der(
        0x30,
        &[
            &der(0xa2, &[&der(4, &[&[3; 20]])]),
            &time(from),
            &der(0x30, &[&single]),
        ],
    );
    let basic = der(0x30, &[&data, &sha1, &der(3, &[&[0, 1, 2, 3]])]);
    let oid = [0x06, 9, 0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
    let bytes = der(0x30, &[&oid, &der(4, &[&basic])]);
    der(0x30, &[&der(0x0a, &[&[0]]), &der(0xa0, &[&bytes])])
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    let mut value = vec![tag];
    match u16::try_from(inside.len()).unwrap().to_be_bytes() {
        [0, short @ 0..=0x7f] => value.push(short),
        [high, low] => value.extend([0x82, high, low]),
    }
    value.extend(inside);
    value
}

fn generalized(days: Days) -> String {
    let seconds = now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let then = i64::try_from(seconds).unwrap() + days * 86_400;
    jiff::Timestamp::from_second(then)
        .unwrap()
        .strftime("%Y%m%d%H%M%SZ")
        .to_string()
}

/// The time of day; tests read clocks where the daemon does.
pub(crate) fn now() -> SystemTime {
    Clock::system().wall()
}

pub(crate) fn pem(certificate: &CertificateDer<'static>) -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
        base64_lines(certificate)
    )
}

fn base64_lines(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (position, chunk) in bytes.chunks(3).enumerate() {
        let bits = chunk
            .iter()
            .chain([&0, &0])
            .take(3)
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for digit in 0..4 {
            if digit <= chunk.len() {
                let index = (bits >> (18 - 6 * digit)) & 63;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
        if position % 16 == 15 {
            text.push('\n');
        }
    }
    text.push('\n');
    text
}

fn authority_params(name: &str, from: Days, until: Days) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, from, until);
    params
}

fn params(wish: &Wish) -> CertificateParams {
    let mut params = CertificateParams::new(wish.names.clone()).unwrap();
    let common_name = wish.names.first().map_or("nobody", String::as_str);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![wish.usage.clone()];
    params.serial_number = Some(SerialNumber::from_slice(&wish.serial));
    params.custom_extensions.clone_from(&wish.extensions);
    set_validity(&mut params, wish.from, wish.until);
    params
}

/// Sets the validity, in days from now. (The type of rcgen's dates has no name here.)
fn set_validity(params: &mut CertificateParams, from: Days, until: Days) {
    let seconds = now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let day = |days: Days| {
        let then = i64::try_from(seconds).unwrap() + days * 86_400;
        epoch + Duration::from_secs(u64::try_from(then).unwrap())
    };
    params.not_before = day(from);
    params.not_after = day(until);
}
