//! A running daemon that watches four networks in a world of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bascule::host::clock::Clock;
use serde_json::Value;

use super::past;
use crate::support::daemon::Daemon;
use crate::support::waiting::until;
use crate::world::World;
use crate::world::namespace::{must, need};

/// Where the daemon listens, in its namespace.
pub(super) const PAGE: &str = "http://127.0.0.1:10110/";
/// Longest that a state is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// In order of preference: name, title, page.
const NETWORKS: [(&str, &str, &str); 4] = [
    ("x", "X", "x.com/"),
    ("bluesky", "Bluesky", "bsky.app/"),
    ("mastodon", "Mastodon", "mastodon.social/health"),
    ("threads", "Threads", "www.threads.com/"),
];

/// Whoever asks often sees what happens soon.
const OFTEN: &str = "[probe]
interval = \"1s\"
recheck_interval = \"300ms\"
down_interval = \"1s\"
timeout = \"5s\"
slow_after = \"5s\"
";

/// First rounds that wait for a connection as long as anybody looks.
pub(super) const PATIENT: &str = "[probe]
interval = \"4m\"
timeout = \"4m\"
connect_timeout = \"4m\"
slow_after = \"4m\"
";

pub(super) struct Scene {
    // Dropped in this order: the daemon, then what it watches.
    daemon: Option<Daemon>,
    /// The daemon finds a history.
    remembers: bool,
    pub(super) world: World,
}

impl Scene {
    /// A world in good health, and nobody who watches it.
    pub(super) fn empty() -> Self {
        Self {
            daemon: None,
            remembers: false,
            world: World::start(),
        }
    }

    /// The same, where whoever watches it will find the history of [`past`].
    pub(super) fn with_past() -> Self {
        Self {
            remembers: true,
            ..Self::empty()
        }
    }

    /// The same, watched by a daemon that has found everything up.
    pub(super) fn fine() -> Self {
        let mut scene = Self::with_past();
        scene.watch(OFTEN, "");
        scene.until_states(["up"; 4], Some("x"));
        scene.until_line("up");
        scene
    }

    /// Starts the daemon, with more of a configuration behind the networks.
    pub(super) fn watch(&mut self, probe: &str, more: &str) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config(probe) + more).expect("a file can be written");
        let state = folder.path().join("state");
        if self.remembers {
            let names = NETWORKS.map(|(name, ..)| name);
            past::remember(&state, &names, Clock::system().wall());
        }
        let child = self
            .inside(Path::new(env!("CARGO_BIN_EXE_bascule")))
            .args(["run", "--config"])
            .arg(&file)
            .env("SSL_CERT_FILE", self.world.roots())
            .env("STATE_DIRECTORY", &state)
            .env("NO_COLOR", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        self.daemon = Some(Daemon::watch(child, file, folder));
    }

    /// The same with the rounds of [`OFTEN`].
    pub(super) fn watch_with(&mut self, more: &str) {
        self.watch(OFTEN, more);
    }

    /// The process of the daemon.
    pub(super) fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("it has been started").pid()
    }

    /// A command that will run in the namespace.
    pub(super) fn inside(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", self.world.namespace()])
            .args(["setpriv", "--pdeathsig", "TERM"])
            .arg(program)
            .stdin(Stdio::null());
        command
    }

    /// Every packet to a host gets lost.
    pub(super) fn falls_silent(&self, host: &str) {
        for address in self.world.addresses(host) {
            self.world.kill_address(*address);
        }
    }

    /// Cuts the only line that leads out of the prober: nobody beyond loopback is there any more.
    pub(super) fn cut(&self) {
        for command in ["link set world0 down", "address flush dev world0"] {
            let mut ip = Command::new("ip");
            ip.args(["-netns", self.world.namespace()]);
            must(ip.args(command.split(' ')));
        }
    }

    /// Waits until the networks are in these states, and the group has this active network.
    pub(super) fn until_states(&self, states: [&str; 4], active: Option<&str>) {
        self.until("these states", |status| {
            let found = NETWORKS.map(|(name, _, _)| state_of(status, name));
            found == states && status["groups"][0]["active"].as_str() == active
        });
    }

    /// Waits until our own connection is judged so, in both families.
    pub(super) fn until_line(&self, state: &str) {
        self.until("our own connection", |status| {
            let states = ["state", "ipv4", "ipv6"];
            states.iter().all(|it| status["uplink"][it] == state)
        });
    }

    /// Waits until every endpoint had its first round, also where states do not tell.
    pub(super) fn until_ready(&self) {
        until(PATIENCE, "the first rounds", || {
            let output = self
                .inside(&need("curl", "curl"))
                .args(["--silent", "--max-time", "10"])
                .arg(format!("{PAGE}readyz"))
                .output()
                .expect("curl starts");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (said == "ready\n").then_some(()).ok_or(said)
        });
    }

    /// Waits until `/status.json` says so.
    fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        let daemon = self.daemon.as_ref().expect("it has been started");
        until(PATIENCE, what, || {
            let status = self.status();
            let told = || format!("{status:#}\n{}", daemon.log());
            is_so(&status).then_some(()).ok_or_else(told)
        });
    }

    fn status(&self) -> Value {
        let output = self
            .inside(&need("curl", "curl"))
            .args(["--silent", "--show-error", "--max-time", "10"])
            .arg(format!("{PAGE}status.json"))
            .output()
            .expect("curl starts");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("/status.json: {fault}; curl says: {said}")
        })
    }
}

fn state_of<'a>(status: &'a Value, name: &str) -> &'a str {
    let networks = status["networks"].as_array().expect("networks");
    let network = networks.iter().find(|it| it["name"] == name);
    let state = network.and_then(|it| it["state"].as_str());
    state.unwrap_or_else(|| panic!("no {name}: {status:#}"))
}

fn config(probe: &str) -> String {
    let networks = NETWORKS.map(|(name, title, page)| {
        format!(
            "[network.{name}]\ntitle = \"{title}\"\nprofile = \"https://{name}.example/metropole\"\n\
             [[network.{name}.http]]\nname = \"web\"\nurl = \"https://{page}\"\n"
        )
    });
    let names = NETWORKS
        .map(|(name, _, _)| format!("\"{name}\""))
        .join(", ");
    format!(
        "vantage = \"rennes-1\"\n[web]\nlisten = [\"127.0.0.1:10110\"]\n{probe}{}\
         [[group]]\nname = \"crisis\"\nnetworks = [{names}]\n\
         last_resort = \"https://metropole.example/sms\"\n",
        networks.concat()
    )
}
