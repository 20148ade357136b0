//! Chains that were found trustworthy, so that their signatures need not be checked again at
//! each round.
//!
//! Whether these very certificates lead to one of these roots does not change from round to
//! round: it is a function of their bytes. Dates, the name and revocation are judged anew each
//! time. Only chains that verify are kept, so a server cannot fill the memory with inventions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::judge::Link;
use crate::model::CertificateFacts;

/// Most chains that are kept. A daemon sees about one a host and a few more when they change.
const CHAINS: usize = 512;

/// The digest of a chain as it was served.
pub(in crate::probe) type ChainDigest = [u8; 32];

/// A chain that led to a trusted root.
pub(in crate::probe) struct Trusted {
    /// What its first certificate says of itself.
    pub(super) certificate: Arc<CertificateFacts>,
    /// The path that was found.
    pub(super) path: Vec<Link>,
}

/// The chains that one set of roots was found to trust.
#[derive(Default)]
pub(in crate::probe) struct ChainMemory(Mutex<HashMap<ChainDigest, Arc<Trusted>>>);

impl ChainMemory {
    pub(super) fn get(&self, chain: &ChainDigest) -> Option<Arc<Trusted>> {
        let chains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chains.get(chain).map(Arc::clone)
    }

    pub(super) fn keep(&self, chain: ChainDigest, trusted: Trusted) {
        let mut chains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if chains.len() >= CHAINS {
            chains.clear();
        }
        chains.insert(chain, Arc::new(trusted));
    }
}

impl fmt::Debug for ChainMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainMemory")
    }
}

/// The digest of a chain: each certificate with its length, so that no two chains share one.
pub(super) fn digest(end_entity: &[u8], intermediates: &[CertificateDer<'_>]) -> ChainDigest {
    let mut digest = Sha256::new();
    for der in std::iter::once(end_entity).chain(intermediates.iter().map(AsRef::as_ref)) {
        digest.update((der.len() as u64).to_be_bytes());
        digest.update(der);
    }
    digest.finalize().into()
}
