//! What `check` promises: the time to a confirmed outage, and the load on each host.

use std::time::Duration;

use super::{SITE, good};

fn bounds(text: &str) -> [Duration; 3] {
    let bounds = good(text).settings.time_to_confirm();
    assert_eq!(bounds.len(), 1);
    [bounds[0].refused, bounds[0].black_holed, bounds[0].stalled]
}

fn secs(secs: [f64; 3]) -> [Duration; 3] {
    secs.map(Duration::from_secs_f64)
}

#[test]
fn the_bound_is_that_of_the_design() {
    // I(1+j) + T + (fall-1) * max(F(1+j), T), T = 0 / connect 3 s / whole round 10 s.
    let at_30 = format!("{SITE}interval = \"30s\"\n");
    assert_eq!(bounds(&at_30), secs([42.0, 45.0, 61.5]));
    assert_eq!(bounds(SITE), secs([73.5, 76.5, 93.0]));
    let calm = format!("{SITE}fall = 1\njitter = 0\n");
    assert_eq!(bounds(&calm), secs([60.0, 63.0, 70.0]));
}

#[test]
fn endpoints_at_one_host_wait_for_each_other() {
    let two = "[[network.site.http]]\nname = \"b\"\nweight = 0\nurl = \"https://site.example/b\"\n";
    // A black hole holds the host for 3 s before it is this endpoint's turn.
    assert_eq!(
        bounds(&format!("{SITE}{two}")),
        secs([73.5, 63.0 + 6.0 + 2.0 * 6.0, 63.0 + 20.0 + 2.0 * 20.0])
    );
    let side_by_side = format!("[probe]\nper_host = 2\n{SITE}{two}");
    assert_eq!(bounds(&side_by_side), secs([73.5, 76.5, 93.0]));
}

#[test]
fn a_fast_endpoint_in_doubt_hurries_the_slow_ones() {
    let slow =
        "[[network.site.tcp]]\nname = \"slow\"\ninterval = \"5m\"\naddress = \"b.example:1\"\n";
    // Both are needed: doubt after 63 s, then the slow one's own three rounds.
    let both = format!("[network.site]\nquorum = 1\n{SITE}{slow}");
    assert_eq!(bounds(&both)[0], Duration::from_secs_f64(73.5));
    // Alone it would take 315 + 10.5 s.
    let alone = format!("{slow}{}", SITE.replace("front\"", "front\"\nweight = 0"));
    assert_eq!(bounds(&alone)[0], Duration::from_secs_f64(325.5));
}

#[test]
fn name_servers_are_taken_to_answer_on_unless_nothing_else_decides() {
    let dns =
        "[[network.site.dns]]\nname = \"dns\"\ninterval = \"10s\"\nquery = \"site.example\"\n";
    assert_eq!(
        bounds(&format!("{SITE}{dns}"))[0],
        Duration::from_secs_f64(73.5)
    );
    assert_eq!(
        bounds(dns),
        secs([21.0, 10.5 + 2.0 + 10.5, 10.5 + 10.0 + 20.0])
    );
}

#[test]
fn the_load_on_each_host_is_told() {
    let text = format!(
        "{SITE}[[network.site.tls]]\nname = \"b\"\nhost = \"site.example\"\ninterval = \"2m\"\nfamilies = [\"ipv4\"]\n[[network.site.dns]]\nname = \"dns\"\nquery = \"site.example\"\nresolvers = [\"system\", \"udp://192.0.2.53\"]\n"
    );
    let load = good(&text).settings.load();
    let told: Vec<(&str, usize, u64, u64)> = load
        .iter()
        .map(|l| {
            (
                &*l.host,
                l.endpoints,
                l.rounds_per_day,
                l.connections_per_day,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("site.example", 2, 1440 + 720, 1440 * 4 + 720 * 2),
            ("dns:site.example", 1, 1440, 1440 * 2),
        ]
    );
}
