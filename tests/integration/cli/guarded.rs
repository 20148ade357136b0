//! `status` and `outages` of a daemon behind TLS, a password, or a certificate.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;

use super::commands::{bascule, told};
use crate::support::certificates::{Authority, Chain, pem, wish};
use crate::support::servers::{App, app, http, https, response, show, shows};

const STATUS: &str =
    r#"{"api":"v1","vantage":"a","at":"then","problem":null,"groups":[],"networks":[]}"#;
const TOLD: &str = "then UTC, seen from a\n";

/// Answers who knows the password.
fn guarded() -> App {
    app(|request| match request.headers().get("authorization") {
        Some(value) if value == "Basic b3BlcmF0b3I6b3BlbiBzZXNhbWU=" => response(200, &[], STATUS),
        _ => response(401, &[("WWW-Authenticate", "Basic")], "Unauthorized"),
    })
}

/// What `bascule status` says of a daemon there.
fn ask(scheme: &str, daemon: SocketAddr, more: &[&str]) -> (i32, String) {
    let url = format!("{scheme}://{daemon}");
    let (code, out, err) = told(&mut bascule(&[&["status", "--url", &url], more].concat()));
    (code, out + &err.replace(&format!("{url}/"), "URL"))
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("it can be written");
    path.display().to_string()
}

fn loopback(root: &Authority) -> Chain {
    root.sign(&wish("127.0.0.1"))
}

fn fails(sentence: &str) -> (i32, String) {
    (2, format!("bascule: {sentence}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_behind_tls_and_a_password_is_asked_with_both() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| write(folder.path(), name, text);
    let root = Authority::root("The town's");
    let daemon = https(shows(&loopback(&root)), guarded()).await;
    let ca = write("ca.pem", &pem(&root.certificate));
    let right = write("right", "open sesame\n");
    let wrong = write("wrong", "open barley\n");
    let login = |file| {
        [
            "--ca-file",
            &*ca,
            "--user",
            "operator",
            "--password-file",
            file,
        ]
    };

    assert_eq!(ask("https", daemon, &login(&right)), (0, TOLD.to_owned()));
    assert_eq!(
        ask("https", daemon, &login(&wrong)),
        fails("URL does not accept this user name and password")
    );
    assert_eq!(
        ask("https", daemon, &["--ca-file", &ca]),
        fails("URL wants a password: --user and --password-file")
    );
    let (code, said) = ask("https", daemon, &[]);
    assert_eq!(code, 2);
    assert!(
        said.starts_with("bascule: URL cannot be trusted: ")
            && said.ends_with("; name its authority with --ca-file\n"),
        "{said}"
    );
    let (_, said) = ask("https", daemon, &login("/nowhere/password"));
    assert_eq!(
        said,
        "bascule: --password-file: cannot read /nowhere/password: No such file or directory (os error 2)\n"
    );
    let (_, said) = ask("https", daemon, &["--ca-file", &right]);
    assert_eq!(
        said,
        "bascule: --ca-file: there is no certificate in the PEM text\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_speaks_the_other_protocol_is_told_so() {
    let root = Authority::root("The town's");
    let behind_tls = https(shows(&loopback(&root)), guarded()).await;
    assert_eq!(
        ask("http", behind_tls, &[]),
        fails("URL does not speak plain http: does it want https://?")
    );
    let plain = http(guarded()).await;
    let (code, said) = ask("https", plain, &[]);
    assert_eq!(code, 2);
    assert!(
        said.starts_with("bascule: URL cannot be asked over TLS: ")
            && said.ends_with("; does it want http://?\n"),
        "{said}"
    );
}

/// Takes a request, and says that before it hangs up.
fn says(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        // All of it is read: what is left unread would be a reset.
        let mut request = BufReader::new(stream.try_clone().expect("a second handle")).lines();
        while request
            .next()
            .is_some_and(|line| line.is_ok_and(|it| !it.is_empty()))
        {}
        stream.write_all(answer).expect("it is there");
    });
    address
}

#[test]
fn https_is_recommended_to_whoever_is_answered_in_tls_only() {
    for (answer, sentence) in [
        (&b""[..], "URL hangs up without an answer"),
        (b"HTTP/1.1 200 OK\r\n", "URL hangs up without an answer"),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "URL does not answer in http: is this a bascule daemon?",
        ),
        (
            b"\x15\x03\x03\x00\x02\x02\x46",
            "URL does not speak plain http: does it want https://?",
        ),
    ] {
        assert_eq!(ask("http", says(answer), &[]), fails(sentence));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_wants_a_certificate_is_shown_one() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| write(folder.path(), name, text);
    let root = Authority::root("The town's");
    let mut of_client = wish("operator");
    of_client.usage = rcgen::ExtendedKeyUsagePurpose::ClientAuth;
    let own = root.sign(&of_client);
    let ca = write("ca.pem", &pem(&root.certificate));
    let chain = write("cert.pem", &own.pem());
    let key = write("key.pem", &own.key.serialize_pem());
    let stranger = Authority::root("Somebody's").sign(&of_client);
    let strange_chain = write("strange.pem", &stranger.pem());
    let strange_key = write("strange-key.pem", &stranger.key.serialize_pem());

    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let provider = Arc::new(default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(root.roots().store, Arc::clone(&provider))
                .build()
                .expect("a verifier");
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(show(&loopback(&root), &[]));
        let daemon = https(config, app(|_| response(200, &[], STATUS))).await;
        let with = |chain, key| {
            ask(
                "https",
                daemon,
                &["--ca-file", &ca, "--cert-file", chain, "--key-file", key],
            )
        };
        assert_eq!(with(&chain, &key), (0, TOLD.to_owned()));
        assert_eq!(
            ask("https", daemon, &["--ca-file", &ca]),
            fails("URL wants a certificate: --cert-file and --key-file"),
            "{version:?}"
        );
        let (code, said) = with(&strange_chain, &strange_key);
        assert_eq!(code, 2);
        assert!(
            said.starts_with("bascule: URL does not accept this certificate: "),
            "{said}"
        );
    }
}
