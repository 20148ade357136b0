//! The state file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use tempfile::tempdir;

use super::samples::{Dice, noon_and};
use crate::history::Image;
use crate::history::form::{self, Unreadable};
use crate::history::state_file::{Found, StateFile};
use crate::model::{Moment, Reason};

fn rich(seed: u64) -> Image {
    Dice(seed).image()
}

/// The image that is found, when nothing is told.
fn found(file: &StateFile) -> Option<Image> {
    let found = file.read(noon_and(0));
    assert_eq!(found.told, [""; 0]);
    found.image.map(|image| *image)
}

fn unusable(told: String) -> Found {
    Found {
        image: None,
        told: vec![told],
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

proptest! {
    #[test]
    fn an_image_comes_back_as_it_was(seed: u64) {
        let image = rich(seed);
        prop_assert_eq!(form::read(&form::write(&image)), Ok(image));
    }
}

#[test]
fn what_is_no_finite_number_comes_back_as_none() {
    let mut image = rich(1);
    let values = vec![f64::NAN, f64::INFINITY, -0.0, 5e-324, 0.1 + 0.2];
    image.counters = [("m".to_owned(), [("".to_owned(), values)].into())].into();
    let back = form::read(&form::write(&image)).unwrap();
    let back = &back.counters["m"][""];
    assert!(back[0].is_nan() && back[1].is_nan());
    let bits: Vec<u64> = back[2..].iter().map(|value| value.to_bits()).collect();
    let exact = [-0.0, 5e-324, 0.1 + 0.2].map(f64::to_bits);
    assert_eq!(bits, exact);
}

#[test]
fn a_reason_of_a_later_version_drops_the_cause_and_keeps_the_outage() {
    let with_all = |image: &Image| {
        let network = &image.memory.networks[0];
        network.outage.is_some() && network.trouble.is_some()
    };
    let mut image = (0..).map(rich).find(with_all).unwrap();
    let network = &mut image.memory.networks[0];
    let outage = network.outage.as_mut().unwrap();
    outage.cause.reason = Reason::TlsVersion;
    outage.cause.layer = Reason::TlsVersion.layer();
    network.trouble.as_mut().unwrap().1.reason = Reason::TlsVersion;
    let text = String::from_utf8(form::write(&image)).unwrap();
    let later = text.replace("\"tls_version\"", "\"tls_of_tomorrow\"");
    let back = form::read(later.as_bytes()).unwrap();
    let network = &mut image.memory.networks[0];
    assert_eq!(back.memory.networks[0].trouble, None);
    network.trouble = None;
    let outage = network.outage.as_mut().unwrap();
    outage.cause.reason = Reason::TlsProtocol;
    assert_eq!(back.memory.networks[0].outage, network.outage);
    assert_eq!(back.counters, image.counters);
}

#[test]
fn a_write_that_was_interrupted_leaves_the_old_image() {
    let folder = tempdir().unwrap();
    let file = StateFile::new(folder.path());
    assert_eq!(found(&file), None);
    file.write(&rich(1), true).unwrap();
    let next = form::write(&rich(2));
    for length in [0, 1, next.len() / 2, next.len()] {
        for name in ["state.json.new", "state-recent.json.new"] {
            fs::write(folder.path().join(name), &next[..length]).unwrap();
            assert_eq!(found(&file), Some(rich(1)));
        }
    }
    file.write(&rich(3), false).unwrap();
    file.write(&rich(3), true).unwrap();
    assert_eq!(found(&file), Some(rich(3)));
    assert_eq!(names(folder.path()), ["state.json"]);
    let path = folder.path().join("state.json");
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn of_what_was_written_in_a_hurry_and_with_care_the_later_counts() {
    let folder = tempdir().unwrap();
    let file = StateFile::new(folder.path());
    let at = |seconds| {
        let mut image = rich(1);
        image.saved.moment = Moment::from_secs(seconds);
        image
    };
    file.write(&at(10), true).unwrap();
    file.write(&at(12), false).unwrap();
    assert_eq!(found(&file), Some(at(12)));
    let recent = folder.path().join("state-recent.json");
    let earlier = fs::read(&recent).unwrap();
    file.write(&at(14), true).unwrap();
    assert_eq!(found(&file), Some(at(14)));
    // Killed between the two steps of the durable write.
    fs::write(&recent, earlier).unwrap();
    assert_eq!(found(&file), Some(at(14)));
    // A power cut on a file system that forgets what was not waited for.
    fs::write(&recent, "").unwrap();
    let shown = recent.display();
    let told = format!(
        "the state file {shown} cannot be used: it ends too early (line 1, column 0); it is kept \
         as {shown}.corrupt-1748088000"
    );
    let expected = Found {
        image: Some(Box::new(at(14))),
        told: vec![told],
    };
    assert_eq!(file.read(noon_and(0)), expected);
}

#[test]
fn a_text_cut_short_anywhere_is_no_image() {
    let text = form::write(&rich(4));
    for length in (0..text.len() - 1).step_by(7) {
        let found = form::read(&text[..length]);
        assert!(matches!(found, Err(Unreadable::Damaged(_))), "{length}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_kept_aside_with_a_sentence() {
    let folder = tempdir().unwrap();
    let file = StateFile::new(folder.path());
    let path = folder.path().join("state.json");
    let shown = path.display();
    let mut text = form::write(&rich(5));
    let cases: [(&[u8], &str); 4] = [
        (b"", "cannot be used: it ends too early (line 1, column 0)"),
        (
            b"{\"format\":1}",
            "cannot be used: it is damaged (line 1, column 12)",
        ),
        (
            b"{\"format\":2,\"new\":[]}",
            "is of a later version of bascule (format 2)",
        ),
        (
            b"\0\0\0\0",
            "cannot be used: it is damaged (line 1, column 1)",
        ),
    ];
    for (second, (content, why)) in cases.into_iter().enumerate() {
        fs::write(&path, content).unwrap();
        let seconds = 1_748_088_000 + second;
        let told = format!(
            "the state file {shown} {why}; it is kept as {shown}.corrupt-{seconds}; \
             bascule starts without memory"
        );
        let found = file.read(noon_and(second as u64));
        assert_eq!(found, unusable(told));
        let aside = folder.path().join(format!("state.json.corrupt-{seconds}"));
        assert_eq!(fs::read(aside).unwrap(), content);
    }
    // Of the four the last three are kept; two in one second do not replace each other.
    text.truncate(100);
    fs::write(&path, &text).unwrap();
    file.read(noon_and(3));
    let kept = [2, 3, 4].map(|second| format!("state.json.corrupt-{}", 1_748_088_000 + second));
    assert_eq!(names(folder.path()), kept);
}

#[test]
fn what_is_no_file_is_kept_aside_too() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::create_dir(&path).unwrap();
    let shown = path.display();
    let told = format!(
        "the state file {shown} cannot be read: it is not a file; it is kept as \
         {shown}.corrupt-1748088000; bascule starts without memory"
    );
    let found = StateFile::new(folder.path()).read(noon_and(0));
    assert_eq!(found, unusable(told));
}
