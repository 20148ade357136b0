//! The control groups that a machine lives in: two machines in one would take each other's
//! processes for their own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

/// One group in each hierarchy that systemd uses; gone when dropped.
pub(super) struct Cgroup(Vec<PathBuf>);

impl Cgroup {
    /// Makes groups below those of this process.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bascule-{}-{number}", std::process::id());
        let groups: Vec<PathBuf> = own_groups()
            .into_iter()
            .map(|own| {
                sweep(&own);
                own.join(&name)
            })
            .collect();
        for group in &groups {
            fs::create_dir(group)
                .unwrap_or_else(|e| panic!("{} cannot be made: {e}", group.display()));
        }
        Self(groups)
    }

    /// The files to which a process writes its number to enter.
    pub(super) fn doors(&self) -> impl Iterator<Item = PathBuf> {
        self.0.iter().map(|group| group.join("cgroup.procs"))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for group in &self.0 {
            // The last process of a killed machine needs a moment. What is still there then is swept
            // by the next test run.
            let patience = Instant::now() + Duration::from_secs(5);
            while remove(group).is_err() && Instant::now() < patience {
                sleep(Duration::from_millis(10));
            }
        }
    }
}

/// The groups that this process is in: of the one hierarchy of today, or of the two of old.
fn own_groups() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let mine = fs::read_to_string("/proc/self/cgroup").expect("the kernel has control groups");
    let lines = mine.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (kind, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
        let hierarchy = match kind {
            "name=systemd" => root.join("systemd"),
            "" if root.join("unified").is_dir() => root.join("unified"),
            "" => root.to_owned(),
            _ => return None,
        };
        Some(hierarchy.join(path))
    });
    lines.filter(|group| group.is_dir()).collect()
}

/// Removes a group and all below it, which have to be without processes.
fn remove(group: &Path) -> io::Result<()> {
    for entry in fs::read_dir(group)?.flatten() {
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

/// Removes what killed test runs have left behind.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("bascule-");
        let owner = owner.and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = remove(&entry.path());
        }
    }
}
