//! Files that cannot be used are not thrown away: somebody may want to see what was in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// So many of each file are kept; older ones are removed.
const KEPT: usize = 3;

/// Renames `folder/name` to `folder/name.corrupt-SECONDS`, and with it the files beside it whose
/// names go on with one of `companions`.
pub(super) fn keep(
    folder: &Path,
    name: &str,
    companions: &[&str],
    now: SystemTime,
) -> io::Result<PathBuf> {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH);
    let first = since_epoch.unwrap_or_default().as_secs();
    let free = (first..).map(|second| folder.join(format!("{name}.corrupt-{second}")));
    let mut free = free.skip_while(|path| path.exists());
    let aside = free.next().ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(folder.join(name), &aside)?;
    for companion in companions {
        let beside = folder.join(format!("{name}{companion}"));
        let mut aside = aside.clone().into_os_string();
        aside.push(companion);
        match fs::rename(&beside, aside) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    remove_oldest(folder, name, companions);
    Ok(aside)
}

/// What cannot be removed stays: that is no reason to go on with a file that cannot be used.
fn remove_oldest(folder: &Path, name: &str, companions: &[&str]) {
    let prefix = format!("{name}.corrupt-");
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut seconds: Vec<u64> = entries
        .filter_map(|entry| {
            let file = entry.ok()?.file_name();
            file.to_str()?.strip_prefix(&prefix)?.parse().ok()
        })
        .collect();
    seconds.sort_unstable();
    let surplus = seconds.len().saturating_sub(KEPT);
    for second in &seconds[..surplus] {
        for ending in companions.iter().copied().chain([""]) {
            let _ = fs::remove_file(folder.join(format!("{prefix}{second}{ending}")));
        }
    }
}
