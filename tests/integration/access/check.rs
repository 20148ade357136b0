//! `bascule check` reads the web configuration too: every fault in one sentence, with exit code
//! 2, and no secret in any.

use super::scene::{Folder, NOTHING, TLS, hash};
use crate::cli::commands::{bascule, told};
use crate::support::certificates::{pem, self_signed};

/// Exit code, output and errors of `check`, without the folder's path.
fn check(folder: &Folder, yml: &str, keys: &str) -> (i32, String, String) {
    folder.write("web.yml", yml);
    let config = folder
        .config(keys)
        .replace("127.0.0.1:0", "127.0.0.1:10110");
    folder.write("config.toml", &(config + "[uplink]\nenabled = false\n"));
    let path = folder.path("config.toml");
    let (code, out, err) = told(&mut bascule(&[
        "check",
        "--config",
        &path.display().to_string(),
    ]));
    let prefix = format!(
        "{}/",
        folder.path("x").parent().expect("a folder").display()
    );
    // Long lines are wrapped.
    let flat = out.replace("\n  ", " ").replace(&prefix, "");
    (code, flat, err.replace(&prefix, ""))
}

fn refused(yml: &str, sentence: &str) {
    let (code, _, err) = check(&Folder::new(), yml, "");
    assert_eq!(
        (code, err.as_str()),
        (2, &*format!("{sentence}\n")),
        "{yml}"
    );
}

#[test]
fn what_is_not_of_the_format_is_refused_with_line_and_key() {
    refused(
        "tls_server_confg:\n",
        "web.yml:1: unknown key `tls_server_confg`; did you mean `tls_server_config`?",
    );
    refused(
        &format!("{TLS}  min_versoin: TLS12\n"),
        "web.yml:4: tls_server_config: unknown key `min_versoin`; did you mean `min_version`?",
    );
    refused(
        "rate_limit:\n  every: 1s\n",
        "web.yml:2: rate_limit: unknown key `every`; known here: interval, burst",
    );
    refused(
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ:\n",
        "web.yml:1: there is something here that is no key",
    );
    refused("- a\n", "web.yml: must be a table: lines of `key: value`");
    refused("a: [\n", "web.yml:1: is not YAML: unclosed bracket '['");
    refused(
        "http_server_config:\n  http2: maybe\n",
        "web.yml:2: http_server_config.http2: must be true or false",
    );
    refused(
        "http_server_config:\n  headers:\n    Server: me\n",
        "web.yml:3: http_server_config.headers.Server: cannot be set; Content-Security-Policy, \
         X-Frame-Options, X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security can",
    );
    refused(
        "http_server_config:\n  headers:\n    X-Frame-Options: DENY\n",
        "web.yml:3: http_server_config.headers.X-Frame-Options: must be `deny` or `sameorigin`, \
         in small letters",
    );
    for nothing in ["", "# to be written\n"] {
        refused(
            nothing,
            "web.yml: is empty: without web.config_file nothing is protected either",
        );
    }
    refused(
        "basic_auth_users:\n# prometheus: later\n",
        "web.yml:1: basic_auth_users: has no value: leave it out, or say something",
    );
    refused(
        "rate_limit:\n  interval: 1s\n",
        "web.yml:1: rate_limit.burst: is missing: without it no request is ever answered",
    );
    refused(
        "rate_limit:\n  interval: soon\n  burst: 1\n",
        "web.yml:2: rate_limit.interval: must be a duration, such as \"1s\" or \"100ms\"",
    );
}

#[test]
fn tls_that_would_not_work_or_not_protect_is_refused() {
    refused(
        "tls_server_config:\n  cert_file: server.pem\n",
        "web.yml:1: tls_server_config.key_file: is missing: without it nothing is encrypted",
    );
    refused(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: client.key\n",
        "web.yml:3: tls_server_config.key_file: is not the key of the certificate",
    );
    refused(
        "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: server.key\n",
        "web.yml:2: tls_server_config.cert_file: cannot read nowhere.pem: No such file or directory (os error 2)",
    );
    refused(
        "tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n",
        "web.yml:2: tls_server_config.cert_file: holds no certificate in PEM",
    );
    refused(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.pem\n",
        "web.yml:3: tls_server_config.key_file: holds no private key in PEM (one with a pass \
         phrase has to be decrypted first)",
    );
    refused(
        "tls_server_config:\n  cert_file: server.pem\n  key: \"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n\"\n",
        "web.yml:3: tls_server_config.key: is damaged, or of a kind that is not served: P-256, P-384, \
         Ed25519, and RSA of 2048 bits and more are",
    );
    refused(
        &format!("{TLS}  cert: x\n"),
        "web.yml:4: tls_server_config.cert: is there beside cert_file: one of both is enough",
    );
    refused(
        &format!("{TLS}  client_auth_type: Always\n"),
        "web.yml:4: tls_server_config.client_auth_type: `Always` is not one of NoClientCert, \
         RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
    );
    refused(
        &format!("{TLS}  client_ca_file: ca.pem\n"),
        "web.yml:4: tls_server_config.client_ca_file: is there without a client_auth_type: \
         nobody would be asked for a certificate",
    );
    refused(
        &format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n"),
        "web.yml:1: tls_server_config.client_ca_file: is missing: it says whose certificates \
         clients have to show",
    );
    refused(
        &format!("{TLS}  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n"),
        "web.yml:5: tls_server_config.client_allowed_sans: means something only with \
         client_auth_type: RequireAndVerifyClientCert, as anybody can make a certificate with any name",
    );
    refused(
        &format!("{TLS}  min_version: TLS10\n"),
        "web.yml:4: tls_server_config.min_version: TLS10 is not served, it is broken: write TLS12 or TLS13",
    );
    refused(
        &format!("{TLS}  min_version: TLS13\n  max_version: TLS12\n"),
        "web.yml:1: tls_server_config.min_version: is above max_version",
    );
    refused(
        &format!("{TLS}  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"),
        "web.yml:1: tls_server_config.cipher_suites: name no suite of TLS 1.2, and nothing above it is wanted",
    );
    refused(
        &format!("{TLS}  curve_preferences: [CurveP521]\n"),
        "web.yml:4: tls_server_config.curve_preferences: `CurveP521` is not served; these are: \
         X25519, CurveP256, CurveP384",
    );
    refused(
        &format!("{TLS}  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n"),
        "web.yml:4: tls_server_config.cipher_suites: `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA` is not \
         served; these are: TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256, \
         TLS_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
         TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, \
         TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
         TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    );
}

#[test]
fn users_are_refused_without_quoting_what_may_be_secret() {
    refused(
        "basic_auth_users:\n  a: hunter2\n",
        "web.yml:2: basic_auth_users.a: is not a bcrypt hash, which begins with $2a$, $2b$ or \
         $2y$: `htpasswd -nBC 10 USER` makes one",
    );
    refused(
        "basic_auth_users:\n  $2y$10$abc: a\n",
        "web.yml:2: basic_auth_users: there is a hash in the place of a name: write `name: hash`",
    );
    refused(
        "basic_auth_users: {}\n",
        "web.yml:1: basic_auth_users: names nobody: leave it out if nobody has to say who they are",
    );
    refused(
        "basic_auth_users:\n  \"a:b\": x\n",
        "web.yml:2: basic_auth_users: there is a name with a colon, which no client can send",
    );
    refused(
        "basic_auth_users:\n  a: $2y$16$abcdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe\n",
        "web.yml:2: basic_auth_users.a: has the cost 16: one check would take seconds of a core, \
         so 14 is the most",
    );
}

#[test]
fn a_web_configuration_that_is_not_there_is_a_fault_of_the_key_that_names_it() {
    let folder = Folder::new();
    let (code, _, err) = check(&folder, NOTHING, "");
    assert_eq!((code, err.as_str()), (0, ""));
    std::fs::remove_file(folder.path("web.yml")).expect("it was there");
    let path = folder.path("config.toml").display().to_string();
    let (code, _, err) = told(&mut bascule(&["check", "--config", &path]));
    let yml = folder.path("web.yml").display().to_string();
    let sentence = format!(
        "{path}:3: web.config_file: cannot read {yml}: No such file or directory (os error 2)\n"
    );
    assert_eq!((code, err), (2, sentence));
}

#[test]
fn an_address_belongs_to_one_listener() {
    let faults = |keys: &str| check(&Folder::new(), NOTHING, keys).2;
    assert_eq!(
        faults("public_listen = [\"127.0.0.1:10110\"]"),
        "config.toml:4: web.public_listen[0]: `127.0.0.1:10110` is served already by \
         `127.0.0.1:10110` of web.listen\n"
    );
    assert_eq!(
        faults("public_listen = [\":10110\"]"),
        "config.toml:4: web.public_listen[0]: `[::]:10110` is served already by \
         `127.0.0.1:10110` of web.listen\n"
    );
    assert_eq!(
        faults("public_listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]"),
        "config.toml:4: web.public_listen[1]: `127.0.0.1:1` is there twice\n"
    );
}

#[test]
fn each_listener_is_told_with_what_protects_it() {
    let folder = Folder::new();
    let public = "public_listen = [\"127.0.0.1:10111\"]";
    let (code, out, _) = check(
        &folder,
        &format!(
            "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n\
             basic_auth_users:\n  a: {}\n",
            hash("x", 10)
        ),
        public,
    );
    assert_eq!(code, 0);
    for line in [
        "\nlistens on 127.0.0.1:10110, private: TLS, client certificates, password\n",
        "\nlistens on 127.0.0.1:10111, for everybody: TLS, without targets, no metrics\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
    let (_, out, _) = check(&folder, NOTHING, public);
    assert!(out.contains("\nlistens on 127.0.0.1:10110, private: no TLS, no password\n"));
}

#[test]
fn what_works_and_is_hardly_meant_is_a_warning() {
    let folder = Folder::new();
    let mut old = super::scene::server_wish();
    old = old.valid(-9, -2);
    folder.keep("server", &self_signed(&old, false));
    folder.write("ca.pem", &pem(&folder.authority.certificate));
    let (code, out, _) = check(
        &folder,
        &format!("{TLS}  client_auth_type: RequestClientCert\n"),
        "",
    );
    assert_eq!(code, 0);
    for warning in [
        "web.yml:1: tls_server_config: the certificate expired at ",
        "web.yml:1: tls_server_config.client_auth_type: lets in clients with any certificate, \
         and without one; RequireAndVerifyClientCert does not",
    ] {
        assert!(out.contains(warning), "{out}");
    }
    let (_, out, _) = check(
        &folder,
        &format!("basic_auth_users:\n  a: {}\n", hash("x", 5)),
        "",
    );
    let weak = "basic_auth_users.a: has the cost 5: whoever gets hold of the hash guesses fast; 10 is usual";
    assert!(out.contains(weak), "{out}");
}

#[test]
fn a_listener_that_others_reach_is_warned_of_until_passwords_are_encrypted() {
    let folder = Folder::new();
    let users = format!("basic_auth_users:\n  a: {}\n", hash("x", 10));
    let warned = |yml: &str| {
        folder.write("web.yml", yml);
        let network = "[network.x]\npreset = \"x\"\n[network.bluesky]\npreset = \"bluesky\"\n";
        let web = "[web]\nlisten = [\"0.0.0.0:10110\", \"127.0.0.1:10111\"]\n";
        let text = format!("{web}config_file = \"web.yml\"\n{network}");
        folder.write("config.toml", &text);
        let path = folder.path("config.toml").display().to_string();
        let (code, out, _) = told(&mut bascule(&["check", "--config", &path]));
        assert_eq!(code, 0);
        let flat = out.replace("\n  ", " ");
        let (_, warnings) = flat.split_once("\nwarnings").unwrap_or_default();
        warnings.replace(&path, "config.toml").trim().to_owned()
    };
    assert_eq!(
        warned(NOTHING),
        "config.toml:2: web.listen[0]: everybody who can reach `0.0.0.0:10110` reads everything: \
         name a config_file with basic_auth_users or client certificates, or listen on loopback"
    );
    assert_eq!(
        warned(&users),
        "config.toml:2: web.listen[0]: passwords travel to `0.0.0.0:10110` in the clear, and \
         whoever is on the way reads them: add tls_server_config to the config_file, or listen on \
         loopback"
    );
    assert_eq!(warned(&format!("{TLS}{users}")), "");
}

#[test]
fn a_certificate_that_clients_will_refuse_is_warned_of() {
    let folder = Folder::new();
    let mut nameless = super::scene::server_wish();
    nameless.names.clear();
    folder.keep("server", &self_signed(&nameless, true));
    let (code, out, _) = check(&folder, TLS, "");
    assert_eq!(code, 0);
    for warning in [
        "web.yml:1: tls_server_config: the certificate is an authority's (CA:TRUE), as `openssl \
         req -x509` makes it: some clients refuse it, `bascule status` too; docs/access.md makes \
         another",
        "web.yml:1: tls_server_config: the certificate has no subjectAltName: clients look nowhere \
         else for the name or address of this host, and refuse it; docs/access.md makes another",
    ] {
        assert!(out.contains(warning), "{out}");
    }
    let log = folder.start(TLS, "").log();
    assert!(log.contains("is an authority's (CA:TRUE)"), "{log}");
    assert!(log.contains("has no subjectAltName"), "{log}");
}
