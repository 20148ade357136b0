//! Files that a configuration names: certificates, bodies, and secrets, which come from files
//! (or systemd credentials) only. Read at every load, so a reload sees a new password.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fault::printable;
use super::memory::usual_directory;
use super::values::{CREDENTIALS, FilePath};
use crate::host::clock::Clock;
use crate::probe::trust::Roots;

/// The largest file that is read.
pub(crate) const LARGEST: u64 = 1 << 20;

/// What to do about a file that every user can read. The service is none of its owners: without the
/// second half it could not read it either.
const CLOSE_IT: &str = "chmod o= it, and give it to the service with LoadCredential= \
                                   (docs/systemd.md, \"Secrets\")";

/// What a configuration can refer to outside of itself.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Where systemd puts credentials: `${CREDENTIALS_DIRECTORY}`.
    pub credentials_directory: Option<PathBuf>,
    /// Where state is kept: the default of `state_dir`.
    pub state_directory: Option<PathBuf>,
    /// The wall clock, to tell what is past.
    pub now: SystemTime,
    /// The name of this machine: the default of `vantage`.
    pub host_name: String,
    /// The roots that are trusted anyway. Reading the system's takes some ten milliseconds.
    pub roots: Roots,
}

impl Environment {
    /// That of this process, as it is now.
    #[must_use]
    pub fn of_this_process() -> Self {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name: String = name
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(64)
            .collect();
        Self {
            credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            state_directory: usual_directory(|name| std::env::var_os(name), std::env::home_dir()),
            now: Clock::system().wall(),
            host_name: if name.is_empty() {
                "localhost".to_owned()
            } else {
                name
            },
            roots: Roots::system(),
        }
    }

    /// Reads a file as it is.
    ///
    /// # Errors
    /// A sentence with the path.
    pub(crate) fn read(&self, path: &FilePath) -> Result<Vec<u8>, String> {
        let full = self.expand(path)?;
        let shown = match looks_secret(&path.0) {
            true => "the file whose name stands here (it looks like a secret)".to_owned(),
            false => printable(&full.display().to_string()),
        };
        let cannot = |error: std::io::Error| format!("cannot read {shown}: {error}");
        // Opening a pipe would wait for a writer, so look before.
        let metadata = std::fs::metadata(&full).map_err(cannot)?;
        if !metadata.is_file() {
            return Err(format!("{shown} is not a file"));
        }
        let mut bytes = Vec::new();
        File::open(&full)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(cannot)?;
        if bytes.len() as u64 > LARGEST {
            return Err(format!("{shown} is larger than 1 MiB"));
        }
        Ok(bytes)
    }

    /// Reads a secret: one line, without the newline at its end.
    ///
    /// # Errors
    /// A sentence with the path and without the secret.
    pub(crate) fn read_secret(&self, path: &FilePath) -> Result<String, String> {
        let shown = printable(&path.0);
        let Ok(mut text) = String::from_utf8(self.read(path)?) else {
            return Err(format!("{shown} is not UTF-8 text"));
        };
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        if text.is_empty() {
            return Err(format!("{shown} is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(format!("{shown} holds more than one line of text"));
        }
        Ok(text)
    }

    /// Warns of a file that every user of this machine can read, whoever is the owner.
    pub(crate) fn exposed(&self, path: &FilePath) -> Option<String> {
        let full = self.expand(path).ok()?;
        is_exposed(&full).then(|| {
            let shown = printable(&full.display().to_string());
            format!("every user of this machine can read {shown}: {CLOSE_IT}")
        })
    }

    /// The path that is meant.
    ///
    /// # Errors
    /// A sentence, if it needs a directory that is not known.
    pub(crate) fn expand(&self, path: &FilePath) -> Result<PathBuf, String> {
        let Some(rest) = path.0.strip_prefix(CREDENTIALS) else {
            return Ok(PathBuf::from(&path.0));
        };
        match &self.credentials_directory {
            Some(directory) => Ok(directory.join(rest.trim_start_matches('/'))),
            None => {
                let sentence = "needs systemd credentials, and $CREDENTIALS_DIRECTORY is not set; \
                                by hand: CREDENTIALS_DIRECTORY=/run/credentials/bascule.service";
                Err(sentence.to_owned())
            }
        }
    }
}

/// Whether others may read a file: they may, and nothing above it keeps them out.
pub(crate) fn is_exposed(path: &Path) -> bool {
    let allows = |path: &Path, bit: u32| {
        std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & bit != 0)
    };
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    allows(&path, 0o004) && path.ancestors().skip(1).all(|folder| allows(folder, 0o001))
}

/// Whether a path ends like a line of a private key, or has the hash of a password or the secret of
/// a webhook in it: somebody has written the secret in the place of its file.
fn looks_secret(path: &str) -> bool {
    const LINE: usize = 60;
    let end = path.len().checked_sub(LINE);
    let is_key = end
        .and_then(|at| path.as_bytes().get(at..))
        .is_some_and(|end| {
            let has = |kind: fn(&u8) -> bool| end.iter().any(kind);
            let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
            end.iter().all(base64)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && has(u8::is_ascii_digit)
        });
    is_key
        || ["$2a$", "$2b$", "$2x$", "$2y$", "whsec_"]
            .iter()
            .any(|kind| path.contains(kind))
}

/// The value of an `Authorization` header for a name and a password.
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_place_of_its_file_is_not_shown() {
        let environment = Environment::of_this_process();
        let read = |path: &str| environment.read(&FilePath(path.to_owned())).unwrap_err();
        let refused = "cannot read the file whose name stands here (it looks like a secret): \
                       No such file or directory (os error 2)";
        for secret in [
            "server $2y$10$QOauhQNbBCuQDKLes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi",
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg72rPUEbrsxPvPrVF",
        ] {
            assert_eq!(read(&format!("/nowhere/{secret}")), refused);
        }
        let long = "/nowhere/etc/letsencrypt/live/Status2026.example.com/privkey.pem";
        assert_eq!(
            read(long),
            format!("cannot read {long}: No such file or directory (os error 2)")
        );
    }

    #[test]
    fn a_name_and_a_password_become_base64() {
        // The vectors of RFC 7617 and of the padding rules.
        assert_eq!(
            basic("Aladdin", "open sesame"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(basic("a", "b"), "Basic YTpi");
        assert_eq!(basic("a", "bc"), "Basic YTpiYw==");
        assert_eq!(basic("a", "bcd"), "Basic YTpiY2Q=");
    }
}
