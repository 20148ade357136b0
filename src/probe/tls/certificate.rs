//! What a certificate says of itself, whether or not anybody believes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::model::CertificateFacts;
use crate::model::printable::printable;

/// Longest distinguished name that is kept, in characters.
const DISTINGUISHED: usize = 256;
/// Most alternative names that are kept: real certificates have up to a hundred.
const NAMES: usize = 100;
/// Longest alternative name that is kept: what DNS allows.
const NAME: usize = 253;

/// A certificate, parsed once for all that is asked of it.
pub(super) struct Parsed<'a> {
    /// Its bytes.
    pub(super) der: &'a [u8],
    /// When it is valid.
    pub(super) validity: Validity,
    certificate: X509Certificate<'a>,
}

/// From when until when.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) from: SystemTime,
    pub(super) until: SystemTime,
}

impl Validity {
    /// The valid moment nearest to `now`; `None` if `now` is one.
    pub(super) fn nearest_valid(self, now: SystemTime) -> Option<SystemTime> {
        const BESIDE: Duration = Duration::from_secs(1);
        if now > self.until {
            self.until.checked_sub(BESIDE)
        } else if now < self.from {
            self.from.checked_add(BESIDE)
        } else {
            None
        }
    }
}

impl<'a> Parsed<'a> {
    /// Reads a certificate; `None` if it is not one.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            der,
            validity: Validity {
                from: time_of(validity.not_before),
                until: time_of(validity.not_after),
            },
            certificate,
        })
    }

    /// The distinguished name of its issuer.
    pub(super) fn issuer(&self) -> String {
        printable(&self.certificate.issuer().to_string(), DISTINGUISHED)
    }

    /// All that is kept of it.
    pub(super) fn facts(&self) -> CertificateFacts {
        CertificateFacts {
            not_before: self.validity.from,
            not_after: self.validity.until,
            subject: printable(&self.certificate.subject().to_string(), DISTINGUISHED),
            issuer: self.issuer(),
            names: self.names(),
            sha256: hexadecimal(&Sha256::digest(self.der)),
        }
    }

    fn names(&self) -> Vec<String> {
        let Ok(Some(extension)) = self.certificate.subject_alternative_name() else {
            return Vec::new();
        };
        extension
            .value
            .general_names
            .iter()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(printable(name, NAME)),
                GeneralName::IPAddress(bytes) => address(bytes),
                _ => None,
            })
            .take(NAMES)
            .collect()
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        Some(std::net::Ipv4Addr::from(v4).to_string())
    } else {
        let v6 = <[u8; 16]>::try_from(bytes).ok()?;
        Some(std::net::Ipv6Addr::from(v6).to_string())
    }
}

fn time_of(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moment = if seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    moment.unwrap_or(UNIX_EPOCH)
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}
