//! Bodies are written and compressed on a thread for that, one at a time: a crowd of readers
//! costs neither the cores nor the memory that the rounds need.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{self, HeaderMap};

use super::View;
use super::turns::Line;

/// Writes a body.
pub(super) type Write = Box<dyn FnOnce() -> Result<Vec<u8>, String> + Send>;

/// The body, or the sentence that there is none.
pub(super) async fn render(
    view: &View,
    line: Line,
    gzip: bool,
    what: &str,
    write: Write,
) -> Result<Vec<u8>, String> {
    let turn = view.rendering.take(line).await;
    let rendered = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let body = write()?;
        if gzip { compress(&body) } else { Ok(body) }
    });
    let rendered = rendered.await.map_err(|error| error.to_string());
    rendered.and_then(|body| body).map_err(|error| {
        tracing::error!(error, "cannot render {what}");
        format!("cannot render {what}; see the log")
    })
}

fn compress(body: &[u8]) -> Result<Vec<u8>, String> {
    // Level 1: a third of the time of level 6 for half of its gain.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    encoder.write_all(body).map_err(|error| error.to_string())?;
    encoder.finish().map_err(|error| error.to_string())
}

/// Whether `gzip` is accepted with a weight above 0.
pub(super) fn accepts_gzip(request: &HeaderMap) -> bool {
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

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

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
