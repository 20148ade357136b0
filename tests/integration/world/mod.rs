//! A world of its own: a network namespace without a way out, in which a real bind9 answers for the
//! catalog's names, a real nginx for its hosts, and a real Prometheus scrapes a real bascule.
//!
//! Nothing of bascule is replaced. What differs from a machine on the Internet is resolv.conf, the
//! trusted authority (`SSL_CERT_FILE`) and the addresses on the namespace's own interface.
//! Needs root and Debian's packages; without them the tests fail and name what is missing.

mod alerting;
mod alerting_examples;
mod alerting_pair;
mod alerting_servers;
pub(crate) mod answers;
mod authority;
pub(crate) mod catalog;
mod itself;
mod names;
pub(crate) mod namespace;
mod prometheus;
mod scenarios;
pub(crate) mod site;
mod uplink;
mod vantage;
mod vantages;
mod vantages_late;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Output};
use std::rc::Rc;

use tempfile::TempDir;

use self::authority::{Authority, Left};
use self::names::Names;
use self::namespace::{Namespace, Process};
use self::prometheus::Prometheus;
use self::site::{Answer, Site};

/// The resolver of the world. Its addresses are global ones by every rule, and no public service's.
const NAMESERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(11, 0, 0, 53));

/// Names, pages and a namespace around them; all of it gone when dropped.
pub(crate) struct World {
    // Dropped in this order: servers, then the namespace, then the files.
    names: Names,
    site: Site,
    authority: Authority,
    namespace: Rc<Namespace>,
    folder: TempDir,
    addresses: BTreeMap<String, Vec<IpAddr>>,
}

impl World {
    /// A world in which everything the catalog names is in good health.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("world-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder can be made");
        let hosts = catalog::hosts();
        let addresses: BTreeMap<String, Vec<IpAddr>> = (1..)
            .zip(&hosts)
            .map(|(number, host)| (host.clone(), addresses_of(number, host)))
            .collect();
        let namespace = Rc::new(Namespace::new(NAMESERVER));
        namespace.add([NAMESERVER]);
        namespace.add(addresses.values().flatten().copied());
        namespace.add(catalog::literals());
        namespace.add(canaries());
        let authority = Authority::new(folder.path());
        for host in &hosts {
            authority.issue(host, Left::Months);
        }
        let names = Names::start(&namespace, folder.path(), NAMESERVER, addresses.clone());
        let site = Site::start(&namespace, folder.path(), answers::healthy(&hosts));
        Self {
            names,
            site,
            authority,
            namespace,
            folder,
            addresses,
        }
    }

    /// The addresses of a host.
    pub(crate) fn addresses(&self, host: &str) -> &[IpAddr] {
        self.addresses
            .get(host)
            .unwrap_or_else(|| panic!("the world has no host {host}"))
    }

    /// What `ip` calls the namespace.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// The file with the authority's certificate.
    pub(crate) fn roots(&self) -> std::path::PathBuf {
        self.authority.roots()
    }

    /// Changes what paths answer, all at once.
    pub(crate) fn set_http(
        &mut self,
        changes: impl IntoIterator<Item = (&'static str, &'static str, Answer)>,
    ) {
        for (host, path, answer) in changes {
            self.site.set(host, path, answer);
        }
        self.site.reload(&self.namespace);
    }

    /// Gives a host a certificate that expired three days ago.
    pub(crate) fn expire_certificate(&mut self, host: &str) {
        self.authority.issue(host, Left::None);
        self.site.reload(&self.namespace);
    }

    /// Makes the resolver answer SERVFAIL for a domain and all below it.
    pub(crate) fn dns_servfail(&mut self, domain: &str) {
        self.names.set_broken(&self.namespace, domain, true);
    }

    /// Mends the domain.
    fn dns_mend(&mut self, domain: &str) {
        self.names.set_broken(&self.namespace, domain, false);
    }

    /// Lets every packet to an address get lost.
    pub(crate) fn kill_address(&self, address: IpAddr) {
        self.namespace.remove(address);
    }

    /// Writes a file of the test's own; the answer is its path.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    }

    /// Starts bascule with these arguments.
    fn bascule(&self, arguments: &[&str]) -> Process {
        self.namespace.spawn(
            self.bascule_command().args(arguments),
            &self.folder.path().join("bascule.log"),
        )
    }

    /// A command of bascule that ends by itself.
    fn bascule_once(&self, arguments: &[&str]) -> Output {
        self.bascule_command()
            .args(arguments)
            .output()
            .expect("bascule starts")
    }

    fn bascule_command(&self) -> Command {
        assert!(
            !std::path::Path::new("/etc/bascule/config.toml").exists(),
            "this machine has an /etc/bascule/config.toml, so the built-in default cannot be tested"
        );
        let mut command = self.namespace.command(env!("CARGO_BIN_EXE_bascule"));
        command
            .env("SSL_CERT_FILE", self.authority.roots())
            // What it remembers must not outlive the world.
            .env("XDG_STATE_HOME", self.folder.path().join("state"));
        command
    }

    /// Starts Prometheus; returns when it has scraped a running bascule.
    fn prometheus(&self) -> Prometheus {
        Prometheus::start(Rc::clone(&self.namespace), self.folder.path())
    }

    /// Asks the resolver; the answer is its response code.
    fn dig(&self, name: &str, kind: &str) -> String {
        self.names.dig(&self.namespace, name, kind)
    }

    /// Runs curl with the world's authority; the answer is what it prints.
    fn curl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self
            .namespace
            .command("curl")
            .args(["--silent", "--show-error", "--max-time", "3", "--cacert"])
            .arg(self.authority.roots())
            .args(arguments)
            .output()
            .expect("curl starts");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

/// Two addresses of each family; X has none of IPv6, as in the real world.
/// The addresses of the canaries that are asked by default: nginx and bind9 play them, too.
fn canaries() -> Vec<IpAddr> {
    let loaded = bascule::config::load(&bascule::config::Source::BuiltIn);
    let canaries = loaded
        .expect("the default is valid")
        .settings
        .uplink
        .canaries;
    let addresses: BTreeSet<IpAddr> = canaries.iter().map(|c| c.address().ip()).collect();
    addresses.into_iter().collect()
}

fn addresses_of(number: u8, host: &str) -> Vec<IpAddr> {
    let v4 = [1, 2].map(|last| IpAddr::from(Ipv4Addr::new(11, 0, number, last)));
    let v6 = [1, 2].map(|last| {
        IpAddr::from(Ipv6Addr::new(
            0x2a0b,
            0,
            u16::from(number),
            0,
            0,
            0,
            0,
            last,
        ))
    });
    if names::domain_of(host) == "x.com" {
        v4.to_vec()
    } else {
        v4.into_iter().chain(v6).collect()
    }
}

/// A set of words, for comparison with what Prometheus says.
fn set<const N: usize>(items: [&str; N]) -> BTreeSet<String> {
    items.into_iter().map(str::to_owned).collect()
}
