//! A URL on the command line as an endpoint: `bascule probe https://example/` needs no
//! configuration file. Everything but the URL has the defaults of `[probe]`.

use super::EndpointSettings;
use super::compile::Context;
use super::decode::Table as _;
use super::endpoint::Endpoint;
use super::fault::{At, Place, printable, printable_long};
use super::file::{Dns, Http, Probe, Tcp, Tls};
use super::lists::list;
use super::resolve::settings_of;
use super::secret::Environment;
use crate::model::EndpointKey;
use crate::probe::target::HostPort;

/// Whether a word on the command line is a URL rather than a network or an endpoint.
#[must_use]
pub fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// Makes an endpoint of `https://`, `http://`, `tls://host[:port]`, `tcp://host:port` or
/// `dns://name?type=AAAA&server=192.0.2.53`. It belongs to no network: its target has no key,
/// and that of the settings is a mere placeholder.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn adhoc(url: &str) -> Result<EndpointSettings, String> {
    in_environment(url, &Environment::of_this_process())
}

/// The same, with what the URL can refer to.
pub(super) fn in_environment(
    url: &str,
    environment: &Environment,
) -> Result<EndpointSettings, String> {
    let shapes = "write https://..., http://..., tls://host:port, tcp://host:port or dns://name?type=AAAA&server=192.0.2.53";
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!("`{}` is not a URL: {shapes}", printable(url)));
    };
    let endpoint = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => Endpoint::Http(Box::new(Http {
            url: said(url),
            ..Http::default()
        })),
        "tls" => tls(rest)?,
        "tcp" => Endpoint::Tcp(Box::new(Tcp {
            address: said(rest.trim_end_matches('/')),
            ..Tcp::default()
        })),
        "dns" => dns(rest)?,
        other => {
            let other = printable(other);
            return Err(format!("`{other}` is not a scheme that is known: {shapes}"));
        }
    };
    let endpoint = endpoint.filled(&Probe::defaults());
    let mut context = Context::new(environment);
    let target = context.target(&endpoint, &Place::default_of(""), None);
    match target {
        Some(target) => {
            let key = EndpointKey::new("adhoc", "url");
            Ok(settings_of(key, target, endpoint.probe()))
        }
        None => {
            let sentences = context.faults.into_iter().map(|fault| fault.sentence);
            let sentences: Vec<String> = sentences.collect();
            // The URL itself may hold a password, so it is not repeated.
            Err(format!("the URL {}", sentences.join("; it ")))
        }
    }
}

fn said(text: &str) -> Option<At<String>> {
    Some(At::default_of("url", text.to_owned()))
}

fn tls(rest: &str) -> Result<Endpoint, String> {
    let rest = rest.trim_end_matches('/');
    let bare = rest.strip_prefix('[').and_then(|r| r.strip_suffix(']'));
    let with_port = match bare {
        Some(_) => format!("{rest}:443"),
        None if rest.contains(':') => rest.to_owned(),
        None => format!("{rest}:443"),
    };
    let to = HostPort::parse(&with_port).map_err(|sentence| printable_long(&sentence))?;
    Ok(Endpoint::Tls(Box::new(Tls {
        host: said(&to.host),
        port: Some(At::default_of("port", u32::from(to.port))),
        ..Tls::default()
    })))
}

fn dns(rest: &str) -> Result<Endpoint, String> {
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut table = Dns {
        query: said(name.trim_end_matches('/')),
        ..Dns::default()
    };
    let mut servers = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "type" => table.r#type = said(&value),
            // A bare address is asked by datagram, as everybody does.
            "server" if value == "system" || value.contains("://") => {
                servers.push(value.into_owned());
            }
            "server" => servers.push(format!("udp://{value}")),
            other => {
                let other = printable(other);
                return Err(format!(
                    "`{other}` is not known here: write type and server"
                ));
            }
        }
    }
    if !servers.is_empty() {
        let servers = list("server", servers);
        table.probe.resolvers = Some(At::default_of("server", servers));
    }
    Ok(Endpoint::Dns(Box::new(table)))
}
