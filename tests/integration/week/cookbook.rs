//! Every expression of docs/cookbook.md, asked of the week and held against its truth: numbers
//! that follow from the phases of the scenario, not from the expression.

use std::collections::{BTreeMap, BTreeSet};

use super::{APART, Sample, prometheus};

/// What a block must answer: labels but for `job`, as `name=value,...` in alphabetical order, the
/// number, and by how much it may differ.
type Row = (&'static str, f64, f64);

/// A heading, the moment at which it is asked (`""`: the end), and what must come of it.
struct Entry {
    heading: &'static str,
    at: &'static str,
    rows: Vec<Row>,
}

const WINDOW: f64 = 7.0 * 86_400.0;
/// The line of the north is cut for an hour; that is seen up to 63 s late.
const BLIND: f64 = 3600.0;
const LATE: f64 = 63.0;
/// Threads only.
const MAINTENANCE: f64 = 3600.0;

/// What became of a network.
struct Truth {
    network: &'static str,
    outages: f64,
    down: f64,
    /// Between two rounds at most: so much shorter an outage may look.
    interval: f64,
    maintenance: f64,
}

const TRUTH: [Truth; 4] = [
    Truth {
        network: "network=bluesky",
        outages: 2.0,
        down: 4500.0 + 2700.0,
        interval: 63.0,
        maintenance: 0.0,
    },
    Truth {
        network: "network=mastodon",
        outages: 12.0,
        down: 12.0 * 900.0,
        interval: 63.0,
        maintenance: 0.0,
    },
    Truth {
        network: "network=threads",
        outages: 0.0,
        down: 0.0,
        interval: 126.0,
        maintenance: MAINTENANCE,
    },
    Truth {
        network: "network=x",
        outages: 3.0,
        down: 7200.0 + 3600.0 + 4500.0,
        interval: 126.0,
        maintenance: 0.0,
    },
];

impl Truth {
    /// Both vantages' seconds in which it was judged.
    fn judged(&self) -> f64 {
        2.0 * (WINDOW - self.maintenance) - BLIND
    }

    /// The share of them in which it was down, and by how much that may differ.
    fn share_down(&self) -> (f64, f64) {
        let of_judged = 2.0 / self.judged();
        let late = self.outages * self.interval;
        (self.down * of_judged, late * of_judged + 1e-4)
    }

    fn row(&self, (value, tolerance): (f64, f64)) -> Row {
        (self.network, value, tolerance)
    }
}

fn each(value: impl Fn(&Truth) -> (f64, f64)) -> Vec<Row> {
    TRUTH.iter().map(|truth| truth.row(value(truth))).collect()
}

/// Of those that had an outage.
fn troubled(value: impl Fn(&Truth) -> (f64, f64)) -> Vec<Row> {
    let troubled = TRUTH.iter().filter(|truth| truth.outages > 0.0);
    troubled.map(|truth| truth.row(value(truth))).collect()
}

fn entry(heading: &'static str, at: &'static str, rows: Vec<Row>) -> Entry {
    Entry { heading, at, rows }
}

/// From the least to the most.
fn within(labels: &'static str, least: f64, most: f64) -> Row {
    (labels, (least + most) / 2.0, (most - least) / 2.0)
}

fn expected() -> Vec<Entry> {
    [
        availability(),
        outages(),
        now(),
        groups(),
        vantages(),
        endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn availability() -> Vec<Entry> {
    let observed = |truth: &Truth| {
        let all = 2.0 * (WINDOW - truth.maintenance);
        (truth.judged() / all, LATE / all)
    };
    let budget = |truth: &Truth| {
        let (share, tolerance) = truth.share_down();
        (1.0 - share / 0.001, tolerance / 0.001)
    };
    let available = |truth: &Truth| {
        let (share, tolerance) = truth.share_down();
        (1.0 - share, tolerance)
    };
    vec![
        entry("Availability", "", each(available)),
        entry("Observed share", "", each(observed)),
        entry("Error budget left", "", each(budget)),
    ]
}

fn outages() -> Vec<Entry> {
    let count = || each(|truth| (truth.outages, 0.0));
    // 2 h 00 of Bluesky's, within one interval.
    let down = |truth: &Truth| match truth.network {
        "network=bluesky" => (7200.0, 60.0),
        _ => (truth.down, truth.outages * truth.interval),
    };
    let recover = |truth: &Truth| (truth.down / truth.outages, truth.interval);
    let between = |truth: &Truth| {
        let good = truth.judged() - 2.0 * truth.down;
        (good / (2.0 * truth.outages), truth.interval + LATE)
    };
    // The last good round is at most an interval and two re-checks away (15.75 s, Mastodon's
    // 10.5 s): 158 s, 95 s and 84 s lie in the buckets that end at 180, 120 and 90 s. Two re-checks
    // take 19 s at least, which is in the bucket that begins at 15 s.
    let detect = vec![
        within("network=bluesky", 15.0, 120.0),
        within("network=mastodon", 15.0, 90.0),
        within("network=x", 15.0, 180.0),
    ];
    vec![
        entry("Outages, rounded", "", count()),
        entry("Outages, exact", "", count()),
        entry("Downtime", "", each(down)),
        entry("Time to recover (MTTR)", "", troubled(recover)),
        entry("Time between failures (MTBF)", "", troubled(between)),
        entry("Time to detect, p90", "", detect),
        // X is gone for an hour, seen up to 126 s late.
        entry(
            "Age of the running outage",
            "2026-01-12T13:00:00Z",
            vec![within("network=x", 3600.0 - 126.0, 3600.0)],
        ),
    ]
}

fn now() -> Vec<Entry> {
    vec![
        // Friday: the front of X is a shell.
        entry(
            "State of each network",
            "2026-01-16T18:00:00Z",
            vec![
                ("network=bluesky,state=up", 2.0, 0.0),
                ("network=mastodon,state=up", 2.0, 0.0),
                ("network=threads,state=up", 2.0, 0.0),
                ("network=x,state=degraded", 2.0, 0.0),
            ],
        ),
        entry(
            "Failing layer",
            "2026-01-14T05:00:00Z",
            vec![("layer=dns,network=bluesky", 2.0, 0.0)],
        ),
        entry(
            "Active channel",
            "2026-01-14T05:00:00Z",
            vec![
                ("group=crisis,network=x", 2.0, 0.0),
                ("group=press,network=none", 2.0, 0.0),
            ],
        ),
    ]
}

fn groups() -> Vec<Entry> {
    // Back five minutes after the end, three times; gone up to 161 s late, back up to 48 s late.
    let bluesky = 3.0 * 300.0 + 7200.0 + 3600.0 + 20_700.0;
    let share = |labels, seconds: f64, late: f64| (labels, seconds / WINDOW, late / WINDOW);
    // The same with what is judged: not while the group of the north is frozen.
    let judged = |labels, seconds: f64, late: f64| {
        let of_judged = 2.0 / (2.0 * WINDOW - BLIND);
        (labels, seconds * of_judged, late * of_judged + 1e-6)
    };
    vec![
        entry(
            "Share of time on each channel",
            "",
            vec![
                share("group=crisis,network=bluesky", bluesky, 483.0),
                share("group=crisis,network=mastodon", 0.0, 0.0),
                share("group=crisis,network=none", 0.0, 0.0),
                share("group=crisis,network=threads", 0.0, 0.0),
                share("group=crisis,network=x", WINDOW - bluesky, 483.0),
                // Wednesday 04:30 to 05:15.
                share("group=press,network=none", 2700.0, 63.0),
                // From 04:00 to 04:30, and Saturday 09:00 to 09:50.
                share("group=press,network=threads", 4800.0, 192.0),
                share("group=press,network=bluesky", WINDOW - 7500.0, 192.0),
            ],
        ),
        entry(
            "Time without redundancy",
            "",
            vec![
                // Seconds, when the line of the north is back and not all have been asked.
                judged("group=crisis", 0.0, 30.0),
                // 04:00 to 05:30, and 09:00 to 09:45.
                judged("group=press", 8100.0, 192.0),
            ],
        ),
        entry(
            "Time without independent redundancy",
            "",
            vec![
                judged("group=crisis", 2700.0, 63.0),
                judged("group=press", 8100.0, 192.0),
            ],
        ),
        entry(
            "Switches by reason",
            "",
            vec![
                ("group=crisis,reason=failback", 3.0, 0.0),
                ("group=crisis,reason=failover", 3.0, 0.0),
                ("group=crisis,reason=manual", 0.0, 0.0),
                ("group=crisis,reason=recovery", 0.0, 0.0),
                ("group=press,reason=failback", 1.0, 0.0),
                ("group=press,reason=failover", 2.0, 0.0),
                ("group=press,reason=manual", 1.0, 0.0),
                ("group=press,reason=recovery", 1.0, 0.0),
            ],
        ),
        // Two re-checks after 15 s, 5 % more or less, and the rounds themselves.
        entry(
            "Time to switch",
            "",
            vec![("group=crisis", 30.0, 3.0), ("group=press", 30.0, 3.0)],
        ),
    ]
}

fn vantages() -> Vec<Entry> {
    vec![
        entry(
            "Down by quorum",
            "2026-01-14T05:00:00Z",
            vec![("network=bluesky", 1.0, 0.0)],
        ),
        // The south sees Threads slowly.
        entry(
            "Who disagrees",
            "2026-01-17T13:30:00Z",
            vec![
                ("instance=north,network=threads,state=up", 1.0, 0.0),
                ("instance=south,network=threads,state=degraded", 1.0, 0.0),
            ],
        ),
        entry(
            "Blind share",
            "",
            vec![
                ("instance=north", BLIND / WINDOW, LATE / WINDOW),
                ("instance=south", 0.0, 0.0),
            ],
        ),
    ]
}

fn endpoints() -> Vec<Entry> {
    // Certificates live 90 days in a replay, and are renewed after 60.
    let fresh = |labels| within(labels, 30.0, 90.0);
    // 80 to 220 ms, a little more where an hour was slow.
    let http = |labels| within(labels, 0.08, 0.3);
    // So many seconds between two failures: within 5 %, and a round or two at both ends.
    let every = |labels, failures: f64| (labels, failures, failures * 0.05 + 3.0);
    vec![
        entry(
            "Certificate days left",
            "",
            vec![
                // It ends on the 24th at 00:00, 22 hours and five days after the week.
                (
                    "endpoint=certificate,network=threads",
                    5.0 + 22.0 / 24.0,
                    1e-6,
                ),
                fresh("endpoint=web,network=threads"),
                fresh("endpoint=web,network=bluesky"),
                fresh("endpoint=social-metropole-example,network=mastodon"),
                fresh("endpoint=api,network=x"),
                fresh("endpoint=web,network=x"),
            ],
        ),
        entry(
            "Slowest layer",
            "",
            vec![
                http("layer=http,network=bluesky"),
                http("layer=http,network=mastodon"),
                http("layer=http,network=threads"),
                http("layer=http,network=x"),
            ],
        ),
        entry(
            "Failures by reason",
            "",
            vec![
                // The front for 3 h 15, the API until the shell is gone, every 30 s.
                every(
                    "layer=http,network=x,reason=http_status",
                    (2.0 * 11_700.0 + 16_200.0) / 30.0,
                ),
                every(
                    "layer=content,network=x,reason=content_empty",
                    3600.0 / 30.0,
                ),
                // Three questions (two families, and the name itself), every 15 s.
                every(
                    "layer=dns,network=bluesky,reason=dns_servfail",
                    3.0 * 4500.0 / 15.0,
                ),
                every(
                    "layer=tls,network=bluesky,reason=tls_expired",
                    2700.0 / 15.0,
                ),
                every(
                    "layer=http,network=mastodon,reason=http_status",
                    10_800.0 / 15.0,
                ),
                // A quarter of 12 hours' questions: one a minute, and one more 10 s after each failure.
                ("layer=dns,network=threads,reason=dns_servfail", 230.0, 60.0),
            ],
        ),
        // A quarter of 12 hours, and all of the hour without a line in the north, every 10 s.
        // Bluesky's name servers, and that hour, are the system's resolver's.
        entry(
            "Resolver trouble",
            "",
            vec![
                ("resolver=udp://192.0.2.53", 0.041, 0.006),
                ("resolver=system", 0.026, 0.006),
            ],
        ),
        // One day of seven; in the hour without a line it is asked more often.
        entry(
            "Behind a wall",
            "",
            vec![("endpoint=web,network=threads", 1.0 / 7.0, 0.004)],
        ),
    ]
}

/// Heading and expression of each block.
fn blocks() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cookbook.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    let mut heading = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("### ") {
            heading = title.to_owned();
        } else if line == "```promql" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((heading.clone(), block.join("\n")));
        }
    }
    blocks
}

fn key(sample: &Sample) -> String {
    let labels = sample.labels.iter();
    let labels = labels.filter(|(name, _)| *name != "__name__" && *name != "job");
    let labels = labels.map(|(name, value)| format!("{name}={value}"));
    labels.collect::<Vec<_>>().join(",")
}

/// What is wrong with an answer: one line each.
fn differences(rows: &[Row], answer: &[Sample]) -> Vec<String> {
    let found: BTreeMap<String, f64> = answer.iter().map(|one| (key(one), one.value)).collect();
    let wanted: BTreeMap<&str, (f64, f64)> = rows
        .iter()
        .map(|(labels, value, tolerance)| (*labels, (*value, *tolerance)))
        .collect();
    let missing = wanted.keys().filter(|labels| !found.contains_key(**labels));
    let mut lines: Vec<String> = missing.map(|labels| format!("no {labels}")).collect();
    if found.len() != answer.len() {
        lines.push("two series with the same labels".to_owned());
    }
    for (labels, value) in &found {
        match wanted.get(&**labels) {
            None => lines.push(format!("unexpected: {labels} {value}")),
            Some((want, tolerance)) if (value - want).abs() <= tolerance + 1e-9 => {}
            Some((want, tolerance)) => {
                lines.push(format!("{labels}: {value} is not {want} +- {tolerance}"));
            }
        }
    }
    lines
}

#[test]
fn every_expression_of_the_cookbook_gives_the_truth_of_the_week() {
    let week = prometheus();
    let mut entries: BTreeMap<&str, Entry> = expected()
        .into_iter()
        .map(|entry| (entry.heading, entry))
        .collect();
    let mut told = Vec::new();
    for (heading, promql) in blocks() {
        let Some(entry) = entries.remove(&*heading) else {
            told.push(format!("{heading}: no entry in the table, or two blocks"));
            continue;
        };
        let at = match entry.at {
            "" => week.end(),
            at => at.parse::<jiff::Timestamp>().unwrap().as_second(),
        };
        match week.instant(&promql, at) {
            Err(error) => told.push(format!("{heading}: {error}")),
            Ok(answer) => {
                let lines = differences(&entry.rows, &answer).into_iter();
                told.extend(lines.map(|line| format!("{heading}: {line}")));
            }
        }
    }
    told.extend(
        entries
            .keys()
            .map(|heading| format!("{heading}: no such block")),
    );
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

#[test]
fn shares_of_the_channels_of_a_group_sum_to_one() {
    let week = prometheus();
    let blocks: BTreeMap<String, String> = blocks().into_iter().collect();
    let answer = week.instant(&blocks["Share of time on each channel"], week.end());
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for sample in answer.unwrap() {
        *sums.entry(sample.labels["group"].clone()).or_default() += sample.value;
    }
    assert_eq!(sums.keys().collect::<Vec<_>>(), ["crisis", "press"]);
    assert!(
        sums.values().all(|sum| (sum - 1.0).abs() < 1e-9),
        "{sums:?}"
    );
}

/// What the words around the blocks warn of.
#[test]
fn the_traps_of_the_cookbook_are_real() {
    let week = prometheus();
    let number = |promql: &str, at| match week.instant(promql, at).unwrap().as_slice() {
        [one] => one.value,
        other => panic!("{promql}: {} series", other.len()),
    };
    // A plain sum counts an outage once a vantage.
    let plain = "round(sum(increase(bascule_network_outages_total{network=\"bluesky\"}[7d])))";
    assert_eq!(number(plain, week.end()), 4.0);
    // `increase` gives fractions unless there are samples at both edges of the window.
    let estimate = "max(sum by (instance) \
                    (increase(bascule_network_outages_total{network=\"mastodon\"}[7d])))";
    let estimate = number(estimate, week.end() - APART / 2);
    assert!(
        estimate != 12.0 && (estimate - 12.0).abs() < 0.1,
        "{estimate}"
    );
    // Without an outage the age is that of the epoch.
    let age = "max(time() - bascule_network_outage_start_timestamp_seconds{network=\"threads\"})";
    assert_eq!(number(age, week.end()), week.end() as f64);
    // One state a network when all agree; two rows where they do not.
    let states = "count by (network, state) (bascule_network_state{network=\"threads\"} == 1)";
    let at: jiff::Timestamp = "2026-01-17T13:30:00Z".parse().unwrap();
    let states: BTreeSet<String> = week
        .instant(states, at.as_second())
        .unwrap()
        .iter()
        .map(key)
        .collect();
    let both = ["network=threads,state=degraded", "network=threads,state=up"];
    assert_eq!(states, both.map(str::to_owned).into());
}
