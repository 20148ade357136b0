//! A document from a running daemon: one request, little patience, a bounded answer; over TLS and
//! with a password or a certificate, where the daemon's web configuration asks for them.
//!
//! Secrets come from files: what stands in arguments is seen by everybody on this machine.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::Url;

use super::Trouble;
use super::alert::Alert;
use crate::config::{Environment, FilePath, basic};
use crate::host::clock::Clock;
use crate::model::{Cause, Reason};
use crate::probe::trust::{ClientTls, Identity, MinVersion, refusal, shake_hands};
use crate::report::running;

/// For everything, from the connection to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer.
const LARGEST: usize = 8 << 20;
/// Alerts of a server that was shown no certificate and wants one, in either version of TLS.
const WANT_ONE: [&str; 2] = ["certificate_required", "handshake_failure"];

/// Of a server that speaks TLS only.
const NOT_PLAIN: &str = "does not speak plain http: does it want https://?";

/// Where the daemon is, and what it wants to see.
#[derive(Args, Debug)]
pub(super) struct Daemon {
    /// Where the daemon listens: http:// or https://
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:10110")]
    url: String,
    /// The user name that the daemon asks for
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// The file that holds the password
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<String>,
    /// Certificates of authorities to trust, besides the system's (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
    /// The certificate to show to the daemon (PEM)
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<String>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<String>,
}

/// A daemon that can be asked.
struct Door {
    url: Url,
    /// Sent with the request.
    authorization: Option<HeaderValue>,
    /// Whom to trust; `None` for plain http.
    tls: Option<ClientTls>,
    clock: Clock,
    /// Whether plain http was answered in TLS.
    alert: Alert,
}

/// What asks: one thread, which is the caller's.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start: {error}")))
}

/// The URL of a daemon. It is not quoted, as it may hold a password.
pub(super) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("--url is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "--url must not hold a user name or password, which everybody on this machine could \
             see: use --user and --password-file"
                .to_owned(),
        );
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("--url must begin with http:// or https:// and name a host".to_owned());
    }
    Ok(url)
}

/// A daemon that is asked the same again and again, over one connection as long as that lasts.
pub(super) struct Asked<'a> {
    daemon: &'a Daemon,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    open: Option<(Door, Sender)>,
}

/// A connection that takes requests.
type Sender = http1::SendRequest<Empty<Bytes>>;

impl Asked<'_> {
    /// Asks once, or why there is no answer.
    pub(super) async fn again(&mut self) -> Result<Vec<u8>, Trouble> {
        let answer = tokio::time::timeout(PATIENCE, self.ask()).await;
        let answer = answer.unwrap_or_else(|_| {
            let why = format!("does not answer within {} s", PATIENCE.as_secs());
            Err(self.daemon.trouble(&why))
        });
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn ask(&mut self) -> Result<Vec<u8>, Trouble> {
        let trouble = |why: String| self.daemon.trouble(&why);
        // The daemon may have closed what was kept open: that is no refusal to answer.
        if let Some((door, sender)) = &mut self.open
            && sender.ready().await.is_ok()
            && let Ok(answer) = sender.send_request(door.request().map_err(trouble)?).await
        {
            return door.read(answer).await.map_err(trouble);
        }
        let mut door = self.daemon.door().map_err(Trouble::new)?;
        door.point_at(self.path, self.query);
        let mut sender = door.open().await.map_err(trouble)?;
        let request = door.request().map_err(trouble)?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| trouble(door.broken(&error)))?;
        let document = door.read(answer).await.map_err(trouble)?;
        self.open = Some((door, sender));
        Ok(document)
    }
}

impl Daemon {
    /// The document at `path`, below the path of the URL.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Trouble> {
        let runtime = runtime()?;
        let answer = runtime.block_on(self.asked(path, query).again());
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        answer
    }

    /// The daemon, to be asked for the document at `path` more than once.
    pub(super) const fn asked<'a>(
        &'a self,
        path: &'a str,
        query: &'a [(&'a str, &'a str)],
    ) -> Asked<'a> {
        Asked {
            daemon: self,
            path,
            query,
            open: None,
        }
    }

    /// What is wrong with the daemon's answer.
    pub(super) fn trouble(&self, why: &str) -> Trouble {
        let url = base(&self.url).map_or_else(|_| String::new(), String::from);
        Trouble::new(format!("{url} {why}"))
    }

    /// Reads the files that are named.
    fn door(&self) -> Result<Door, String> {
        let url = base(&self.url)?;
        let is_tls = url.scheme() == "https";
        if !is_tls && (self.ca_file.is_some() || self.cert_file.is_some()) {
            return Err("--ca-file and --cert-file are for an https:// URL".to_owned());
        }
        let mut door = Door {
            url,
            authorization: None,
            tls: None,
            clock: Clock::system(),
            alert: Alert::default(),
        };
        if !is_tls && self.user.is_none() {
            return Ok(door);
        }
        let environment = Environment::of_this_process();
        let path = |path: &String| FilePath(path.clone());
        let read = |file: &String| environment.read(&path(file));
        if let (Some(user), Some(file)) = (&self.user, &self.password_file) {
            let password = environment.read_secret(&path(file));
            let password = password.map_err(|why| format!("--password-file: {why}"))?;
            let value = HeaderValue::try_from(basic(user, &password)).ok();
            let mut value = value
                .filter(|_| !user.contains(':'))
                .ok_or_else(|| "--user must not hold a colon".to_owned())?;
            value.set_sensitive(true);
            door.authorization = Some(value);
        }
        if is_tls {
            let mut roots = environment.roots.clone();
            if let Some(file) = &self.ca_file {
                let more = read(file).and_then(|pem| roots.with_pem(&pem));
                roots = more.map_err(|why| format!("--ca-file: {why}"))?;
            }
            let mut identity = None;
            if let (Some(chain), Some(key)) = (&self.cert_file, &self.key_file) {
                let made = read(chain)
                    .and_then(|chain| Identity::from_pem(&chain, &read(key)?))
                    .map_err(|why| format!("--cert-file and --key-file: {why}"))?;
                identity = Some(Arc::new(made));
            }
            door.tls = Some(ClientTls {
                roots,
                server_name: None,
                insecure_skip_verify: false,
                min_version: MinVersion::V12,
                identity,
            });
        }
        Ok(door)
    }
}

/// What bascule, and most servers, say to whoever speaks plain http where TLS is spoken.
fn names_https(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("HTTPS")
}

impl Door {
    /// The document that is asked for, below the path of the URL.
    fn point_at(&mut self, path: &str, query: &[(&str, &str)]) {
        let url = &mut self.url;
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url.set_fragment(None);
        url.set_query(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
    }

    async fn open(&self) -> Result<Sender, String> {
        let url = &self.url;
        let port = url.port_or_known_default().unwrap_or(80);
        let host = url.host_str().unwrap_or_default();
        let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((unbracketed, port))
            .await
            .map_err(|error| format!("cannot be reached: {error}; is the daemon running there?"))?;
        let Some(tls) = &self.tls else {
            return self.enter(self.alert.watch(stream)).await;
        };
        let shaken = shake_hands(stream, host, tls, self.clock.wall(), PATIENCE).await;
        self.enter(shaken.map_err(|cause| self.untrusted(&cause))?)
            .await
    }

    async fn enter<S>(&self, stream: S) -> Result<Sender, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, String> {
        let url = &self.url;
        let mut request = Request::get(&url[url::Position::BeforePath..])
            .header(
                HOST,
                &url[url::Position::BeforeHost..url::Position::AfterPort],
            )
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("bascule/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|error| format!("cannot be asked: {error}"))?;
        if let Some(value) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        Ok(request)
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Vec<u8>, String> {
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                format!("says more than {} MiB", LARGEST >> 20)
            } else {
                format!("breaks off: {error}")
            }
        })?;
        let body = body.to_bytes().to_vec();
        if status == StatusCode::OK {
            return Ok(body);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(match &self.authorization {
                Some(_) => "does not accept this user name and password",
                None => "wants a password: --user and --password-file",
            }
            .to_owned());
        }
        if self.tls.is_none() && status == StatusCode::BAD_REQUEST && names_https(&body) {
            return Err(NOT_PLAIN.to_owned());
        }
        Err(match running::refusal(&body) {
            Some(sentence) => format!("answers {}: {sentence}", status.as_u16()),
            None => format!("answers {}: is this a bascule daemon?", status.as_u16()),
        })
    }

    /// A connection that ends before there is an answer.
    fn broken(&self, error: &hyper::Error) -> String {
        if self.alert.was_seen() {
            return NOT_PLAIN.to_owned();
        }
        // With TLS 1.3 a certificate is refused after the handshake.
        if let Some(cause) = refusal(error) {
            return self.untrusted(&cause);
        }
        if error.is_incomplete_message() {
            return "hangs up without an answer".to_owned();
        }
        if error.is_parse() {
            return "does not answer in http: is this a bascule daemon?".to_owned();
        }
        format!("breaks off: {error}")
    }

    /// What to do about a handshake that failed.
    fn untrusted(&self, cause: &Cause) -> String {
        let detail = &cause.detail;
        let shown = self.tls.as_ref().is_some_and(|tls| tls.identity.is_some());
        match cause.reason {
            Reason::TlsUntrusted => {
                format!("cannot be trusted: {detail}; name its authority with --ca-file")
            }
            Reason::TlsProtocol | Reason::TlsClosed => {
                format!("cannot be asked over TLS: {detail}; does it want http://?")
            }
            Reason::TlsAlert if !shown && WANT_ONE.iter().any(|it| detail.ends_with(it)) => {
                "wants a certificate: --cert-file and --key-file".to_owned()
            }
            Reason::TlsAlert if shown => format!("does not accept this certificate: {detail}"),
            Reason::TlsTimeout | Reason::TlsAlert | Reason::TlsVersion | Reason::TlsAlpn => {
                format!("cannot be asked over TLS: {detail}")
            }
            _ => format!("cannot be trusted: {detail}"),
        }
    }
}
