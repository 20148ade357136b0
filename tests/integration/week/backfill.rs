//! Both vantages' samples of the week, as blocks of a Prometheus.
//!
//! promtool reads a file once for each block that it makes of it, so the samples are cut into
//! pieces of one block each first, and a few promtools make blocks at the same time.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use sha2::{Digest as _, Sha256};

use super::{APART, VANTAGES};
use crate::world::namespace::{must, need};

/// How much one block covers: Prometheus's blocks begin at multiples of their length, which is 2 h
/// times a power of three.
const BLOCK: i64 = 18 * 3600;
const BLOCK_WORD: &str = "18h";

/// What is written at a time.
const CHUNK: usize = 1 << 20;

/// The scenario of a vantage.
pub(super) fn scenario(vantage: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    folder.join(format!("week-{vantage}.toml"))
}

/// `bascule replay` of a vantage.
pub(super) fn replay(vantage: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
    command.arg("replay").arg(scenario(vantage));
    command
}

/// The first and the last moment, in Unix seconds.
pub(super) fn span() -> (i64, i64) {
    let text = fs::read_to_string(scenario(VANTAGES[0])).expect("the scenario can be read");
    let table: toml::Table = text.parse().expect("it is TOML");
    let word = |key: &str| table[key].as_str().expect("it is a text");
    let start: jiff::Timestamp = word("start").parse().expect("it is a time");
    let lasts = humantime::parse_duration(word("duration")).expect("it is a duration");
    let lasts = i64::try_from(lasts.as_secs()).expect("it is not so long");
    (start.as_second(), start.as_second() + lasts)
}

/// Fills the data folder of a Prometheus with blocks. They are kept for the next run of the tests
/// under a name made of all that they depend on: the program, and the scenarios.
pub(super) fn fill(data: &Path, start: i64) {
    let name = format!("week-{}", &fingerprint()[..16]);
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weeks");
    let kept = shelf.join(&name);
    if !kept.is_dir() {
        // Those of another program.
        let _ = fs::remove_dir_all(&shelf);
        fs::create_dir_all(&shelf).expect("a folder can be made");
        let new = tempfile::tempdir_in(&shelf).expect("a folder can be made");
        make(new.path(), start);
        fs::rename(new.path().join("blocks"), &kept).expect("a folder can be moved");
    }
    link(&kept, data);
}

fn fingerprint() -> String {
    let mut hash = Sha256::new();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_bascule"));
    for path in [&program].into_iter().chain(&VANTAGES.map(scenario)) {
        hash.update(fs::read(path).expect("what makes the week can be read"));
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same files under another folder.
fn link(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let from = entry.expect("it can be read").path();
        let to = to.join(from.file_name().expect("it has a name"));
        if from.is_dir() {
            link(&from, &to);
        } else {
            fs::hard_link(&from, &to).expect("a file can be linked");
        }
    }
}

/// Makes the blocks in `blocks` below a folder.
fn make(folder: &Path, start: i64) {
    let promtool = need("promtool", "prometheus");
    let blocks = folder.join("blocks");
    fs::create_dir(&blocks).expect("a folder can be made");
    let pieces = Pieces::new(folder, start);
    thread::scope(|scope| {
        for vantage in VANTAGES {
            let pieces = &pieces;
            scope.spawn(move || pieces.cut(vantage));
        }
    });
    let waiting = Mutex::new(pieces.finish());
    let next = || waiting.lock().expect("no other one fails").pop();
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(piece) = next() {
                    make_block(&promtool, &piece, &blocks);
                }
            });
        }
    });
}

/// The samples of both vantages by block.
struct Pieces {
    folder: PathBuf,
    first: i64,
    files: Mutex<Vec<File>>,
}

impl Pieces {
    fn new(folder: &Path, start: i64) -> Self {
        Self {
            folder: folder.to_owned(),
            first: start / BLOCK,
            files: Mutex::default(),
        }
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index}.om"))
    }

    /// Replays a vantage and adds each sample to the piece that its time belongs to.
    fn cut(&self, vantage: &str) {
        let mut child = replay(vantage)
            .args(["--openmetrics", "--every", &format!("{APART}s")])
            .args(["--label", &format!("instance={vantage}")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("bascule starts");
        let out = child.stdout.take().expect("its output is a pipe");
        let mut lines = BufReader::with_capacity(CHUNK, out);
        let mut line = Vec::new();
        let mut chunks: Vec<Vec<u8>> = Vec::new();
        while lines.read_until(b'\n', &mut line).expect("it can be read") > 0 {
            if line[0] != b'#' {
                let block = seconds(&line) / BLOCK - self.first;
                let index = usize::try_from(block).expect("nothing is before the start");
                if chunks.len() <= index {
                    chunks.resize_with(index + 1, || Vec::with_capacity(CHUNK + 1024));
                }
                chunks[index].extend_from_slice(&line);
                if chunks[index].len() >= CHUNK {
                    self.write(index, &mut chunks[index]);
                }
            }
            line.clear();
        }
        for (index, chunk) in chunks.iter_mut().enumerate() {
            self.write(index, chunk);
        }
        let status = child.wait().expect("it ends");
        assert!(status.success(), "{vantage}: {status}");
    }

    fn write(&self, index: usize, chunk: &mut Vec<u8>) {
        let mut files = self.files.lock().expect("no other one fails");
        while files.len() <= index {
            let path = self.path(files.len());
            files.push(File::create(path).expect("a file can be made"));
        }
        files[index]
            .write_all(chunk)
            .expect("a file can be written");
        chunk.clear();
    }

    /// Ends each piece, and says where they are.
    fn finish(self) -> Vec<PathBuf> {
        let mut files = self.files.lock().expect("none has failed");
        for file in files.iter_mut() {
            file.write_all(b"# EOF\n").expect("a file can be written");
        }
        (0..files.len()).map(|index| self.path(index)).collect()
    }
}

/// The whole seconds of a sample's time, which is its last word.
fn seconds(line: &[u8]) -> i64 {
    let from = line.iter().rposition(|byte| *byte == b' ').unwrap_or(0) + 1;
    let digits = line[from..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

/// Has promtool make a block of a piece, and moves it to the others.
fn make_block(promtool: &Path, piece: &Path, data: &Path) {
    let made = piece.with_extension("blocks");
    must(
        Command::new(promtool)
            // A seventh less work: memory is let go more seldom.
            .env("GOGC", "400")
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .arg(format!("--max-block-duration={BLOCK_WORD}"))
            .args([piece, &made]),
    );
    let blocks: Vec<_> = fs::read_dir(&made)
        .expect("promtool has made a folder")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    assert_eq!(blocks.len(), 1, "one block of {}", piece.display());
    for block in blocks {
        let name = block.file_name().expect("a block has a name");
        fs::rename(&block, data.join(name)).expect("a block can be moved");
    }
    fs::remove_file(piece).expect("a piece can be removed");
}
