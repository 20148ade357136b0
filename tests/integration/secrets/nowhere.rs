//! A configuration with every kind of secret, servers that repeat them all, and everything that
//! bascule tells, writes and logs meanwhile.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::assert_silent;
use super::echo::Echo;
use super::guard::{Guard, PASSWORD};
use crate::cli::commands::{bascule, told};
use crate::support::certificates::{Authority, wish};
use crate::support::daemon::{Daemon, value};
use crate::world::namespace::until;

/// The endpoints that send secrets: name, path, further keys.
const ENDPOINTS: [(&str, &str, &str); 9] = [
    (
        "basic",
        "/a",
        "basic_auth = { username = \"us\", password_file = \"FOLDER/password\" }",
    ),
    ("bearer", "/b", "bearer_token_file = \"FOLDER/token\""),
    (
        "headers",
        "/c",
        "headers = { Authorization = \"Basic dXM6WnE5LWJ5LWhhbmQ=\", Cookie = \"lang=en; id=Zq9-cookie\", X-Api-Key = \"Zq9-api-key\" }",
    ),
    ("query", "/d?lang=en&access_token=Zq9-query%2Fvalue", ""),
    (
        "body",
        "/e",
        "method = \"POST\"\nbody = '{\"user\": \"us\", \"password\": \"Zq9-\\\"inline\"}'",
    ),
    (
        "body-file",
        "/cut",
        "method = \"POST\"\nbody_file = \"FOLDER/body\"\nheaders.Cookie = \"id=Zq9-cut-in-the-middle-of-it\"",
    ),
    (
        "redirect",
        "/redirect",
        "basic_auth = { username = \"us\", password_file = \"FOLDER/password\" }\nheaders.X-Api-Key = \"Zq9-api-key\"",
    ),
    (
        "nowhere",
        "/nowhere",
        "bearer_token_file = \"FOLDER/token\"",
    ),
    (
        "json",
        "/json?sig=Zq9-signature",
        "bearer_token_file = \"FOLDER/token\"\nexpect.body_matches = [\"All is well\"]",
    ),
];

/// A folder with secrets in files, among them private keys and the hash of a password.
pub(super) struct Secrets {
    folder: tempfile::TempDir,
    key: String,
    guard: Guard,
}

impl Secrets {
    pub(super) fn write() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let chain = Authority::root("Root").sign(&wish("prober"));
        let key = chain.key.serialize_pem();
        for (name, text) in [
            ("password", "Zq9-basic\"&<pw'>\n"),
            ("token", "Zq9-bearer.token~of+length/42==\n"),
            ("body", "user=us&password=Zq9-form%21value\n"),
            ("cert.pem", &*chain.pem()),
            ("key.pem", &*key),
        ] {
            fs::write(folder.path().join(name), text).expect("it can be written");
        }
        let guard = Guard::write(folder.path());
        Self { folder, key, guard }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self, echo: &Echo) -> String {
        let address = echo.address;
        let mut config = String::from(
            "[probe]\ninterval = \"300ms\"\nfall = 1\nrise = 1\nfamilies = [\"ipv4\"]\nper_host = 20\n\
             [network.echo]\ntitle = \"Echo\"\nquorum = 1\n",
        );
        for (name, path, keys) in ENDPOINTS {
            config += &format!(
                "[[network.echo.http]]\nname = \"{name}\"\nurl = \"http://{address}{path}\"\n{keys}\n"
            );
        }
        // A network whose reason quotes a secret. A client key that is shown to nobody, as there is no TLS; and a resolver with a token.
        config += &format!(
            "[[network.echo.http]]\nname = \"key\"\nweight = 0\nurl = \"https://good.example/\"\nconnect_to = \"{address}\"\n\
             tls = {{ client_cert_file = \"FOLDER/cert.pem\", client_key_file = \"FOLDER/key.pem\" }}\n\
             [[network.echo.dns]]\nname = \"doh\"\nweight = 0\nquery = \"good.example\"\n\
             resolvers = [\"https://{address}/dns-query?token=Zq9-resolver\"]\n\
             [network.lost]\ntitle = \"Lost\"\nquorum = 1\n\
             [[network.lost.http]]\nname = \"nowhere\"\nurl = \"http://{address}/nowhere\"\n\
             bearer_token_file = \"FOLDER/token\"\n\
             [[group]]\nname = \"crisis\"\nnetworks = [\"echo\"]\nlast_resort = \"https://town.example/sms\"\n"
        );
        config.replace("FOLDER", &self.path().display().to_string())
    }

    /// The same for a daemon behind TLS and a password.
    pub(super) fn guarded_config(&self, echo: &Echo) -> String {
        let file = self.path().join("web.yml");
        let web = format!("[web]\nlisten = [\"127.0.0.1:0\"]\nconfig_file = {file:?}\n");
        web + &self.config(echo)
    }

    /// Makes the web configuration file one that nobody can read.
    pub(super) fn spoil_web_yml(&self) {
        let path = self.path().join("web.yml");
        fs::write(path, self.guard.faulty_web_yml()).expect("it can be written");
    }

    /// Fails if the place tells a secret of any kind.
    pub(super) fn check(&self, place: &str, bytes: &[u8]) {
        assert_silent(place, bytes);
        let text = String::from_utf8_lossy(bytes);
        for line in self.key.lines().filter(|line| !line.starts_with('-')) {
            assert!(!text.contains(line), "{place} tells the private key");
        }
        for piece in self.guard.pieces() {
            assert!(
                !text.contains(piece),
                "{place} tells {piece} of the listener's"
            );
        }
    }

    fn check_folder(&self, folder: &Path) {
        let mut files = 0;
        for entry in fs::read_dir(folder).expect("the state directory") {
            let path = entry.expect("the state directory").path();
            self.check(
                &path.display().to_string(),
                &fs::read(&path).expect("a file"),
            );
            files += 1;
        }
        assert!(files >= 3, "the state, the history and the lock are there");
    }

    /// Everything that the listener tells; `get` has the head and the body of an answer.
    fn check_listener(&self, get: impl Fn(&str) -> Vec<u8>) {
        let mut paths: Vec<String> = [
            "/",
            "/metrics",
            "/status.json",
            "/status.txt",
            "/api/v1/networks",
            "/api/v1/groups",
            "/api/v1/outages?evidence=true",
            "/api/v1/outages?evidence=true&token=1",
            "/api/v1/events?after=0",
            "/feed.atom",
            "/healthz",
            "/readyz",
            "/go/crisis",
            "/api/v1/nothing",
        ]
        .map(str::to_owned)
        .into();
        let names = ENDPOINTS
            .iter()
            .map(|(name, ..)| *name)
            .chain(["key", "doh"]);
        paths.extend(names.map(|name| format!("/api/v1/endpoints/echo/{name}")));
        for path in paths {
            self.check(&path, &get(&path));
        }
    }
}

#[test]
fn no_secret_is_told_anywhere() {
    let (echo, secrets) = (Echo::start(), Secrets::write());
    let config = secrets.config(&echo);
    let state = secrets.path().join("state");

    // Failing rounds, which leave evidence; then kill -9.
    let daemon = Daemon::start_in_with(&state, &config, &["--log-level", "trace"]);
    for (name, ..) in ENDPOINTS {
        let failed = format!(
            "bascule_rounds_total{{endpoint=\"{name}\",network=\"echo\",verdict=\"fail\"}}"
        );
        daemon.wait_for(&failed, |rounds| rounds >= 2.0);
    }
    daemon.wait_for(
        "bascule_network_state{network=\"echo\",state=\"down\"}",
        |it| it == 1.0,
    );
    let evidence = daemon.get("/api/v1/endpoints/echo/json").text();
    assert!(
        evidence.contains("<masked>"),
        "what is masked is told: {evidence}"
    );
    secrets.check_listener(|path| {
        let answer = daemon.get(path);
        [answer.head.as_bytes(), &answer.body].concat()
    });
    for file in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{file}", daemon.pid());
        secrets.check(file, &fs::read(path).expect("the process runs"));
    }
    secrets.check("the log", daemon.log().as_bytes());
    daemon.signal("KILL");
    drop(daemon);
    secrets.check_folder(&state);

    // Another life behind a password, with a log for machines; faulty reloads, a good one,
    // passing rounds.
    let config = secrets.guarded_config(&echo);
    let json = ["--log-level", "trace", "--log-format", "json"];
    let daemon = Daemon::start_in_with(&state, &config, &json);
    let faulty = config
        .replace("headers = {", "headers = [")
        .replace("interval =", "intervall =");
    daemon.rewrite(&faulty);
    daemon.signal("HUP");
    daemon.wait_for_line("configuration not reloaded");
    daemon.rewrite(&config.replace("lang=en", "lang=fr"));
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    echo.recover();
    let get = |path: &str| secrets.guard.ask(daemon.address, path, PASSWORD);
    let up = "bascule_network_state{network=\"echo\",state=\"up\"}";
    until(Duration::from_secs(60), "the network is up", || {
        let metrics = String::from_utf8(get("/metrics")).expect("text");
        let is_up = value(&metrics, up) == Some(1.0);
        is_up.then_some(()).ok_or_else(|| daemon.log())
    });
    secrets.check_listener(get);
    let stranger = secrets.guard.ask(daemon.address, "/metrics", "Zq9-guess");
    assert!(stranger.starts_with(b"HTTP/1.1 401 "));
    secrets.check("401", &stranger);
    let config_file = daemon.config.display().to_string();
    for command in ["check", "config"] {
        let (code, out, err) = told(&mut bascule(&[command, "--config", &config_file]));
        assert_eq!((code, &*err), (0, ""), "{command}");
        secrets.check(command, out.as_bytes());
    }
    secrets.spoil_web_yml();
    daemon.signal("HUP");
    daemon.wait_for_line("web.yml:");
    let (code, out, err) = told(&mut bascule(&["check", "--config", &config_file]));
    assert_eq!((code, &*out), (2, ""), "{err}");
    secrets.check("check", err.as_bytes());
    secrets.check("the log", daemon.log().as_bytes());
    daemon.stop();
    secrets.check_folder(&state);
}

#[test]
fn no_secret_is_told_by_a_probe() {
    let (echo, secrets) = (Echo::start(), Secrets::write());
    let path = secrets.path().join("config.toml");
    let config = format!("{}\n[uplink]\nenabled = false\n", secrets.config(&echo));
    fs::write(&path, config).expect("it can be written");
    let path = path.display().to_string();
    for more in [
        &["--json"][..],
        &["--plain"],
        &["--json", "--log-level", "trace"],
    ] {
        let arguments = [&["probe", "--config", &path], more].concat();
        let (code, out, err) = told(&mut bascule(&arguments));
        assert_eq!(code, 1, "{err}");
        assert!(out.contains("<masked>"), "{out}");
        secrets.check("probe", out.as_bytes());
        secrets.check("probe", err.as_bytes());
    }
    // What stands in the arguments is seen by everybody anyway, but it is not repeated.
    let url = format!("http://{}/d?token=Zq9-argument", echo.address);
    for more in ["--json", "--plain"] {
        let (code, out, err) = told(&mut bascule(&["probe", more, &url]));
        assert_eq!((code, &*err), (1, ""));
        secrets.check(&url, out.as_bytes());
    }
    let (code, out, err) = told(&mut bascule(&[
        "probe",
        "https://us:Zq9-argument@town.example/",
    ]));
    let refused = "bascule: the URL must not hold a user name or password: use basic_auth = { username, password_file }\n";
    assert_eq!((code, &*out, &*err), (2, "", refused));
}

#[test]
fn no_secret_is_told_with_a_fault() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("config.toml");
    let name = path.display().to_string();
    let site = "[network.site]\ntitle = \"Site\"\n[[network.site.http]]\nname = \"front\"\n";
    for lines in [
        "url = \"https://town.example/\"\nheaders = { Authorization = 1, Cookie = [\"Zq9-a\"] }",
        "url = \"https://town.example/\"\nheaders = { Authorization = \"Zq9-\\u0007\" }",
        "url = \"https://town.example/\"\nbody = [\"Zq9-a\"]",
        "url = \"https://town.example/\"\nbody = \"Zq9-a",
        "url = \"https://town.example/\"\nbasic_auth = { username = \"us\", password = \"Zq9-a\" }",
        "url = \"https://town.example/\"\nbearer_token = \"Zq9-a\"",
        "url = \"https://us:Zq9-a@town.example/\"",
        "url = \"//town.example/?token=Zq9-a\"",
        "url = \"https://town.example/\"\nresolvers = [\"https://us:Zq9-a@town.example/\"]",
        "url = \"https://town.example/\"\nresolvers = [\"h2://town.example/?token=Zq9-a\"]",
        "url = \"https://town.example/\"\nresolvers = [\"https://d.example/?token=Zq9-a\", \"https://d.example/?token=Zq9-b\"]",
        "url = \"https://town.example/\"\nconnect_to = \"town.example?token=Zq9-a\"",
        "url = \"https://town.example/\"\ntls = { server_name = \"us:Zq9-a@town.example\" }",
    ] {
        fs::write(&path, format!("{site}{lines}\n")).expect("it can be written");
        for command in ["check", "config", "run"] {
            let (code, out, err) = told(&mut bascule(&[command, "--config", &name]));
            assert_eq!((code, &*out), (2, ""), "{lines}");
            assert!(err.starts_with(&name), "{err}");
            assert_silent(lines, err.as_bytes());
        }
    }
}
