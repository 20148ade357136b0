//! An endpoint of any kind, as the file says it: what the four tables have in common.

use super::decode::Table;
use super::fault::At;
use super::file::{Common, Dns, Http, Network, Probe, Tcp, Tls};
use super::values::Label;
use crate::model::Kind;

/// An endpoint of any kind.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// A URL.
    Http(Box<Http>),
    /// A host that speaks TLS.
    Tls(Box<Tls>),
    /// A port.
    Tcp(Box<Tcp>),
    /// A question.
    Dns(Box<Dns>),
}

/// Does the same with the table of every kind.
macro_rules! each_kind {
    ($endpoint:expr, $table:ident => $do:expr) => {
        match $endpoint {
            Self::Http($table) => $do,
            Self::Tls($table) => $do,
            Self::Tcp($table) => $do,
            Self::Dns($table) => $do,
        }
    };
}

impl Endpoint {
    /// Which kind.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Http(_) => Kind::Http,
            Self::Tls(_) => Kind::Tls,
            Self::Tcp(_) => Kind::Tcp,
            Self::Dns(_) => Kind::Dns,
        }
    }

    /// The keys of every endpoint.
    pub(crate) fn common(&self) -> &Common {
        each_kind!(self, table => &table.common)
    }

    /// The keys of `[probe]`.
    pub(crate) fn probe(&self) -> &Probe {
        each_kind!(self, table => &table.probe)
    }

    /// The key that says what is probed, and its value.
    pub(crate) const fn subject(&self) -> (&'static str, Option<&At<String>>) {
        match self {
            Self::Http(table) => ("url", table.url.as_ref()),
            Self::Tls(table) => ("host", table.host.as_ref()),
            Self::Tcp(table) => ("address", table.address.as_ref()),
            Self::Dns(table) => ("query", table.query.as_ref()),
        }
    }

    /// The host that it connects to; none for questions to name servers.
    pub(crate) fn host(&self) -> Option<String> {
        let subject = &self.subject().1?.value;
        let host = match self {
            Self::Http(_) => url::Url::parse(subject).ok()?.host_str()?.to_owned(),
            Self::Tls(_) => subject.clone(),
            Self::Tcp(_) => subject.rsplit_once(':')?.0.to_owned(),
            Self::Dns(_) => return None,
        };
        Some(host.to_ascii_lowercase())
    }

    /// The keys of `[probe]`, to change them.
    pub(crate) fn probe_mut(&mut self) -> &mut Probe {
        each_kind!(self, table => &mut table.probe)
    }

    /// Gives it a name that nobody wrote.
    pub(crate) fn rename(&mut self, name: String) {
        let name = At::default_of("name", Label(name));
        each_kind!(self, table => table.common.name = Some(name));
    }

    /// Lays another endpoint of the same kind over this one; false if the kinds differ.
    pub(crate) fn merge(&mut self, over: Self) -> bool {
        match (self, over) {
            (Self::Http(under), Self::Http(over)) => under.merge_table(*over),
            (Self::Tls(under), Self::Tls(over)) => under.merge_table(*over),
            (Self::Tcp(under), Self::Tcp(over)) => under.merge_table(*over),
            (Self::Dns(under), Self::Dns(over)) => under.merge_table(*over),
            _ => return false,
        }
        true
    }

    /// The endpoint with these values of the keys of `[probe]`, and the defaults of all others,
    /// wherever it says nothing itself.
    pub(crate) fn filled(self, probe: &Probe) -> Self {
        fn fill<T: Table>(mut defaults: T, table: T) -> T {
            defaults.merge_table(table);
            defaults
        }
        let probe = probe.clone();
        match self {
            Self::Http(t) => Self::Http(Box::new(fill(
                Http {
                    probe,
                    ..Table::defaults()
                },
                *t,
            ))),
            Self::Tls(t) => Self::Tls(Box::new(fill(
                Tls {
                    probe,
                    ..Table::defaults()
                },
                *t,
            ))),
            Self::Tcp(t) => Self::Tcp(Box::new(fill(
                Tcp {
                    probe,
                    ..Table::defaults()
                },
                *t,
            ))),
            Self::Dns(t) => Self::Dns(Box::new(fill(
                Dns {
                    probe,
                    ..Table::defaults()
                },
                *t,
            ))),
        }
    }

    /// Puts an instance in the place of `${instance}`, everywhere.
    pub(crate) fn expand(&mut self, instance: &str) {
        each_kind!(self, table => table.expand_table(instance));
    }

    /// Every key that is set, as lines of TOML: what it is, then what is special, then the
    /// keys of `[probe]`.
    pub(crate) fn lines(&self, out: &mut String) {
        self.common().own_lines("", out);
        each_kind!(self, table => table.own_lines("", out));
        self.probe().own_lines("", out);
    }
}

impl Network {
    /// Takes the endpoints of all kinds out, in the order of the file.
    pub(crate) fn take_endpoints(&mut self) -> Vec<At<Endpoint>> {
        let mut all = Vec::new();
        take(&mut all, self.http.take(), |t| Endpoint::Http(Box::new(t)));
        take(&mut all, self.tls.take(), |t| Endpoint::Tls(Box::new(t)));
        take(&mut all, self.tcp.take(), |t| Endpoint::Tcp(Box::new(t)));
        take(&mut all, self.dns.take(), |t| Endpoint::Dns(Box::new(t)));
        all.sort_by_key(|endpoint| endpoint.place.offset);
        all
    }
}

fn take<T>(
    all: &mut Vec<At<Endpoint>>,
    list: Option<At<Vec<At<T>>>>,
    wrap: impl Fn(T) -> Endpoint,
) {
    for item in list.into_iter().flat_map(|list| list.value) {
        all.push(At {
            value: wrap(item.value),
            place: item.place,
        });
    }
}
