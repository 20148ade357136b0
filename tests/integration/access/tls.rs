//! `tls_server_config` with real clients: curl and openssl.

use std::process::{Command, Stdio};

use super::scene::{Folder, TLS, client_wish, curl};
use crate::support::daemon::{Daemon, request_at};
use crate::world::namespace::need;

/// Whether a handshake of exactly this version comes about: what openssl says the version is.
fn version(daemon: &Daemon, option: &str) -> Option<String> {
    let output = Command::new(need("openssl", "openssl"))
        .args([
            "s_client",
            "-brief",
            "-connect",
            &daemon.address.to_string(),
        ])
        .args([option, "-cipher", "DEFAULT:@SECLEVEL=0"])
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("Protocol version: "));
    line.map(str::to_owned)
}

#[test]
fn tls_1_2_and_1_3_are_served_and_nothing_older() {
    let folder = Folder::new();
    let daemon = folder.start(TLS, "");
    assert_eq!(version(&daemon, "-tls1_3").as_deref(), Some("TLSv1.3"));
    assert_eq!(version(&daemon, "-tls1_2").as_deref(), Some("TLSv1.2"));
    assert_eq!(version(&daemon, "-tls1_1"), None);
    let only = format!("{TLS}  min_version: TLS13\n");
    let daemon = folder.start(&only, "");
    assert_eq!(version(&daemon, "-tls1_3").as_deref(), Some("TLSv1.3"));
    assert_eq!(version(&daemon, "-tls1_2"), None);
}

#[test]
fn suites_and_curves_are_those_of_the_file() {
    let folder = Folder::new();
    let daemon = folder.start(
        &format!(
            "{TLS}  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  \
             curve_preferences: [CurveP384]\n  prefer_server_cipher_suites: false\n"
        ),
        "",
    );
    let ask = |options: &[&str]| folder.curl(&daemon, "/healthz", options).exit;
    assert_eq!(ask(&["--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"]), 0);
    assert_eq!(ask(&["--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"]), 35);
    assert_eq!(ask(&["--curves", "P-256"]), 35);
}

#[test]
fn http_1_1_is_what_is_offered() {
    let folder = Folder::new();
    let daemon = folder.start(&format!("{TLS}http_server_config:\n  http2: true\n"), "");
    let got = folder.curl(&daemon, "/healthz", &["--http2"]);
    assert!(got.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", got.text);
}

#[test]
fn plain_http_to_a_tls_listener_is_told_so() {
    let folder = Folder::new();
    let daemon = folder.start(TLS, "");
    let answer = request_at(daemon.address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.text(),
        "Client sent an HTTP request to an HTTPS server.\n"
    );
}

#[test]
fn each_client_auth_type_lets_in_whom_it_names() {
    let folder = Folder::new();
    // Without a certificate, with one of the authority, with one of another authority.
    for (name, expected) in [
        ("NoClientCert", [true, true, true]),
        ("RequestClientCert", [true, true, true]),
        ("RequireAnyClientCert", [false, true, true]),
        ("RequireClientCert", [false, true, true]),
        ("VerifyClientCertIfGiven", [true, true, false]),
        ("RequireAndVerifyClientCert", [false, true, false]),
    ] {
        let ca = match name.contains("Verify") {
            true => "  client_ca_file: ca.pem\n",
            false => "",
        };
        let daemon = folder.start(&format!("{TLS}  client_auth_type: {name}\n{ca}"), "");
        let comes_in = |who: Option<&str>| {
            let shown = who.map(|who| folder.showing(who));
            let shown: Vec<&str> = shown.iter().flatten().map(String::as_str).collect();
            folder.curl(&daemon, "/metrics", &shown).status == 200
        };
        let came = [None, Some("client"), Some("stranger")].map(comes_in);
        assert_eq!(came, expected, "{name}");
    }
}

#[test]
fn a_client_needs_one_of_the_allowed_names() {
    let folder = Folder::new();
    let other = folder.authority.sign(&client_wish("grafana.example"));
    folder.keep("other", &other);
    let address = folder.authority.sign(&client_wish("192.0.2.9"));
    folder.keep("address", &address);
    let daemon = folder.start(
        &format!(
            "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
             client_allowed_sans: [prometheus.example, 192.0.2.9]\n"
        ),
        "",
    );
    for (who, status) in [("client", 200), ("address", 200), ("other", 0)] {
        let shown = folder.showing(who);
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        assert_eq!(
            folder.curl(&daemon, "/metrics", &shown).status,
            status,
            "{who}"
        );
    }
}

#[test]
fn certificate_and_key_may_stand_in_the_file_itself() {
    let folder = Folder::new();
    let chain = folder.authority.sign(&super::scene::server_wish());
    let indented = |pem: &str| {
        pem.lines()
            .fold(String::new(), |all, line| all + "    " + line + "\n")
    };
    let daemon = folder.start(
        &format!(
            "tls_server_config:\n  cert: |\n{}  key: |\n{}",
            indented(&chain.pem()),
            indented(&chain.key.serialize_pem())
        ),
        "",
    );
    let url = format!("https://{}/healthz", daemon.address);
    assert_eq!(curl(&url, Some(&folder.path("ca.pem")), &[]).status, 200);
}
