//! Which queries of the dashboards answer nothing on the week, when, and why.

/// A moment of the week at which there is something to see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    /// Sunday 18:00: a resolver fails a quarter of the questions.
    Resolver,
    /// Monday 13:00: X is down at http, and Bluesky is used instead.
    Monday,
    /// Monday 14:03: X is good again, and the group is about to return to it.
    Return,
    /// Wednesday 04:10: the name servers of Bluesky fail.
    Names,
    /// Wednesday 05:00: Threads is in maintenance too, and `press` has nothing left.
    Exhausted,
    /// Saturday 09:20: the certificate of Bluesky has expired.
    Expired,
    /// Saturday 13:30: Threads is slow from the south.
    Disagreement,
    /// Saturday 18:30: the north sees nothing.
    Blind,
    /// The last sample.
    End,
    /// The last sample, and the largest number of the 30 days before.
    Month,
    /// Ten minutes later.
    Silence,
}

impl Moment {
    /// Seconds from the beginning of the week.
    pub(super) fn seconds(self) -> i64 {
        let (day, hour, minute) = match self {
            Self::Resolver => (0, 18, 0),
            Self::Monday => (1, 13, 0),
            Self::Return => (1, 14, 3),
            Self::Names => (3, 4, 10),
            Self::Exhausted => (3, 5, 0),
            Self::Expired => (6, 9, 20),
            Self::Disagreement => (6, 13, 30),
            Self::Blind => (6, 18, 30),
            Self::End | Self::Month => (7, 2, 0),
            Self::Silence => (7, 2, 10),
        };
        (day * 24 + hour) * 3600 + minute * 60
    }
}

/// What a target answers on the week.
pub(super) enum Expect {
    /// Nothing at the end, or over the last six hours, for this reason; but something at this
    /// moment, or over the week.
    EmptyAtEnd(Moment, &'static str),
    /// Nothing on Monday yet, for this reason; but something at the end.
    NothingYet(&'static str),
    /// Nothing: it asks for what a daemon says of itself, which a replay has not.
    Live,
    /// The same, and nothing from a daemon that is well.
    LiveQuiet(&'static str),
    /// Nothing, for this reason.
    Empty(&'static str),
}

impl Expect {
    /// Why there is nothing.
    pub(super) fn why(&self) -> &'static str {
        match self {
            Self::Live => "a replay has no daemon",
            Self::EmptyAtEnd(_, why)
            | Self::NothingYet(why)
            | Self::LiveQuiet(why)
            | Self::Empty(why) => why,
        }
    }
}

/// File, title of the panel, name of the target.
pub(super) type Key = (&'static str, &'static str, &'static str);

const DNS: &str = "bascule-dns";
const NETWORK: &str = "bascule-network";
const NOW: &str = "bascule-now";
const ITSELF: &str = "bascule-self";
const SLO: &str = "bascule-slo";
const TLS: &str = "bascule-tls";
const VANTAGE: &str = "bascule-vantage";

const WELL: &str = "at the end nothing is down";
const LONG_AGO: &str = "there is no history from so long ago";

pub(super) const TABLE: &[(Key, Expect)] = &[
    (
        (DNS, "Names that fail now", "fails"),
        Expect::EmptyAtEnd(Moment::Names, WELL),
    ),
    (
        (DNS, "DNS failures by reason", "A"),
        Expect::EmptyAtEnd(Moment::Names, WELL),
    ),
    (
        (NETWORK, "Lowest failing layer", "fails"),
        Expect::EmptyAtEnd(Moment::Monday, WELL),
    ),
    (
        (NETWORK, "Lowest failing layer over time", "A"),
        Expect::EmptyAtEnd(Moment::Monday, WELL),
    ),
    (
        (NETWORK, "Down for", "A"),
        Expect::EmptyAtEnd(Moment::Monday, WELL),
    ),
    (
        (NETWORK, "Failures by reason", "A"),
        Expect::EmptyAtEnd(Moment::Monday, WELL),
    ),
    (
        (NOW, "Down now", "since"),
        Expect::EmptyAtEnd(Moment::Monday, WELL),
    ),
    (
        (NOW, "Down now", "for"),
        Expect::EmptyAtEnd(Moment::Monday, WELL),
    ),
    (
        (NOW, "Failback due in", "A"),
        Expect::EmptyAtEnd(Moment::Return, "no group waits at the end"),
    ),
    ((ITSELF, "Configuration", "A"), Expect::Live),
    ((ITSELF, "Memory not written, 24 h", "A"), Expect::Live),
    ((ITSELF, "Rounds lost to a bug, 24 h", "A"), Expect::Live),
    ((ITSELF, "Version", "info"), Expect::Live),
    ((ITSELF, "How late rounds start (p99)", "A"), Expect::Live),
    (
        (ITSELF, "Rounds not run, by reason", "A"),
        Expect::LiveQuiet("all rounds are run"),
    ),
    ((ITSELF, "Rounds in flight", "A"), Expect::Live),
    ((ITSELF, "Events that wait, by webhook", "A"), Expect::Live),
    (
        (ITSELF, "Attempts to tell a webhook, by result", "A"),
        Expect::LiveQuiet("nothing happens that would be told"),
    ),
    ((ITSELF, "Processor", "A"), Expect::Live),
    ((ITSELF, "Memory", "A"), Expect::Live),
    ((ITSELF, "File descriptors in use", "A"), Expect::Live),
    ((ITSELF, "Running for", "A"), Expect::Live),
    ((ITSELF, "Configuration read", "A"), Expect::Live),
    ((ITSELF, "Threads", "A"), Expect::Live),
    (
        (ITSELF, "Web requests by route and class", "A"),
        Expect::Live,
    ),
    ((ITSELF, "Time of a scrape", "A"), Expect::Live),
    ((ITSELF, "Series of a scrape", "A"), Expect::Live),
    ((ITSELF, "Scrapes that worked", "A"), Expect::Live),
    (
        (SLO, "Networks over the range", "mttr"),
        Expect::NothingYet("no outage has ended"),
    ),
    (
        (SLO, "This range against the one before", "before"),
        Expect::Empty(LONG_AGO),
    ),
    (
        (SLO, "This range against the one before", "earlier"),
        Expect::Empty(LONG_AGO),
    ),
    (
        (TLS, "Fail at TLS now", "fails"),
        Expect::EmptyAtEnd(Moment::Expired, WELL),
    ),
    (
        (TLS, "TLS failures by reason", "A"),
        Expect::EmptyAtEnd(Moment::Expired, WELL),
    ),
    (
        (TLS, "TLS outages in range", "outages"),
        Expect::NothingYet("none has failed at tls"),
    ),
    (
        (VANTAGE, "Vantages disagree on", "opinions"),
        Expect::EmptyAtEnd(Moment::Disagreement, "they agree"),
    ),
    (
        (VANTAGE, "Not heard of any more", "missing"),
        Expect::EmptyAtEnd(Moment::Silence, "both are heard of"),
    ),
    ((VANTAGE, "Scrapes of each vantage", "A"), Expect::Live),
];

/// What is expected of a target, if it is not simply something.
pub(super) fn of((file, panel, target): (&str, &str, &str)) -> Option<&'static Expect> {
    let mut all = TABLE.iter();
    let found = all.find(|((f, p, t), _)| *f == file && *p == panel && *t == target);
    found.map(|(_, expect)| expect)
}
