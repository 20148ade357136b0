//! `bascule status --watch`: what is told again and when, how it ends, what it costs the daemon.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::commands::bascule;
use super::pty::{terminal, written};
use super::server::nobody;
use crate::support::waiting::until_some;

/// A daemon that says what the test wants, over connections that stay open.
#[derive(Clone)]
struct Daemon {
    address: SocketAddr,
    /// `None`: hangs up on everybody.
    says: Arc<Mutex<Option<String>>>,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Daemon {
    fn saying(document: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let daemon = Self {
            address: listener.local_addr().expect("its address"),
            says: Arc::new(Mutex::new(Some(document))),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let own = daemon.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let daemon = own.clone();
                std::thread::spawn(move || daemon.serve(client));
            }
        });
        daemon
    }

    fn serve(&self, mut client: TcpStream) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let mut asked = Vec::new();
        let mut byte = [0];
        while client.read(&mut byte).is_ok_and(|count| count == 1) {
            asked.push(byte[0]);
            if !asked.ends_with(b"\r\n\r\n") {
                continue;
            }
            asked.clear();
            let says = self.says.lock().unwrap().clone();
            let Some(body) = says else {
                return;
            };
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            if client
                .write_all(format!("{head}{body}").as_bytes())
                .is_err()
            {
                return;
            }
            self.requests.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn now_says(&self, document: Option<String>) {
        *self.says.lock().unwrap() = document;
    }

    /// Waits until it has been asked `more` times more.
    fn asked(&self, more: usize) {
        let before = self.requests.load(Ordering::SeqCst);
        until_some("more requests", || {
            (self.requests.load(Ordering::SeqCst) >= before + more).then_some(())
        });
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

/// X in a state, and what passes by itself: the moment, a length, particulars.
fn document(state: &str, second: usize) -> String {
    let active = if state == "up" { "\"x\"" } else { "null" };
    format!(
        r#"{{"api": "v1", "vantage": "a", "at": "then {second}", "problem": null,
        "groups": [{{"name": "crisis", "sentence": "It is {state} for {second}s.",
            "active": {active}}}],
        "networks": [{{"name": "x", "state": "{state}", "since": "{second}", "layer": null,
            "reason": null, "detail": "took {second} s", "endpoint": "web", "spare_weight": 1,
            "flapping": false, "roles": []}}]}}"#
    )
}

fn watching(command: &mut Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let out = child.stdout.take().expect("a pipe");
    (child, BufReader::new(out))
}

/// The lines of a block, without its time.
fn block(out: &mut impl std::io::BufRead) -> Vec<String> {
    let mut head = String::new();
    out.read_line(&mut head).expect("UTF-8");
    assert!(
        head.starts_with("-- 20") && head.ends_with("Z\n"),
        "{head:?}"
    );
    let mut lines = Vec::new();
    let mut blanks = 0;
    while lines
        .last()
        .is_none_or(|it: &String| !it.starts_with("end"))
    {
        let mut line = String::new();
        assert!(out.read_line(&mut line).expect("UTF-8") > 0, "{lines:?}");
        blanks += usize::from(line == "\n");
        let is_last = line.ends_with("seen from a\n") || line.starts_with("  http://");
        lines.push(line.trim_end().to_owned());
        if is_last {
            out.read_line(&mut String::new()).expect("UTF-8");
            break;
        }
    }
    assert!(blanks <= 2, "{lines:?}");
    lines
}

fn interrupt(child: &Child) {
    let kill = format!("kill -INT {}", child.id());
    let mut shell = Command::new("sh");
    assert!(
        shell
            .args(["-c", &kill])
            .status()
            .expect("a shell")
            .success()
    );
}

#[test]
fn a_pipe_is_told_again_when_something_has_changed_that_does_not_by_itself() {
    let daemon = Daemon::saying(document("up", 1));
    let url = daemon.url();
    let (mut child, mut out) = watching(&mut bascule(&["status", "--watch", "1", "--url", &url]));
    assert_eq!(block(&mut out)[0], "crisis: It is up for 1s.");
    daemon.now_says(Some(document("up", 2)));
    daemon.asked(2);
    daemon.now_says(Some(document("down", 3)));
    let told = block(&mut out);
    assert_eq!(told[0], "crisis: It is down for 3s.");
    assert_eq!(told[4], "  web: took 3 s");
    assert_eq!(
        daemon.connections.load(Ordering::SeqCst),
        1,
        "one connection"
    );

    daemon.now_says(None);
    let lost = block(&mut out);
    assert!(
        lost[0].starts_with("no answer since ") && lost[0].contains("; last seen: "),
        "{lost:?}"
    );
    assert!(lost[1].starts_with(&format!("  {url} ")), "{lost:?}");
    daemon.now_says(Some(document("down", 4)));
    assert_eq!(block(&mut out)[0], "crisis: It is down for 4s.");

    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("UTF-8");
    assert_eq!(rest, "");
}

#[test]
fn programs_get_a_line_for_each_change() {
    let daemon = Daemon::saying(document("up", 1));
    let mut command = bascule(&["status", "--json", "--watch=1", "--url"]);
    let (mut child, mut out) = watching(command.arg(daemon.url()));
    let mut line = || {
        let mut line = String::new();
        out.read_line(&mut line).expect("UTF-8");
        let json: serde_json::Value = serde_json::from_str(&line).expect("a document");
        json["networks"][0]["state"]
            .as_str()
            .expect("a state")
            .to_owned()
    };
    assert_eq!(line(), "up");
    daemon.now_says(Some(document("down", 2)));
    assert_eq!(line(), "down");
    daemon.now_says(Some(document("up", 3)));
    assert_eq!(line(), "up");
    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_daemon_that_was_never_there_is_no_outage() {
    let url = format!("http://{}/", nobody());
    let (code, out, err) =
        super::commands::told(&mut bascule(&["status", "--watch", "--url", &url]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains(" cannot be reached: "), "{err}");
    for wrong in ["0", "3601", "soon"] {
        let (code, _, err) = super::commands::told(&mut bascule(&["status", "--watch", wrong]));
        assert_eq!(code, 2);
        assert!(
            err.starts_with(&format!("error: invalid value '{wrong}' for '--watch")),
            "{err}"
        );
    }
}

#[test]
fn a_terminal_is_drawn_in_place_and_is_left_as_it_was_with_the_last_table() {
    let daemon = Daemon::saying(document("up", 1));
    let words = format!("status --watch 1 --url {}", daemon.url());
    let mut command = terminal(&words, &[("NO_COLOR", "1")]);
    let (mut child, mut out) = watching(command.stdin(Stdio::piped()));
    let mut all = String::new();
    written(&mut out, &mut all, "\x1b[K\x1b[J");
    let start = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[Hasked every 1s; Ctrl-C ends\x1b[K\r\n\x1b[K\r\n\
                 crisis: It is up for 1s.\x1b[K\r\n";
    assert!(all.starts_with(start), "{all:?}");

    daemon.now_says(None);
    written(&mut out, &mut all, "\x1b[Hno answer since ");
    daemon.now_says(Some(document("down", 5)));
    written(&mut out, &mut all, "It is down for 5s.\x1b[K");
    let mut keys = child.stdin.take().expect("a pipe");
    keys.write_all(b"\x03").expect("it reads keys");
    out.read_to_string(&mut all).expect("UTF-8");
    let (_, left) = all
        .rsplit_once("\x1b[?7h\x1b[?25h\x1b[?1049l")
        .expect("it was left");
    let left = left.replace("\r\n", "\n");
    assert!(
        left.starts_with("crisis: It is down for 5s.\n\nnetwork "),
        "{left:?}"
    );
    assert!(left.ends_with("then 5 UTC, seen from a\n"), "{left:?}");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

/// What leaves the second screen, and what enters it.
const LEAVES: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const ENTERS: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_draws_it_anew() {
    let daemon = Daemon::saying(document("up", 1));
    let mut command = Command::new("script");
    let shell = "stty rows 24 cols 80; PS1=ready: exec bash --noprofile --norc +o history -i";
    command.args(["-qefc", shell, "/dev/null"]).envs([
        ("TERM", "xterm"),
        ("NO_COLOR", "1"),
        ("LANG", "C.UTF-8"),
    ]);
    let (mut child, mut out) = watching(command.stdin(Stdio::piped()));
    let mut keys = child.stdin.take().expect("a pipe");
    let mut press = |text: &str| keys.write_all(text.as_bytes()).expect("it reads keys");
    let mut wait = |wanted: &str| {
        let mut all = String::new();
        written(&mut out, &mut all, wanted);
        all
    };
    wait("ready:");
    let binary = env!("CARGO_BIN_EXE_bascule");
    press(&format!(
        "{binary} status --watch 1 --url {}\n",
        daemon.url()
    ));
    assert!(wait("seen from a\x1b[K\x1b[J").contains(ENTERS));
    press("\x1a");
    let stopped = wait("ready:");
    let (_, shell) = stopped.split_once(LEAVES).expect("it was left");
    assert!(shell.contains("Stopped"), "{stopped:?}");
    // Nothing is drawn behind the shell.
    press("bg\n");
    wait("ready:");
    let asked = daemon.requests.load(Ordering::SeqCst);
    until_some("more requests", || {
        (daemon.requests.load(Ordering::SeqCst) > asked + 1).then_some(())
    });
    press("echo still $((40 + 2))\n");
    let shell = wait("still 42\r\n");
    assert!(!shell.contains("\x1b[?1049h"), "{shell:?}");
    press("fg\n");
    assert!(wait("seen from a\x1b[K\x1b[J").contains(ENTERS));
    press("\x03");
    let ended = wait("ready:");
    let (_, left) = ended.split_once(LEAVES).expect("it was left");
    assert!(left.starts_with("crisis: It is up for 1s.\r\n"), "{left:?}");
    press("exit $?\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn however_it_ends_the_terminal_is_left_clean_and_without_a_shell_ctrl_z_does_nothing() {
    for signal in ["TERM", "QUIT", "HUP"] {
        let daemon = Daemon::saying(document("down", 1));
        let binary = env!("CARGO_BIN_EXE_bascule");
        let url = daemon.url();
        let line = format!(
            "stty rows 24 cols 80; echo \"($$)\"; exec {binary} status --watch 1 --url {url}"
        );
        let mut command = Command::new("script");
        command
            .args(["-qefc", &line, "/dev/null"])
            .envs([("TERM", "xterm"), ("NO_COLOR", "1")]);
        let (mut child, mut out) = watching(command.stdin(Stdio::piped()));
        let mut keys = child.stdin.take().expect("a pipe");
        let mut all = String::new();
        written(&mut out, &mut all, "\x1b[K\x1b[J");
        keys.write_all(b"\x1a").expect("it reads keys");
        written(&mut out, &mut all, LEAVES);
        let (_, pid) = all.split_once('(').expect("its number");
        let pid = pid.split(')').next().expect("its number").to_owned();
        let mut again = String::new();
        written(&mut out, &mut again, "\x1b[K\x1b[J");
        let killed = Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status();
        assert!(killed.expect("kill runs").success());
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("UTF-8");
        let (_, left) = rest.rsplit_once(LEAVES).expect("it was left");
        assert!(
            left.starts_with("crisis: It is down for 1s.\r\n"),
            "{left:?}"
        );
        assert_eq!(child.wait().expect("it ends").code(), Some(1), "{signal}");
    }
}

#[test]
fn a_hangup_that_is_ignored_stays_so_in_a_pipe() {
    let daemon = Daemon::saying(document("up", 1));
    let (binary, url) = (env!("CARGO_BIN_EXE_bascule"), daemon.url());
    let line = format!("trap '' HUP; exec {binary} status --watch 1 --url {url}");
    let (mut child, mut out) = watching(Command::new("sh").args(["-c", &line]));
    block(&mut out);
    let hangup = ["-HUP".to_owned(), child.id().to_string()];
    assert!(
        Command::new("kill")
            .args(hangup)
            .status()
            .expect("kill runs")
            .success()
    );
    daemon.now_says(Some(document("down", 2)));
    assert_eq!(block(&mut out)[0], "crisis: It is down for 2s.");
    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn whoever_watches_for_nobody_ends() {
    let daemon = Daemon::saying(document("up", 1));
    let mut command = bascule(&["status", "--watch", "1", "--url"]);
    let (mut child, mut out) = watching(command.arg(daemon.url()));
    block(&mut out);
    drop(out);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_window_that_is_made_narrower_is_drawn_for_its_width() {
    let daemon = Daemon::saying(document("up", 1));
    let binary = env!("CARGO_BIN_EXE_bascule");
    let url = daemon.url();
    let line = format!(
        "stty rows 24 cols 80; echo \"($(tty))\"; exec {binary} status --watch 60 --url {url}"
    );
    let mut command = Command::new("script");
    command
        .args(["-qefc", &line, "/dev/null"])
        .envs([("TERM", "xterm"), ("NO_COLOR", "1")]);
    let (mut child, mut out) = watching(command.stdin(Stdio::piped()));
    let mut keys = child.stdin.take().expect("a pipe");
    let mut all = String::new();
    written(&mut out, &mut all, "seen from a\x1b[K\x1b[J");
    let (_, tty) = all.split_once('(').expect("its terminal");
    let tty = tty.split(')').next().expect("its terminal").to_owned();
    let resized = Command::new("stty")
        .args(["-F", &tty, "cols", "36"])
        .status();
    assert!(resized.expect("stty runs").success());
    let mut narrow = String::new();
    written(&mut out, &mut narrow, "seen from a\x1b[K\x1b[J");
    assert_eq!(
        narrow.replace("\x1b[K\r\n", "\n"),
        "\x1b[Hasked every 1m; Ctrl-C ends\n\n\
         crisis: It is up for 1s.\n\n\
         network     state       since\n\
         x           up          1\n  \
         spare 1\n  \
         web: took 1 s\n\n\
         then 1 UTC, seen from a\x1b[K\x1b[J"
    );
    assert_eq!(daemon.requests.load(Ordering::SeqCst), 1);
    keys.write_all(b"\x03").expect("it reads keys");
    out.read_to_string(&mut all).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
