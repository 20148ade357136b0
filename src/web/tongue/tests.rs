//! Who gets which language.

use super::*;

#[test]
fn the_address_decides_then_the_browser_then_it_is_english() {
    for (wanted, accepted, expected) in [
        (None, "", "en"),
        (None, "fr", "fr"),
        (None, "fr-CA, en;q=0.5", "fr"),
        (None, "en, fr", "en"),
        (None, "en;q=0.5, fr;q=0.9", "fr"),
        (None, "de, fr;q=0.3", "fr"),
        (None, "fr;q=0", "en"),
        (None, "fr;q=x", "en"),
        (None, "en;q=0.8, fr;Q=0.9", "fr"),
        (None, "en;q=0.8, fr ; q = 0.9", "fr"),
        (None, "en;q=0.8, fr;q=1;x=y", "fr"),
        (None, "en;q=0.8, fr;x=y", "fr"),
        (None, "en;q=0.8, fr;x=y;q=0.7", "en"),
        (None, "fr;q=0;x=y", "en"),
        (Some("fr"), "en", "fr"),
        (Some("en"), "fr", "en"),
        (Some("FR"), "en", "fr"),
        (Some("Fr-ca"), "en", "fr"),
        (Some("tlh"), "fr", "fr"),
        (Some("tlh"), "tlh", "en"),
    ] {
        let code = choose(wanted, accepted).code();
        assert_eq!(code, expected, "{wanted:?}, {accepted}");
    }
}

#[test]
fn every_word_is_there_in_every_language_and_is_not_the_english_one() {
    // What is called the same.
    const SAME: [&str; 1] = ["text"];
    let words = |tongue: &dyn Tongue| -> Vec<String> {
        let labels = format!("{:#?}", tongue.labels());
        let labels = labels.lines().map(|it| it.trim().to_owned());
        let reasons = Reason::ALL.iter().map(|it| tongue.reason(*it).to_owned());
        let states = State::ALL.map(|it| tongue.state(it).to_owned());
        let roles = Role::ALL.map(|it| tongue.role(it).to_owned());
        let activations = Activation::ALL.map(|it| tongue.activation(it).to_owned());
        let of_feed = [
            tongue.to_post_on().to_owned(),
            tongue.no_channel().to_owned(),
            tongue.feed("V"),
            tongue.is_down("X", " (TLS)"),
            tongue.was_down("X", " (TLS)", "5"),
            tongue.was_last_down("X", " (TLS)"),
            tongue.since("T"),
            tongue.between("T", "U"),
            tongue.failed("E", "R"),
            tongue.switch("G", Some("X")),
            tongue.switch("G", None),
            tongue.instead(Some("X"), Some("Y")),
            tongue.instead(Some("X"), None),
            tongue.instead(None, Some("Y")),
        ];
        let words = labels.filter(|it| it.contains(": \""));
        words
            .chain(reasons)
            .chain(states)
            .chain(roles)
            .chain(activations)
            .chain(of_feed)
            .collect()
    };
    // Where a protocol has letters, they are the same everywhere.
    for layer in Layer::ALL.into_iter().filter(|it| *it != Layer::Content) {
        let letters = layer.as_str().to_uppercase();
        assert!(ALL.iter().all(|tongue| tongue.layer(layer) == letters));
    }
    let english = words(ENGLISH);
    for tongue in &ALL[1..] {
        for (own, english) in words(*tongue).iter().zip(&english) {
            let code = tongue.code();
            assert!(
                !own.is_empty() && !own.ends_with(": \"\","),
                "{code}: {english}"
            );
            let same = SAME.iter().any(|word| english.contains(word));
            assert!(own != english || same, "{code}: {english}");
        }
    }
}

#[test]
fn lengths_and_shares_are_written_as_the_language_does() {
    let length = Duration::from_secs(2 * 86_400 + 3 * 3_600);
    let french = choose(Some("fr"), "");
    assert_eq!(
        (ENGLISH.span(length), french.span(length)),
        ("2d 3h".to_owned(), "2\u{a0}j 3\u{a0}h".to_owned())
    );
    assert_eq!(french.span(Duration::from_secs(74)), "1\u{a0}min 14\u{a0}s");
    assert_eq!(french.percent("99.98"), "99,98\u{a0}%");
}
