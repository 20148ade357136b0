//! Text of attackers, wherever bascule shows it: it never moves a cursor, breaks a line, turns a
//! sentence around or makes a label.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use bascule::model::printable::is_harmful;
use rcgen::{DnType, SanType};

use crate::support::certificates::{Authority, pem, wish};
use crate::support::daemon::Daemon;
use crate::support::servers::{says, shows, tls};

/// A colour, a bell, a new line, text from right to left, an isolate, a line separator, a tag.
const EVIL: &str =
    "\u{1b}[31mEVIL\u{7}\r\nlevel=error\u{202e}lanretni\u{2067}\u{2028}\u{e0041}\u{9b}2J";

/// The servers: one with a certificate of an issuer that nobody knows, one with a certificate for
/// other names, and one whose words are all harmful.
async fn attackers(root: &Authority) -> [SocketAddr; 3] {
    let evil = |params: &mut rcgen::CertificateParams| {
        params.distinguished_name.push(DnType::CommonName, EVIL);
        params
            .distinguished_name
            .push(DnType::OrganizationName, EVIL);
        let ascii: String = EVIL.chars().filter(char::is_ascii).collect();
        params.subject_alt_names = vec![SanType::DnsName(ascii.try_into().unwrap())];
    };
    let stranger = Authority::root(EVIL).sign_changed(&wish("good.example"), |_| {});
    let other = root.sign_changed(&wish("other.example"), evil);
    let page = format!(
        "HTTP/1.1 500 {}\r\nX-Evil: {}\r\nServer: {}\r\n\r\n<title>{EVIL}</title>",
        "\u{202e}", "\u{202e}\u{2067}", "\u{e0041}\t\u{2028}"
    );
    [
        tls(shows(&stranger)).await,
        tls(shows(&other)).await,
        says(page).await,
    ]
}

fn config([stranger, other, page]: [SocketAddr; 3], ca: &Path) -> String {
    format!(
        "[probe]\ninterval = \"1s\"\nrecheck_interval = \"1s\"\nfall = 1\nca_file = {ca:?}\n\
         per_host = 9\n[network.x]\nquorum = 3\n\
         [[network.x.tls]]\nname = \"stranger\"\nhost = \"good.example\"\nconnect_to = \"{stranger}\"\n\
         [[network.x.tls]]\nname = \"other\"\nhost = \"good.example\"\nconnect_to = \"{other}\"\n\
         [[network.x.http]]\nname = \"page\"\nurl = \"http://good.example/\"\nconnect_to = \"{page}\"\n"
    )
}

/// The text, if it has nothing in it that is not fit for a terminal.
#[track_caller]
fn assert_fit(whose: &str, text: &str) {
    let harmful = text.chars().find(|c| *c != '\n' && is_harmful(*c));
    assert_eq!(harmful, None, "{whose}: {text:?}");
    // What a line of a log or a page would begin with, had it been broken.
    let broken = text
        .lines()
        .find(|line| line.trim_start().starts_with("level=error"));
    assert_eq!(broken, None, "{whose}: {text:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_attackers_call_themselves_is_escaped_wherever_it_is_shown() {
    let root = Authority::root("root");
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, pem(&root.certificate)).unwrap();
    let config = config(attackers(&root).await, &ca);
    tokio::task::spawn_blocking(move || {
        let file = dir.path().join("config.toml");
        std::fs::write(&file, format!("{config}[uplink]\nenabled = false\n")).unwrap();
        shown_by_the_command(&file);
        for format in ["text", "json"] {
            shown_by_the_daemon(&config, format);
        }
    })
    .await
    .unwrap();
}

fn shown_by_the_command(config: &Path) {
    for form in [&["--json"][..], &["--plain"], &[]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        let told = command.arg("probe").arg("--config").arg(config).args(form);
        let told = told.output().unwrap();
        let out = String::from_utf8(told.stdout).unwrap();
        assert_eq!(
            (told.status.code(), &*told.stderr),
            (Some(1), &b""[..]),
            "{out}"
        );
        assert!(out.contains("EVIL"), "{out}");
        assert_fit("probe", &out);
        // In JSON it could also stand behind a backslash.
        for escape in ["\\u001b", "\\u202e", "\\r", "\\u0007", "\\u2067"] {
            assert!(!out.to_lowercase().contains(escape), "{escape}: {out}");
        }
    }
}

fn shown_by_the_daemon(config: &str, format: &str) {
    let arguments = ["--log-format", format, "--log-level", "debug"];
    let daemon = Daemon::start_with(config, &arguments);
    for endpoint in ["stranger", "other", "page"] {
        let down =
            format!(r#"bascule_endpoint_state{{endpoint="{endpoint}",network="x",state="down"}}"#);
        daemon.wait_for(&down, |value| value == 1.0);
    }
    daemon.wait_for(
        r#"bascule_network_state{network="x",state="down"}"#,
        |value| value == 1.0,
    );
    let mut seen = 0;
    for path in [
        "/",
        "/status.txt",
        "/status.json",
        "/api/v1/networks",
        "/api/v1/groups",
        "/api/v1/outages",
        "/api/v1/events",
        "/api/v1/endpoints/x/stranger",
        "/api/v1/endpoints/x/other",
        "/api/v1/endpoints/x/page",
    ] {
        let answer = daemon.get(path);
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.text();
        assert_fit(path, &text);
        assert!(!text.to_lowercase().contains("\\u001b"), "{path}: {text}");
        assert!(!text.to_lowercase().contains("\\u202e"), "{path}: {text}");
        // The only mark-up is ours.
        let is_page = path == "/";
        assert!(!is_page || !text.contains("<title>\u{fffd}"), "{text}");
        seen += usize::from(text.contains("EVIL"));
    }
    assert!(
        seen >= 4,
        "the attackers' words are shown in {seen} documents"
    );
    // The series are made of the configuration alone.
    let metrics = daemon.metrics();
    assert_fit("/metrics", &metrics);
    assert!(!metrics.contains("EVIL") && !metrics.contains("lanretni"));
    let log = daemon.log();
    assert_fit("the log", &log);
    assert!(!log.to_lowercase().contains("\\u001b"), "{log}");
    assert!(log.contains("EVIL"), "{log}");
}
