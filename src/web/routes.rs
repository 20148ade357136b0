//! The routes and their answers.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use tokio::sync::oneshot;

use super::View;

type Answer = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn answer(request: Request<Incoming>, view: &View) -> Answer {
    let path = request.uri().path();
    let (route, allowed): (&'static str, &'static str) = match path {
        "/" => ("/", "GET, HEAD"),
        "/metrics" => ("/metrics", "GET, HEAD"),
        "/healthz" => ("/healthz", "GET, HEAD"),
        "/readyz" => ("/readyz", "GET, HEAD"),
        "/-/reload" if view.lifecycle() => ("/-/reload", "POST, PUT"),
        _ => ("other", ""),
    };
    let mut answer = if route == "other" {
        text(StatusCode::NOT_FOUND, "no such page; see /\n")
    } else if !allowed
        .split(", ")
        .any(|method| method == request.method().as_str())
    {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, &format!("use {allowed}\n"));
        answer
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static(allowed));
        answer
    } else {
        match route {
            "/metrics" => metrics(request.headers(), view).await,
            "/healthz" => text(StatusCode::OK, "alive\n"),
            "/readyz" => ready(view),
            "/-/reload" => reload(view).await,
            _ => text(StatusCode::OK, &landing(view)),
        }
    };
    let headers = answer.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    view.metrics.request(route, answer.status().as_u16());
    // To HEAD hyper sends the head alone, with the length that the body would have.
    answer
}

async fn metrics(request: &HeaderMap, view: &View) -> Answer {
    let gzip = accepts_gzip(request);
    let metrics = view.metrics.clone();
    // The semaphore is never closed.
    let turn = Arc::clone(&view.rendering).acquire_owned().await;
    let rendered = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, String> {
        let _turn = turn;
        let text = metrics.render().map_err(|error| error.to_string())?;
        if !gzip {
            return Ok(text);
        }
        // Level 1: a third of the time of level 6 for half of its gain.
        let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
        encoder
            .write_all(&text)
            .map_err(|error| error.to_string())?;
        encoder.finish().map_err(|error| error.to_string())
    });
    match rendered
        .await
        .map_err(|error| error.to_string())
        .and_then(|rendered| rendered)
    {
        Ok(body) => {
            let mut answer = respond(StatusCode::OK, METRICS, body.into());
            let headers = answer.headers_mut();
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            if gzip {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            answer
        }
        Err(error) => {
            tracing::error!(error, "cannot render the metrics");
            text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "cannot render the metrics; see the log\n",
            )
        }
    }
}

fn ready(view: &View) -> Answer {
    let readiness = *view.readiness.borrow();
    if readiness.tried >= readiness.endpoints {
        return text(StatusCode::OK, "ready\n");
    }
    let waiting = format!(
        "first rounds: {} of {} endpoints done\n",
        readiness.tried, readiness.endpoints
    );
    text(StatusCode::SERVICE_UNAVAILABLE, &waiting)
}

async fn reload(view: &View) -> Answer {
    let (answer, answered) = oneshot::channel();
    if view.reload.send(answer).await.is_err() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match answered.await {
        Ok(Ok(())) => text(StatusCode::OK, "reloaded\n"),
        Ok(Err(faults)) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{faults}\n")),
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

fn landing(view: &View) -> String {
    let mut text = format!(
        "bascule {}\n\n/metrics   for Prometheus\n/healthz   alive\n/readyz    first rounds done\n",
        env!("CARGO_PKG_VERSION")
    );
    if view.lifecycle() {
        text.push_str("/-/reload  (POST) reads the configuration again\n");
    }
    text
}

/// Whether `gzip` is accepted with a weight above 0.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING);
    let codings = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.into_iter().any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.trim().parse::<f64>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn text(status: StatusCode, text: &str) -> Answer {
    respond(status, TEXT, Bytes::copy_from_slice(text.as_bytes()))
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_it_is_welcome() {
        for (accept, expected) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("GZIP", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("gzip;q=x", false),
            ("xgzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
            assert_eq!(accepts_gzip(&headers), expected, "{accept}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
