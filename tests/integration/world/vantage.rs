//! A prober with an uplink that can be cut: a namespace of its own, joined to the world by a link
//! like a household's, and by a second one over which Prometheus looks on whatever happens.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use super::namespace::{Namespace, Process};
use super::*;

/// What is wrong between the prober and the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The other end of the cable is pulled.
    Cable,
    /// The prober's own interface is down.
    Interface,
    /// The gateway answers, and beyond it every packet is lost.
    Provider,
    /// The default routes are gone.
    Route,
    /// The resolver next door is stopped: it takes questions and answers none.
    ResolverStopped,
    /// The resolver next door is gone: its port is closed.
    ResolverKilled,
    /// Every packet of IPv6 is lost.
    Ipv6,
}

impl Fault {
    pub(super) const ALL: [Self; 7] = [
        Self::Cable,
        Self::Interface,
        Self::Provider,
        Self::Route,
        Self::ResolverStopped,
        Self::ResolverKilled,
        Self::Ipv6,
    ];

    /// The name of the vantage that will meet it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cable => "cable",
            Self::Interface => "interface",
            Self::Provider => "provider",
            Self::Route => "route",
            Self::ResolverStopped => "resolver-stopped",
            Self::ResolverKilled => "resolver-killed",
            Self::Ipv6 => "ipv6",
        }
    }

    pub(super) const fn is_of_the_resolver(self) -> bool {
        matches!(self, Self::ResolverStopped | Self::ResolverKilled)
    }
}

/// A prober, and what it will be put through.
pub(super) struct Vantage {
    // Dropped in this order: processes, then the namespace.
    bascule: Option<Process>,
    names: Option<Names>,
    namespace: Namespace,
    world: Rc<Namespace>,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    roots: PathBuf,
    pub(super) fault: Fault,
    name: &'static str,
    number: usize,
    folder: PathBuf,
}

/// What a vantage has to be told apart from the others of its world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) name: &'static str,
    /// Unique in its world, from 1.
    pub(super) number: usize,
}

impl Vantage {
    /// Joins a prober to the world, named after what it will meet.
    pub(super) fn new(world: &World, fault: Fault) -> Self {
        let place = Place {
            name: fault.name(),
            number: 1 + fault as usize,
        };
        Self::at(world, place, fault)
    }

    /// Joins a prober to the world.
    pub(super) fn at(world: &World, place: Place, fault: Fault) -> Self {
        let number = place.number;
        let resolver = match fault.is_of_the_resolver() {
            true => IpAddr::V4(Ipv4Addr::LOCALHOST),
            false => NAMESERVER,
        };
        let namespace = Namespace::bare(resolver);
        let name = namespace.name();
        world.namespace.batch(&format!(
            "link add uplink{number} type veth peer name uplink netns {name}\n\
             link add lan{number} type veth peer name lan netns {name}\n\
             address add 172.16.{number}.1/24 dev lan{number}\n\
             link set lan{number} up\n"
        ));
        namespace.batch(&format!(
            "address add 172.16.{number}.2/24 dev lan\nlink set lan up\n"
        ));
        let folder = world.folder.path().join(place.name);
        std::fs::create_dir(&folder).expect("a folder can be made");
        let mut this = Self {
            bascule: None,
            names: None,
            namespace,
            world: Rc::clone(&world.namespace),
            hosts: world.addresses.clone(),
            roots: world.authority.roots(),
            fault,
            name: place.name,
            number,
            folder,
        };
        this.plug_in();
        this.start_resolver();
        this
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Where its bascule is reached whatever becomes of its uplink.
    pub(super) fn address(&self) -> String {
        format!("172.16.{}.2", self.number)
    }

    /// Starts bascule with this configuration.
    pub(super) fn start(&mut self, config: &str) {
        let address = self.address();
        let file = self.folder.join("config.toml");
        let config =
            format!("[web]\nlisten = [\"{address}:10110\", \"127.0.0.1:10110\"]\n{config}");
        std::fs::write(&file, config).expect("a file can be written");
        let mut command = self.namespace.command(env!("CARGO_BIN_EXE_bascule"));
        command
            .env("SSL_CERT_FILE", &self.roots)
            .env("STATE_DIRECTORY", self.folder.join("state"))
            .env("NO_COLOR", "1")
            .args(["run", "--config"])
            .arg(&file);
        let log = self.folder.join("bascule.log");
        self.bascule = Some(self.namespace.spawn(&mut command, &log));
    }

    /// What its bascule has said.
    pub(super) fn said(&self) -> String {
        let bascule = self.bascule.as_ref().expect("it has been started");
        bascule.said()
    }

    /// Kills its bascule without a chance to say anything.
    pub(super) fn kill(&mut self) {
        let bascule = self.bascule.as_mut().expect("it has been started");
        bascule.signal("KILL");
    }

    /// Starts another program beside it; what that says goes to a file of this name.
    pub(super) fn spawn(&self, program: &Path, arguments: &[String], name: &str) -> Process {
        let mut command = self.namespace.command(program);
        let log = self.folder.join(format!("{name}.log"));
        self.namespace.spawn(command.args(arguments), &log)
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the world is, as seen through its uplink.
    pub(super) fn central(&self) -> String {
        format!("192.168.{}.1", self.number)
    }

    /// Lets every packet from these addresses of IPv4 get lost on the way to this vantage alone.
    pub(super) fn lose(&self, addresses: &[IpAddr]) {
        self.rules("add", addresses);
    }

    /// Undoes that.
    pub(super) fn find(&self, addresses: &[IpAddr]) {
        self.rules("del", addresses);
    }

    fn rules(&self, verb: &str, addresses: &[IpAddr]) {
        let number = self.number;
        let mut commands = String::new();
        for address in addresses {
            let _ = writeln!(
                commands,
                "rule {verb} pref 50 from {address} to 192.168.{number}.2 blackhole"
            );
        }
        self.world.batch(&commands);
    }

    /// Lets it happen.
    pub(super) fn cut(&mut self) {
        let number = self.number;
        let world = &self.world;
        let lose_ipv6 = format!("route add blackhole fd00:0:0:{number}::2/128\n");
        match self.fault {
            Fault::Cable => world.batch(&format!("link set uplink{number} down\n")),
            Fault::Interface => self.namespace.batch("link set uplink down\n"),
            Fault::Provider => world.batch(&format!(
                "rule add pref 100 from 192.168.{number}.1 to 192.168.{number}.2 lookup main\n\
                 rule add pref 101 to 192.168.{number}.2 blackhole\n\
                 {lose_ipv6}"
            )),
            Fault::Route => self
                .namespace
                .batch("route del 0.0.0.0/0\nroute del ::/0\n"),
            Fault::ResolverStopped => self.resolver().signal("STOP"),
            Fault::ResolverKilled => self.resolver().signal("KILL"),
            Fault::Ipv6 => world.batch(&lose_ipv6),
        }
    }

    /// Makes everything as it was.
    pub(super) fn mend(&mut self) {
        let number = self.number;
        let world = &self.world;
        let find_ipv6 = format!("route del blackhole fd00:0:0:{number}::2/128\n");
        match self.fault {
            Fault::Cable | Fault::Interface | Fault::Route => self.plug_in(),
            Fault::Provider => world.batch(&format!(
                "rule del pref 100 from 192.168.{number}.1 to 192.168.{number}.2 lookup main\n\
                 rule del pref 101 to 192.168.{number}.2 blackhole\n\
                 {find_ipv6}"
            )),
            Fault::ResolverStopped => self.resolver().signal("CONT"),
            Fault::ResolverKilled => self.start_resolver(),
            Fault::Ipv6 => world.batch(&find_ipv6),
        }
    }

    /// Links, addresses and routes of the uplink, as far as they are not there.
    fn plug_in(&self) {
        let number = self.number;
        // An interface that goes down loses its addresses of IPv6 and its routes.
        self.world.batch(&format!(
            "link set uplink{number} up\n\
             address replace 192.168.{number}.1/24 dev uplink{number}\n\
             address replace fd00:0:0:{number}::1/64 dev uplink{number} nodad\n"
        ));
        self.namespace.batch(&format!(
            "link set uplink up\n\
             address replace 192.168.{number}.2/24 dev uplink\n\
             address replace fd00:0:0:{number}::2/64 dev uplink nodad\n\
             route replace 0.0.0.0/0 via 192.168.{number}.1\n\
             route replace ::/0 via fd00:0:0:{number}::1\n"
        ));
    }

    /// The resolver next door, if the prober has one.
    fn start_resolver(&mut self) {
        if !self.fault.is_of_the_resolver() {
            return;
        }
        self.names = None;
        let folder = self.folder.join("names");
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let hosts = self.hosts.clone();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.names = Some(Names::start(&self.namespace, &folder, here, hosts));
    }

    fn resolver(&self) -> &Names {
        self.names.as_ref().expect("it has a resolver of its own")
    }
}
