//! `[uplink]`: whom to ask whether it is us.

use std::net::{IpAddr, SocketAddr};

use super::UplinkSettings;
use super::compile_dns::{dns_name, record_type_of};
use super::decode::Table as _;
use super::fault::printable_long;
use super::fault::{At, Fault, printable};
use super::file::{File, Uplink};
use crate::engine::UplinkPlan;
use crate::model::{Families, Family};
use crate::probe::target::{Canary, Gateway, HostPort, parse_server};

/// With fewer, a canary that is down or blocked looks like our own trouble.
const ENOUGH: usize = 3;
/// More than anybody needs, and all are asked at once.
const MOST: usize = 32;

/// The table with its defaults, and what it means.
pub(crate) fn uplink(
    file: &File,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> (Uplink, UplinkSettings) {
    let mut table = Uplink::defaults();
    if let Some(at) = &file.uplink {
        table.merge_table(at.value.clone());
    }
    let enabled = table.enabled().value;
    let written = table.canaries();
    let mut canaries: Vec<Canary> = Vec::new();
    for at in &written.value {
        match canary(&at.value) {
            Ok(canary) => {
                let ip = canary.address().ip();
                if enabled && canaries.iter().any(|known| known.address().ip() == ip) {
                    let sentence = "is there twice: canaries prove more at different operators";
                    warnings.push(at.fault(format!("`{ip}` {sentence}")));
                }
                canaries.push(canary);
            }
            Err(sentence) => faults.push(at.fault(printable_long(&sentence))),
        }
    }
    match written.value.len() {
        0 if enabled => faults.push(written.fault(
            "is empty: name three canaries or more, or set enabled = false to believe every failure",
        )),
        few @ 1..ENOUGH if enabled => warnings.push(written.fault(format!(
            "{few} of them: name three or more, of different operators, so that their trouble is not taken for ours"
        ))),
        ..=MOST => {}
        _ => faults.push(written.fault(format!("must be at most {MOST}: all are asked at once"))),
    }
    let settings = UplinkSettings {
        enabled,
        canaries: if enabled { canaries } else { Vec::new() },
        gateway: gateway(&table.gateway(), faults),
    };
    (table, settings)
}

impl UplinkSettings {
    /// What the engine has to know of it.
    pub(crate) fn plan(&self) -> UplinkPlan {
        let families = self.canaries.iter().map(Canary::address);
        let with = |all: Families, it: SocketAddr| all.with(Family::of(it.ip()));
        UplinkPlan {
            enabled: self.enabled,
            canaries: families.fold(Families::NONE, with),
        }
    }
}

/// Reads `tcp://192.0.2.1:443` or `dns://.?type=NS&server=192.0.2.53`.
fn canary(text: &str) -> Result<Canary, String> {
    let shape = "write \"tcp://192.0.2.1:443\" or \"dns://.?type=NS&server=192.0.2.53\"";
    match text.split_once("://") {
        Some(("tcp", rest)) => tcp(text, rest),
        Some(("dns", rest)) => dns(text, rest),
        _ => Err(format!("`{text}` is not a canary: {shape}")),
    }
}

const NAMED: &str = "needs a literal address: a canary must not need a resolver";

fn tcp(text: &str, rest: &str) -> Result<Canary, String> {
    let to = HostPort::parse(rest)?;
    match to.host.parse() {
        Ok(ip) => Ok(Canary::Tcp(host(ip, to.port)?)),
        Err(_) => Err(format!("`{text}` {NAMED}")),
    }
}

fn dns(text: &str, rest: &str) -> Result<Canary, String> {
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut server, mut record_type) = (None, "A".to_owned());
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "type" => record_type = value.to_ascii_uppercase(),
            "server" if server.is_none() => server = Some(value.into_owned()),
            "server" => return Err(format!("`{text}` has two servers: write two canaries")),
            other => {
                return Err(format!(
                    "`{other}` is not known here: write type and server"
                ));
            }
        }
    }
    let Some(server) = server else {
        return Err(format!(
            "`{text}` has no server: write ...&server=192.0.2.53"
        ));
    };
    let Some(server) = parse_server(&server, Canary::DNS_PORT) else {
        return Err(format!("`{text}` {NAMED}"));
    };
    record_type_of(&record_type)?;
    let name = dns_name(name)?.to_ascii();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !name.chars().all(plain) {
        return Err(format!("`{name}` is not a name that can be asked for here"));
    }
    Ok(Canary::Dns {
        server: host(server.ip(), server.port())?,
        name: name.into(),
        record_type: record_type.into(),
    })
}

fn gateway(at: &At<String>, faults: &mut Vec<Fault>) -> Gateway {
    match at.value.as_str() {
        "auto" => Gateway::Auto,
        "off" => Gateway::Off,
        text => match text.parse().map(|ip| host(ip, 0)) {
            Ok(Ok(address)) => Gateway::Address(address.ip()),
            Ok(Err(sentence)) => {
                faults.push(at.fault(sentence));
                Gateway::Auto
            }
            Err(_) => {
                let text = printable(text);
                let sentence = "is not \"auto\", \"off\" or an address such as \"192.0.2.1\"";
                faults.push(at.fault(format!("`{text}` {sentence}")));
                Gateway::Auto
            }
        },
    }
}

/// An address that a single host can have, in the family that is really spoken to it.
fn host(ip: IpAddr, port: u16) -> Result<SocketAddr, String> {
    let ip = ip.to_canonical();
    if ip.is_unspecified() || ip.is_multicast() {
        return Err(format!("`{ip}` is not the address of one host"));
    }
    Ok(SocketAddr::new(ip, port))
}
