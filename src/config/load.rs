//! Where a configuration comes from.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Settings;
use super::catalog::Catalog;
use super::decode::Reader;
use super::fault::{Fault, Faults, printable};
use super::file::File;
use super::resolve::resolve;
use super::secret::{Environment, LARGEST, is_exposed};
use crate::probe::mask::MASK;

/// Where the configuration is looked for when nobody says.
const USUAL: &str = "/etc/bascule/config.toml";

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The catalog's default networks and one group.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

/// A configuration without faults.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it means.
    pub settings: Settings,
    /// The fully resolved configuration as TOML, secrets masked.
    pub resolved: String,
}

/// Chooses the source: the file that was asked for, else `/etc/bascule/config.toml` if there is
/// one, else the built-in default.
#[must_use]
pub fn find(asked: Option<PathBuf>) -> Source {
    match asked {
        Some(path) => Source::File(path),
        // A file that exists and cannot be read is an error that must be told, not passed over.
        None if fs::symlink_metadata(USUAL).is_ok() => Source::File(USUAL.into()),
        None => Source::BuiltIn,
    }
}

/// Loads a configuration, the files it names included.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(source: &Source) -> Result<Loaded, Faults> {
    let environment = Environment::of_this_process();
    let path = match source {
        Source::BuiltIn => return load_text("built-in", Path::new("/"), "", &environment),
        Source::File(path) => path,
    };
    let file = printable(&path.display().to_string());
    let text = read(path).map_err(|sentence| Faults::whole_file(&file, sentence))?;
    let full = std::path::absolute(path)
        .map_err(|error| Faults::whole_file(&file, format!("has no absolute path: {error}")))?;
    let base = full.parent().unwrap_or_else(|| Path::new("/"));
    let mut loaded = load_text(&file, base, &text, &environment)?;
    // What is masked stands in the file itself.
    if loaded.resolved.contains(MASK) && is_exposed(&full) {
        loaded.settings.warnings.push(Fault {
            file: (&*file).into(),
            line: None,
            key: None,
            sentence: "holds a secret, and every user of this machine can read it: chmod o= it, and \
                       give the service a group that can read it (docs/systemd.md, \"Secrets\"), or \
                       give the secret a file of its own"
                .to_owned(),
        });
    }
    Ok(loaded)
}

/// Loads a configuration from a text: `file` is what faults call it, `base` the directory that
/// relative paths start from.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_text(
    file: &str,
    base: &Path,
    text: &str,
    environment: &Environment,
) -> Result<Loaded, Faults> {
    let catalog = Catalog::embedded();
    let document = Reader::document::<File>(file, Some(base), text);
    let mut faults = document.faults;
    faults.extend(catalog.faults.iter().cloned());
    if document.syntax {
        // What is missing may well stand in the part that could not be read.
        return Err(Faults(faults));
    }
    let resolved = resolve(file, document.table, catalog, environment);
    // A value that could not be read is not also missing or out of bounds.
    let unread: Vec<Option<String>> = faults.iter().map(|fault| fault.key.clone()).collect();
    for fault in resolved.faults {
        // What one line of `[probe]` does to thirty endpoints is one fault.
        if !faults.contains(&fault) && !unread.contains(&fault.key) {
            faults.push(fault);
        }
    }
    match resolved.settings {
        Some(settings) if faults.is_empty() => Ok(Loaded {
            settings,
            resolved: resolved.text,
        }),
        _ => {
            faults.sort_by_key(|fault| (&*fault.file != file, fault.line));
            Err(Faults(faults))
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err("is larger than 1 MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}
