//! What a round meets, by the phase and by what the endpoint itself expects.

mod samples;

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use super::chance::Chance;
use super::phase::Phase;
use super::round::{Met, Side, meet};
use crate::config::{Environment, Settings, load_text};
use crate::model::{Doubt, Families, Family};

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let environment = Environment::of_this_process();
    let text = "[network.x]\npreset = \"x\"\n[network.bluesky]\npreset = \"bluesky\"\n\
                [network.linkedin]\npreset = \"linkedin\"\n[network.matrix]\npreset = \"matrix\"\n\
                [network.own]\n[[network.own.tcp]]\nname = \"literal\"\naddress = \"192.0.2.7:25\"\n";
    let loaded = load_text("test", Path::new("/nowhere"), text, &environment);
    loaded.unwrap().settings
});

fn met(endpoint: &str, phase: &str, side: Side) -> Met {
    let mut endpoints = SETTINGS.endpoints.iter();
    let found = endpoints.find(|it| it.key.to_string() == endpoint);
    let what = Phase::parse(phase).unwrap().what;
    let mut chance = Chance::new(1, endpoint);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    meet(&found.unwrap().target, &what, side, &mut chance, now)
}

/// The verdict and its reason, as words.
fn of(endpoint: &str, phase: &str) -> String {
    words(&met(endpoint, phase, Side::Fine))
}

fn words(met: &Met) -> String {
    let verdict = met.verdict.as_str();
    match met.verdict.cause() {
        Some(cause) => format!("{verdict} {}", cause.reason),
        None => verdict.to_owned(),
    }
}

#[test]
fn the_endpoint_itself_decides_what_a_status_means() {
    for (endpoint, phase, verdict) in [
        ("x/web", "wall:403", "restricted wall_status"),
        ("x/web", "wall:429", "restricted wall_rate_limit"),
        ("x/web", "wall:999", "fail http_status"),
        ("linkedin/web", "wall:999", "restricted wall_status"),
        ("x/web", "http:401", "restricted wall_status"),
        ("x/api", "http:401", "fail content_json"),
        ("x/api", "http:522", "fail http_status"),
        ("x/web", "shell", "pass"),
        ("x/api", "shell", "fail http_status"),
        ("bluesky/appview", "shell", "fail content_json"),
        ("x/web", "empty", "fail content_empty"),
        ("bluesky/appview", "empty", "fail content_json"),
        ("x/dns", "http:503", "pass"),
        ("x/media", "http:503", "pass"),
    ] {
        assert_eq!(of(endpoint, phase), verdict, "{endpoint} {phase}");
    }
}

#[test]
fn a_fault_is_met_only_by_those_who_climb_that_far() {
    for (endpoint, phase, verdict) in [
        ("x/dns", "dns:empty", "fail dns_no_answer"),
        ("x/web", "dns:nxdomain", "fail dns_nxdomain"),
        ("own/literal", "dns:servfail", "pass"),
        ("x/dns", "tcp:drop", "pass"),
        ("x/media", "tcp:rst", "fail tcp_refused"),
        ("own/literal", "tls:expired", "pass"),
        ("linkedin/short-links", "tls:expired", "fail tls_expired"),
        (
            "linkedin/short-links",
            "tls:expires=2d",
            "slow tls_expiring",
        ),
        ("linkedin/short-links", "tls:expires=4d", "pass"),
        ("linkedin/short-links", "tls:extra_expired_chain", "pass"),
        ("x/web", "tls:mismatch", "fail tls_name_mismatch"),
        ("x/web", "tls:expires=2d", "pass"),
        ("x/web", "slow:5000", "pass"),
        ("x/web", "slow:6500", "slow slow"),
        ("x/web", "slow:8500", "fail http_timeout"),
        ("x/dns", "slow:2500", "fail dns_timeout"),
        ("linkedin/short-links", "slow:3500", "fail tls_timeout"),
        ("own/literal", "slow:3500", "fail tcp_timeout"),
        ("x/web", "tcp:drop0%", "pass"),
        ("x/web", "tcp:drop100%", "fail tcp_timeout"),
    ] {
        assert_eq!(of(endpoint, phase), verdict, "{endpoint} {phase}");
    }
}

#[test]
fn a_round_takes_as_long_as_its_limits_let_it() {
    let took = |endpoint, phase| met(endpoint, phase, Side::Fine).took.as_secs_f64();
    assert!((0.1..0.4).contains(&took("x/web", "ok")));
    assert!((3.0..3.1).contains(&took("x/web", "tcp:drop")));
    assert!((8.0..8.5).contains(&took("x/web", "slow:60000")));
    assert!((2.0..2.1).contains(&took("x/web", "dns:timeout")));
}

#[test]
fn failures_that_may_be_ours_carry_their_doubt() {
    let v4 = Families::only(Family::Ipv4);
    let fine = met("x/web", "http:503", Side::Fine).standing;
    assert_eq!((fine.proves, fine.doubt), (v4, None));
    assert_eq!(fine.answered, ["system".into()]);

    let dropped = met("x/web", "tcp:drop", Side::Fine).standing;
    assert_eq!(dropped.proves, Families::NONE);
    assert_eq!(dropped.answered, ["system".into()]);
    let Some(Doubt::Addresses { families, without }) = dropped.doubt.map(|doubt| *doubt) else {
        panic!("a doubt about the address");
    };
    assert_eq!(families, v4);
    let words = without.map(|verdict| verdict.as_str());
    assert_eq!(words, ["inconclusive", "fail", "inconclusive"]);

    // The resolver answers for the root, so only the way out is in doubt.
    let unresolved = met("x/web", "dns:servfail", Side::Fine).standing;
    let doubt = Some(Box::new(Doubt::Resolution {
        resolvers: Vec::new(),
    }));
    assert_eq!(unresolved.doubt, doubt);
}

#[test]
fn our_own_trouble_comes_before_whatever_the_network_does() {
    let silent = Some(Box::new(Doubt::Resolution {
        resolvers: vec!["system".into()],
    }));
    for side in [Side::NoResolver, Side::NoUplink { cached: false }] {
        let met = met("x/web", "http:503", side);
        assert_eq!(words(&met), "fail dns_timeout");
        assert_eq!(met.standing.doubt, silent);
        assert_eq!(met.standing.answered, []);
    }
    let cached = Side::NoUplink { cached: true };
    assert_eq!(words(&met("x/web", "ok", cached)), "fail tcp_timeout");
    // Told from memory: true of the name, and no proof of anything.
    let told = met("x/dns", "ok", cached);
    assert_eq!(words(&told), "pass");
    assert_eq!(told.standing.proves, Families::NONE);
    // Without a name only the way out matters.
    assert_eq!(words(&met("own/literal", "ok", Side::NoResolver)), "pass");
}
