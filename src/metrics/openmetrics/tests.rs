//! Pages that promtool takes.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::metrics::names;
use crate::metrics::tests::{at, group_view, network_view};
use crate::model::{Moment, Snapshot, State};

fn shown(seconds: u64, state: State) -> (SystemTime, Shown) {
    let mut network = network_view("x", state);
    network.confirmed = Some(Moment::from_secs(seconds));
    let snapshot = Snapshot {
        networks: vec![network, network_view("y", State::Up)],
        groups: vec![group_view("g", &["x", "y"])],
        ..Snapshot::default()
    };
    let shown = Shown {
        looked_at: Moment::ZERO,
        snapshot: Arc::new(snapshot),
        holds: [None, Some(Moment::from_secs(1))].into(),
        now: Moment::from_secs(seconds),
    };
    (
        at(1_748_000_000 + seconds) + Duration::from_millis(5),
        shown,
    )
}

fn page(pictures: &[(SystemTime, Shown)]) -> String {
    let mut samples = Samples::new(Watched::default(), 2);
    for (at, shown) in pictures {
        samples.take(*at, shown.clone());
    }
    let mut page = Vec::new();
    samples.write(&Labels::default(), &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn samples_have_their_time_and_stand_together() {
    let page = page(&[shown(10, State::Up), shown(25, State::Down)]);
    let family = |name: &str| -> Vec<&str> {
        let begin = page.find(&format!("# HELP {name} ")).unwrap();
        let rest = &page[begin + 1..];
        let end = rest.find("# HELP").unwrap();
        rest[..end - 1].lines().skip(1).collect()
    };
    let states = family("bascule_network_state");
    assert_eq!(
        states[..5],
        [
            "# TYPE bascule_network_state gauge",
            r#"bascule_network_state{instance="replay",job="bascule",network="x",state="unknown"} 0 1748000010.005"#,
            r#"bascule_network_state{instance="replay",job="bascule",network="x",state="unknown"} 0 1748000025.005"#,
            r#"bascule_network_state{instance="replay",job="bascule",network="x",state="up"} 1 1748000010.005"#,
            r#"bascule_network_state{instance="replay",job="bascule",network="x",state="up"} 0 1748000025.005"#,
        ]
    );
    let times = family("bascule_network_state_seconds");
    assert_eq!(
        times[..3],
        [
            "# TYPE bascule_network_state_seconds counter",
            r#"bascule_network_state_seconds_total{instance="replay",job="bascule",network="x",state="unknown"} 10 1748000010.005"#,
            r#"bascule_network_state_seconds_total{instance="replay",job="bascule",network="x",state="unknown"} 25 1748000025.005"#,
        ]
    );
    assert!(page.contains(
        r#"bascule_network_state_seconds_total{instance="replay",job="bascule",network="y",state="unknown"} 1 1748000025.005"#
    ));
    assert!(page.contains(
        r#"bascule_network_last_transition_timestamp_seconds{instance="replay",job="bascule",network="x"} 1748000025.005 1748000025.005"#
    ));
    // All of a histogram at one time before any of it at the next.
    let switch = family("bascule_group_switch_seconds");
    assert_eq!(switch.len(), 1 + 2 * 16);
    assert!(switch[1..=16].iter().all(|line| line.ends_with("10.005")));
    assert!(switch[17..].iter().all(|line| line.ends_with("25.005")));
    assert!(page.ends_with(" 1748000025.005\n# EOF\n"));
}

#[test]
fn no_help_needs_escaping() {
    for metric in names::ALL {
        let special = ['"', '\\', '\n'];
        assert!(!metric.help.contains(special), "{}", metric.name);
    }
}

#[test]
fn times_that_do_not_ascend_are_left_out() {
    let one = page(&[shown(10, State::Up), shown(25, State::Down)]);
    let wild = [
        shown(10, State::Up),
        shown(10, State::Down),
        shown(7, State::Down),
        shown(25, State::Down),
    ];
    assert_eq!(page(&wild), one);
    assert_eq!(page(&[]), "# EOF\n");
}
