//! The state file: one image, written whole or not at all.
//!
//! A new one is written beside the old one and takes its name when it is complete, so whoever is
//! killed at any point leaves the old one or the new one behind. What is written in a hurry, to
//! survive the process and not a power cut, has a file of its own: some file systems would leave
//! an empty one in place of both. Reading never fails the start: what cannot be used is kept
//! aside, with a sentence for the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::form::{self, Unreadable};
use super::{Image, aside};

const NAME: &str = "state.json";
/// What was written since then without waiting for the disk.
const RECENT: &str = "state-recent.json";
/// A state file holds some kilobytes for each network; more than this is none of ours.
const LARGEST: u64 = 64 << 20;

/// The state file of a directory.
pub(super) struct StateFile {
    folder: PathBuf,
}

/// What was found.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// The latest image.
    pub(super) image: Option<Box<Image>>,
    /// Files that cannot be used, and what was done with them, in sentences.
    pub(super) told: Vec<String>,
}

impl StateFile {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Reads the image. `now` names a file that is kept aside.
    pub(super) fn read(&self, now: SystemTime) -> Found {
        let mut told = Vec::new();
        let images = [NAME, RECENT].into_iter().filter_map(|name| {
            let image = self.read_one(name).transpose()?;
            let unusable = |why: String| told.push(self.keep_aside(name, &why, now));
            image.map_err(unusable).ok()
        });
        let image = images.max_by_key(|image| image.saved.moment);
        if image.is_none()
            && let Some(last) = told.last_mut()
        {
            last.push_str("; bascule starts without memory");
        }
        Found {
            image: image.map(Box::new),
            told,
        }
    }

    /// Writes the image. One that is not durable survives the end of the process, but perhaps
    /// not that of the machine.
    pub(super) fn write(&self, image: &Image, durable: bool) -> io::Result<()> {
        let name = if durable { NAME } else { RECENT };
        let unfinished = self.folder.join(format!("{name}.new"));
        let written = write_whole(&unfinished, &form::write(image), durable)
            .and_then(|()| fs::rename(&unfinished, self.folder.join(name)));
        if let Err(e) = written {
            // On a full disk it would hold what others need.
            let _ = fs::remove_file(&unfinished);
            return Err(e);
        }
        if durable {
            remove(&self.folder.join(RECENT))?;
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn read_one(&self, name: &str) -> Result<Option<Image>, String> {
        let text = match self.text(name) {
            Ok(text) => text,
            Err(e) if is_absence(&e) => return Ok(None),
            Err(e) => return Err(format!("cannot be read: {e}")),
        };
        form::read(&text)
            .map(Some)
            .map_err(|unreadable| match unreadable {
                Unreadable::Newer(format) => {
                    format!("is of a later version of bascule (format {format})")
                }
                Unreadable::Damaged(what) => format!("cannot be used: {what}"),
            })
    }

    fn text(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let path = self.folder.join(name);
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

    fn keep_aside(&self, name: &str, why: &str, now: SystemTime) -> String {
        let path = self.folder.join(name);
        let kept = match aside::keep(&self.folder, name, &[], now) {
            Ok(aside) => format!("it is kept as {}", aside.display()),
            Err(e) => format!("it cannot be renamed: {e}"),
        };
        format!("the state file {} {why}; {kept}", path.display())
    }
}

fn write_whole(path: &Path, text: &[u8], durable: bool) -> io::Result<()> {
    remove(path)?;
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

/// No file, or not even a directory for it.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Removes a file that need not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
