//! What survives a restart: where it is kept, and for how long.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::HistorySettings;
use super::decode::Table as _;
use super::fault::{At, Fault};
use super::file::{File, History};
use super::secret::Environment;
use super::values::{Size, Span};

const DAY: Duration = Duration::from_secs(86400);
/// States that are older say nothing of now.
const OLDEST_STATE: Duration = Duration::from_secs(30 * 86400);
/// As good as for ever.
const LONGEST_RETENTION: Duration = Duration::from_secs(36_500 * 86400);
/// Bounds of the history's size: below there is no room for it, above is a slip of the finger.
const SIZES: (Size, Size) = (Size(1 << 20), Size(1 << 40));

/// What the file says of it.
pub(crate) struct Memory {
    /// Where it is kept.
    pub(crate) state_dir: Option<PathBuf>,
    /// The file says so.
    pub(crate) names_state_dir: bool,
    /// States and timers that are older than this are forgotten.
    pub(crate) max_state_age: Span,
    /// `[history]` with its defaults.
    pub(crate) history: History,
}

impl Memory {
    /// Reads and checks it.
    pub(crate) fn of(file: &File, environment: &Environment, faults: &mut Vec<Fault>) -> Self {
        let written = file.state_dir.as_ref();
        let written = written.map(|at| PathBuf::from(&at.value.0));
        let mut history = History::defaults();
        if let Some(at) = &file.history {
            history.merge_table(at.value.clone());
        }
        let max_state_age = file.max_state_age();
        within(&max_state_age, Duration::ZERO, OLDEST_STATE, faults);
        within(&history.retention(), DAY, LONGEST_RETENTION, faults);
        let (size, (least, most)) = (history.max_size(), SIZES);
        if !(least.0..=most.0).contains(&size.value.0) {
            faults.push(size.fault(format!("must be from {least} to {most}")));
        }
        Self {
            names_state_dir: written.is_some(),
            state_dir: written.or_else(|| environment.state_directory.clone()),
            max_state_age: max_state_age.value,
            history,
        }
    }

    /// What it means.
    pub(crate) fn history_settings(&self) -> HistorySettings {
        HistorySettings {
            retention: self.history.retention().value.0,
            max_size: self.history.max_size().value.0,
        }
    }
}

fn within(at: &At<Span>, shortest: Duration, longest: Duration, faults: &mut Vec<Fault>) {
    if !(shortest..=longest).contains(&at.value.0) {
        let (shortest, longest) = (Span(shortest), Span(longest));
        faults.push(at.fault(format!("must be from {shortest} to {longest}")));
    }
}

/// Where state is kept when nobody says: systemd's directory (the first, if it made several),
/// else where the user's programs keep theirs. Relative paths mean nothing to a daemon.
pub(crate) fn usual_directory(
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let given = variable("STATE_DIRECTORY");
    let first = given.and_then(|all| std::env::split_paths(&all).next());
    let absolute = |path: &PathBuf| path.is_absolute();
    first.filter(absolute).or_else(|| {
        let users = variable("XDG_STATE_HOME").map(PathBuf::from);
        let users = users.filter(absolute);
        let users = users.or_else(|| Some(home.filter(absolute)?.join(".local/state")));
        Some(users?.join("bascule"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(variables: &[(&str, &str)], home: Option<&str>) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let path = usual_directory(variable, home.map(PathBuf::from));
        path.map(|path| path.display().to_string())
    }

    #[test]
    fn state_is_kept_where_systemd_or_else_the_user_keeps_it() {
        let systemd = ("STATE_DIRECTORY", "/var/lib/bascule:/var/lib/other");
        let user = ("XDG_STATE_HOME", "/state");
        let home = Some("/home/ada");
        let said = |path: &str| Some(path.to_owned());
        assert_eq!(usual(&[systemd, user], home), said("/var/lib/bascule"));
        assert_eq!(usual(&[user], home), said("/state/bascule"));
        let ours = said("/home/ada/.local/state/bascule");
        assert_eq!(usual(&[], home), ours);
        // What is empty or relative is as if it were not there.
        let odd = [("STATE_DIRECTORY", ""), ("XDG_STATE_HOME", "state")];
        assert_eq!(usual(&odd, home), ours);
        assert_eq!(usual(&odd, Some("")), None);
        assert_eq!(usual(&[], None), None);
    }
}
