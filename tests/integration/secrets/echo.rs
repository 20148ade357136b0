//! A server that repeats everything it is sent, as careless error pages do.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A running server.
pub(super) struct Echo {
    pub(super) address: SocketAddr,
    well: Arc<AtomicBool>,
}

/// What a client sent.
struct Request {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Echo {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let well = Arc::new(AtomicBool::new(false));
        let now = Arc::clone(&well);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let now = Arc::clone(&now);
                // A client that has hung up does not matter.
                std::thread::spawn(move || serve(client, now.load(Ordering::SeqCst)));
            }
        });
        Self { address, well }
    }

    /// From now on every answer is one that is expected.
    pub(super) fn recover(&self) {
        self.well.store(true, Ordering::SeqCst);
    }
}

fn serve(mut client: TcpStream, well: bool) -> Option<()> {
    let request = read(&client)?;
    let answer = match (well, &*request.path) {
        (true, _) => told(200, "", "All is well here."),
        (_, path) if path.starts_with("/landing") => told(500, "", &request.page()),
        (_, path) if path.starts_with("/redirect") => {
            // Once as a parameter, once in the middle of a path, once as a user.
            let secrets = request
                .secrets()
                .replace(['\r', '\n', ' ', '"', '<', '&', '\''], "_");
            let to = format!(
                "Location: http://me:{secrets}@{}/landing/{secrets}?token={secrets}&page=1\r\n",
                request.host()
            );
            told(302, &to, "")
        }
        (_, path) if path.starts_with("/nowhere") => told(
            302,
            &format!("Location: http://[{}\r\n", request.secrets()),
            "",
        ),
        (_, path) if path.starts_with("/cut") => {
            // The value is cut where it is kept, in the middle of the secret.
            let padding = "x".repeat(1024 - 12);
            told(
                500,
                &format!("X-Long: {padding}{}\r\n", request.secrets()),
                &request.body,
            )
        }
        (_, path) if path.starts_with("/json") => {
            told(200, "Content-Type: application/json\r\n", &request.json())
        }
        _ => told(500, &request.echoed(), &request.page()),
    };
    client.write_all(&answer).ok()
}

fn read(client: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Request {
        path,
        headers,
        body,
    })
}

impl Request {
    fn host(&self) -> &str {
        let host = self.headers.iter().find(|(name, _)| name == "host");
        host.map_or("", |(_, value)| value)
    }

    /// What was sent of secrets in the head, one after the other.
    fn secrets(&self) -> String {
        let secret = |(name, _): &&(String, String)| {
            ["authorization", "cookie", "x-api-key"].contains(&&**name)
        };
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(secret)
            .map(|(_, v)| &**v)
            .collect();
        values.join(" ")
    }

    /// The user and the password, as a server knows them.
    fn pair(&self) -> String {
        let secrets = self.secrets();
        let basic = secrets.split_once("Basic ").map_or("", |(_, rest)| rest);
        let basic = basic.split(' ').next().unwrap_or_default();
        let pair = STANDARD.decode(basic).unwrap_or_default();
        String::from_utf8(pair).unwrap_or_default()
    }

    /// Everything as headers of the answer, also in their names.
    fn echoed(&self) -> String {
        let mut echoed = format!("X-Path: {}\r\n", self.path);
        for (number, (name, value)) in self.headers.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(echoed, "X-Echo-{number}: {name}={value}\r\n");
        }
        let token = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let secrets = self.secrets();
        let name = secrets.split(' ').find(token).unwrap_or("X-None");
        let _ = write!(echoed, "{name}: 1\r\nSet-Cookie: sid={secrets}\r\n");
        echoed
    }

    /// Everything as a page, secrets first.
    fn page(&self) -> String {
        let html = |text: &str| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('"', "&quot;")
        };
        format!(
            "<h1>500</h1>{}<br>{}<br>{}<br>{}",
            html(&self.pair()),
            html(&self.secrets()),
            html(&self.path),
            html(&self.body)
        )
    }

    /// Everything as JSON.
    fn json(&self) -> String {
        let all = [
            self.pair(),
            self.secrets(),
            self.path.clone(),
            self.body.clone(),
        ];
        serde_json::to_string(&all).expect("texts are JSON")
    }
}

fn told(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Told\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}
