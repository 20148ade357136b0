//! `bascule probe` as a whole: the binary, real sockets, what it prints and how it ends.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::commands::{bascule, told};
use super::pty::{on_a_terminal, terminal, written};
use super::server::{Server, nobody};

/// A configuration in a file that goes away with the test.
pub(crate) fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("space in it");
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("a path in UTF-8")
}

/// A network of two endpoints.
fn website(front: &Server, back: &str) -> tempfile::NamedTempFile {
    file(&format!(
        r#"
[network.website]
title = "City website"
quorum = 1

[[network.website.http]]
name = "front"
url = "{}"

[[network.website.http]]
name = "back"
url = "{back}"
"#,
        front.url()
    ))
}

#[test]
fn a_url_that_works_is_drawn_in_plain_ascii_and_exits_with_zero() {
    let server = Server::page("200 OK", "Content-Type: text/html\r\n", "Welcome");
    let (code, out, err) = told(&mut bascule(&["probe", &server.url()]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let head = format!("pass  {}  HTTP/1.1 200 in ", server.url());
    assert!(out.starts_with(&head), "{out}");
    assert!(
        out.contains("\n  dns . - tcp ok - tls . - http ok - content ok\n"),
        "{out}"
    );
    assert!(
        out.ends_with("      HTTP/1.1 200, 7 B, text/html\n"),
        "{out}"
    );
    let strange = out.chars().find(|c| *c != '\n' && !(' '..='~').contains(c));
    assert_eq!(strange, None, "{out}");
}

#[test]
fn bad_news_exit_with_one_and_say_why() {
    let busy = Server::page("503 Service Unavailable", "", "");
    let (code, out, err) = told(&mut bascule(&["probe", &busy.url()]));
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.starts_with(&format!("fail  {}", busy.url())), "{out}");
    assert!(out.contains("(http_status)"), "{out}");

    let refused = format!("tcp://{}", nobody());
    let (code, out, _) = told(&mut bascule(&["probe", &refused]));
    assert_eq!(code, 1);
    assert!(out.contains("(tcp_refused)"), "{out}");
    assert!(out.contains("\n  dns . - tcp FAIL\n"), "{out}");
}

#[test]
fn json_is_an_array_in_the_order_that_was_asked_for() {
    let server = Server::page("200 OK", "", "Welcome");
    let nobody = format!("tcp://{}", nobody());
    let (code, out, err) = told(&mut bascule(&["probe", "--json", &nobody, &server.url()]));
    assert_eq!((code, err.as_str()), (1, ""));
    let rounds: Value = serde_json::from_str(&out).unwrap();
    let of = |index: usize, key: &str| rounds[index][key].clone();
    assert_eq!(rounds.as_array().map(Vec::len), Some(2));
    assert_eq!(of(0, "kind"), "tcp");
    assert_eq!(of(0, "verdict"), "fail");
    assert_eq!(of(0, "reason"), "tcp_refused");
    assert_eq!(of(1, "verdict"), "pass");
    assert_eq!(of(1, "network"), Value::Null);
    assert_eq!(of(1, "endpoint"), Value::Null);
    assert_eq!(of(1, "addresses")[0]["http"]["status"], 200);
    assert_eq!(of(1, "addresses")[0]["http"]["body_bytes"], 7);
    let keys: Vec<&String> = rounds[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "network",
            "endpoint",
            "kind",
            "verdict",
            "layer",
            "reason",
            "detail",
            "started",
            "duration_seconds",
            "addresses",
            "dns"
        ]
    );
}

#[test]
fn without_a_target_all_that_is_configured_is_probed() {
    let front = Server::page("200 OK", "", "Welcome");
    let config = website(&front, &format!("http://{}/", nobody()));
    let asked = |targets: &[&str]| {
        let mut arguments = vec!["probe", "--config", path(&config)];
        arguments.extend(targets);
        told(&mut bascule(&arguments))
    };
    let (code, all, _) = asked(&[]);
    assert_eq!(code, 1, "{all}");
    assert!(all.starts_with("City website ---"), "{all}");
    assert!(all.contains(" 1 pass, 1 fail\n"), "{all}");
    assert!(all.contains("\npass  website/front  HTTP/1.1 200"), "{all}");
    assert!(all.contains("\nfail  website/back  "), "{all}");
    assert!(all.contains("\n2 endpoints: 1 pass, 1 fail, in "), "{all}");

    let (code, network, _) = asked(&["website"]);
    assert_eq!(code, 1);
    assert!(network.contains("\n2 endpoints: "), "{network}");

    let (code, one, _) = asked(&["website/front"]);
    assert_eq!(code, 0);
    assert!(one.starts_with("pass  website/front  "), "{one}");
    assert!(!one.contains("back"), "{one}");
}

#[test]
fn a_name_that_nobody_has_is_told_with_the_nearest_ones() {
    let front = Server::page("200 OK", "", "");
    let config = website(&front, "http://127.0.0.1:9/");
    for (target, sentence) in [
        (
            "webiste",
            "there is no network `webiste`; did you mean `website`?",
        ),
        (
            "website/frunt",
            "there is no endpoint `website/frunt`; the network has website/front, website/back",
        ),
        (
            "example.org",
            "there is no network `example.org`; for a web page write https://example.org",
        ),
    ] {
        let (code, out, err) = told(&mut bascule(&["probe", "--config", path(&config), target]));
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(err, format!("bascule: {sentence}\n"));
    }
    let (code, _, err) = told(&mut bascule(&["probe", "gopher://x/"]));
    assert_eq!(code, 2);
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(front.asked.try_recv().is_err(), "nothing was probed");
}

#[test]
fn a_url_needs_no_configuration_not_even_a_good_one() {
    let server = Server::page("200 OK", "", "");
    let broken = file("this is no TOML");
    let url = server.url();
    let (code, _, err) = told(&mut bascule(&["probe", "--config", path(&broken), &url]));
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, out, err) = told(&mut bascule(&["probe", "--config", path(&broken)]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with(&format!("{}:1: ", path(&broken))), "{err}");
}

#[test]
fn ctrl_c_tells_what_has_ended_and_counts_the_rest_against_nobody() {
    let front = Server::page("200 OK", "", "Welcome");
    let silent = Server::saying("");
    let config = website(&front, &format!("http://{}/", silent.address));
    let text = std::fs::read_to_string(config.path()).unwrap();
    let config = file(&format!("[probe]\nmax_in_flight = 1\n{text}"));
    let child = bascule(&["probe", "--json", "--config", path(&config)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let patience = Duration::from_secs(20);
    front.left.recv_timeout(patience).unwrap();
    silent.asked.recv_timeout(patience).unwrap();
    let kill = format!("kill -INT {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
    let rounds: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(rounds[0]["verdict"], "pass");
    assert_eq!(rounds[1]["endpoint"], "back");
    assert_eq!(rounds[1]["verdict"], "inconclusive");
    assert_eq!(rounds[1]["layer"], Value::Null);
    assert_eq!(rounds[1]["reason"], "local_cancelled");
}

#[test]
fn nothing_a_server_says_commands_the_terminal() {
    // Bytes from 0x80 on are allowed in headers and reason phrases; 0x9b opens a terminal's command.
    let mut answer = b"HTTP/1.1 200 \x9b2Jowned\r\nContent-Length: 6\r\n".to_vec();
    answer.extend_from_slice(b"Content-Type: text/\xc2\x9b31m\xe2\x80\xae\xff\r\n");
    answer.extend_from_slice(b"Connection: close\r\n\r\n\x1b]0;x\x07");
    let server = Server::saying(answer);
    for arguments in [&["probe"][..], &["probe", "--json"]] {
        let mut command = bascule(arguments);
        let (_, out, err) = told(command.arg(server.url()));
        let harmful = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
        assert_eq!(out.chars().find(harmful), None, "{out:?}");
        assert_eq!(err, "");
    }
}

#[test]
fn on_a_terminal_it_has_colours_and_signs_unless_told_otherwise() {
    let server = Server::page("200 OK", "", "Welcome");
    let probe = format!("probe {}", server.url());
    let head = |mark: &str| format!("{mark}  {}", server.url());

    let rich = on_a_terminal(&probe, &[]);
    assert!(
        rich.contains("\x1b[32m✓ pass\x1b[0m  \x1b[1mhttp://"),
        "{rich:?}"
    );
    assert!(rich.contains("0 of 1"), "progress: {rich:?}");

    let grey = on_a_terminal(&probe, &[("NO_COLOR", "1")]);
    assert!(grey.contains(&head("✓ pass")), "{grey:?}");
    let painted = |it: &&str| it.find(|c: char| c.is_alphabetic()) == it.find('m');
    assert_eq!(grey.split("\x1b[").skip(1).find(painted), None, "{grey:?}");
    assert!(grey.contains("0 of 1 ended"), "progress: {grey:?}");

    let old = on_a_terminal(&probe, &[("LANG", "C")]);
    assert!(old.contains("\x1b[32mpass\x1b[0m"), "{old:?}");
    assert!(old.is_ascii(), "{old:?}");

    let plain = on_a_terminal(&format!("{probe} --plain"), &[]);
    assert!(plain.contains(&head("pass")), "{plain:?}");

    let dumb = on_a_terminal(&probe, &[("TERM", "dumb")]);
    assert!(dumb.starts_with(&head("pass")), "{dumb:?}");
    assert!(!dumb.contains('\x1b'), "{dumb:?}");
}

#[test]
fn whoever_waits_sees_who_is_still_under_way() {
    let quick = Server::page("200 OK", "", "Welcome");
    let silent = Server::saying("");
    let config = website(&quick, &format!("http://{}/", silent.address));
    let words = format!("probe --config {}", path(&config));
    let mut child = terminal(&words, &[("NO_COLOR", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of the Debian package bsdutils makes the terminal");
    let mut out = child.stdout.take().expect("a pipe");
    let mut all = String::new();
    written(
        &mut out,
        &mut all,
        " 1 of 2 ended: 1 pass\x1b[K\r\n  website/back  tcp ✓ ",
    );
    written(&mut out, &mut all, " ms, http …  ");
    let mut keys = child.stdin.take().expect("a pipe");
    keys.write_all(b"\x03").expect("it reads keys");
    out.read_to_string(&mut all).expect("UTF-8");
    let (_, told) = all.rsplit_once("\r\x1b[1A\x1b[J").expect("it was erased");
    // The terminal shows the key that was pressed.
    assert!(
        told.trim_start_matches("^C").starts_with("City website "),
        "{told:?}"
    );
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn rounds_to_one_host_wait_for_each_other() {
    // Two endpoints at one host, one round at a time: the second asks after the first has left.
    let slow = Server::page("200 OK", "", "Welcome");
    let config = website(&slow, &slow.url());
    let (code, out, _) = told(&mut bascule(&[
        "probe",
        "--config",
        path(&config),
        "--json",
    ]));
    assert_eq!(code, 0, "{out}");
    let rounds: Value = serde_json::from_str(&out).unwrap();
    let times = |index: usize| -> (jiff::Timestamp, jiff::Timestamp) {
        let started: jiff::Timestamp = rounds[index]["started"].as_str().unwrap().parse().unwrap();
        let took = rounds[index]["duration_seconds"].as_f64().unwrap();
        (started, started + Duration::from_secs_f64(took))
    };
    let (mut first, mut second) = (times(0), times(1));
    if second.0 < first.0 {
        (first, second) = (second, first);
    }
    // Starts are told in milliseconds, rounded down.
    assert!(second.0 + Duration::from_millis(1) >= first.1, "{out}");
}
