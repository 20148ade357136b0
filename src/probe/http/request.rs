//! What is sent, and to whom.
//!
//! Credentials, a configured `Host`, the client certificate and the request's body go to the
//! origin (scheme, host and port) of the configured URL only, however the redirects wander.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use url::Url;

use super::exchange::Protocol;
use crate::model::{Cause, Reason, Verdict};
use crate::probe::target::HttpTarget;

/// What is asked for when compression is welcome.
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, br, zstd, deflate");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// One request of the way.
pub(super) struct Step {
    /// Where it goes.
    pub(super) url: Url,
    /// Scheme, host and port are the configured ones.
    pub(super) same_origin: bool,
    /// The host is the configured one.
    pub(super) same_host: bool,
    method: Method,
    with_body: bool,
    origin: Url,
}

impl Step {
    /// The first request.
    pub(super) fn first(target: &HttpTarget) -> Self {
        Self {
            url: target.url.clone(),
            same_origin: true,
            same_host: true,
            method: target.method.clone(),
            with_body: true,
            origin: target.url.clone(),
        }
    }

    /// The request after a redirect: 307 and 308 repeat the method and the body, the others
    /// ask with GET.
    pub(super) fn after(&self, status: u16, url: Url) -> Self {
        let repeat = matches!(status, 307 | 308);
        let method = if repeat || self.method == Method::HEAD {
            self.method.clone()
        } else {
            Method::GET
        };
        Self {
            same_origin: url.origin() == self.origin.origin(),
            same_host: url.host() == self.origin.host(),
            url,
            method,
            with_body: self.with_body && repeat,
            origin: self.origin.clone(),
        }
    }

    /// The request as the protocol wants it.
    pub(super) fn request(
        &self,
        target: &HttpTarget,
        protocol: Protocol,
    ) -> Result<Request<Full<Bytes>>, Verdict> {
        let path = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let authority = match (self.url.host_str(), self.url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => String::new(),
        };
        let configured = target
            .headers
            .iter()
            .find(|(name, _)| *name == HOST)
            .filter(|_| self.same_origin)
            .map(|(_, value)| value);
        let unusable = || {
            Verdict::Fail(Cause::new(
                Reason::HttpRedirects,
                "URL cannot be put into a request",
            ))
        };
        let body = if self.with_body && self.same_origin {
            target.body.clone()
        } else {
            Bytes::new()
        };
        let bodiless = body.is_empty();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method.clone();
        let uri = match protocol {
            Protocol::Http1 => path,
            Protocol::Http2 => {
                let host = configured
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or(&authority);
                format!("{}://{host}{path}", self.url.scheme())
            }
        };
        *request.uri_mut() = Uri::try_from(uri).map_err(|_| unusable())?;
        let headers = request.headers_mut();
        if matches!(protocol, Protocol::Http1) {
            let host = match configured {
                Some(value) => value.clone(),
                None => HeaderValue::try_from(authority).map_err(|_| unusable())?,
            };
            headers.insert(HOST, host);
        }
        for (name, value) in self.fields(target) {
            headers.append(name.clone(), value.clone());
        }
        // hyper announces a body, but not that there is none where one is usual.
        if bodiless && matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if !headers.contains_key(ACCEPT_ENCODING) {
            let accepted = if target.decompress {
                ENCODINGS
            } else {
                IDENTITY
            };
            headers.insert(ACCEPT_ENCODING, accepted);
        }
        Ok(request)
    }

    /// The configured headers that may go where this request goes.
    fn fields<'a>(
        &self,
        target: &'a HttpTarget,
    ) -> impl Iterator<Item = &'a (HeaderName, HeaderValue)> {
        let at_home = self.same_origin;
        let open = target
            .headers
            .iter()
            .filter(move |(name, value)| *name != HOST && (at_home || !value.is_sensitive()));
        let secret = target.credentials.iter().filter(move |_| at_home);
        open.chain(secret)
    }
}
