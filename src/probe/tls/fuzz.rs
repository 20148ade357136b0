//! What the fuzzer demands of certificates and of what is stapled to them.

use std::sync::LazyLock;

use rustls::pki_types::{CertificateDer, ServerName};

use super::judge::Presented;
use super::ocsp;
use crate::fuzzing::{harmless, sentence};
use crate::probe::fuzz::{now, told};
use crate::probe::trust::Roots;

/// The authority of the good chain in the corpus.
static ROOTS: LazyLock<Roots> = LazyLock::new(|| {
    let pem = include_bytes!("../../../fuzz/corpus/authority.pem");
    Roots::none().with_pem(pem).expect("an authority")
});

/// Certificates, each behind its length in two bytes; what is left over is the OCSP response.
pub(crate) fn certificate_chain(bytes: &[u8]) {
    let mut rest = bytes;
    let mut chain = Vec::new();
    while let [high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((der, after)) = after.split_at_checked(length) else {
            break;
        };
        chain.push(CertificateDer::from(der));
        rest = after;
    }
    let Some((end_entity, intermediates)) = chain.split_first() else {
        return;
    };
    let presented = Presented {
        end_entity,
        intermediates,
        staple: rest,
    };
    let name = ServerName::try_from("www.example.test").expect("a name");
    for roots in [&Roots::none(), &*ROOTS] {
        let judged = presented.judge(roots, &name, now());
        if let Some(facts) = &judged.certificate {
            harmless(&facts.subject, 257);
            harmless(&facts.issuer, 257);
            harmless(&facts.sha256, 64);
            assert!(facts.names.len() <= 100);
            for name in &facts.names {
                harmless(name, 254);
            }
        }
        match &judged.fault {
            Some(cause) => told(cause),
            None => assert!(!roots.store.is_empty(), "trusted by nobody"),
        }
    }
}

/// A response that is for another certificate revokes none.
pub(crate) fn ocsp_staple(bytes: &[u8]) {
    let serial = [0x5a, 0x17, 0x3b];
    let Some(cause) = ocsp::revoked(bytes, &serial, now()) else {
        return;
    };
    sentence(&cause.detail, 100);
    let named = bytes.windows(serial.len()).any(|window| window == serial);
    assert!(named, "revoked without being named");
}
