//! What the fuzzer demands of state files.

use super::Image;
use super::form::{self, Unreadable};
use crate::fuzzing::sentence;

/// A text is refused in a sentence, or what it says is written down again the same.
pub(crate) fn state_file(bytes: &[u8]) {
    match form::read(bytes) {
        Ok(image) => drop(rewritten(&image)),
        Err(Unreadable::Newer(format)) => assert!(format > 1),
        Err(Unreadable::Damaged(what)) => sentence(&what, 100),
    }
}

/// The image of a text.
pub(crate) fn image(text: &[u8]) -> Option<Image> {
    form::read(text).ok()
}

/// Writes an image, and demands that it is read back the same.
pub(crate) fn rewritten(image: &Image) -> Vec<u8> {
    let written = form::write(image);
    let Ok(again) = form::read(&written) else {
        panic!("it does not read what it wrote");
    };
    let rewritten = form::write(&again);
    // What is no number is equal to nothing, so the texts are compared.
    assert!(rewritten == written, "written twice");
    written
}
