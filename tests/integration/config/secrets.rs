//! Secrets: from files, in the requests, and nowhere else.

use std::fs;
use std::path::Path;

use super::{bad, environment, http};
use bascule::config::{Environment, Loaded, load_text};

const TEXT: &str = r#"
[[network.site.http]]
name = "basic"
url = "https://site.example/"
basic_auth = { username = "probe", password_file = "password" }
headers = { X-Api-Key = "hunter2-key", Cookie = "hunter2-cookie", X-Plain = "plain" }

[[network.site.http]]
name = "bearer"
url = "https://site.example/api"
bearer_token_file = "${CREDENTIALS_DIRECTORY}/token"

[[network.site.http]]
name = "by-hand"
url = "https://site.example/api"
headers.Authorization = "Bearer hunter2-hand"
body_file = "body"
"#;

fn load(directory: &Path) -> Loaded {
    let environment = Environment {
        credentials_directory: Some(directory.join("credentials")),
        ..environment()
    };
    load_text("test.toml", directory, TEXT, &environment).unwrap_or_else(|f| panic!("{f}"))
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("credentials")).unwrap();
    fs::write(directory.path().join("password"), "hunter2-password\n").unwrap();
    fs::write(
        directory.path().join("credentials/token"),
        "hunter2-token\r\n",
    )
    .unwrap();
    fs::write(directory.path().join("body"), "hunter2-body\n").unwrap();
    directory
}

fn credentials(loaded: &Loaded, key: &str) -> Vec<(String, String)> {
    let headers = &http(&loaded.settings, key).credentials;
    let mut pairs = Vec::new();
    for (name, value) in headers {
        assert!(value.is_sensitive());
        pairs.push((name.to_string(), value.to_str().unwrap().to_owned()));
    }
    pairs
}

#[test]
fn secrets_come_from_files_and_go_only_to_their_host() {
    let directory = directory();
    let loaded = load(directory.path());
    let of = |key: &str| credentials(&loaded, key);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        of("site/basic"),
        [
            pair("x-api-key", "hunter2-key"),
            pair("cookie", "hunter2-cookie"),
            pair("authorization", "Basic cHJvYmU6aHVudGVyMi1wYXNzd29yZA=="),
        ]
    );
    assert_eq!(
        of("site/bearer"),
        [pair("authorization", "Bearer hunter2-token")]
    );
    assert_eq!(
        of("site/by-hand"),
        [pair("authorization", "Bearer hunter2-hand")]
    );
    // A body is sent as it is, newline included.
    let body = &http(&loaded.settings, "site/by-hand").body;
    assert_eq!(&body[..], b"hunter2-body\n");
    let plain = &http(&loaded.settings, "site/basic").headers;
    let plain: Vec<&str> = plain.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(plain, ["x-plain", "user-agent", "accept"]);
}

#[test]
fn secrets_are_printed_nowhere() {
    let directory = directory();
    let loaded = load(directory.path());
    assert!(!loaded.resolved.contains("hunter2"), "{}", loaded.resolved);
    assert_eq!(loaded.resolved.matches("\"<masked>\"").count(), 3);
    let plan = format!("{:?}", loaded.settings.plan);
    assert!(!plan.contains("hunter2"), "{plan}");
    for endpoint in &loaded.settings.endpoints {
        let debug = format!("{endpoint:?}");
        assert!(!debug.contains("hunter2"), "{debug}");
        assert!(!debug.contains("aHVudGVyMi"), "{debug}");
    }
}

#[test]
fn what_is_printed_with_masks_loads_again_and_prints_the_same() {
    let directory = directory();
    let loaded = load(directory.path());
    let environment = Environment {
        credentials_directory: Some(directory.path().join("credentials")),
        ..environment()
    };
    // From another directory: relative paths were made absolute.
    let again = load_text(
        "again.toml",
        Path::new("/nowhere"),
        &loaded.resolved,
        &environment,
    );
    assert_eq!(again.unwrap().resolved, loaded.resolved);
}

#[test]
fn a_reload_reads_secrets_again_and_changes_no_fingerprint() {
    let directory = directory();
    let before = load(directory.path());
    fs::write(directory.path().join("credentials/token"), "changed\n").unwrap();
    let after = load(directory.path());
    assert_eq!(before.settings.plan, after.settings.plan);
    assert_eq!(
        credentials(&after, "site/bearer"),
        [("authorization".to_owned(), "Bearer changed".to_owned())]
    );
}

#[test]
fn faults_never_quote_what_may_be_a_secret() {
    let site = "[[network.site.http]]\nname = \"front\"\nurl = \"https://site.example/\"\n";
    for line in [
        "basic_auth = { username = \"u\", password = \"hunter2\" }",
        "basic_auth = \"hunter2\"",
        "basic_auth = { username = [\"hunter2\"], password_file = \"x\" }",
        "bearer_token = \"hunter2\"",
        "headers = [\"hunter2\"]",
        "headers = { Authorization = [\"hunter2\"] }",
        "headers = { Authorization = \"hunter2\\n\" }",
        "headers = { Authorization = hunter2 }",
        "headers = { Authorization = \"hunter2 }",
        "body = hunter2",
    ] {
        let told = bad(&format!("{site}{line}\n"));
        assert!(!told.contains("hunter2"), "{line}\n{told}");
        assert!(told.starts_with("test.toml:4: "), "{line}\n{told}");
    }
    let told =
        bad("[[network.site.http]]\nname = \"f\"\nurl = \"https://u:hunter2@site.example/\"\n");
    assert_eq!(
        told,
        "test.toml:3: network.site.http.f.url: must not hold a user name or password: use basic_auth = { username, password_file }"
    );
}

#[test]
fn files_that_cannot_serve_are_named_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("empty"), "\n").unwrap();
    fs::write(path("two-lines"), "hunter2\nhunter2\n").unwrap();
    fs::write(path("binary"), [0xff, 0xfe]).unwrap();
    fs::write(path("huge"), vec![b'a'; (1 << 20) + 1]).unwrap();
    let shown = directory.path().display();
    for (file, sentence) in [
        (
            "absent",
            format!("cannot read {shown}/absent: No such file or directory (os error 2)"),
        ),
        ("empty", format!("{shown}/empty is empty")),
        (
            "two-lines",
            format!("{shown}/two-lines holds more than one line of text"),
        ),
        ("binary", format!("{shown}/binary is not UTF-8 text")),
        ("huge", format!("{shown}/huge is larger than 1 MiB")),
        (".", format!("{shown}/. is not a file")),
        (
            "${CREDENTIALS_DIRECTORY}/token",
            "needs systemd credentials, and $CREDENTIALS_DIRECTORY is not set; by hand: \
             CREDENTIALS_DIRECTORY=/run/credentials/bascule.service"
                .to_owned(),
        ),
    ] {
        let text = format!(
            "[[network.site.http]]\nname = \"front\"\nurl = \"https://site.example/\"\nbearer_token_file = \"{file}\"\n"
        );
        let told = load_text("test.toml", directory.path(), &text, &environment()).unwrap_err();
        assert_eq!(
            told.to_string(),
            format!("test.toml:4: network.site.http.front.bearer_token_file: {sentence}")
        );
    }
}

#[test]
fn two_ways_to_authorise_exclude_each_other() {
    let directory = directory();
    for (lines, key) in [
        (
            "basic_auth = { username = \"u\", password_file = \"password\" }\nbearer_token_file = \"password\"",
            "bearer_token_file",
        ),
        (
            "headers.authorization = \"x\"\nbearer_token_file = \"password\"",
            "bearer_token_file",
        ),
        ("body = \"x\"\nbody_file = \"body\"", "body_file"),
    ] {
        let text = format!("{}{lines}\n", super::SITE);
        let told = load_text("test.toml", directory.path(), &text, &environment()).unwrap_err();
        let told = told.to_string();
        assert!(
            told.starts_with(&format!("test.toml:5: network.site.http.front.{key}: ")),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_password_in_the_place_of_an_address_is_not_repeated() {
    let text = "[probe]\nresolvers = [\"https://u:hunter2@dns.example/q\", \"udp://u:hunter2@192.0.2.1\"]\n\
                [network.a]\ntitle = \"A\"\n[[network.a.tcp]]\nname = \"t\"\naddress = \"u:hunter2@h:1\"\n\
                [[network.a.tls]]\nname = \"q\"\nhost = \"u:hunter2@h\"\n";
    let told = bad(text);
    assert_eq!(told.lines().count(), 4, "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}
