//! The state file: one image, written whole or not at all.
//!
//! A new one is written beside the old one and takes its name when it is complete, so whoever is
//! killed at any point leaves the old one or the new one behind. Reading it never fails the
//! start: what cannot be used is kept aside, with a sentence for the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::form::{self, Unreadable};
use super::{Image, aside};

const NAME: &str = "state.json";
const UNFINISHED: &str = "state.json.new";
/// A state file holds some kilobytes for each network; more than this is none of ours.
const LARGEST: u64 = 64 << 20;

/// The state file of a directory.
pub(super) struct StateFile {
    folder: PathBuf,
}

/// What was found.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// An image.
    Image(Box<Image>),
    /// No file.
    Nothing,
    /// A file that cannot be used, and what was done with it, in a sentence.
    Unusable(String),
}

impl StateFile {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Reads the image. `now` names a file that is kept aside.
    pub(super) fn read(&self, now: SystemTime) -> Found {
        let text = match self.text() {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(e) => return self.unusable(&format!("cannot be read: {e}"), now),
        };
        match form::read(&text) {
            Ok(image) => Found::Image(Box::new(image)),
            Err(Unreadable::Newer(format)) => {
                let why = format!("is of a later version of bascule (format {format})");
                self.unusable(&why, now)
            }
            Err(Unreadable::Damaged(what)) => {
                self.unusable(&format!("cannot be used: {what}"), now)
            }
        }
    }

    /// Writes the image. One that is not durable survives the end of the process, but perhaps
    /// not that of the machine.
    pub(super) fn write(&self, image: &Image, durable: bool) -> io::Result<()> {
        let unfinished = self.folder.join(UNFINISHED);
        let written = write_whole(&unfinished, &form::write(image), durable)
            .and_then(|()| fs::rename(&unfinished, self.folder.join(NAME)));
        if let Err(e) = written {
            // On a full disk it would hold what others need.
            let _ = fs::remove_file(&unfinished);
            return Err(e);
        }
        if durable {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn text(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let path = self.folder.join(NAME);
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let file = File::open(path)?;
        file.take(LARGEST + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LARGEST {
            return Err(io::Error::other("it is larger than 64 MiB"));
        }
        Ok(text)
    }

    fn unusable(&self, why: &str, now: SystemTime) -> Found {
        let path = self.folder.join(NAME);
        let kept = match aside::keep(&self.folder, NAME, &[], now) {
            Ok(aside) => format!("it is kept as {}", aside.display()),
            Err(e) => format!("it cannot be renamed: {e}"),
        };
        Found::Unusable(format!(
            "the state file {} {why}; {kept}; bascule starts without memory",
            path.display()
        ))
    }
}

fn write_whole(path: &Path, text: &[u8], durable: bool) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    if durable {
        file.sync_all()?;
    }
    Ok(())
}
