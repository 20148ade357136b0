//! The state directory: made if it is missing, and used by one daemon at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";

/// A state directory that this process may write, or will as soon as it can.
pub(super) struct Folder {
    path: PathBuf,
    /// Held while it is open; the system lets go of it however the process ends.
    lock: Option<File>,
}

/// Why a directory cannot be used.
pub(super) enum Refused {
    /// Another daemon uses it.
    Taken,
    /// It cannot be written.
    Unwritable(io::Error),
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, lock: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory this daemon's own, if it is not yet.
    pub(super) fn take(&mut self) -> Result<(), Refused> {
        if self.lock.is_some() {
            return Ok(());
        }
        let lock = self.open_lock().map_err(Refused::Unwritable)?;
        match lock.try_lock() {
            Ok(()) => self.lock = Some(lock),
            Err(TryLockError::WouldBlock) => return Err(Refused::Taken),
            Err(TryLockError::Error(e)) => return Err(Refused::Unwritable(e)),
        }
        Ok(())
    }

    /// Why it cannot be used, in a sentence.
    pub(super) fn sentence(&self, refused: &Refused) -> String {
        let path = self.path.display();
        match refused {
            Refused::Taken => format!("another bascule uses the state directory {path}"),
            Refused::Unwritable(e) => format!("the state directory {path} cannot be written: {e}"),
        }
    }

    fn open_lock(&self) -> io::Result<File> {
        let mut maker = DirBuilder::new();
        maker.recursive(true).mode(0o700).create(&self.path)?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        options.open(self.path.join(LOCK))
    }
}
