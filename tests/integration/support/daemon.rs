//! The real binary as a daemon: started, scraped, signalled, stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The line of the log that says where the private listener is.
pub(crate) const LISTENS: &str = "status page on http";
/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Daemon {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    pub(crate) config: PathBuf,
    _dir: tempfile::TempDir,
}

/// An answer of the listener.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the answer is text")
    }
}

impl Daemon {
    /// Starts the daemon on a free port with this configuration (`[web] listen` is added).
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// Starts the daemon with further arguments.
    pub(crate) fn start_with(config: &str, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = dir.path().join("state");
        Self::launch(dir, &state, config, arguments)
    }

    /// Starts the daemon with a state directory that outlives it. To drop it is `kill -9`.
    pub(crate) fn start_in(state: &Path, config: &str) -> Self {
        Self::start_in_with(state, config, &[])
    }

    /// The same with further arguments.
    pub(crate) fn start_in_with(state: &Path, config: &str, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self::launch(dir, state, config, arguments)
    }

    fn launch(dir: tempfile::TempDir, state: &Path, config: &str, arguments: &[&str]) -> Self {
        let path = dir.path().join("config.toml");
        std::fs::write(&path, with_listener(config)).expect("the configuration is written");
        let child = Command::new(env!("CARGO_BIN_EXE_bascule"))
            .arg("run")
            .arg("--config")
            .arg(&path)
            .args(arguments)
            .env("NO_COLOR", "1")
            .env("STATE_DIRECTORY", state)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        Self::watch(child, path, dir)
    }

    /// Takes over a daemon that was started by the caller, its standard error piped.
    pub(crate) fn watch(mut child: Child, config: PathBuf, dir: tempfile::TempDir) -> Self {
        let stderr = child.stderr.take().expect("standard error is piped");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().expect("the log is not poisoned").push(line);
            }
        });
        let mut daemon = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
            config,
            _dir: dir,
        };
        let line = daemon.wait_for_line(LISTENS);
        let (_, rest) = line.split_once("://").expect("an address");
        let (address, _) = rest.split_once('/').expect("a path");
        daemon.address = address.parse().expect("an address");
        daemon
    }

    /// Another configuration under the same name.
    pub(crate) fn rewrite(&self, config: &str) {
        std::fs::write(&self.config, with_listener(config)).expect("the configuration is written");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Asks it to stop and tells how it ended and how long that took.
    pub(crate) fn stop(mut self) -> (ExitStatus, Duration) {
        let asked = now();
        self.signal("TERM");
        let status = self.child.wait().expect("it ends");
        (status, asked.elapsed())
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, and looks at what it leaves before that is removed.
    pub(crate) fn ended<T>(mut self, look: impl FnOnce() -> T) -> (ExitStatus, T) {
        let status = self.child.wait().expect("it ends");
        (status, look())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request(&format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        ))
    }

    /// Sends a raw request and reads to the end of the connection.
    pub(crate) fn request(&self, request: &str) -> Answer {
        request_at(self.address, request)
    }

    pub(crate) fn metrics(&self) -> String {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200);
        answer.text()
    }

    /// The value of one series, labels in alphabetical order.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        value(&self.metrics(), series)
    }

    /// Waits until a series has a value that satisfies the condition, and returns it.
    pub(crate) fn wait_for(&self, series: &str, condition: impl Fn(f64) -> bool) -> f64 {
        let mut last = None;
        let deadline = now() + PATIENCE;
        while now() < deadline {
            last = self.value(series);
            if let Some(value) = last.filter(|value| condition(*value)) {
                return value;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("{series} stays at {last:?}; the log says:\n{}", self.log());
    }

    /// Waits for a line of the log that contains the text, and returns it.
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        let deadline = now() + PATIENCE;
        while now() < deadline {
            let log = self.log.lock().expect("the log is not poisoned");
            if let Some(line) = log.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            drop(log);
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no line with `{text}`; the log says:\n{}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("the log is not poisoned").join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of one series in the text format.
pub(crate) fn value(text: &str, series: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    lines.find(|(name, _)| *name == series)?.1.parse().ok()
}

/// A server on loopback that answers each connection with what the closure makes of its number.
/// An empty answer keeps the connection open and silent.
pub(crate) fn server(answer: impl Fn(usize) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { continue };
            let bytes = answer(number);
            if bytes.is_empty() {
                silent.push(stream);
                continue;
            }
            let mut request = [0; 4096];
            // The prober may be gone; its next round will come.
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&bytes);
        }
    });
    address
}

/// A complete answer with a body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn with_listener(config: &str) -> String {
    let config = without_canaries(config);
    match config.contains("[web]") {
        true => config,
        false => format!("[web]\nlisten = [\"127.0.0.1:0\"]\n{config}"),
    }
}

/// The configuration with the uplink off, unless it says something of it itself: nothing outside
/// of this machine is asked.
pub(crate) fn without_canaries(config: &str) -> String {
    match config.contains("[uplink]") {
        true => config.to_owned(),
        false => format!("{config}\n[uplink]\nenabled = false\n"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the patience of a test is real time"
)]
fn now() -> Instant {
    Instant::now()
}

/// Sends a raw request and reads to the end of the connection.
pub(crate) fn request_at(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .write_all(request.as_bytes())
        .expect("it takes the request");
    received(stream)
}

/// The answer on a connection that ends with it.
pub(crate) fn received(mut stream: TcpStream) -> Answer {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it answers");
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .expect("a status");
    Answer {
        status,
        head: head.to_lowercase(),
        body: bytes[end + 4..].to_vec(),
    }
}
