//! Text from outside, made fit for terminals, logs and pages.
//!
//! Whatever a server says may end in a detail sentence, in JSON or on a terminal. Control
//! characters could move the cursor, bidirectional marks could turn a sentence around, and
//! megabytes could fill a disk; so all of it passes through here: such characters become
//! U+FFFD, and the rest is cut at a length.

/// Longest quotation inside a sentence, in characters.
pub const QUOTE: usize = 120;

/// The text without characters that do not print, cut after `most` characters (an ellipsis
/// then stands for the rest).
#[must_use]
pub fn printable(text: &str, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(most));
    for (position, character) in text.chars().enumerate() {
        if position == most {
            clean.push('…');
            break;
        }
        clean.push(if is_harmful(character) {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        });
    }
    clean
}

/// The same for bytes, of which those that are not UTF-8 become U+FFFD.
#[must_use]
pub fn printable_bytes(bytes: &[u8], most: usize) -> String {
    // A character has at most four bytes: more of them cannot be shown anyway.
    let enough = &bytes[..bytes.len().min(most.saturating_mul(4).saturating_add(4))];
    printable(&String::from_utf8_lossy(enough), most)
}

/// Whether a character controls the terminal, breaks the line, or reorders or hides its
/// neighbours.
#[must_use]
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(
            printable("Bürgermeister 市長 🚒", 99),
            "Bürgermeister 市長 🚒"
        );
    }

    #[test]
    fn control_and_bidirectional_characters_are_replaced() {
        assert_eq!(
            printable("a\x1b[31mb\r\nc\u{202e}d\u{2066}e\u{200b}f\u{9b}g", 99),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}g"
        );
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
        assert_eq!(printable_bytes(&[b'x'; 1 << 20], 2), "xx…");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(printable_bytes(b"a\xffb", 9), "a\u{fffd}b");
    }
}
