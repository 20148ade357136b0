//! `[[notice]]`: what everybody should know.

use std::time::Duration;

use super::{check, good, noon, warnings};

const UNTIL: &str = "until = \"2026-06-01T23:00:00Z\"";

#[test]
fn a_notice_has_one_text_for_everybody_or_one_for_each_language() {
    let text = format!(
        "[[notice]]\ntext = \"Hello\"\n{UNTIL}\n\
         [[notice]]\ntext = {{ fr = \"Travaux à 8 h\", en = \"Works at 8\" }}\n{UNTIL}"
    );
    let loaded = good(&text);
    let notices = &loaded.settings.notices;
    let everybody = [(None, "Hello".to_owned())];
    let each = [("fr", "Travaux à 8 h"), ("en", "Works at 8")];
    let each = each.map(|(language, text)| (Some(language.to_owned()), text.to_owned()));
    assert_eq!(notices[0].texts, everybody);
    assert_eq!(notices[1].texts, each);
    assert_eq!(notices[1].until, noon() + Duration::from_secs(11 * 3_600));
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
}

#[test]
fn a_notice_that_cannot_be_meant_is_told_in_a_sentence() {
    let line = "must be a line of 1 to 500 visible characters";
    for (lines, sentence) in [
        (
            UNTIL.to_owned(),
            "test.toml:1: notice[0].text: is missing or empty: write what everybody should know"
                .to_owned(),
        ),
        (
            format!("text = {{}}\n{UNTIL}"),
            "test.toml:2: notice[0].text: is missing or empty: write what everybody should know"
                .to_owned(),
        ),
        (
            "text = \"Hello\"".to_owned(),
            "test.toml:1: notice[0].until: is missing: write a time such as \
             \"2026-12-01T22:00:00Z\"; what has no end stays when nobody thinks of it any more"
                .to_owned(),
        ),
        (
            format!("text = {{ french = \"Bonjour\" }}\n{UNTIL}"),
            "test.toml:2: notice[0].text.french: is not a language: write a code such as `en` or \
             `fr`"
                .to_owned(),
        ),
        (
            format!("text = \"a\\u202Eb\"\n{UNTIL}"),
            format!("test.toml:2: notice[0].text: {line}"),
        ),
        (
            format!("text = {{ en = \"{}\" }}\n{UNTIL}", "é".repeat(501)),
            format!("test.toml:2: notice[0].text.en: {line}"),
        ),
        (
            format!("text = [\"Hello\"]\n{UNTIL}"),
            "test.toml:2: notice[0].text: must be a string or a table of strings by language, \
             not an array"
                .to_owned(),
        ),
    ] {
        check(&format!("[[notice]]\n{lines}\n"), Some(&sentence));
    }
    let many = format!("[[notice]]\ntext = \"Hello\"\n{UNTIL}\n").repeat(11);
    let sentence = "test.toml:31: notice[10]: is one too many: 10 notices at most";
    check(&many, Some(sentence));
}

#[test]
fn a_notice_that_is_past_is_a_warning() {
    let text = "[[notice]]\ntext = \"Hello\"\nuntil = \"2026-06-01T12:00:00Z\"\n";
    assert_eq!(
        warnings(text),
        "test.toml:3: notice[0].until: 2026-06-01T12:00:00Z is past: nobody sees this"
    );
}
