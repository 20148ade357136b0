//! A real nginx that is every host of the world: HTTP/2 over TLS, one server block a host.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::namespace::{Namespace, Process, need, until};

/// Where nginx tells which configuration it is running, inside the namespace.
const GENERATION: &str = "http://127.0.0.1:8099/";

/// What a path answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    stalls: bool,
}

impl Answer {
    /// An answer without a body (nginx adds its own page to an error).
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            content_type: "text/html",
            headers: Vec::new(),
            body: String::new(),
            stalls: false,
        }
    }

    /// An answer in JSON.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self {
            content_type: "application/json",
            body: body.to_owned(),
            ..Self::status(status)
        }
    }

    /// An answer in HTML.
    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self {
            body: body.to_owned(),
            ..Self::status(status)
        }
    }

    /// The same answer with one header more.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same answer, but its body comes so slowly that it never ends.
    pub(crate) fn stalling(mut self) -> Self {
        self.stalls = true;
        self
    }
}

/// The web server and its answers.
pub(super) struct Site {
    folder: PathBuf,
    answers: BTreeMap<String, BTreeMap<String, Answer>>,
    generation: u32,
    process: Process,
}

impl Site {
    /// Starts the server. The folder holds `HOST.pem` and `HOST.key` of every host.
    pub(super) fn start(
        namespace: &Namespace,
        folder: &Path,
        answers: BTreeMap<String, BTreeMap<String, Answer>>,
    ) -> Self {
        need("curl", "curl");
        let program = need("nginx", "nginx-light");
        write_files(folder, &answers, 0);
        let process = namespace.spawn(
            namespace
                .command(program)
                .args(["-g", "daemon off;", "-e", "stderr", "-p"])
                .arg(folder)
                .arg("-c")
                .arg(folder.join("nginx.conf")),
            &folder.join("nginx.log"),
        );
        let mut this = Self {
            folder: folder.to_owned(),
            answers,
            generation: 0,
            process,
        };
        this.wait(namespace);
        this
    }

    /// Changes what a path answers. `reload` makes it so.
    pub(super) fn set(&mut self, host: &str, path: &str, answer: Answer) {
        self.answers
            .get_mut(host)
            .unwrap_or_else(|| panic!("the world has no host {host}"))
            .insert(path.to_owned(), answer);
    }

    /// Reads answers and certificates anew; returns when nobody answers the old way any more.
    pub(super) fn reload(&mut self, namespace: &Namespace) {
        self.generation += 1;
        write_files(&self.folder, &self.answers, self.generation);
        self.process.signal("HUP");
        self.wait(namespace);
    }

    fn wait(&mut self, namespace: &Namespace) {
        let mut in_a_row = 0;
        until(
            Duration::from_secs(20),
            "nginx runs what was written",
            || {
                if let Some(status) = self.process.ended() {
                    panic!("nginx ended: {status}\n{}", self.process.last_words());
                }
                let output = namespace
                    .command("curl")
                    .args(["--silent", "--max-time", "2", GENERATION])
                    .output()
                    .expect("curl starts");
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                // Old workers may still take a connection or two while the new ones start.
                in_a_row = if said == self.generation.to_string() {
                    in_a_row + 1
                } else {
                    0
                };
                match in_a_row {
                    3.. => Ok(()),
                    _ => Err(format!(
                        "generation {said:?}, not {}\n{}",
                        self.generation,
                        self.process.last_words()
                    )),
                }
            },
        );
    }
}

fn write_files(
    folder: &Path,
    answers: &BTreeMap<String, BTreeMap<String, Answer>>,
    generation: u32,
) {
    let here = folder.display();
    let mut config = format!(
        "user root;\n\
         worker_processes 1;\n\
         pid {here}/nginx.pid;\n\
         error_log stderr warn;\n\
         events {{ worker_connections 2048; }}\n\
         http {{\n\
         access_log off;\n\
         server_tokens off;\n\
         types_hash_max_size 2048;\n\
         server_names_hash_bucket_size 128;\n\
         ssl_protocols TLSv1.2 TLSv1.3;\n\
         keepalive_timeout 5s;\n"
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(config, "{kind}_temp_path {here}/nginx-{kind};");
    }
    let _ = writeln!(
        config,
        "server {{ listen 127.0.0.1:8099; default_type text/plain; return 200 \"{generation}\"; }}"
    );
    for (host, paths) in answers {
        let _ = writeln!(
            config,
            "server {{\nlisten 443 ssl http2;\nlisten [::]:443 ssl http2;\n\
             server_name {host};\n\
             ssl_certificate {here}/{host}.pem;\n\
             ssl_certificate_key {here}/{host}.key;\n\
             location / {{ return 404; }}"
        );
        for (path, answer) in paths {
            config.push_str(&location(folder, host, path, answer));
        }
        config.push_str("}\n");
    }
    config.push_str("}\n");
    fs::write(folder.join("nginx.conf"), config).expect("nginx.conf can be written");
}

fn location(folder: &Path, host: &str, path: &str, answer: &Answer) -> String {
    let mut text = format!(
        "location = {path} {{\ndefault_type {};\n",
        answer.content_type
    );
    for (name, value) in &answer.headers {
        let _ = writeln!(text, "add_header {name} {} always;", quoted(value));
    }
    if answer.stalls {
        // From a file, at a byte a second, after a first piece: the head comes at once.
        assert_eq!(answer.status, 200, "only a 200 can stall");
        let file = format!("{host}{}.body", path.replace('/', "_"));
        fs::write(folder.join(&file), &answer.body).expect("a body can be written");
        let _ = writeln!(
            text,
            "root {};\nlimit_rate 1;\ntry_files /{file} =500;",
            folder.display()
        );
    } else {
        let _ = writeln!(text, "return {} {};", answer.status, quoted(&answer.body));
    }
    text.push_str("}\n");
    text
}

/// A word of nginx' configuration.
fn quoted(text: &str) -> String {
    assert!(
        !text.contains('$') && text.len() < 3000,
        "nginx would read a variable in it, or refuse its length: {text}"
    );
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
