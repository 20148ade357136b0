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
        (Some("fr"), "en", "fr"),
        (Some("en"), "fr", "en"),
        (Some("tlh"), "fr", "fr"),
        (Some("tlh"), "tlh", "en"),
    ] {
        let code = choose(wanted, accepted).code();
        assert_eq!(code, expected, "{wanted:?}, {accepted}");
    }
}
