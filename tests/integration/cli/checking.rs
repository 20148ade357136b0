//! `bascule check` and `bascule config`.

use super::commands::{bascule, told};
use super::probing::file;

#[test]
fn check_tells_what_a_configuration_will_do() {
    let config = file(
        r#"
vantage = "rennes-1"
state_dir = "/var/lib/bascule"

[network.website]
title = "City website"
failure_domains = ["ovh"]
quorum = 1

[[network.website.http]]
name = "front"
url = "https://metropole.example/"
required = true
interval = "30s"

[[network.website.tls]]
name = "cert"
host = "metropole.example"
interval = "10m"
weight = 0

[[network.website.dns]]
name = "a"
query = "metropole.example"
type = "A"

[[group]]
name = "crisis"
networks = ["website"]
last_resort = "https://metropole.example/sms"

[uplink]
canaries = ["tcp://192.0.2.1:443", "tcp://192.0.2.2:443", "dns://.?type=NS&server=192.0.2.3"]
gateway = "192.0.2.254"
"#,
    );
    let path = config.path().to_str().unwrap();
    let (code, out, err) = told(&mut bascule(&["check", "--config", path]));
    assert_eq!((code, err.as_str()), (0, ""));
    let (head, rest) = out.split_once('\n').unwrap();
    assert_eq!(
        head,
        format!("{path}: fine, 1 network, 3 endpoints, 1 group, 1 warning")
    );
    let (facts, warning) = rest.split_once("\nwarnings\n").unwrap();
    assert_eq!(
        facts,
        "\
vantage rennes-1
listens on 127.0.0.1:10110, private: no TLS, no password
remembers in /var/lib/bascule: states up to 15m old, outages for 400d

City website (website)                                            falls with ovh
  front             http every 30s   required  metropole.example/
  cert              tls  every 10m   watched   metropole.example:443
  a                 dns  every 1m    weight 1  metropole.example A
  up while 1 of 2; seen down within 42s if it refuses, 50s if it swallows
  everything, 1m 32s if it hangs

group crisis, in order of preference
  website
  goes back to a preferred network once it has been up for 5m, times its outages
  of the last 6h (at most 1h)
  last resort https://metropole.example/sms

uplink, asked whether it is us when probes begin to fail
  ipv4, 3 canaries: tcp to 192.0.2.1:443, 192.0.2.2:443; dns to 192.0.2.3
  ipv6, no canaries: only networks prove it
  the gateway 192.0.2.254 tells trouble here from beyond

each host in a day on which all is well
  metropole.example                   3,024 rounds, at most 12,096 requests
  dns:metropole.example               1,440 rounds, 1,440 requests
"
    );
    let warning: Vec<&str> = warning.split_whitespace().collect();
    let warning = warning.join(" ");
    assert!(
        warning.starts_with(&format!("{path}:27: group.crisis: ")),
        "{warning}"
    );
}

#[test]
fn check_says_where_the_service_remembers_if_that_is_another_place() {
    let unit = include_str!("../../../systemd/bascule.service");
    assert!(unit.contains("\nStateDirectory=bascule\n"));
    let config = file(
        "[uplink]\nenabled = false\n[network.a]\n[[network.a.tcp]]\nname = \"a\"\n\
         address = \"127.0.0.1:1\"\n",
    );
    let path = config.path().to_str().unwrap();
    let check = |state: &str, home: &str| {
        let mut command = bascule(&["check", "--config", path]);
        command.env_remove("STATE_DIRECTORY").env(state, home);
        let (code, out, err) = told(&mut command);
        assert_eq!((code, err.as_str()), (0, ""));
        let (_, rest) = out.split_once("\nremembers in ").expect("where");
        let (place, _) = rest.split_once("\n\n").expect("more");
        place.to_owned()
    };
    assert_eq!(
        check("XDG_STATE_HOME", "/root/.local/state"),
        "/root/.local/state/bascule: states up to 15m old, outages for 400d\n  \
         when run like this; the service of the package remembers in /var/lib/bascule"
    );
    assert_eq!(
        check("STATE_DIRECTORY", "/srv/bascule"),
        "/srv/bascule: states up to 15m old, outages for 400d"
    );
}

#[test]
fn check_tells_what_people_have_decided_for_now() {
    let config = file(
        r#"
[network.website]
quorum = 1
enabled = false

[[network.website.tcp]]
name = "mail"
address = "mx.metropole.example:25"

[network.x]
[network.bluesky]

[[group]]
name = "crisis"
networks = ["x", "bluesky", "website"]
preempt = "manual"
failover_on_degraded = true
pin = { network = "bluesky", until = "2135-12-01T22:00:00Z" }

[[group]]
name = "calm"
networks = ["x", "bluesky"]
preempt = false
pin = { network = "x", until = "2025-12-01T22:00:00Z" }

[[maintenance]]
networks = ["x", "website"]
from = "2025-05-24T12:00:00Z"
until = "2135-05-24T12:00:00Z"

[[maintenance]]
networks = ["x"]
from = "2135-06-24T12:00:00Z"
until = "2135-06-24T16:00:00+02:00"

[[maintenance]]
networks = ["x"]
from = "2025-05-24T12:00:00Z"
until = "2025-05-24T13:00:00Z"

[[notice]]
text = { en = "We move on Monday.", fr = "Nous partons lundi." }
until = "2135-05-24T12:00:00Z"

[[notice]]
text = "It is over."
until = "2025-05-24T12:00:00Z"

[uplink]
enabled = false
"#,
    );
    let path = config.path().to_str().unwrap();
    let (code, out, err) = told(&mut bascule(&["check", "--config", path]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("\n  switched off: probed, and no choice for any group\n\nX (x)"),
        "{out}"
    );
    let (_, rest) = out.split_once("\ngroup crisis").unwrap();
    let (decided, _) = rest.split_once("\neach host").unwrap();
    assert_eq!(
        decided,
        ", in order of preference
  x, bluesky, website
  goes back to a preferred network when that is pinned; leaves a degraded
  network for one that is up
  pinned to bluesky until 2135-12-01T22:00:00Z

group calm, in order of preference
  x, bluesky
  stays with a network as long as that is usable

maintenance
  website                   2025-05-24T12:00:00Z to 2135-05-24T12:00:00Z, now
  x                         2025-05-24T12:00:00Z to 2135-05-24T12:00:00Z, now
  x                         2135-06-24T12:00:00Z to 2135-06-24T14:00:00Z

notices
  until 2135-05-24T12:00:00Z, en: We move on Monday.
  until 2135-05-24T12:00:00Z, fr: Nous partons lundi.

uplink, not looked at: every failure is believed at once
"
    );
    let (_, warnings) = out.split_once("\nwarnings\n").unwrap();
    let warnings: Vec<&str> = warnings.split_whitespace().collect();
    assert_eq!(
        warnings.join(" "),
        format!(
            "{path}:24: group.calm.pin.until: 2025-12-01T22:00:00Z is past: nothing is pinned \
             {path}:39: maintenance[2].until: 2025-05-24T13:00:00Z is past: the window has no use \
             {path}:47: notice[1].until: 2025-05-24T12:00:00Z is past: nobody sees this"
        )
    );
}

#[test]
fn check_tells_every_fault_with_file_line_and_key() {
    let config = file(
        "[probe]\ninterval = \"soon\"\nfal = 3\n\n[[network.website.http]]\nname = \"front\"\nurl = \"ftp://metropole.example/\"\n",
    );
    let path = config.path().to_str().unwrap();
    for command in ["check", "probe", "config"] {
        let (code, out, err) = told(&mut bascule(&[command, "--config", path]));
        assert_eq!((code, out.as_str()), (2, ""), "{command}");
        let places: Vec<String> = err
            .lines()
            .map(|line| {
                let rest = line.strip_prefix(path).expect("the file");
                rest.splitn(4, ':').take(3).collect::<Vec<_>>().join(":")
            })
            .collect();
        assert_eq!(
            places,
            [
                ":2: probe.interval",
                ":3: probe.fal",
                ":7: network.website.http.front.url"
            ],
            "{command}: {err}"
        );
    }
}

#[test]
fn a_configuration_that_is_not_there_is_one_sentence() {
    let (code, out, err) = told(&mut bascule(&["check", "--config", "/nonexistent/b.toml"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err.lines().count(), 1);
    assert!(err.starts_with("/nonexistent/b.toml: "), "{err}");
}

#[test]
fn the_built_in_configuration_checks_fine_in_eighty_columns() {
    // A file without a network means the same as no file, wherever this runs.
    let empty = file("");
    let path = empty.path().to_str().unwrap();
    let (code, out, err) = told(&mut bascule(&["check", "--config", path]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains(": fine, 8 networks, "), "{out}");
    assert!(out.contains("\n  x, bluesky, mastodon, "), "{out}");
    let long = out.lines().skip(1).find(|line| line.len() > 80);
    assert_eq!(long, None);
}

#[test]
fn the_resolved_configuration_can_be_read_again_and_stays_the_same() {
    let (code, first, err) = told(&mut bascule(&["config", "--default"]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(first.contains("[network.x]\n"), "{first}");
    let again = file(&first);
    let path = again.path().to_str().unwrap();
    let (code, second, err) = told(&mut bascule(&["config", "--config", path]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(first, second);
}

#[test]
fn the_configuration_that_the_readme_shows_checks_fine() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (toml, _) = rest.split_once("```").unwrap();
    let config = file(toml);
    let path = config.path().to_str().unwrap();
    let (code, out, err) = told(&mut bascule(&["check", "--config", path]));
    assert_eq!((code, err.as_str()), (0, ""));
    let head = format!("{path}: fine, 2 networks, ");
    assert!(out.starts_with(&head), "{out}");
    assert!(out.contains(", 0 warnings\n"), "{out}");
}

#[test]
fn a_long_list_of_failure_domains_does_not_push_the_name_out() {
    let long = "d".repeat(60);
    let config = file(&format!(
        "[network.website]\ntitle = \"City website\"\nfailure_domains = [\"{long}\"]\n\
         [[network.website.tcp]]\nname = \"mail\"\naddress = \"mx.metropole.example:25\"\n"
    ));
    let path = config.path().to_str().unwrap();
    let (code, out, _) = told(&mut bascule(&["check", "--config", path]));
    assert_eq!(code, 0);
    assert!(out.contains("\nCity website (website) "), "{out}");
}
