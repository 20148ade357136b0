//! A daemon with a web configuration file, the certificates for it, and curl to ask it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::ExtendedKeyUsagePurpose;

use crate::support::certificates::{Authority, Chain, Wish, pem, wish};
use crate::support::daemon::{Daemon, server};
use crate::world::namespace::need;

/// The password of [`HASH`].
pub(super) const PASSWORD: &str = "correct horse";

/// A cheap bcrypt hash of a password.
pub(super) fn hash(password: &str, cost: u32) -> String {
    bcrypt::hash(password, cost).expect("bcrypt works")
}

/// A folder with a web configuration, and with the certificates of an authority.
pub(super) struct Folder {
    dir: tempfile::TempDir,
    pub(super) authority: Authority,
}

impl Folder {
    pub(super) fn new() -> Self {
        let folder = Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            authority: Authority::root("access"),
        };
        let own = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.dir.path(), own).expect("the mode can be set");
        folder.write("ca.pem", &pem(&folder.authority.certificate));
        folder.keep("server", &folder.authority.sign(&server_wish()));
        folder.keep(
            "client",
            &folder.authority.sign(&client_wish("prometheus.example")),
        );
        let stranger = Authority::root("elsewhere");
        folder.keep(
            "stranger",
            &stranger.sign(&client_wish("prometheus.example")),
        );
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file is written");
    }

    /// Keeps a chain as `NAME.pem` and its key as `NAME.key`.
    pub(super) fn keep(&self, name: &str, chain: &Chain) {
        self.write(&format!("{name}.pem"), &chain.pem());
        self.write(&format!("{name}.key"), &chain.key.serialize_pem());
    }

    /// Writes the web configuration and starts a daemon with it and further keys of `[web]`. An empty
    /// one becomes one that asks for nothing.
    pub(super) fn start(&self, web_yml: &str, keys: &str) -> Daemon {
        self.write(
            "web.yml",
            if web_yml.is_empty() { NOTHING } else { web_yml },
        );
        Daemon::start(&self.config(keys))
    }

    pub(super) fn config(&self, keys: &str) -> String {
        let target = server(|_| Vec::new());
        let file = self.path("web.yml");
        let file = file.display();
        format!(
            "[web]\nlisten = [\"127.0.0.1:0\"]\nconfig_file = \"{file}\"\n{keys}\n\
             [network.a]\ntitle = \"A\"\n[[network.a.tcp]]\nname = \"t\"\naddress = \"{target}\"\n"
        )
    }

    /// Asks with curl. `options` are its own.
    pub(super) fn curl(&self, daemon: &Daemon, path: &str, options: &[&str]) -> Got {
        let address = daemon.address;
        curl(
            &format!("https://{address}{path}"),
            Some(&self.path("ca.pem")),
            options,
        )
    }

    /// The options of curl that show a certificate of this folder.
    pub(super) fn showing(&self, name: &str) -> [String; 4] {
        let path = |end: &str| self.path(&format!("{name}.{end}")).display().to_string();
        ["--cert".into(), path("pem"), "--key".into(), path("key")]
    }
}

/// A web configuration that asks for nothing.
pub(super) const NOTHING: &str = "http_server_config: {}\n";

/// What `tls_server_config` needs at least.
pub(super) const TLS: &str =
    "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

pub(super) fn server_wish() -> Wish {
    let mut wish = wish("localhost");
    wish.names.push("127.0.0.1".to_owned());
    wish
}

pub(super) fn client_wish(name: &str) -> Wish {
    let mut wish = wish(name);
    wish.usage = ExtendedKeyUsagePurpose::ClientAuth;
    wish
}

/// What curl got: exit code, status (0 if there was no answer), head and body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Got {
    pub(super) exit: i32,
    pub(super) status: u16,
    pub(super) text: String,
}

pub(super) fn curl(url: &str, ca: Option<&Path>, options: &[&str]) -> Got {
    let mut command = Command::new(need("curl", "curl"));
    command.args([
        "--silent",
        "--include",
        "--max-time",
        "50",
        "--noproxy",
        "*",
    ]);
    if let Some(ca) = ca {
        command.arg("--cacert").arg(ca);
    }
    let output = command.args(options).arg(url).output().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Got {
        exit: output.status.code().unwrap_or(-1),
        status: status.unwrap_or(0),
        text,
    }
}
