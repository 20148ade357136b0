//! Judges a chain of certificates: chain, dates, name, revocation, in this order.
//!
//! webpki stops at the first fault it meets, and it meets dates before trust. So that an
//! expired certificate of an unknown authority is called untrusted, and an expired one of a
//! known authority expired, a chain that fails now is tried again at moments when its
//! certificates were valid. What verifies then has a fault of dates only; and the path that
//! was found tells which certificate it is. Extra certificates that the server sends and no
//! path needs (an expired cross-signature) neither fail a chain nor count for its expiry.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::certificate::{Parsed, Validity};
use super::memory::{self, Trusted};
use super::ocsp;
use crate::model::printable::{QUOTE, printable};
use crate::model::{Cause, CertificateFacts, Reason};
use crate::probe::trust::{PROVIDER, Roots};
use crate::probe::words::span;

/// How many certificates of a chain are looked at beside the first. Real paths need up to four.
const INTERMEDIATES: usize = 16;
/// How many of them may have the same name: an authority with as many cross-signatures. Each is
/// a fork of the search, which goes six deep: sixteen of one name that have signed each other
/// cost seconds to find that none of them leads anywhere.
const NAMESAKES: usize = 3;
/// At how many other moments a path is looked for. Each costs as much as the first.
const MOMENTS: usize = 4;

/// What the server showed.
pub(super) struct Presented<'a> {
    /// The first certificate.
    pub(super) end_entity: &'a CertificateDer<'a>,
    /// The others.
    pub(super) intermediates: &'a [CertificateDer<'a>],
    /// The OCSP response that came with them; empty if none did.
    pub(super) staple: &'a [u8],
}

/// What we think of it.
pub(super) struct Judged {
    /// What the first certificate says of itself; `None` if it cannot be read.
    pub(super) certificate: Option<Arc<CertificateFacts>>,
    /// The earliest expiry in the verified path, else in the chain that was served.
    pub(super) chain_not_after: Option<SystemTime>,
    /// The first fault.
    pub(super) fault: Option<Cause>,
}

/// A certificate of a path, with its place in it.
#[derive(Clone, Copy)]
pub(super) struct Link {
    is_end_entity: bool,
    validity: Validity,
}

impl Presented<'_> {
    /// The judgement for a name at a time.
    pub(super) fn judge(&self, roots: &Roots, name: &ServerName<'_>, now: SystemTime) -> Judged {
        let digest = memory::digest(self.end_entity, self.intermediates);
        let known = roots.chains.get(&digest);
        if let Some(known) = known.filter(|known| is_valid_at(&known.path, now))
            && let Ok(end_entity) = EndEntityCert::try_from(self.end_entity)
        {
            return self.judge_trusted(&known, &end_entity, name, now);
        }
        let chain: Vec<Parsed<'_>> = std::iter::once(self.end_entity)
            .chain(self.intermediates.iter().take(INTERMEDIATES))
            .filter_map(|der| Parsed::read(der))
            .collect();
        let leaf = chain
            .first()
            .filter(|first| first.der == self.end_entity.as_ref());
        let served_until = chain.iter().map(|parsed| parsed.validity.until).min();
        let mut judged = Judged {
            certificate: leaf.map(|leaf| Arc::new(leaf.facts())),
            chain_not_after: served_until,
            fault: None,
        };
        let end_entity = match EndEntityCert::try_from(self.end_entity) {
            Ok(end_entity) => end_entity,
            Err(error) => {
                judged.fault = Some(bad(&error));
                return judged;
            }
        };
        judged.fault = match self.path(&end_entity, &chain, &roots.store, now) {
            Err(error) => Some(self.chain_fault(&error, &end_entity, leaf, &roots.store)),
            Ok(path) => {
                judged.chain_not_after = expiry(&path);
                let fault = date_fault(&path, now)
                    .or_else(|| name_fault(&end_entity, name, judged.certificate.as_deref()))
                    .or_else(|| ocsp::revoked(self.staple, end_entity.serial(), now));
                if let Some(certificate) = judged.certificate.clone() {
                    roots.chains.keep(digest, Trusted { certificate, path });
                }
                fault
            }
        };
        judged
    }

    /// The judgement of a chain that is known to lead to a root, and whose path is valid now.
    fn judge_trusted(
        &self,
        known: &Trusted,
        end_entity: &EndEntityCert<'_>,
        name: &ServerName<'_>,
        now: SystemTime,
    ) -> Judged {
        Judged {
            certificate: Some(Arc::clone(&known.certificate)),
            chain_not_after: expiry(&known.path),
            fault: name_fault(end_entity, name, Some(&known.certificate))
                .or_else(|| ocsp::revoked(self.staple, end_entity.serial(), now)),
        }
    }

    /// The certificates beside the first among which a path is looked for, in their order.
    fn candidates(&self) -> Vec<CertificateDer<'_>> {
        let mut read: Vec<EndEntityCert<'_>> = Vec::new();
        let mut candidates = Vec::new();
        for der in self.intermediates.iter().take(INTERMEDIATES) {
            // Read as the search reads it. What it cannot read leads nowhere.
            let Ok(certificate) = EndEntityCert::try_from(der) else {
                continue;
            };
            let is_namesake = |other: &&EndEntityCert<'_>| other.subject() == certificate.subject();
            if read.iter().filter(is_namesake).count() < NAMESAKES {
                read.push(certificate);
                candidates.push(CertificateDer::from(der.as_ref()));
            }
        }
        candidates
    }

    /// A path to a trusted root: one that is valid now, else one that was or will be.
    fn path(
        &self,
        end_entity: &EndEntityCert<'_>,
        chain: &[Parsed<'_>],
        roots: &RootCertStore,
        now: SystemTime,
    ) -> Result<Vec<Link>, webpki::Error> {
        let candidates = self.candidates();
        let path_at = |time| self.path_at(end_entity, &candidates, chain, roots, time);
        let mut first = match path_at(now) {
            Ok(path) => return Ok(path),
            Err(error) if is_endless(&error) => return Err(error),
            Err(error) => error,
        };
        // If any time suits the whole path, then one beside the limit of a certificate that
        // is not valid now.
        let validities = chain.iter().map(|parsed| parsed.validity);
        let moments = validities.filter_map(|validity| validity.nearest_valid(now));
        for moment in moments.take(MOMENTS) {
            match path_at(moment) {
                Ok(path) => return Ok(path),
                Err(error) if is_endless(&error) => return Err(error),
                // A fault that is not of dates says more than one that is.
                Err(error) if is_of_dates(&first) && !is_of_dates(&error) => first = error,
                Err(_) => {}
            }
        }
        Err(first)
    }

    fn path_at(
        &self,
        end_entity: &EndEntityCert<'_>,
        candidates: &[CertificateDer<'_>],
        chain: &[Parsed<'_>],
        roots: &RootCertStore,
        time: SystemTime,
    ) -> Result<Vec<Link>, webpki::Error> {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let verified = end_entity.verify_for_usage(
            PROVIDER.signature_verification_algorithms.all,
            &roots.roots,
            candidates,
            UnixTime::since_unix_epoch(since_epoch),
            KeyUsage::server_auth(),
            None,
            None,
        )?;
        let validity_of = |der: &[u8]| {
            chain
                .iter()
                .find(|parsed| parsed.der == der)
                .map(|parsed| parsed.validity)
        };
        let first = validity_of(self.end_entity).map(|validity| Link {
            is_end_entity: true,
            validity,
        });
        let others = verified
            .intermediate_certificates()
            .filter_map(|certificate| validity_of(&certificate.der()))
            .map(|validity| Link {
                is_end_entity: false,
                validity,
            });
        Ok(first.into_iter().chain(others).collect())
    }

    /// No path to a trusted root at any time.
    fn chain_fault(
        &self,
        error: &webpki::Error,
        end_entity: &EndEntityCert<'_>,
        leaf: Option<&Parsed<'_>>,
        roots: &RootCertStore,
    ) -> Cause {
        use webpki::Error as E;
        let self_signed = end_entity.issuer() == end_entity.subject();
        let is_root = |root: &rustls::pki_types::TrustAnchor<'_>| {
            // The anchor's subject lacks the outer tag and length that the certificate's has not either.
            root.subject.as_ref() == end_entity.subject()
        };
        match error {
            // Tools make self-signed certificates as authorities; that is not what is wrong
            // with them, unless somebody trusts them.
            E::CaUsedAsEndEntity if self_signed && !roots.roots.iter().any(is_root) => {
                untrusted("certificate is self-signed and not among the trusted ones".to_owned())
            }
            E::UnknownIssuer | E::InvalidSignatureForPublicKey | E::CertDistrusted => {
                untrusted(if self_signed {
                    "certificate is self-signed and not among the trusted ones".to_owned()
                } else {
                    let issuer = leaf.map_or_else(
                        || "an authority".to_owned(),
                        |leaf| format!("\"{}\"", printable(&leaf.issuer(), QUOTE)),
                    );
                    if self.intermediates.is_empty() {
                        format!(
                            "certificate is signed by {issuer}, which is not trusted, \
                             and the server sends no intermediate certificate"
                        )
                    } else {
                        format!(
                            "certificate is signed by {issuer}, which leads to no trusted authority"
                        )
                    }
                })
            }
            E::CertExpired { .. } => Cause::new(
                Reason::TlsExpired,
                "the certificates of the chain were never valid together, and one has expired",
            ),
            E::CertNotValidYet { .. } => Cause::new(
                Reason::TlsNotYetValid,
                "the certificates of the chain are never valid together, and one is not valid yet",
            ),
            other => bad(other),
        }
    }
}

fn untrusted(detail: String) -> Cause {
    Cause::new(Reason::TlsUntrusted, detail)
}

fn bad(error: &webpki::Error) -> Cause {
    use webpki::Error as E;
    let what = match error {
        E::CaUsedAsEndEntity => "it is an authority's and not a server's".to_owned(),
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => {
            "it is not meant for servers".to_owned()
        }
        E::NameConstraintViolation => "its authority may not sign for its names".to_owned(),
        E::UnsupportedCertVersion => "it is not of version 3".to_owned(),
        E::EndEntityUsedAsCa => "it is signed by somebody who is no authority".to_owned(),
        E::PathLenConstraintViolated => "its chain is longer than an authority allows".to_owned(),
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | E::SignatureAlgorithmMismatch => {
            "it, or one above it, is signed with a kind of key or digest that is not supported"
                .to_owned()
        }
        E::UnsupportedCriticalExtension => {
            "it has an extension that must be understood, and is not".to_owned()
        }
        E::MalformedExtensions
        | E::ExtensionValueInvalid
        | E::InvalidCertValidity
        | E::InvalidSerialNumber
        | E::MalformedDnsIdentifier
        | E::MalformedNameConstraint => "what it says is malformed".to_owned(),
        E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumNameConstraintComparisonsExceeded => {
            "its chain is too long or too tangled".to_owned()
        }
        E::BadDer | E::BadDerTime | E::TrailingData(_) => "it cannot be decoded".to_owned(),
        other => printable(&other.to_string(), QUOTE),
    };
    Cause::new(
        Reason::TlsBadCertificate,
        format!("certificate is not acceptable: {what}"),
    )
}

/// Whether every certificate of the path is valid.
fn is_valid_at(path: &[Link], now: SystemTime) -> bool {
    path.iter()
        .all(|link| link.validity.nearest_valid(now).is_none())
}

/// When the first certificate of the path expires.
fn expiry(path: &[Link]) -> Option<SystemTime> {
    path.iter().map(|link| link.validity.until).min()
}

const fn is_of_dates(error: &webpki::Error) -> bool {
    matches!(
        error,
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
    )
}

/// The library has given the search up. It would at other moments, too.
const fn is_endless(error: &webpki::Error) -> bool {
    matches!(
        error,
        webpki::Error::MaximumPathBuildCallsExceeded
            | webpki::Error::MaximumSignatureChecksExceeded
            | webpki::Error::MaximumNameConstraintComparisonsExceeded
    )
}

fn date_fault(path: &[Link], now: SystemTime) -> Option<Cause> {
    let which = |link: &Link| {
        if link.is_end_entity {
            "certificate"
        } else {
            "intermediate certificate"
        }
    };
    let first_to_expire = path.iter().min_by_key(|link| link.validity.until)?;
    if let Ok(ago) = now.duration_since(first_to_expire.validity.until)
        && ago > Duration::ZERO
    {
        return Some(Cause::new(
            Reason::TlsExpired,
            format!("{} expired {} ago", which(first_to_expire), span(ago)),
        ));
    }
    let last_to_begin = path.iter().max_by_key(|link| link.validity.from)?;
    let wait = last_to_begin.validity.from.duration_since(now).ok()?;
    (wait > Duration::ZERO).then(|| {
        Cause::new(
            Reason::TlsNotYetValid,
            format!("{} becomes valid in {}", which(last_to_begin), span(wait)),
        )
    })
}

fn name_fault(
    end_entity: &EndEntityCert<'_>,
    name: &ServerName<'_>,
    facts: Option<&CertificateFacts>,
) -> Option<Cause> {
    /// Names quoted in a sentence; the facts have more.
    const QUOTED: usize = 3;
    match end_entity.verify_is_valid_for_subject_name(name) {
        Ok(()) => None,
        Err(webpki::Error::CertNotValidForName(_)) => {
            let names = facts.map_or(&[][..], |facts| &facts.names);
            let mut list = names[..names.len().min(QUOTED)].join(", ");
            if names.is_empty() {
                list.push_str("no name at all");
            } else if names.len() > QUOTED {
                list.push_str(&format!(" and {} more", names.len() - QUOTED));
            }
            Some(Cause::new(
                Reason::TlsNameMismatch,
                format!("certificate is for {list}, not for {}", name.to_str()),
            ))
        }
        Err(error) => Some(bad(&error)),
    }
}

#[cfg(test)]
mod tests;
