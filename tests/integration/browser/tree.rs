//! What a screen reader reads, without what differs from one run to the next.

use std::path::{Path, PathBuf};

use regex::Regex;

/// What stands for the figures of the day, in English and French, each documented by its example:
/// `2026-05-24` (and `2026-05-24 13:09` as `13:09`), `13:09:12`, `7m 3s` or `1 h 20 min` or `12 ms`, `99.98 %`, `23 not observed`; and,
/// as a run may meet the end of an hour, `2 with trouble`, and `, not observed SPAN` behind it.
const FIGURES: [(&str, &str); 9] = [
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (r"\b\d\d:\d\d(:\d\d)?\b", "TIME"),
    (
        r"\b\d+([.,]\d+)?[ \u{a0}\u{202f}]?(ms|s|m|min|h|d|j)\b( \d+[ \u{a0}\u{202f}]?(s|m|min|h)\b)?",
        "SPAN",
    ),
    (r"\b\d+([.,]\d+)?[ \u{a0}\u{202f}]%", "SHARE"),
    (r"\b\d+ (not observed|non observ)", "NUMBER $1"),
    (r"\b[1-9]\d* (with trouble|avec incident)", "SOME $1"),
    (r", (not observed|non observé) SPAN", ""),
    // A busy machine may have been slow for a moment.
    (r", (degraded|dégradé) SPAN", ""),
    // A time of yesterday has its date.
    (r"\bDATE TIME\b", "TIME"),
];

/// A text with words in the place of figures.
pub(super) fn timeless(text: &str) -> String {
    let mut text = text.to_owned();
    for (figure, word) in FIGURES {
        let figure = Regex::new(figure).expect("it is a pattern");
        text = figure.replace_all(&text, word).into_owned();
    }
    text
}

/// Compares the tree with the one that is written down.
pub(super) fn compare(name: &str, tree: &str) {
    let file = folder().join("trees").join(format!("{name}.txt"));
    let found = orderless(&timeless(tree)) + "\n";
    if refreshes() {
        std::fs::write(&file, found).expect("a tree can be written");
        return;
    }
    let wanted = std::fs::read_to_string(&file)
        .unwrap_or_else(|fault| panic!("{}: {fault}; BASCULE_REFRESH=1 writes it", file.display()));
    assert!(
        found == wanted,
        "{name} reads differently from {} (BASCULE_REFRESH=1 writes it anew):\n{found}",
        file.display()
    );
}

/// A tree with its news in alphabetical order and not by days, as networks are judged in no order
/// of their own, and perhaps at midnight; and with one line for hours that read the same.
fn orderless(tree: &str) -> String {
    const DAY: &str = "heading \"DATE\" level=3";
    // A busy machine may find anybody slow for a moment.
    const SLOW: [&str; 4] = [
        "works with trouble",
        "works without trouble again",
        "fonctionne avec difficulté",
        "fonctionne de nouveau sans difficulté",
    ];
    const AROUND: [&str; 3] = [DAY, "list", "group"];
    let mut lines: Vec<&str> = tree.lines().collect();
    // Two hours of the same trouble.
    lines.dedup_by(|line, before| line == before && line.contains("graphics-symbol"));
    let Some(first) = lines.iter().position(|line| line.trim_start() == DAY) else {
        return lines.join("\n");
    };
    let mut news: Vec<&str> = Vec::new();
    let mut end = first;
    for line in lines[first..].iter().map(|line| line.trim_start()) {
        match line {
            "listitem level=1" => {}
            line if SLOW.iter().any(|it| line.contains(it)) => {}
            line if line.starts_with("text \"TIME UTC ") => news.push(line),
            line if AROUND.contains(&line) => {}
            _ => break,
        }
        end += 1;
    }
    news.sort_unstable();
    let indent = " ".repeat(lines[first].len() - DAY.len());
    let told: Vec<String> = news
        .iter()
        .map(|line| format!("{indent}news {line}"))
        .collect();
    lines.splice(first..end, told.iter().map(String::as_str));
    lines.join("\n")
}

#[test]
fn a_tree_reads_the_same_when_midnight_has_come_in_between() {
    let days =
        |news: &str| format!("      heading \"What happened last\" level=2\n{news}      paragraph");
    let day = |items: [&str; 2]| {
        let items = items.map(|it| format!("        listitem level=1\n          text \"{it}\"\n"));
        items.concat()
    };
    let head = |date: &str| format!("      heading \"{date}\" level=3\n      list\n");
    let (late, early) = (
        ["23:59 UTC X is down", "23:58 UTC X works"],
        ["23:57 UTC b", "23:56 UTC a"],
    );
    let before = days(&(head("2026-05-24") + &day(late) + &day(early)));
    let after = days(
        &(head("2026-05-25")
            + &day(["00:01 UTC a", "00:00 UTC b"])
            + &head("2026-05-24")
            + &day(late)),
    );
    let read = |tree: &str| orderless(&timeless(tree));
    assert_eq!(read(&after), read(&before));
    assert_ne!(read(&after), read(&before.replace("is down", "works")));
    let since = timeless("X is down since 23:59 UTC");
    assert_eq!(timeless("X is down since 2026-05-24 23:59 UTC"), since);
}

pub(super) fn refreshes() -> bool {
    std::env::var_os("BASCULE_REFRESH").is_some()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/browser")
}
