//! `tls_server_config` with real clients: curl and openssl.

use std::process::{Command, Stdio};

use super::scene::{Folder, TLS, client_wish, curl};
use crate::cli::commands::{bascule, told};
use crate::support::daemon::{Daemon, request_at};
use crate::world::namespace::{must, need};

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
    for line in [
        "content-type: text/plain; charset=utf-8",
        "x-content-type-options: nosniff",
    ] {
        assert!(answer.head.contains(line), "{}", answer.head);
    }
    let url = format!("http://{}", daemon.address);
    let asked = told(&mut bascule(&["status", "--url", &url]));
    let sentence = format!("bascule: {url}/ does not speak plain http: does it want https://?\n");
    assert_eq!(asked, (2, String::new(), sentence));
}

/// Runs openssl in a folder.
fn openssl(folder: &Folder, command: &str) {
    let openssl = need("openssl", "openssl");
    let at = folder.path("x").parent().expect("a folder").to_owned();
    let script = command.replacen("openssl", &openssl.display().to_string(), 1);
    must(Command::new("sh").args(["-c", &script]).current_dir(at));
}

#[test]
fn a_key_of_a_kind_that_is_not_served_is_told_in_words() {
    let folder = Folder::new();
    folder.write("web.yml", TLS);
    folder.write("config.toml", &folder.config(""));
    let (config, web) = (folder.path("config.toml"), folder.path("web.yml"));
    for kind in [
        "EC -pkeyopt ec_paramgen_curve:P-521",
        "EC -pkeyopt ec_paramgen_curve:secp256k1",
        "RSA -pkeyopt rsa_keygen_bits:1024",
        "ED448",
    ] {
        openssl(
            &folder,
            &format!("openssl genpkey -out server.key -algorithm {kind}"),
        );
        let config = config.display().to_string();
        let (code, _, err) = told(&mut bascule(&["check", "--config", &config]));
        let sentence = format!(
            "{}:3: tls_server_config.key_file: is damaged, or of a kind that is not served: P-256, \
             P-384, Ed25519, and RSA of 2048 bits and more are\n",
            web.display()
        );
        assert_eq!((code, err), (2, sentence), "{kind}");
    }
}

/// What `check` warns of, with the web configuration that only says TLS.
fn warnings(folder: &Folder) -> String {
    folder.write("web.yml", TLS);
    let config = folder.config("").replace("127.0.0.1:0", "127.0.0.1:10110");
    folder.write("config.toml", &(config + "[uplink]\nenabled = false\n"));
    let path = folder.path("config.toml").display().to_string();
    let (code, out, err) = told(&mut bascule(&["check", "--config", &path]));
    assert_eq!((code, &*err), (0, ""));
    out.split_once("\nwarnings")
        .map_or_else(String::new, |it| it.1.to_owned())
}

#[test]
fn the_certificate_of_the_documentation_is_one_that_clients_take() {
    let docs = include_str!("../../../docs/access.md");
    let (_, recipe) = docs
        .split_once("```sh\nopenssl req -x509 ")
        .expect("a recipe");
    let (recipe, _) = recipe.split_once("```").expect("its end");
    let here = recipe.replace("192.0.2.10", "127.0.0.1");
    assert_ne!(recipe, here);
    let folder = Folder::new();
    openssl(&folder, &format!("openssl req -x509 {here}"));
    let warned = warnings(&folder);
    assert!(!warned.contains("web.yml"), "{warned}");
    let daemon = folder.start(TLS, "");
    let url = format!("https://{}", daemon.address);
    let pem = folder.path("server.pem");
    assert_eq!(curl(&format!("{url}/readyz"), Some(&pem), &[]).exit, 0);
    let trust = ["--ca-file", &pem.display().to_string()];
    let asked = told(&mut bascule(
        &[&["status", "--url", &url], &trust[..]].concat(),
    ));
    assert!(asked.0 < 2 && asked.2.is_empty(), "{asked:?}");
    // Without the two additions it would be what `check` warns of.
    let (plain, _) = here.split_once("  -addext").expect("the additions");
    let plain = plain.trim_end().trim_end_matches('\\');
    openssl(&folder, &format!("openssl req -x509 {plain}"));
    let warned = warnings(&folder);
    assert!(
        warned.contains("CA:TRUE") && warned.contains("subjectAltName"),
        "{warned}"
    );
}

#[test]
fn a_certificate_that_cannot_be_verified_is_told_in_words() {
    let folder = Folder::new();
    let ec = "openssl req -x509 -newkey ec -nodes -days 9";
    openssl(
        &folder,
        &format!(
            "{ec} -pkeyopt ec_paramgen_curve:secp521r1 -subj /CN=odd -keyout odd.key -out odd.pem"
        ),
    );
    openssl(
        &folder,
        &format!(
            "{ec} -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=x -keyout server.key -out \
             server.pem -CA odd.pem -CAkey odd.key -addext basicConstraints=CA:FALSE -addext \
             subjectAltName=IP:127.0.0.1"
        ),
    );
    let daemon = folder.start(TLS, "");
    let url = format!("https://{}", daemon.address);
    let odd = folder.path("odd.pem").display().to_string();
    let (code, _, err) = told(&mut bascule(&["status", "--url", &url, "--ca-file", &odd]));
    let sentence = format!(
        "bascule: {url}/ cannot be trusted: certificate is not acceptable: it, or one above it, is \
         signed with a kind of key or digest that is not supported\n"
    );
    assert_eq!((code, err), (2, sentence));
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
