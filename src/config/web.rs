//! `[web]`: who listens where, and for whom.

use std::net::{SocketAddr, ToSocketAddrs as _};

use super::WebSettings;
use super::decode::Table as _;
use super::fault::{At, Fault, printable};
use super::file::{File, Web};
use super::secret::Environment;
use super::web_file;
use super::words::Detail;
use crate::web::access::Access;

/// Reads and checks it, and the web configuration file that it names.
pub(crate) fn web(
    file: &File,
    environment: &Environment,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> (Web, WebSettings) {
    let mut web = Web::defaults();
    if let Some(at) = &file.web {
        web.merge_table(at.value.clone());
    }
    let written = web.listen();
    if written.value.is_empty() {
        faults.push(written.fault("is empty: name at least one address"));
    }
    let mut taken = Vec::new();
    let listen = addresses(&written.value, &mut taken, faults);
    let public_listen = addresses(&web.public_listen().value, &mut taken, faults);
    let access = match &web.config_file {
        Some(at) => web_file::read(at, environment, faults, warnings),
        None => Access::default(),
    };
    warnings.extend(listen.iter().filter_map(|at| {
        let lack = access.lack_at(at.value, "listen on loopback")?;
        Some(at.fault(lack))
    }));
    let settings = WebSettings {
        listen: listen.iter().map(|at| at.value).collect(),
        public_listen: public_listen.iter().map(|at| at.value).collect(),
        access,
        show_targets: web.show_targets().value,
        enable_lifecycle: web.enable_lifecycle().value,
        lean: web.metrics().value.0 == Detail::Lean,
    };
    (web, settings)
}

/// The addresses of a list; each only once in all lists.
fn addresses(
    written: &[At<String>],
    taken: &mut Vec<(SocketAddr, &'static str)>,
    faults: &mut Vec<Fault>,
) -> Vec<At<SocketAddr>> {
    let mut addresses = Vec::new();
    for at in written {
        let public = at.place.key.starts_with("web.public_listen");
        let list = if public {
            "web.public_listen"
        } else {
            "web.listen"
        };
        let address = match listen_address(&at.value) {
            Ok(address) => address,
            Err(sentence) => {
                faults.push(at.fault(sentence));
                continue;
            }
        };
        let same = taken.iter().find(|(other, _)| clash(*other, address));
        match same {
            Some((other, theirs)) if *other == address && *theirs == list => {
                faults.push(at.fault(format!("`{address}` is there twice")));
            }
            Some((other, theirs)) => {
                let sentence = format!("`{address}` is served already by `{other}` of {theirs}");
                faults.push(at.fault(sentence));
            }
            None => {
                taken.push((address, list));
                addresses.push(At {
                    value: address,
                    place: at.place.clone(),
                });
            }
        }
    }
    addresses
}

/// Whether two listeners cannot be at the same time. An unspecified address is all of them.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    let covers = |all: std::net::IpAddr, it: std::net::IpAddr| {
        all.is_unspecified() && (all.is_ipv6() || it.is_ipv4())
    };
    one.port() != 0 && one.port() == other.port() && (a == b || covers(a, b) || covers(b, a))
}

/// `127.0.0.1:10110`, `[::1]:10110`, `:10110` (every address), `localhost:10110`.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let shown = printable(text);
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Some(port) = text.strip_prefix(':')
        && let Ok(port) = port.parse::<u16>()
    {
        return Ok(SocketAddr::new(
            std::net::Ipv6Addr::UNSPECIFIED.into(),
            port,
        ));
    }
    // The only name that needs no name server.
    if text.starts_with("localhost:")
        && let Ok(mut addresses) = text.to_socket_addrs()
        && let Some(address) = addresses.find(SocketAddr::is_ipv4)
    {
        return Ok(address);
    }
    Err(format!(
        "`{shown}` is not an address and a port: write \"127.0.0.1:10110\" or \"[::1]:10110\""
    ))
}
