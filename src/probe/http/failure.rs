//! Why an exchange broke off: hyper's errors in our reasons.

use std::error::Error as StdError;
use std::io;

use super::exchange::{FIELDS, HEAD};
use crate::model::printable::{QUOTE, printable};
use crate::model::{Cause, Reason};
use crate::probe::tls::alert_in;

/// How far the exchange had come.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// Waiting for the head of the response.
    Head,
    /// Reading the body.
    Body {
        /// Bytes that came.
        received: u64,
        /// Bytes that were announced.
        expected: Option<u64>,
    },
}

/// What an error of hyper means.
pub(super) fn classify(error: &hyper::Error, stage: Stage) -> Cause {
    if let Some(alert) = alert_in(error) {
        return alert;
    }
    if error.is_parse_too_large() {
        return Cause::new(
            Reason::HttpTooLarge,
            format!("headers exceed {HEAD} bytes or {FIELDS} fields"),
        );
    }
    if error.is_parse_version_h2() {
        return Cause::new(
            Reason::HttpVersion,
            "server speaks HTTP/2 where HTTP/1.1 was agreed on",
        );
    }
    if let Some(error) = inner::<h2::Error>(error)
        && !error.is_io()
    {
        return classify_h2(error, stage);
    }
    let in_h2 = || inner::<h2::Error>(error)?.get_io();
    let kind = inner::<io::Error>(error)
        .or_else(in_h2)
        .map(io::Error::kind);
    match stage {
        Stage::Head if error.is_parse() || kind == Some(io::ErrorKind::InvalidData) => {
            protocol(&root(error))
        }
        Stage::Head => closed(match kind {
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                "server reset the connection before a response"
            }
            _ => "server closed the connection before a response",
        }),
        Stage::Body { received, expected } => match kind {
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                protocol(&root(error))
            }
            Some(io::ErrorKind::ConnectionReset) => truncated("was reset", received, expected),
            _ => truncated("ended", received, expected),
        },
    }
}

fn classify_h2(error: &h2::Error, stage: Stage) -> Cause {
    let reason = error.reason().unwrap_or(h2::Reason::PROTOCOL_ERROR);
    let name = printable(&format!("{reason:?}"), 40);
    if reason == h2::Reason::HTTP_1_1_REQUIRED && error.is_remote() {
        return Cause::new(
            Reason::HttpVersion,
            "server asks for HTTP/1.1 after agreeing on HTTP/2",
        );
    }
    match stage {
        Stage::Head if error.is_remote() => Cause::new(
            Reason::HttpClosed,
            format!("server ended the HTTP/2 exchange before a response ({name})"),
        ),
        // What h2 itself rejects with this code: bytes of headers, frames without anything in them.
        _ if reason == h2::Reason::ENHANCE_YOUR_CALM && !error.is_remote() => Cause::new(
            Reason::HttpTooLarge,
            "HTTP/2 server sends more than a response may have",
        ),
        Stage::Body { received, expected }
            if error.is_remote() || expected.is_some_and(|expected| received < expected) =>
        {
            truncated(
                &format!("was ended by the server ({name})"),
                received,
                expected,
            )
        }
        _ => protocol(&format!("HTTP/2 {name}")),
    }
}

fn closed(detail: &'static str) -> Cause {
    Cause::new(Reason::HttpClosed, detail)
}

fn protocol(what: &str) -> Cause {
    Cause::new(
        Reason::HttpProtocol,
        format!("server does not speak HTTP properly: {what}"),
    )
}

fn truncated(how: &str, received: u64, expected: Option<u64>) -> Cause {
    let of = expected.map_or_else(String::new, |expected| format!(" of {expected}"));
    Cause::new(
        Reason::HttpTruncated,
        format!("response {how} after {received}{of} bytes of the body"),
    )
}

/// The cause of the given type behind an error, however deep.
fn inner<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An `io::Error` hides the error it is made of from `source`.
        if let Some(found) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<E>())
        {
            return Some(found);
        }
        current = error.source();
    }
    None
}

/// The words of the innermost error.
fn root(error: &hyper::Error) -> String {
    let mut current: &dyn StdError = error;
    while let Some(source) = current.source() {
        current = source;
    }
    printable(&current.to_string(), QUOTE)
}
