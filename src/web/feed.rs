//! `/feed.atom`: outages and switches as an Atom feed (RFC 4287), the latest change first.
//!
//! An outage is one entry: it appears when the outage is confirmed and is updated when that has
//! ended. Nothing in the feed changes while nothing happens, so its tag does not either.

use std::time::SystemTime;

use hyper::header::{self, HeaderMap};
use hyper::http::uri::Authority;
use hyper::{Request, body::Incoming};
use maud::{Markup, PreEscaped, html};
use url::form_urlencoded::byte_serialize;

use super::api::Shown;
use super::tongue::Tongue;
use crate::history::{EventRow, OutageRow};
use crate::model::printable::is_harmful;
use crate::model::{Activation, Layer, Name, Reason};
use crate::report::words::{timestamp, timestamp_ms};

/// Its media type.
pub(super) const ATOM: &str = "application/atom+xml; charset=utf-8";
/// Most entries.
pub(super) const NEWEST: usize = 50;
/// Where a path of ours begins in the feed, if the client says it in a way that can be believed.
const LONGEST_HOST: usize = 255;

/// What the feed is made of.
pub(super) struct Feed<'a> {
    pub(super) shown: Shown<'a>,
    pub(super) tongue: &'a dyn Tongue,
    /// `https://status.example`, or nothing: then links are relative.
    pub(super) base: &'a str,
    pub(super) outages: &'a [OutageRow],
    pub(super) switches: &'a [EventRow],
}

/// An entry of the feed.
struct Entry {
    id: String,
    title: String,
    published: SystemTime,
    updated: SystemTime,
    text: String,
    kind: &'static str,
}

impl Feed<'_> {
    /// The document.
    pub(super) fn document(&self) -> Vec<u8> {
        let outages = self.outages.iter().map(|row| self.outage(row));
        let switches = self.switches.iter().map(|row| self.switch(row));
        let mut entries: Vec<Entry> = outages.chain(switches).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.updated));
        entries.truncate(NEWEST);
        let mut text = self.feed(&entries).into_string();
        text.push('\n');
        text.into_bytes()
    }

    fn feed(&self, entries: &[Entry]) -> Markup {
        let (code, base) = (self.tongue.code(), self.base);
        let vantage = &self.shown.facts.vantage;
        let query = if code == "en" { "" } else { "?lang=" };
        let language = if code == "en" { "" } else { code };
        let updated = entries
            .first()
            .map_or_else(|| self.quiet(), |it| it.updated);
        html! {
            (PreEscaped(r#"<?xml version="1.0" encoding="utf-8"?>"#)) "\n"
            feed xmlns="http://www.w3.org/2005/Atom" xml:lang=(code) {
                "\n" id { (self.id("")) }
                "\n" title { (xml(&self.tongue.feed(vantage))) }
                "\n" updated { (timestamp_ms(updated)) }
                "\n" author { name { "bascule, " (xml(vantage)) } }
                "\n" link rel="self" type="application/atom+xml"
                    href={ (base) "/feed.atom" (query) (language) } {}
                "\n" link rel="alternate" type="text/html" href={ (base) "/" (query) (language) } {}
                "\n" generator uri=(env!("CARGO_PKG_REPOSITORY"))
                    version=(env!("CARGO_PKG_VERSION")) { "bascule" }
                @for it in entries {
                    "\n" entry {
                        "\n" id { (it.id) }
                        "\n" title { (xml(&it.title)) }
                        "\n" link rel="alternate" type="text/html"
                            href={ (base) "/" (query) (language) "#events" } {}
                        "\n" published { (timestamp_ms(it.published)) }
                        "\n" updated { (timestamp_ms(it.updated)) }
                        "\n" category term=(it.kind) {}
                        "\n" content type="text" { (xml(&it.text)) }
                        "\n"
                    }
                }
                "\n"
            }
        }
    }

    /// When there was news last, where there is none in the feed: the last change of any network.
    fn quiet(&self) -> SystemTime {
        let networks = self.shown.picture.snapshot.networks.iter();
        let last = networks
            .map(|it| self.shown.picture.wall_of(it.since))
            .max();
        last.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// A name for ever: numbers begin again where a memory was lost, as that of a container may be
    /// several times a day, but not in the same second.
    fn entry(&self, kind: &str, at: SystemTime, number: u64) -> String {
        self.id(&format!("/{kind}/{}/{number}", timestamp(at)))
    }

    fn id(&self, what: &str) -> String {
        let vantage: String = byte_serialize(self.shown.facts.vantage.as_bytes()).collect();
        format!("tag:bascule.invalid,2026:{vantage}{what}")
    }

    fn outage(&self, row: &OutageRow) -> Entry {
        let tongue = self.tongue;
        let network = self.shown.facts.title(&row.network);
        let layer = row.layer.as_deref().and_then(layer);
        let how = layer.map_or_else(String::new, |it| format!(" ({})", tongue.layer(it)));
        // One that is suspended, after a restart or while we are blind, is no news yet.
        let known = self.shown.picture.outage(row.id).is_some();
        let title = match row.ended {
            Some(_) => tongue.was_down(network, &how, &tongue.span(row.duration)),
            None if known => tongue.is_down(network, &how),
            None => tongue.was_last_down(network, &how),
        };
        let started = minute(row.started);
        let when = match row.ended {
            Some(ended) => tongue.between(&started, &minute(ended)),
            None => tongue.since(&started),
        };
        let failed = tongue.failed(&row.endpoint, self.reason(&row.reason));
        let detail = Some(&row.detail).filter(|it| self.shown.targets && !it.is_empty());
        let detail = detail.map_or_else(String::new, |it| format!(" {it}"));
        Entry {
            id: self.entry("outages", row.confirmed, row.id),
            title,
            published: row.confirmed,
            updated: row.ended.unwrap_or(row.confirmed).max(row.confirmed),
            text: format!("{when} {failed}{detail}"),
            kind: "outage",
        }
    }

    /// What a reason means; the code alone if it is not of this version.
    fn reason<'r>(&self, code: &'r str) -> &'r str {
        Reason::parse(code).map_or(code, |reason| self.tongue.reason(reason))
    }

    fn switch(&self, row: &EventRow) -> Entry {
        let title = |name: &Option<String>| {
            let name = name.as_deref().filter(|it| *it != "none")?;
            Some(self.shown.facts.title(name).to_owned())
        };
        let (from, to) = (title(&row.from), title(&row.to));
        let (from, to) = (from.as_deref(), to.as_deref());
        let why = row.reason.as_deref().and_then(Activation::parse);
        let why = why.map_or_else(String::new, |why| {
            format!(" ({})", self.tongue.activation(why))
        });
        let group: Name = row.group.as_deref().unwrap_or_default().into();
        let when = self.tongue.since(&minute(row.at));
        let instead = self.tongue.instead(to, from);
        Entry {
            id: self.entry("switches", row.at, row.seq),
            title: self.tongue.switch(&group, to),
            published: row.at,
            updated: row.at,
            text: format!("{when} {instead}{why}."),
            kind: "switch",
        }
    }
}

fn layer(word: &str) -> Option<Layer> {
    Layer::ALL.into_iter().find(|it| it.as_str() == word)
}

/// `2026-05-24 12:59 UTC`.
fn minute(time: SystemTime) -> String {
    let text = timestamp(time).replace('T', " ");
    format!("{} UTC", text.get(..16).unwrap_or(&text))
}

/// A text that may stand in XML, which cannot hold every character.
pub(super) fn xml(text: &str) -> String {
    let fine = |c: char| !is_harmful(c) && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let put = |c| {
        if fine(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    text.chars().map(put).collect()
}

/// Where our own paths begin, from what the client says of itself; nothing if that makes no
/// sense. A proxy in front of us says with `X-Forwarded-Proto` what its clients speak.
pub(super) fn base(request: &Request<Incoming>, tls: bool) -> String {
    let head = request.headers();
    let host = || head.get(header::HOST)?.to_str().ok()?.parse().ok();
    let authority = request.uri().authority().cloned().or_else(host);
    match authority.filter(is_sane) {
        Some(authority) => format!("{}://{authority}", scheme(head, tls)),
        None => String::new(),
    }
}

fn scheme(head: &HeaderMap, tls: bool) -> &'static str {
    let proxy = head.get("x-forwarded-proto");
    match proxy.map(|value| value.as_bytes()) {
        Some(b"https") => "https",
        _ if tls => "https",
        _ => "http",
    }
}

/// A name or an address, and perhaps a port.
fn is_sane(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = bare.is_some_and(|it| it.parse::<std::net::Ipv6Addr>().is_ok());
    let name = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let name = !host.is_empty() && host.len() <= LONGEST_HOST && host.chars().all(name);
    let port = authority.as_str().strip_prefix(host);
    let port = port.is_some_and(|it| {
        it.is_empty()
            || it
                .strip_prefix(':')
                .is_some_and(|it| it.parse::<u16>().is_ok())
    });
    (address || name) && port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_believed_only_where_it_is_one() {
        for (host, sane) in [
            ("status.metropole.example", true),
            ("127.0.0.1:10110", true),
            ("[::1]:10110", true),
            ("a.example:", false),
            ("a.example:x", false),
            ("user@a.example", false),
            ("a.example:99999", false),
            ("a_b$c", false),
            ("[::1", false),
        ] {
            let believed = host.parse().is_ok_and(|it| is_sane(&it));
            assert_eq!(believed, sane, "{host}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(
            xml("a\u{0}b\u{ffff}c\u{202e}é"),
            "a\u{fffd}b\u{fffd}c\u{fffd}é"
        );
    }
}
