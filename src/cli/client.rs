//! A document from a running daemon: one request, little patience, a bounded answer.

use std::time::Duration;

use clap::Args;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use super::Trouble;
use crate::report::running;

/// For everything, from the connection to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer.
const LARGEST: usize = 8 << 20;

/// Where the daemon is.
#[derive(Args, Debug)]
pub(super) struct Daemon {
    /// Where the daemon listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:10110", value_parser = base)]
    url: Url,
}

pub(super) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.scheme() != "http" {
        return Err("only http:// is spoken here".to_owned());
    }
    if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err("a host is needed, and no user name".to_owned());
    }
    Ok(url)
}

impl Daemon {
    /// The document at `path`, below the path of the URL.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Trouble::new(format!("cannot start: {error}")))?;
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url.set_fragment(None);
        url.set_query(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(&url)).await });
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        let answer = answer.unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(format!("does not answer within {seconds} s"))
        });
        answer.map_err(|why| self.trouble(&why))
    }

    /// What is wrong with the daemon's answer.
    pub(super) fn trouble(&self, why: &str) -> Trouble {
        Trouble::new(format!("{} {why}", self.url))
    }
}

async fn ask(url: &Url) -> Result<Vec<u8>, String> {
    let port = url.port_or_known_default().unwrap_or(80);
    let host = url.host_str().unwrap_or_default();
    let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((unbracketed, port))
        .await
        .map_err(|error| format!("cannot be reached: {error}; is the daemon running there?"))?;
    let broken = |error: hyper::Error| format!("breaks off: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    tokio::spawn(connection);
    let request = Request::get(&url[url::Position::BeforePath..])
        .header(
            HOST,
            &url[url::Position::BeforeHost..url::Position::AfterPort],
        )
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("bascule/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("cannot be asked: {error}"))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
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
    Err(match running::refusal(&body) {
        Some(sentence) => format!("answers {}: {sentence}", status.as_u16()),
        None => format!("answers {}: is this a bascule daemon?", status.as_u16()),
    })
}
