//! What the week truly was, as `tests/scenarios/week-north.toml` argues it, and where the dashboards
//! must say so.

use std::collections::BTreeMap;

use super::asking::Answer;
use super::expected::{Key, Moment};

/// The answer to a target at a moment, over all of the week.
pub(super) struct Truth {
    pub(super) key: Key,
    pub(super) moment: Moment,
    /// Values of the labels, the number, and how far off it may be.
    answers: &'static [(&'static str, f64, f64)],
}

/// The number does not matter; that the series is there does.
const ANY: f64 = f64::INFINITY;

const fn of(key: Key, moment: Moment, answers: &'static [(&'static str, f64, f64)]) -> Truth {
    Truth {
        key,
        moment,
        answers,
    }
}

impl Truth {
    /// What is not as it should be.
    pub(super) fn compare(&self, answers: &[Answer]) -> Option<String> {
        let number = |answer: &Answer| match self.moment {
            Moment::Month => answer.most,
            _ => answer.value,
        };
        let found = answers.iter().map(|answer| (answer.name(), number(answer)));
        let found: BTreeMap<String, f64> = found.collect();
        let as_expected = found.len() == answers.len()
            && found.len() == self.answers.len()
            && self.answers.iter().all(|(name, value, off)| {
                let found = found.get(*name);
                found.is_some_and(|found| (found - value).abs() <= *off)
            });
        let expected = self.answers;
        (!as_expected).then(|| format!("{:?}: {found:?}, not {expected:?}", self.moment))
    }
}

const DNS: &str = "bascule-dns";
const NETWORK: &str = "bascule-network";
const NOW: &str = "bascule-now";
const SLO: &str = "bascule-slo";
const TLS: &str = "bascule-tls";
const VANTAGE: &str = "bascule-vantage";

/// The worst state of each network: Threads was in maintenance, and slow from the south.
const WORST: &[(&str, f64, f64)] = &[
    ("bluesky", 5.0, 0.0),
    ("mastodon", 5.0, 0.0),
    ("threads", 4.0, 0.0),
    ("x", 5.0, 0.0),
];

pub(super) const ALL: &[Truth] = &[
    of(
        (NOW, "Use now", "votes"),
        Moment::Monday,
        &[("crisis bluesky", 0.0, ANY), ("press bluesky", 0.0, ANY)],
    ),
    of(
        (NOW, "Use now", "votes"),
        Moment::Exhausted,
        &[("crisis x", 0.0, ANY), ("press none", 0.0, ANY)],
    ),
    of(
        (NOW, "Use now", "votes"),
        Moment::Blind,
        &[("crisis x", 0.0, ANY), ("press bluesky", 0.0, ANY)],
    ),
    of(
        (NOW, "Independent standbys", "A"),
        Moment::Monday,
        &[("crisis", 2.0, 0.0), ("press", 1.0, 0.0)],
    ),
    of(
        (NOW, "Independent standbys", "A"),
        Moment::Exhausted,
        &[("crisis", 0.0, 0.0), ("press", 0.0, 0.0)],
    ),
    of(
        (NOW, "Independent standbys", "A"),
        Moment::Blind,
        &[("crisis", 2.0, 0.0), ("press", 1.0, 0.0)],
    ),
    of(
        (NOW, "Our own connection", "A"),
        Moment::Monday,
        &[("north", 1.0, 0.0), ("south", 1.0, 0.0)],
    ),
    of(
        (NOW, "Our own connection", "A"),
        Moment::Blind,
        &[("north", 0.0, 0.0), ("south", 1.0, 0.0)],
    ),
    of(
        (NOW, "Decisions", "A"),
        Moment::Blind,
        &[("crisis", 0.5, 0.0), ("press", 0.5, 0.0)],
    ),
    of(
        (NOW, "State of each network", "A"),
        Moment::Monday,
        &[
            ("bluesky", 2.0, 0.0),
            ("mastodon", 2.0, 0.0),
            ("threads", 2.0, 0.0),
            ("x", 5.0, 0.0),
        ],
    ),
    of(
        (NOW, "State of each network", "A"),
        Moment::Exhausted,
        &[
            ("bluesky", 5.0, 0.0),
            ("mastodon", 2.0, 0.0),
            ("threads", 3.0, 0.0),
            ("x", 2.0, 0.0),
        ],
    ),
    of(
        (NOW, "State of each network", "A"),
        Moment::Blind,
        &[
            ("bluesky", 2.0, 0.0),
            ("mastodon", 2.0, 0.0),
            ("threads", 2.0, 0.0),
            ("x", 2.0, 0.0),
        ],
    ),
    of(
        (NOW, "Down now", "for"),
        Moment::Monday,
        &[("http x", 3600.0, 126.0)],
    ),
    of(
        (NOW, "Down now", "for"),
        Moment::Names,
        &[("dns bluesky", 600.0, 63.0)],
    ),
    of(
        (NOW, "Failback due in", "A"),
        Moment::Return,
        &[("crisis", 120.0, 48.0)],
    ),
    of(
        (NOW, "Switches in range, by reason", "A"),
        Moment::End,
        &[
            ("failback", 4.0, 0.0),
            ("failover", 5.0, 0.0),
            // Maintenance takes the last network from `press`.
            ("manual", 1.0, 0.0),
            ("recovery", 1.0, 0.0),
        ],
    ),
    of(
        (SLO, "Networks over the range", "availability"),
        Moment::End,
        &[
            ("bluesky", 0.9882, 0.0003),
            ("mastodon", 0.9823, 0.0013),
            ("threads", 1.0, 0.0),
            ("x", 0.9749, 0.0007),
        ],
    ),
    of(
        (SLO, "Networks over the range", "budget"),
        Moment::End,
        &[
            ("bluesky", -10.8, 0.3),
            ("mastodon", -16.7, 1.3),
            ("threads", 1.0, 0.0),
            ("x", -24.1, 0.7),
        ],
    ),
    of(
        (SLO, "Networks over the range", "outages"),
        Moment::End,
        &[
            ("bluesky", 2.0, 0.0),
            ("mastodon", 12.0, 0.0),
            ("threads", 0.0, 0.0),
            ("x", 3.0, 0.0),
        ],
    ),
    of(
        (SLO, "Networks over the range", "downtime"),
        Moment::End,
        &[
            ("bluesky", 7200.0, 126.0),
            ("mastodon", 10800.0, 756.0),
            ("threads", 0.0, 0.0),
            ("x", 15300.0, 378.0),
        ],
    ),
    of(
        (SLO, "Networks over the range", "mttr"),
        Moment::End,
        &[
            ("bluesky", 3600.0, 63.0),
            ("mastodon", 900.0, 63.0),
            ("x", 5100.0, 126.0),
        ],
    ),
    of(
        (SLO, "Networks over the range", "mtbf"),
        Moment::End,
        &[
            ("bluesky", 301_500.0, 300.0),
            ("mastodon", 49_950.0, 100.0),
            ("x", 198_300.0, 300.0),
        ],
    ),
    of(
        (SLO, "Networks over the range", "observed"),
        Moment::End,
        &[
            ("bluesky", 0.997, 0.0002),
            ("mastodon", 0.997, 0.0002),
            ("threads", 0.997, 0.0002),
            ("x", 0.997, 0.0002),
        ],
    ),
    of(
        (SLO, "Outages by layer", "outages"),
        Moment::End,
        &[
            ("dns bluesky", 1.0, 0.0),
            ("tls bluesky", 1.0, 0.0),
            ("http mastodon", 12.0, 0.0),
            ("content x", 1.0, 0.0),
            ("http x", 2.0, 0.0),
        ],
    ),
    of(
        (SLO, "Share of time on each channel", "A"),
        Moment::End,
        &[
            ("crisis bluesky", 0.0529, 0.0008),
            ("crisis mastodon", 0.0, 0.0),
            ("crisis none", 0.0, 0.0001),
            ("crisis threads", 0.0, 0.0),
            ("crisis x", 0.947, 0.001),
            ("press bluesky", 0.9877, 0.0005),
            ("press none", 0.0044, 0.0001),
            ("press threads", 0.0078, 0.0004),
        ],
    ),
    of(
        (SLO, "Without redundancy", "A"),
        Moment::End,
        &[("crisis", 0.0044, 0.0001), ("press", 0.0132, 0.0004)],
    ),
    of(
        (VANTAGE, "Vantages disagree on", "opinions"),
        Moment::Disagreement,
        &[("threads", 2.0, 0.0)],
    ),
    of(
        (VANTAGE, "Own connection of each vantage", "A"),
        Moment::Blind,
        &[("north", 0.0, 0.0), ("south", 1.0, 0.0)],
    ),
    of(
        (VANTAGE, "Not heard of any more", "missing"),
        Moment::Silence,
        &[("north", 1.0, 0.0), ("south", 1.0, 0.0)],
    ),
    of(
        (TLS, "Fail at TLS now", "fails"),
        Moment::Expired,
        &[("bluesky", 1.0, 0.0)],
    ),
    of(
        (TLS, "TLS outages in range", "outages"),
        Moment::End,
        &[("bluesky", 1.0, 0.0)],
    ),
    of(
        (DNS, "Names that fail now", "fails"),
        Moment::Names,
        &[("bluesky", 1.0, 0.0)],
    ),
    of(
        (NETWORK, "Lowest failing layer", "fails"),
        Moment::Monday,
        &[("http", 1.0, 0.0)],
    ),
    of(
        (NETWORK, "Down for", "A"),
        Moment::Monday,
        &[("x", 3600.0, 126.0)],
    ),
    // The north is blind, and has no weight to tell.
    of(
        (NETWORK, "Spare weight", "A"),
        Moment::Blind,
        &[
            ("bluesky", 1.0, 0.0),
            ("mastodon", 0.0, 0.0),
            ("threads", 0.0, 0.0),
            ("x", 1.0, 0.0),
        ],
    ),
    of(
        // From the south, which was not blind meanwhile.
        (NOW, "States have held for", "held"),
        Moment::End,
        &[
            ("bluesky up", 58_200.0, 300.0),
            ("mastodon up", 186_240.0, 300.0),
            ("threads up", 43_080.0, 300.0),
            ("x up", 104_580.0, 300.0),
        ],
    ),
    of(
        (NOW, "Roles", "holds"),
        Moment::Exhausted,
        &[
            ("crisis north bluesky failed", 1.0, 0.0),
            ("crisis north mastodon standby", 1.0, 0.0),
            ("crisis north threads disabled", 1.0, 0.0),
            ("crisis north x active", 1.0, 0.0),
            ("crisis south bluesky failed", 1.0, 0.0),
            ("crisis south mastodon standby", 1.0, 0.0),
            ("crisis south threads disabled", 1.0, 0.0),
            ("crisis south x active", 1.0, 0.0),
            ("press north bluesky failed", 1.0, 0.0),
            ("press north threads disabled", 1.0, 0.0),
            ("press south bluesky failed", 1.0, 0.0),
            ("press south threads disabled", 1.0, 0.0),
        ],
    ),
    // Two re-checks after the first failed round.
    of(
        (SLO, "Mean time to switch", "A"),
        Moment::End,
        &[("crisis", 31.0, 4.0), ("press", 31.0, 4.0)],
    ),
    of(
        ("bascule-self", "Clock of the counters", "A"),
        Moment::End,
        &[("north", 1.0, 0.01), ("south", 1.0, 0.01)],
    ),
    of(
        (DNS, "Failures of each resolver", "A"),
        Moment::Resolver,
        &[("system", 0.0, 0.0), ("udp://192.0.2.53", 0.25, 0.2)],
    ),
    // A quarter of the answers of twelve hours; failed questions are asked again sooner.
    of(
        (DNS, "Resolvers, worst first", "success"),
        Moment::End,
        &[("system", 1.0, 0.0), ("udp://192.0.2.53", 0.978, 0.007)],
    ),
    of(
        (TLS, "Days until the next expiry", "A"),
        Moment::End,
        &[("", 5.917, 0.001)],
    ),
    of(
        (TLS, "Days until the next expiry", "A"),
        Moment::Expired,
        &[("", -0.0139, 0.0001)],
    ),
    of(
        (TLS, "Expire within 21 days", "A"),
        Moment::End,
        &[("", 1.0, 0.0)],
    ),
    of(
        (TLS, "Certificates, soonest first", "days"),
        Moment::End,
        &[
            ("api x", 0.0, ANY),
            ("certificate threads", 5.917, 0.001),
            ("social-metropole-example mastodon", 0.0, ANY),
            ("web bluesky", 0.0, ANY),
            ("web threads", 0.0, ANY),
            ("web x", 0.0, ANY),
        ],
    ),
    of(
        (NETWORK, "State", "A"),
        Moment::Monday,
        &[
            ("bluesky", 2.0, 0.0),
            ("mastodon", 2.0, 0.0),
            ("threads", 2.0, 0.0),
            ("x", 5.0, 0.0),
        ],
    ),
    of(
        (NETWORK, "Endpoints, longest without success first", "age"),
        Moment::Expired,
        &[
            ("api x", 63.0, 66.0),
            ("certificate threads", 63.0, 66.0),
            ("dns bluesky", 63.0, 66.0),
            ("dns threads", 63.0, 66.0),
            ("dns x", 63.0, 66.0),
            ("social-metropole-example mastodon", 63.0, 66.0),
            ("web bluesky", 1200.0, 66.0),
            ("web threads", 63.0, 66.0),
            ("web x", 63.0, 66.0),
        ],
    ),
    // Lanes of a month have a point every 20 minutes, and show outages of 15.
    of((NOW, "Networks", "A"), Moment::Month, WORST),
    of((SLO, "Networks", "A"), Moment::Month, WORST),
    of((VANTAGE, "Networks by quorum", "A"), Moment::Month, WORST),
    of(
        (VANTAGE, "Each network from each vantage", "A"),
        Moment::Month,
        &[
            ("north bluesky", 5.0, 0.0),
            ("north mastodon", 5.0, 0.0),
            ("north threads", 3.0, 0.0),
            ("north x", 5.0, 0.0),
            ("south bluesky", 5.0, 0.0),
            ("south mastodon", 5.0, 0.0),
            ("south threads", 4.0, 0.0),
            ("south x", 5.0, 0.0),
        ],
    ),
];

/// What each annotation marks on Monday from 10:00 to 16:00, and in the whole week.
pub(super) const MARKS: &[(&str, &[&str], &[&str])] = &[
    (
        "Switches",
        &["crisis bluesky failover", "crisis x failback"],
        &[
            "crisis bluesky failover",
            "crisis x failback",
            "press bluesky failback",
            "press bluesky recovery",
            "press none manual",
            "press threads failover",
        ],
    ),
    (
        "Outages",
        &["x down"],
        &["bluesky down", "mastodon down", "x down"],
    ),
    ("Renewals", &[], &["certificate threads"]),
];
