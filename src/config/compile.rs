//! From what an endpoint's table says to the target that a round reads: what all kinds share,
//! tls and tcp.

use std::collections::{HashMap, HashSet};

use regex::Regex;

use super::compile_dns::{self, dns_name};
use super::compile_http;
use super::endpoint::Endpoint;
use super::fault::{At, Fault, Place, printable, printable_long};
use super::file::{ClientTls as TlsTable, Probe, Tcp, Tls};
use super::secret::Environment;
use super::values::{FilePath, Pattern};
use crate::model::{EndpointKey, Family};
use crate::probe::mask::{Mask, links};
use crate::probe::target::{HostPort, ServerName, Target, TlsTarget, What};
use crate::probe::trust::{ClientTls, Identity, Roots};

/// What compiling needs, and where it leaves what is wrong.
pub(crate) struct Context<'a> {
    /// Files, credentials.
    pub(crate) environment: &'a Environment,
    /// What is wrong.
    pub(crate) faults: Vec<Fault>,
    /// What is allowed and probably not meant.
    pub(crate) warnings: Vec<Fault>,
    /// Roots by the files that add to the system's; each file is read once.
    roots: HashMap<Vec<String>, Option<Roots>>,
}

impl<'a> Context<'a> {
    /// An empty one.
    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            faults: Vec::new(),
            warnings: Vec::new(),
            roots: HashMap::new(),
        }
    }

    /// Compiles an endpoint that has all its defaults; `None` if faults were reported.
    pub(crate) fn target(
        &mut self,
        endpoint: &Endpoint,
        place: &Place,
        key: Option<EndpointKey>,
    ) -> Option<Target> {
        let before = self.faults.len();
        let probe = self.probe(endpoint.probe());
        let (subject, value) = endpoint.subject();
        if value.is_none() {
            let sentence = "is missing (to change an endpoint of the catalog, add preset = \"...\" to its network)";
            self.faults.push(place.below(subject).fault(sentence));
        }
        let what = match endpoint {
            Endpoint::Http(table) => compile_http::http(table, self),
            Endpoint::Tls(table) => self.tls(table),
            Endpoint::Tcp(table) => self.tcp(table),
            Endpoint::Dns(table) => compile_dns::dns(table, self),
        };
        let (limits, resolvers) = probe?;
        let what = what.filter(|_| self.faults.len() == before)?;
        Some(Target {
            key,
            mask: Mask::of(&what, &resolvers),
            what,
            limits,
            addresses_per_family: endpoint.probe().addresses_per_family().value as usize,
            families: families(endpoint.probe()),
            resolvers,
        })
    }

    /// Reports a number that is zero or absurdly high.
    pub(crate) fn at_least_one(&mut self, at: &At<u32>, most: u32) {
        if !(1..=most).contains(&at.value) {
            self.faults
                .push(at.fault(format!("must be from 1 to {most}")));
        }
    }

    /// Reports items that stand in a list twice.
    pub(crate) fn unique<T>(&mut self, list: &[At<T>], text: impl Fn(&T) -> String) {
        let mut seen = HashSet::new();
        for at in list {
            let text = text(&at.value);
            let shown = printable(&text);
            if !seen.insert(text) {
                self.faults
                    .push(at.fault(format!("`{shown}` is there twice")));
            }
        }
    }

    /// Keeps what went well and reports the rest.
    pub(crate) fn all<T>(&mut self, results: impl Iterator<Item = Result<T, Fault>>) -> Vec<T> {
        let mut good = Vec::new();
        for result in results {
            match result {
                Ok(item) => good.push(item),
                Err(fault) => self.faults.push(fault),
            }
        }
        good
    }

    /// Warns of a secret that others can read.
    pub(crate) fn expose(&mut self, file: &At<FilePath>) {
        let warning = self.environment.exposed(&file.value);
        // Several endpoints may share what stands in one line.
        if let Some(warning) = warning.map(|sentence| file.fault(sentence))
            && !self.warnings.contains(&warning)
        {
            self.warnings.push(warning);
        }
    }

    /// Keeps what went well and reports the rest.
    pub(crate) fn ok<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.faults.push(fault)).ok()
    }

    /// Compiles patterns.
    pub(crate) fn patterns(&mut self, list: &[At<Pattern>]) -> Vec<Regex> {
        self.all(list.iter().map(pattern))
    }

    /// The system's roots and those of these files.
    pub(crate) fn roots(&mut self, files: &[Option<&At<FilePath>>]) -> Option<Roots> {
        let mut names = Vec::new();
        self.roots
            .entry(Vec::new())
            .or_insert_with(|| Some(self.environment.roots.clone()));
        for at in files.iter().copied().flatten() {
            let before = self.roots.get(&names).cloned().flatten();
            names.push(at.value.0.clone());
            if self.roots.contains_key(&names) {
                continue;
            }
            let path = printable(&at.value.0);
            // What the first file lacks has been reported already.
            let roots = before.and_then(|roots| {
                let read = self.environment.read(&at.value);
                let roots = read.and_then(|pem| {
                    let wrong = |sentence| format!("{path}: {sentence}");
                    roots.with_pem(&pem).map_err(wrong)
                });
                self.ok(roots.map_err(|sentence| at.fault(sentence)))
            });
            self.roots.insert(names.clone(), roots);
        }
        self.roots.get(&names).cloned().flatten()
    }

    /// Compiles the client's side of a handshake.
    pub(crate) fn client_tls(&mut self, table: &TlsTable, probe: &Probe) -> Option<ClientTls> {
        let roots = self.roots(&[probe.ca_file.as_ref(), table.ca_file.as_ref()]);
        let server_name = match &table.server_name {
            None => Some(None),
            Some(at) => {
                let name = ServerName::try_from(at.value.clone()).map_err(|_| {
                    let name = shown_host(&at.value);
                    at.fault(format!("`{name}` cannot be in a certificate"))
                });
                self.ok(name).map(Some)
            }
        };
        let identity = match (&table.client_cert_file, &table.client_key_file) {
            (None, None) => Some(None),
            (Some(chain), Some(key)) => {
                self.expose(key);
                let read = |at: &At<FilePath>| {
                    let read = self.environment.read(&at.value);
                    read.map_err(|sentence| at.fault(sentence))
                };
                let identity = match (read(chain), read(key)) {
                    (Ok(chain_pem), Ok(key_pem)) => {
                        Identity::from_pem(&chain_pem, &key_pem).map_err(|s| chain.fault(s))
                    }
                    (Err(fault), Err(other)) => {
                        self.faults.push(other);
                        Err(fault)
                    }
                    (Err(fault), _) | (_, Err(fault)) => Err(fault),
                };
                self.ok(identity).map(|identity| Some(identity.into()))
            }
            (Some(at), None) => {
                self.faults
                    .push(at.fault("needs client_key_file beside it"));
                None
            }
            (None, Some(at)) => {
                self.faults
                    .push(at.fault("needs client_cert_file beside it"));
                None
            }
        };
        Some(ClientTls {
            roots: roots?,
            server_name: server_name?,
            insecure_skip_verify: table.insecure_skip_verify().value,
            min_version: table.min_version().value.0,
            identity: identity?,
        })
    }

    /// Compiles `connect_to`.
    pub(crate) fn connect_to(&mut self, at: Option<&At<String>>) -> Option<Option<HostPort>> {
        match at {
            None => Some(None),
            Some(at) => self.host_port(at).map(Some),
        }
    }

    fn host_port(&mut self, at: &At<String>) -> Option<HostPort> {
        let parsed = HostPort::parse(&at.value)
            .and_then(|to| check_host(&to.host).map(|()| to))
            .map_err(|sentence| at.fault(printable_long(&sentence)));
        self.ok(parsed)
    }

    fn tls(&mut self, table: &Tls) -> Option<What> {
        let port = table.port();
        self.at_least_one(&port, u32::from(u16::MAX));
        let expect = table.expect().value;
        let alpn = expect.alpn.as_ref();
        if let Some(at) = alpn
            && !(1..=255).contains(&at.value.len())
        {
            self.faults
                .push(at.fault("must be the name of a protocol, such as \"h2\""));
        }
        let connect_to = self.connect_to(table.connect_to.as_ref());
        let tls = self.client_tls(&table.tls().value, &table.probe);
        let at = table.host.as_ref()?;
        let host = check_host(&at.value).map_err(|sentence| at.fault(sentence));
        self.ok(host)?;
        let valid_for = expect.valid_for().value.0;
        Some(What::Tls(Box::new(TlsTarget {
            host: HostPort {
                host: at.value.to_ascii_lowercase(),
                port: u16::try_from(port.value).ok()?,
            },
            connect_to: connect_to?,
            tls: tls?,
            valid_for: (!valid_for.is_zero()).then_some(valid_for),
            alpn: alpn.map(|at| at.value.clone()),
        })))
    }

    fn tcp(&mut self, table: &Tcp) -> Option<What> {
        let at = table.address.as_ref()?;
        self.host_port(at).map(What::Tcp)
    }
}

/// The families of an endpoint.
fn families(probe: &Probe) -> Vec<Family> {
    let families = probe.families().value;
    families.iter().map(|family| family.value.0).collect()
}

/// Compiles a pattern.
pub(crate) fn pattern(at: &At<Pattern>) -> Result<Regex, Fault> {
    Regex::new(&at.value.0).map_err(|error| {
        // The crate draws a picture over several lines; the last one says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or("").trim();
        let last = last.strip_prefix("error: ").unwrap_or(last);
        at.fault(format!("is not a regular expression: {}", printable(last)))
    })
}

fn check_host(host: &str) -> Result<(), String> {
    let literal = host.parse::<std::net::IpAddr>().is_ok();
    let printable_ascii = host.chars().all(|c| c.is_ascii_graphic());
    let odd = |c: char| "/@:?#[]\\%".contains(c);
    if literal || (printable_ascii && !host.contains(odd) && dns_name(host).is_ok()) {
        return Ok(());
    }
    let shown = shown_host(host);
    Err(format!("`{shown}` is not a host name or address"))
}

/// A host in a message: what stands before an @ may be a password.
fn shown_host(host: &str) -> String {
    match host.rsplit_once('@') {
        Some((_, host)) => printable(&format!("...@{host}")),
        None => printable(&links(host)),
    }
}
