//! Who may come in, and how: what the web configuration file means, and the gate that holds the
//! one in force.
//!
//! The file is read in `config`; here is what it comes to. A reload swaps the whole of it in one
//! step. Connections made under another one end with the answer that is being made, and a request
//! that comes in on one later is refused where the handshake matters: a client whose certificate
//! is no longer good must not stay on a connection that it kept.

mod change;
mod clients;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod guard;
mod headers;
mod queue;
mod rate;
#[cfg(test)]
mod tests;
mod tls;
mod users;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

pub use change::Change;
pub(super) use guard::{Guard, Refused};
pub use headers::Headers;
pub use rate::Rate;
pub use tls::{Cipher, ClientAuth, Curve, Tls, TlsFault, TlsParts, Version};
pub use users::{Hash, Users};

/// Who is served at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Prometheus and the people who run this daemon: everything, for those who may come in.
    Private,
    /// Everybody: no metrics, no reload, no targets.
    Public,
}

/// What a web configuration file means. Without one, everybody comes in and nothing is encrypted.
#[derive(Clone, Default)]
pub struct Access {
    /// How connections are encrypted; `None`: they are not.
    pub tls: Option<Tls>,
    /// What the operator wishes in the head of every answer.
    pub headers: Headers,
    /// Who has to say who they are; nobody, if there are none.
    pub users: Users,
    /// How many requests all clients of the private listeners have together.
    pub rate: Option<Rate>,
    /// Tells one configuration from another: made of every byte that was read for it.
    pub fingerprint: [u8; 32],
}

impl Access {
    /// Whether somebody has to prove who they are before they are answered.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        !self.users.is_empty() || self.tls.as_ref().is_some_and(Tls::knows_its_clients)
    }

    /// What a private listener at this address needs and lacks, if others than this machine reach
    /// it. `or` is what would do instead.
    #[must_use]
    pub fn lack_at(&self, address: SocketAddr, or: &str) -> Option<String> {
        if address.ip().to_canonical().is_loopback() {
            None
        } else if !self.is_guarded() {
            Some(format!(
                "everybody who can reach `{address}` reads everything: name a config_file with \
                 basic_auth_users or client certificates, or {or}"
            ))
        } else if self.tls.is_none() {
            Some(format!(
                "passwords travel to `{address}` in the clear, and whoever is on the way reads \
                 them: add tls_server_config to the config_file, or {or}"
            ))
        } else {
            None
        }
    }

    /// Whether a connection that was opened under other rules is worth nothing under these: they
    /// ask for other certificates, or for encryption, and the handshake is over.
    pub(super) fn outdates(&self, met: &Self) -> bool {
        match (&self.tls, &met.tls) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(tls), Some(met)) => tls.asks_otherwise_than(met),
        }
    }
}

/// Two that were read from the same bytes are the same.
impl PartialEq for Access {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Access {}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("tls", &self.tls)
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

/// What a reload can change at the listeners.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What the web configuration file means.
    pub access: Access,
    /// `POST /-/reload` works.
    pub enable_lifecycle: bool,
    /// URLs and addresses on public pages.
    pub show_targets: bool,
}

/// The rules in force. Cheap to clone; all clones are one gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    access: watch::Sender<Arc<Access>>,
    enable_lifecycle: AtomicBool,
    show_targets: AtomicBool,
    guard: Guard,
}

impl Gate {
    /// A gate with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(Inner {
            access: watch::Sender::new(Arc::new(rules.access)),
            enable_lifecycle: AtomicBool::new(rules.enable_lifecycle),
            show_targets: AtomicBool::new(rules.show_targets),
            guard: Guard::new(),
        }))
    }

    /// Puts other rules in force. A web configuration that says what the old one says changes
    /// nothing, and nobody has to connect again. Gives what protects the listeners otherwise than
    /// before.
    #[must_use = "somebody should be told"]
    pub fn adopt(&self, rules: Rules) -> Option<Change> {
        let Rules {
            access,
            enable_lifecycle,
            show_targets,
        } = rules;
        self.0
            .enable_lifecycle
            .store(enable_lifecycle, Ordering::Relaxed);
        self.0.show_targets.store(show_targets, Ordering::Relaxed);
        let mut change = None;
        self.0.access.send_if_modified(|running| {
            let other = **running != access;
            if other {
                change = Change::between(running, &access);
                self.0.guard.keep_only(&access.users);
                *running = Arc::new(access);
            }
            other
        });
        change
    }

    /// The web configuration in force, and word of the next one.
    pub(super) fn watch(&self) -> watch::Receiver<Arc<Access>> {
        self.0.access.subscribe()
    }

    /// Those rules, unless they protect less than the rules in force: the listeners stay open that
    /// were opened under these.
    #[must_use]
    pub fn no_wider(&self, rules: Rules) -> Rules {
        let now = self.access();
        let change = Change::between(&now, &rules.access);
        let access = if change.is_some_and(|change| change.weaker) {
            (*now).clone()
        } else {
            rules.access
        };
        Rules {
            access,
            show_targets: rules.show_targets && self.shows_targets(),
            ..rules
        }
    }

    pub(super) fn access(&self) -> Arc<Access> {
        Arc::clone(&self.0.access.borrow())
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.0.guard
    }

    pub(super) fn lifecycle(&self) -> bool {
        self.0.enable_lifecycle.load(Ordering::Relaxed)
    }

    pub(super) fn shows_targets(&self) -> bool {
        self.0.show_targets.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.access()).finish()
    }
}
