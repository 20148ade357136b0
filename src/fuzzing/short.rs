//! The short run: the corpus, then inputs made from it, the same ones for the same seed.
//!
//! `BASCULE_SEED=7` makes those of another seed (that of a failure is in its message), and
//! `BASCULE_FUZZ=100` makes a hundred times as many. Nothing is instrumented, so this finds what
//! is near the corpus; `fuzz/run` finds the way to what is not.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use super::{TARGETS, Target};

/// Inputs that are made for a target; fewer where they may be longer than a thousand bytes.
const TRIES: u64 = 6000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is `{text}`, and has to be a number")),
    )
}

/// The inputs that are kept for a target, in the order of their names.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let path = folder().join("corpus").join(target.name);
    let files = fs::read_dir(&path);
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<PathBuf> = files.filter_map(|it| Some(it.ok()?.path())).collect();
    files.sort();
    let read = |path: &PathBuf| fs::read(path).expect("the corpus can be read");
    files.iter().map(read).collect()
}

/// The words of a dictionary, in libFuzzer's form: `"..."` with `\xAB`, `\"` and `\\`.
fn words(target: &Target) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(folder().join("dictionaries").join(target.name));
    let text = text.unwrap_or_default();
    let quoted = text.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix('"')?.strip_suffix('"')
    });
    quoted
        .map(|word| {
            word.replace("\\\"", "\"")
                .replace("\\\\", "\\")
                .into_bytes()
        })
        .collect()
}

/// Numbers that are the end of something.
const NUMBERS: [&[u8]; 8] = [
    b"0",
    b"-1",
    b"255",
    b"65536",
    b"4294967296",
    b"9223372036854775807",
    b"18446744073709551615",
    b"1e308",
];

/// An input made from others.
fn made(rng: &mut Rng, corpus: &[Vec<u8>], words: &[Vec<u8>], longest: usize) -> Vec<u8> {
    let mut input = rng.choice(corpus).cloned().unwrap_or_default();
    for _ in 0..rng.usize(1..8) {
        let at = rng.usize(0..=input.len());
        let end = (at + rng.usize(0..=16)).min(input.len());
        match rng.u8(0..9) {
            0 => {
                input.drain(at..end);
            }
            1 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            2 => {
                input.truncate(at);
            }
            3 => {
                let other = rng.choice(corpus).map_or(&[][..], |other| other);
                let from = rng.usize(0..=other.len());
                let until = (from + rng.usize(0..=64)).min(other.len());
                input.splice(at..end, other[from..until].iter().copied());
            }
            4 => {
                let word = rng.choice(words).map_or(&b"\""[..], |word| word);
                input.splice(at..at, word.iter().copied());
            }
            5 => {
                let digits = |from: usize| input[from..].iter().position(u8::is_ascii_digit);
                if let Some(first) = digits(at).map(|offset| at + offset) {
                    let rest = &input[first..];
                    let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                    let number = NUMBERS[rng.usize(0..NUMBERS.len())];
                    input.splice(first..first + length, number.iter().copied());
                }
            }
            6 => input.insert(at, rng.u8(..)),
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = match rng.u8(0..4) {
                        0 => *byte ^ 1 << rng.u8(0..8),
                        1 => 0xff,
                        2 => 0,
                        _ => rng.u8(..),
                    };
                }
            }
        }
    }
    input.truncate(longest);
    input
}

#[test]
fn every_reader_of_outside_bytes_keeps_its_promises() {
    let seed = number("BASCULE_SEED").unwrap_or(1);
    let more = number("BASCULE_FUZZ").unwrap_or(1);
    let mut executed = 0;
    let mut broken = Vec::new();
    for target in &TARGETS {
        let (corpus, words) = (corpus(target), words(target));
        let tries = TRIES * more / (target.longest as u64 / 1024 + 1);
        let mut rng = Rng::with_seed(seed);
        let made = (0..tries).map(|_| made(&mut rng, &corpus, &words, target.longest));
        for (index, input) in corpus.iter().cloned().chain(made).enumerate() {
            executed += 1;
            if catch_unwind(|| (target.read)(&input)).is_err() {
                let text = String::from_utf8_lossy(&input).into_owned();
                broken.push(format!("{} {index} of seed {seed}: {text:?}", target.name));
                break;
            }
        }
    }
    println!(
        "{executed} inputs of {} targets, seed {seed}",
        TARGETS.len()
    );
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_target_has_a_corpus_and_every_reader_is_a_target() {
    let names: BTreeSet<String> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len(), "names are unique");
    let entries = fs::read_dir(folder().join("corpus")).expect("the corpus can be read");
    let folders = entries
        .filter_map(Result::ok)
        .filter(|it| it.path().is_dir());
    let folders = folders.filter_map(|it| it.file_name().into_string().ok());
    assert_eq!(
        folders.collect::<BTreeSet<String>>(),
        names,
        "folders of fuzz/corpus"
    );
    assert!(TARGETS.iter().all(|target| !corpus(target).is_empty()));

    let mut readers = BTreeSet::new();
    let mut rooms = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(room) = rooms.pop() {
        for entry in fs::read_dir(room).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                rooms.push(path);
            } else if path.ends_with("fuzz.rs") {
                let text = fs::read_to_string(&path).expect("the sources can be read");
                let lines = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("pub(crate) fn "));
                let found = lines.filter_map(|line| line.strip_suffix("(bytes: &[u8]) {"));
                readers.extend(found.map(str::to_owned));
            }
        }
    }
    assert_eq!(readers, names, "functions of src/**/fuzz.rs");

    let readme = fs::read_to_string(folder().join("README.md")).expect("fuzz/README.md");
    let told = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: BTreeSet<String> = told.map(str::to_owned).collect();
    assert_eq!(told, names, "the table of fuzz/README.md");
}

#[test]
fn the_corpus_is_small() {
    let sizes = TARGETS.iter().flat_map(corpus).map(|input| input.len());
    let sizes: Vec<usize> = sizes.collect();
    assert!(
        sizes.iter().all(|size| *size <= 16 << 10),
        "one is too large"
    );
    assert!(
        sizes.iter().sum::<usize>() <= 300 << 10,
        "all are too large"
    );
}
