//! A throw-away certificate authority for the hosts of the world.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// The authority; its certificate is in `ca.pem` of its folder.
pub(super) struct Authority {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority that keeps its files in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Authority of a small world");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority can be made");
        let this = Self {
            folder: folder.to_owned(),
            issuer,
        };
        fs::write(this.roots(), this.issuer.pem()).expect("ca.pem can be written");
        this
    }

    /// The file that clients have to trust.
    pub(super) fn roots(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Writes `HOST.pem` and `HOST.key`, valid until `left` from now.
    pub(super) fn issue(&self, host: &str, left: Left) {
        let mut params =
            CertificateParams::new([host.to_owned()]).expect("a host name can be certified");
        let now = time_now();
        let day = Duration::from_secs(86_400);
        params.not_before = (now - 60 * day).into();
        params.not_after = match left {
            Left::Months => (now + 60 * day).into(),
            Left::None => (now - 3 * day).into(),
        };
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("a certificate can be signed");
        let write = |ending: &str, text: String| {
            fs::write(self.folder.join(format!("{host}.{ending}")), text)
                .expect("a certificate can be written");
        };
        write("pem", certificate.pem());
        write("key", key.serialize_pem());
    }
}

/// How long a certificate has still to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Long enough for any expectation.
    Months,
    /// It has expired, three days ago.
    None,
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates are dated by the wall clock, and no test moves it here"
)]
fn time_now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
