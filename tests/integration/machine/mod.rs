//! The Debian package on a real Debian with a real systemd: installed, watched, starved, broken,
//! upgraded, purged.
//!
//! Needs root and Debian's packages; without them the tests fail and name what is missing.

mod boot;
mod cgroup;
mod disks;
mod overrides;
mod packages;
mod probing;
mod quick_start;
mod service;
mod sockets;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use self::boot::Machine;
use crate::support::daemon::value;
use crate::world::World;
use crate::world::answers::front;
use crate::world::namespace::must;
use crate::world::site::Answer;

/// The version that is installed first, and the one that it is upgraded to.
const FIRST: &str = "0.1.0-1";
const NEXT: &str = "0.2.0-1";

/// Two networks that are judged fast, as hosts of the world.
const QUICK: &str = r#"vantage = "machine"

[uplink]
enabled = false

[probe]
interval = "1s"
recheck_interval = "200ms"
down_interval = "200ms"

[network.x]
[[network.x.http]]
name = "web"
url = "https://x.com/"

[network.y]
[[network.y.http]]
name = "web"
url = "https://bsky.app/"

[[group]]
name = "crisis"
networks = ["x", "y"]
preempt_delay = "1s"
"#;

/// A machine in a world, with the package installed.
struct Scene {
    // Dropped in this order.
    machine: Machine,
    world: World,
}

impl Scene {
    /// The package as it is after `dpkg -i`.
    fn installed() -> Self {
        let world = World::start();
        let machine = Machine::boot(&world);
        machine.install(FIRST);
        Self { machine, world }
    }

    /// The package with a configuration of the test's own, its first rounds done.
    fn running(config: &str) -> Self {
        let scene = Self::installed();
        scene.machine.write("/etc/bascule/config.toml", config);
        scene.machine.run("systemctl restart bascule.service");
        scene.machine.is_judging();
        scene
    }

    /// Whether x answers as it should.
    fn x_is_well(&mut self, well: bool) {
        let answer = match well {
            true => front("X"),
            false => Answer::status(503),
        };
        self.world.set_http([("x.com", "/", answer)]);
    }

    /// Waits until x is judged to be in this state.
    #[track_caller]
    fn x_is(&self, state: &str) {
        let series = format!("bascule_network_state{{network=\"x\",state=\"{state}\"}}");
        self.machine.until(&format!("x is {state}"), || {
            let metrics = self.machine.scrape()?;
            match value(&metrics, &series) {
                Some(1.0) => Ok(()),
                now => Err(format!("{series} is {now:?}")),
            }
        });
    }

    /// Makes x go down and come back, once.
    fn an_outage_of_x(&mut self) {
        self.x_is_well(false);
        self.x_is("down");
        self.x_is_well(true);
        self.x_is("up");
    }
}

impl Machine {
    /// Installs the package of a version, as an administrator does.
    fn install(&self, version: &str) {
        let package = std::fs::read(package(version)).expect("the package can be read");
        self.write("/tmp/package.deb", package);
        self.run("dpkg --install /tmp/package.deb && rm /tmp/package.deb");
    }

    /// An answer of the daemon's listener, asked from inside.
    fn scrape(&self) -> Result<String, String> {
        self.get("/metrics")
    }

    fn get(&self, path: &str) -> Result<String, String> {
        let url = format!("http://127.0.0.1:10110{path}");
        let done = self.attempt(&format!("curl -sS --fail --max-time 10 '{url}'"));
        match done.code {
            0 => Ok(done.stdout),
            _ => Err(done.stderr),
        }
    }

    #[track_caller]
    fn metrics(&self) -> String {
        self.until("the listener answers", || self.scrape())
    }

    /// A document of the API.
    #[track_caller]
    fn document(&self, path: &str) -> Value {
        let text = self.until("the listener answers", || self.get(path));
        serde_json::from_str(&text).expect("a document is JSON")
    }

    /// Waits until every endpoint has had a round.
    #[track_caller]
    fn is_judging(&self) {
        self.until("the daemon is ready", || self.get("/readyz"));
    }

    /// Waits until the status of the service, which `systemctl status` shows, is as wanted.
    #[track_caller]
    fn says(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.until(&format!("the status says {what}"), || {
            let status = self.property("StatusText");
            match wanted(&status) {
                true => Ok(status),
                false => Err(status),
            }
        })
    }

    /// How often systemd has started the service by itself.
    fn restarts(&self) -> u32 {
        let restarts = self.property("NRestarts");
        restarts.parse().expect("NRestarts is a number")
    }
}

/// Fails if a counter of the first scrape is lower in the second, or gone.
#[track_caller]
fn no_counter_goes_back(before: &str, after: &str) {
    let after = counters(after);
    for (series, was) in counters(before) {
        match after.get(series) {
            Some(is) if *is >= was => {}
            is => panic!("{series} was {was} and is {is:?}"),
        }
    }
}

/// The counters that outlive a process, by series.
fn counters(metrics: &str) -> BTreeMap<&str, f64> {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("bascule_"))
        .filter_map(|line| line.rsplit_once(' '));
    lines
        .filter(|(series, _)| {
            let name = series.split('{').next().unwrap_or_default();
            ["_total", "_bucket", "_count", "_sum"]
                .iter()
                .any(|ending| name.ends_with(ending))
        })
        .map(|(series, value)| (series, value.parse().unwrap()))
        .collect()
}

/// The outages of x that were counted.
fn outages(metrics: &str) -> f64 {
    let series = "bascule_network_outages_total{layer=\"http\",network=\"x\"}";
    value(metrics, series).expect("outages are counted")
}

/// The package of what was built for this test, made once for each version.
fn package(version: &str) -> PathBuf {
    static MADE: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(|poison| poison.into_inner());
    if let Some(path) = made.get(version) {
        return path.clone();
    }
    let output = must(
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/package"))
            .arg(version)
            .env("BASCULE_BINARY", env!("CARGO_BIN_EXE_bascule")),
    );
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    made.insert(version.to_owned(), path.clone());
    path
}
