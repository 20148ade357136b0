//! What the file says: every table and every key, with its default, and no meaning yet.
//!
//! The same tables read the user's file and the catalog's. To add a key, add a line here, give
//! it a meaning in [`super::compile`] and a sentence in `config.example.toml` (a test asks for it).

use super::canaries::CANARIES;
use super::decode::{Reader, Table, Value, read_at};
use super::fault::{At, Place};
use super::lists::{Headers, Named, list};
use super::notice::Notice;
use super::table::{bare, merge_key, table};
use super::values::{Body, Directory, FilePath, Label, Pattern, Size, Span, Status, Time};
use super::words::{Choice, Detail, HttpVersion, Preempting};
use crate::engine::Preempt;
use crate::model::Family;
use crate::probe::trust::MinVersion;

/// The user agent that says who we are and where to complain.
pub(crate) const USER_AGENT: &str = concat!(
    "bascule/",
    env!("CARGO_PKG_VERSION"),
    " (+",
    env!("CARGO_PKG_REPOSITORY"),
    ")"
);

table! {
    /// The whole file.
    struct File {
        /// The place this daemon looks from.
        vantage: String,
        /// Where it keeps what survives a restart.
        state_dir: Directory,
        /// States and timers that are older than this are forgotten.
        max_state_age: Span = Span::secs(15 * 60),
        /// The listener.
        web: Web,
        /// What is kept of outages and events.
        history: History,
        /// Defaults of every endpoint.
        probe: Global,
        /// Networks by name.
        network: Named<Network>,
        /// Failover groups.
        group: Vec<At<Group>>,
        /// Our own connection.
        uplink: Uplink,
        /// Windows of maintenance.
        maintenance: Vec<At<Maintenance>>,
        /// What everybody should know.
        notice: Vec<At<Notice>>,
    }
}

table! {
    /// `[web]`.
    struct Web {
        /// Where to listen.
        listen: Vec<At<String>> = list("web.listen", ["127.0.0.1:10110".to_owned()]),
        /// TLS and basic auth, in the exporter-toolkit's format.
        config_file: FilePath,
        /// Where to listen for everybody.
        public_listen: Vec<At<String>> = list("web.public_listen", []),
        /// URLs and addresses on public pages.
        show_targets: bool = false,
        /// `POST /-/reload` works.
        enable_lifecycle: bool = false,
        /// How much `/metrics` tells.
        metrics: Choice<Detail> = Choice(Detail::Full),
    }
}

table! {
    /// `[history]`.
    struct History {
        /// Older outages and events are dropped.
        retention: Span = Span::secs(400 * 86400),
        /// The oldest are dropped when it takes more than this.
        max_size: Size = Size(256 << 20),
    }
}

table! {
    /// `[probe]`.
    struct Global with probe: Probe {
        /// Rounds at a time, in all.
        max_in_flight: u32 = 256,
    }
}

table! {
    /// The keys that can be set in `[probe]`, per network and per endpoint.
    struct Probe {
        /// Interval when settled and up.
        interval: Span = Span::secs(60),
        /// Interval while in doubt.
        recheck_interval: Span = Span::secs(5),
        /// Interval when settled and down.
        down_interval: Span = Span::secs(15),
        /// Share by which intervals vary.
        jitter: f64 = 0.05,
        /// The whole round.
        timeout: Span = Span::secs(10),
        /// One question to one resolver.
        dns_timeout: Span = Span::secs(2),
        /// One connection.
        connect_timeout: Span = Span::secs(3),
        /// One handshake.
        tls_timeout: Span = Span::secs(3),
        /// From the request to the end of the response.
        response_timeout: Span = Span::secs(5),
        /// An address that takes longer in all is slow.
        slow_after: Span = Span::secs(3),
        /// Good rounds that end trouble.
        rise: u32 = 2,
        /// Bad rounds that begin it.
        fall: u32 = 3,
        /// Addresses that a round tries, per family.
        addresses_per_family: u32 = 2,
        /// Families to try.
        families: Vec<At<Choice<Family>>> = list("families", Family::ALL.map(Choice)),
        /// Who we say we are.
        user_agent: String = USER_AGENT.to_owned(),
        /// Extra trust roots.
        ca_file: FilePath,
        /// Rounds at a time to one host.
        per_host: u32 = 1,
        /// Who is asked for names.
        resolvers: Vec<At<String>> = list("resolvers", ["system".to_owned()]),
    }
}

table! {
    /// `[network.NAME]`, and the body of a catalog file.
    struct Network with probe: Probe {
        /// The catalog entry it is made from.
        preset: String,
        /// False: probed, and no choice for any group.
        enabled: bool = true,
        /// What people call it.
        title: String,
        /// Where people go when it is the active one.
        profile: String,
        /// One endpoint (or more) for each of them, where the preset has a template.
        instances: Vec<At<String>>,
        /// What falls together with it.
        failure_domains: Vec<At<String>>,
        /// Weight that must be up.
        quorum: u32,
        /// Weight that makes the difference between going down and coming up.
        hysteresis: u32 = 0,
        /// Endpoints: URLs.
        http: Vec<At<Http>>,
        /// Endpoints: hosts that speak TLS.
        tls: Vec<At<Tls>>,
        /// Endpoints: ports that accept a connection.
        tcp: Vec<At<Tcp>>,
        /// Endpoints: questions to name servers.
        dns: Vec<At<Dns>>,
    }
}

table! {
    /// A catalog file: a network and what only a preset can say.
    struct Preset with network: Network {
        /// Position in the catalog.
        order: u32,
        /// On when the configuration names no network.
        default: bool = false,
        /// The network's home page.
        home: String,
        /// What a profile of this network looks like.
        profile_pattern: Pattern,
    }
}

table! {
    /// The keys of every endpoint.
    struct Common {
        /// Its name.
        name: Label,
        /// False: as if it were not there.
        enabled: bool = true,
        /// Its weight in the quorum.
        weight: u32 = 1,
        /// The network is down if this one is.
        required: bool = false,
    }
}

table! {
    /// `[[network.NAME.http]]`.
    struct Http with common: Common, probe: Probe {
        /// What to fetch.
        url: String,
        /// Request method.
        method: String = "GET".to_owned(),
        /// Request headers.
        headers: Headers = Headers::default(),
        /// Request body.
        body: Body,
        /// Request body from a file.
        body_file: FilePath,
        /// Name and password.
        basic_auth: BasicAuth,
        /// Bearer token.
        bearer_token_file: FilePath,
        /// Follow redirects.
        follow_redirects: bool = true,
        /// What the server may answer with.
        http_versions: Vec<At<Choice<HttpVersion>>> = list(
            "http_versions",
            [Choice(HttpVersion::Http1), Choice(HttpVersion::Http2)],
        ),
        /// Ask for compression and undo it.
        decompress: bool = true,
        /// Largest body.
        max_body: Size = Size(1 << 20),
        /// Go there instead of resolving.
        connect_to: String,
        /// The handshake.
        tls: ClientTls = ClientTls::defaults(),
        /// What is expected.
        expect: HttpExpect = HttpExpect::defaults(),
        /// What counts as a bot wall.
        restricted: Restricted = Restricted::defaults(),
    }
}

table! {
    /// `basic_auth`.
    struct BasicAuth {
        /// User name.
        username: String,
        /// The file that holds the password.
        password_file: FilePath,
    }
}

table! {
    /// `tls` of an endpoint.
    struct ClientTls {
        /// Extra trust roots, besides those of `probe.ca_file`.
        ca_file: FilePath,
        /// Name for SNI and verification.
        server_name: String,
        /// Record the certificate's faults and go on.
        insecure_skip_verify: bool = false,
        /// Lowest version.
        min_version: Choice<MinVersion> = Choice(MinVersion::V12),
        /// Our certificate chain.
        client_cert_file: FilePath,
        /// Its key.
        client_key_file: FilePath,
    }
}

table! {
    /// `expect` of an http endpoint.
    struct HttpExpect {
        /// Accepted statuses.
        status: Vec<At<Status>> = list("expect.status", [Status::Text("2xx".to_owned())]),
        /// All must match.
        body_matches: Vec<At<Pattern>> = Vec::new(),
        /// None may match.
        body_not_matches: Vec<At<Pattern>> = Vec::new(),
        /// Smallest body.
        min_body: Size = Size(0),
        /// A condition over the JSON body.
        json: String,
        /// All must match.
        header_matches: Vec<At<HeaderMatch>> = Vec::new(),
        /// None may match.
        header_not_matches: Vec<At<HeaderMatch>> = Vec::new(),
    }
}

table! {
    /// An item of `expect.header_matches`.
    struct HeaderMatch {
        /// Which header.
        name: String,
        /// What it must, or must not, match.
        pattern: Pattern,
        /// An absent header is fine.
        allow_missing: bool = false,
    }
}

table! {
    /// `restricted` of an http endpoint.
    struct Restricted {
        /// Statuses of a bot wall.
        status: Vec<At<Status>> = Vec::new(),
        /// Redirects that lead to one.
        location_matches: Vec<At<Pattern>> = Vec::new(),
    }
}

table! {
    /// `[[network.NAME.tls]]`.
    struct Tls with common: Common, probe: Probe {
        /// Name for SNI and verification.
        host: String,
        /// Port.
        port: u32 = 443,
        /// Go there instead of resolving.
        connect_to: String,
        /// The handshake.
        tls: ClientTls = ClientTls::defaults(),
        /// What is expected.
        expect: TlsExpect = TlsExpect::defaults(),
    }
}

table! {
    /// `expect` of a tls endpoint.
    struct TlsExpect {
        /// Less validity left than this degrades.
        valid_for: Span = Span::secs(14 * 86400),
        /// The protocol that must be negotiated.
        alpn: String,
    }
}

table! {
    /// `[[network.NAME.tcp]]`.
    struct Tcp with common: Common, probe: Probe {
        /// Host and port.
        address: String,
    }
}

table! {
    /// `[[network.NAME.dns]]`.
    struct Dns with common: Common, probe: Probe {
        /// What is asked for.
        query: String,
        /// Which type.
        r#type: String = "A".to_owned(),
        /// What is expected.
        expect: DnsExpect = DnsExpect::defaults(),
    }
}

table! {
    /// `expect` of a dns endpoint.
    struct DnsExpect {
        /// Accepted response codes.
        rcode: Vec<At<String>> = list("expect.rcode", ["NOERROR".to_owned()]),
        /// Fewer answers are `dns_no_answer`.
        min_answers: u32 = 1,
        /// Each must be matched by an answer.
        answers_match: Vec<At<Pattern>> = Vec::new(),
        /// Resolvers must give overlapping answers.
        agree: bool = false,
    }
}

table! {
    /// `[[group]]`.
    struct Group {
        /// Its name.
        name: String,
        /// Networks in order of preference.
        networks: Vec<At<String>>,
        /// Where people go when no network is usable.
        last_resort: String,
        /// Go back to a preferred network that came back.
        preempt: Preempting = Preempting(Preempt::Auto),
        /// How long it must have been up for that.
        preempt_delay: Span = Span::secs(300),
        /// How long the others wait at the start for a preferred one that is unknown.
        startup_grace: Span = Span::secs(30),
        /// How long an active network may be unknown.
        unknown_hold: Span = Span::secs(120),
        /// Leave a degraded network for one that is up.
        failover_on_degraded: bool = false,
        /// The network that people have chosen.
        pin: Pin,
    }
}

table! {
    /// `pin` of a group.
    struct Pin {
        /// Which network.
        network: String,
        /// Until when.
        until: Time,
    }
}

table! {
    /// `[uplink]`.
    struct Uplink {
        /// False: every failure is believed at once.
        enabled: bool = true,
        /// Who is asked whether it is us.
        canaries: Vec<At<String>> = list("uplink.canaries", CANARIES.map(str::to_owned)),
        /// The next router.
        gateway: String = "auto".to_owned(),
    }
}

table! {
    /// `[[maintenance]]`.
    struct Maintenance {
        /// Which networks.
        networks: Vec<At<String>>,
        /// From when.
        from: Time,
        /// Until when.
        until: Time,
    }
}

/// Every key of every table, by the table's name in the documentation. Keys of `[probe]` are
/// listed once, though networks and endpoints take them too.
#[must_use]
pub fn keys() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("", File::own_keys()),
        ("web", Web::own_keys()),
        ("history", History::own_keys()),
        ("probe", Global::keys()),
        ("network", Network::own_keys()),
        ("http", [Common::keys(), Http::own_keys()].concat()),
        ("http.basic_auth", BasicAuth::keys()),
        ("http.tls", ClientTls::keys()),
        ("http.expect", HttpExpect::keys()),
        ("http.expect.header_matches", HeaderMatch::keys()),
        ("http.restricted", Restricted::keys()),
        ("tls", [Common::keys(), Tls::own_keys()].concat()),
        ("tls.tls", ClientTls::keys()),
        ("tls.expect", TlsExpect::keys()),
        ("tcp", [Common::keys(), Tcp::own_keys()].concat()),
        ("dns", [Common::keys(), Dns::own_keys()].concat()),
        ("dns.expect", DnsExpect::keys()),
        ("group", Group::keys()),
        ("group.pin", Pin::keys()),
        ("uplink", Uplink::keys()),
        ("maintenance", Maintenance::keys()),
        ("notice", Notice::keys()),
    ]
}
