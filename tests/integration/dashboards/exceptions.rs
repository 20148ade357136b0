//! `grafana/dashboards/.lint`: which rules of the linter do not hold where, and why. The format is
//! the linter's own; what it allows and we do not is an exception without a reason or without a
//! place, one that turns a fault into a warning, and one that excuses nothing.

use super::lint::{Fault, RULES};

/// A rule, and where it does not hold.
#[derive(Debug)]
pub(super) struct Exception {
    rule: String,
    dashboard: Option<String>,
    panel: Option<String>,
    target: Option<usize>,
}

impl Exception {
    fn excuses(&self, fault: &Fault) -> bool {
        let dashboard = self.dashboard.as_ref();
        let panel = self.panel.as_ref();
        fault.rule == self.rule
            && dashboard.is_none_or(|dashboard| *dashboard == fault.dashboard)
            && panel.is_none_or(|panel| Some(panel) == fault.panel.as_ref())
            && self
                .target
                .is_none_or(|target| Some(target) == fault.target)
    }
}

/// What is said of a rule, or of one place where it does not hold: keys and values.
type Said<'a> = Vec<(&'a str, String)>;

/// A rule's own keys, and those of its entries.
struct Section<'a> {
    rule: &'a str,
    own: Said<'a>,
    entries: Vec<Said<'a>>,
}

/// Reads the file, and tells what is wrong with it. Only the shape that the generator gives it is
/// read: rules stand at two spaces, their keys at four, and those of their entries at six.
pub(super) fn read(text: &str) -> (Vec<Exception>, Vec<String>) {
    let mut faults = Vec::new();
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let depth = line.len() - line.trim_start().len();
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let (key, value) = (key.trim(), unquoted(value.trim()));
        let entry = key.strip_prefix("- ");
        match (depth, sections.last_mut()) {
            (0, _) if key == "exclusions" => {}
            (2, _) => sections.push(Section {
                rule: key,
                own: Vec::new(),
                entries: Vec::new(),
            }),
            (4, Some(section)) if entry.is_some() => {
                section.entries.push(vec![(entry.unwrap_or(key), value)]);
            }
            (4, Some(section)) => section.own.push((key, value)),
            (6, Some(Section { entries, .. })) if !entries.is_empty() => {
                let entry = entries.last_mut().expect("there is one");
                entry.push((key, value));
            }
            _ => faults.push(format!("`{line}` is not understood")),
        }
    }
    let mut exceptions = Vec::new();
    for section in &sections {
        let wrong = section.faults().into_iter();
        faults.extend(wrong.map(|what| format!("{}: {what}", section.rule)));
        exceptions.extend(section.exceptions());
    }
    (exceptions, faults)
}

impl Section<'_> {
    fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if !RULES.iter().any(|(name, _)| *name == self.rule) {
            faults.push("is no rule");
        }
        if self.entries.is_empty() {
            faults.push("has no entries; name the places");
        }
        let shared = has_reason(&self.own);
        if !self.entries.iter().all(|entry| shared || has_reason(entry)) {
            faults.push("has an entry without a reason");
        }
        let placed = |entry: &Said<'_>| get(entry, "dashboard").is_some();
        if !self.entries.iter().all(placed) {
            faults.push("has an entry without a dashboard");
        }
        faults
    }

    fn exceptions(&self) -> impl Iterator<Item = Exception> {
        self.entries.iter().map(|entry| Exception {
            rule: self.rule.to_owned(),
            dashboard: get(entry, "dashboard"),
            panel: get(entry, "panel"),
            target: get(entry, "targetIdx").and_then(|number| number.parse().ok()),
        })
    }
}

fn get(said: &Said<'_>, key: &str) -> Option<String> {
    let found = said.iter().find(|(own, _)| *own == key);
    found.map(|(_, value)| value.clone())
}

fn has_reason(said: &Said<'_>) -> bool {
    get(said, "reason").is_some_and(|reason| reason.split_whitespace().count() > 3)
}

/// A value, which may stand in the quotes of JSON.
fn unquoted(value: &str) -> String {
    serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())
}

/// What is left of the faults, and which exceptions are not needed.
pub(super) fn judge(faults: &[Fault], exceptions: &[Exception]) -> Vec<String> {
    let idle = exceptions
        .iter()
        .filter(|exception| !faults.iter().any(|fault| exception.excuses(fault)));
    let mut told: Vec<String> = idle
        .map(|exception| format!("excuses nothing: {exception:?}"))
        .collect();
    let left = faults
        .iter()
        .filter(|fault| !exceptions.iter().any(|exception| exception.excuses(fault)));
    told.extend(left.map(Fault::told));
    told
}
