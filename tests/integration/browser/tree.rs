//! What a screen reader reads, without what differs from one run to the next.

use std::path::{Path, PathBuf};

use regex::Regex;

/// What stands for the figures of the day, in English and French, each documented by its example:
/// `2026-05-24`, `13:09:12`, `7m 3s` or `1 h 20 min` or `12 ms`, `99.98 %`, `23 not observed`; and,
/// as a run may meet the end of an hour, `2 with trouble`, and `, not observed SPAN` behind it.
const FIGURES: [(&str, &str); 7] = [
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

/// A tree with its news in alphabetical order, as networks are judged in no order of their own, and
/// with one line for hours that read the same.
fn orderless(tree: &str) -> String {
    const ITEM: &str = "        listitem level=1";
    let is_news = |pair: &[&str]| pair[0] == ITEM && pair[1].contains("text \"DATE TIME UTC");
    let mut lines: Vec<&str> = tree.lines().collect();
    // Two hours of the same trouble.
    lines.dedup_by(|line, before| line == before && line.contains("graphics-symbol"));
    let Some(first) = lines.windows(2).position(is_news) else {
        return lines.join("\n");
    };
    let news = lines[first..].chunks_exact(2).take_while(|it| is_news(it));
    let mut news: Vec<String> = news.map(|it| it.join("\n")).collect();
    let end = first + 2 * news.len();
    news.sort();
    let told = news.join("\n");
    lines.splice(first..end, told.lines());
    lines.join("\n")
}

pub(super) fn refreshes() -> bool {
    std::env::var_os("BASCULE_REFRESH").is_some()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/browser")
}
