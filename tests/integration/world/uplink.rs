//! It is us: the prober's own connection is cut under load, in every way a connection can end, and
//! nothing fails over.

use std::time::Duration;

use bascule::model::Reason;
use serde_json::Value;

use super::namespace::until;
use super::scenarios::impatient;
use super::vantage::{Fault, Vantage};
use super::*;

/// Longer than it takes for everything that was known to be out of date (three intervals of 3 s
/// and the longest timeout of the catalog, 15 s), as Prometheus sees it.
const CUT: f64 = 35.0;

const PATIENCE: Duration = Duration::from_secs(90);

/// A vantage as Prometheus sees it.
struct Eye<'a> {
    prometheus: &'a Prometheus,
    name: &'static str,
}

impl Eye<'_> {
    /// The sum of the series of a metric, with further labels; 0 if there is none.
    fn sum(&self, metric: &str, labels: &str) -> f64 {
        let series = self.series(metric, labels);
        self.prometheus
            .query(&format!("sum({series})"))
            .first()
            .map_or(0.0, |sample| sample.value)
    }

    /// The greatest value that a metric has had at any scrape so far.
    fn ever(&self, metric: &str, labels: &str) -> f64 {
        let series = self.series(metric, labels);
        self.prometheus
            .number(&format!("max(max_over_time({series}[30m]))"))
    }

    /// Failures counted so far at the layers at which a cut is felt.
    fn failures(&self) -> BTreeSet<String> {
        let series = self.series("probe_failures_total", "layer=~\"dns|tcp\"");
        let samples = self.prometheus.query(&format!("{series} > 0"));
        let told = samples.iter().map(|sample| {
            let [network, endpoint, reason] =
                ["network", "endpoint", "reason"].map(|label| sample.label(label));
            format!("{network}/{endpoint} {reason} {}", sample.value)
        });
        told.collect()
    }

    fn series(&self, metric: &str, labels: &str) -> String {
        let vantage = self.name;
        format!("bascule_{metric}{{vantage=\"{vantage}\",{labels}}}")
    }

    /// How many networks and how many endpoints are in a state.
    fn count(&self, state: &str) -> (f64, f64) {
        let labels = format!("state=\"{state}\"");
        (
            self.sum("network_state", &labels),
            self.sum("endpoint_state", &labels),
        )
    }

    fn uplink(&self, family: &str) -> f64 {
        self.sum("uplink_up", &format!("family=\"{family}\""))
    }

    fn active(&self) -> String {
        let series = self.series("group_active", "group=\"default\"");
        let active = self.prometheus.labels(&format!("{series} == 1"), "network");
        active.into_iter().collect()
    }

    /// Waits until everything is up and the uplink is proven for both families.
    fn is_well(&self, vantage: &Vantage, endpoints: f64) {
        until(PATIENCE, "everything is up", || {
            let now = (self.count("up"), self.uplink("ipv4"), self.uplink("ipv6"));
            let well = ((3.0, endpoints), 1.0, 1.0);
            let (missing, said) = (self.count("unknown"), vantage.said());
            let told = || format!("{} {now:?}, unknown {missing:?}\n{said}", self.name);
            (now == well).then_some(()).ok_or_else(told)
        });
    }
}

#[test]
fn a_cut_uplink_a_dead_resolver_and_a_lost_family_switch_nothing() {
    let world = World::start();
    let networks = ["x", "bluesky", "mastodon"].map(str::to_owned);
    let config = impatient(&networks);
    let endpoints = catalog::entries()
        .iter()
        .filter(|entry| entry.enabled && networks.contains(&entry.network))
        .count() as f64;
    let mut vantages: Vec<Vantage> = Fault::ALL.map(|fault| Vantage::new(&world, fault)).into();
    for vantage in &mut vantages {
        vantage.start(&config);
    }
    let addresses: Vec<String> = vantages.iter().map(Vantage::address).collect();
    let daemons: Vec<(&str, &str)> = std::iter::zip(&vantages, &addresses)
        .map(|(vantage, address)| (vantage.fault.name(), address.as_str()))
        .collect();
    let folder = world.folder.path();
    let prometheus = Prometheus::watching(Rc::clone(&world.namespace), folder, &daemons);
    let eye = |vantage: &Vantage| Eye {
        prometheus: &prometheus,
        name: vantage.fault.name(),
    };
    for vantage in &vantages {
        eye(vantage).is_well(vantage, endpoints);
    }
    let inconclusive = |vantage: &Vantage| {
        let eye = eye(vantage);
        eye.sum("rounds_total", "verdict=\"inconclusive\"")
    };
    let before: Vec<f64> = vantages.iter().map(inconclusive).collect();

    vantages.iter_mut().for_each(Vantage::cut);
    for vantage in &vantages {
        lasts(&eye(vantage), vantage, endpoints);
    }
    // The rounds of the time tell why they are no evidence.
    let provider = &vantages[Fault::Provider as usize];
    let reason = last_reason(&world, provider);
    assert_eq!(reason, Reason::LocalUplink.as_str());
    for fault in [Fault::ResolverStopped, Fault::ResolverKilled] {
        let reason = last_reason(&world, &vantages[fault as usize]);
        assert_eq!(reason, Reason::LocalResolver.as_str());
    }

    vantages.iter_mut().for_each(Vantage::mend);
    for (vantage, before) in std::iter::zip(&vantages, before) {
        let eye = eye(vantage);
        eye.is_well(vantage, endpoints);
        nothing_has_happened(&eye, vantage);
        if vantage.fault != Fault::Ipv6 {
            let grown = inconclusive(vantage) - before;
            assert!(grown > endpoints, "{}: only {grown}", eye.name);
        }
    }
}

/// Waits until the fault has lasted, and looks at everything while it does.
fn lasts(eye: &Eye, vantage: &Vantage, endpoints: f64) {
    let (metric, labels) = match vantage.fault {
        Fault::Ipv6 => (
            "uplink_state_seconds_total",
            "family=\"ipv6\",state=\"down\"",
        ),
        fault if fault.is_of_the_resolver() => (
            "network_state_seconds_total",
            "network=\"x\",state=\"unknown\"",
        ),
        _ => (
            "uplink_state_seconds_total",
            "family=\"any\",state=\"down\"",
        ),
    };
    until(PATIENCE, "it lasts", || {
        let lasted = eye.sum(metric, labels);
        let told = || {
            let states = ["up", "unknown", "degraded", "down"].map(|state| eye.count(state));
            format!(
                "{} for {lasted} s, {states:?}\n{}",
                eye.name,
                vantage.said()
            )
        };
        (lasted >= CUT).then_some(()).ok_or_else(told)
    });
    let name = eye.name;
    let (states, uplink, line) = match vantage.fault {
        Fault::Ipv6 => (
            ("up", (3.0, endpoints)),
            [1.0, 1.0, 0.0],
            "IPv6 of this machine does not work: what fails over it counts against nobody",
        ),
        fault if fault.is_of_the_resolver() => (
            ("unknown", (3.0, endpoints)),
            [1.0, 1.0, 1.0],
            "nothing can be judged from here: ",
        ),
        fault => (
            ("unknown", (3.0, endpoints)),
            [0.0, 0.0, 0.0],
            match fault {
                Fault::Provider => concat!(
                    "it is us: no canary answers and no network, so nothing is judged and no ",
                    "group switches until something does; our gateway answers, so it is the ",
                    "provider's line"
                ),
                _ => concat!(
                    "it is us: no canary answers and no network, so nothing is judged and no ",
                    "group switches until something does"
                ),
            },
        ),
    };
    assert_eq!((states.0, eye.count(states.0)), states, "{name}");
    assert_eq!(
        ["any", "ipv4", "ipv6"].map(|f| eye.uplink(f)),
        uplink,
        "{name}"
    );
    let frozen = eye.sum("group_frozen", "group=\"default\"");
    assert_eq!(frozen, 1.0 - uplink[0], "{name}");
    assert_eq!(eye.active(), "x", "{name}");
    let said = vantage.said();
    assert_eq!(eye.failures(), set([]), "{name}:\n{said}");
    assert_eq!(said.matches(line).count(), 1, "{name}:\n{said}");
}

/// Nothing was held against anybody, at any scrape.
fn nothing_has_happened(eye: &Eye, vantage: &Vantage) {
    let name = eye.name;
    let said = vantage.said();
    assert_eq!(
        eye.ever("network_state", "state=\"down\""),
        0.0,
        "{name}:\n{said}"
    );
    assert_eq!(
        eye.ever("endpoint_state", "state=\"down\""),
        0.0,
        "{name}:\n{said}"
    );
    assert_eq!(
        eye.ever("network_state", "state=\"degraded\""),
        0.0,
        "{name}:\n{said}"
    );
    assert_eq!(
        eye.ever("group_active", "network!=\"x\",network!=\"none\""),
        0.0,
        "{name}"
    );
    assert_eq!(eye.active(), "x", "{name}");
    assert_eq!(eye.sum("group_activations_total", ""), 1.0, "{name}");
    assert_eq!(eye.sum("network_outages_total", ""), 0.0, "{name}");
    assert!(!said.contains(" is down"), "{name}:\n{said}");
    let end = match vantage.fault {
        Fault::Ipv6 => return,
        fault if fault.is_of_the_resolver() => "networks can be judged again",
        _ => "our own connection works again",
    };
    assert_eq!(said.matches(end).count(), 1, "{name}:\n{said}");
}

/// The reason of the last round of X's front.
fn last_reason(world: &World, vantage: &Vantage) -> String {
    let url = format!("http://{}:10110/api/v1/endpoints/x/web", vantage.address());
    let page = world.curl(&[&url]).expect("it answers");
    let page: Value = serde_json::from_str(&page).expect("JSON");
    let reason = page["rounds"][0]["reason"].as_str();
    reason.unwrap_or_else(|| panic!("{page}")).to_owned()
}
