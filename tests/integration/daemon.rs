//! The daemon from outside: start, scrape, reload, stop.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::daemon::{Daemon, ok, server, value, without_canaries};

/// A network of one endpoint, probed as often as is allowed.
fn network(name: &str, url: &str, extra: &str) -> String {
    format!(
        "[network.{name}]\nfamilies = [\"ipv4\"]\n[[network.{name}.http]]\nname = \"web\"\nurl = \"{url}\"\n\
         interval = \"1s\"\nrecheck_interval = \"1s\"\ndown_interval = \"1s\"\n{extra}\n"
    )
}

fn rounds(name: &str, verdict: &str) -> String {
    format!(r#"bascule_rounds_total{{endpoint="web",network="{name}",verdict="{verdict}"}}"#)
}

fn state(name: &str, state: &str) -> String {
    format!(r#"bascule_network_state{{network="{name}",state="{state}"}}"#)
}

#[test]
fn a_network_comes_up_goes_down_with_its_reason_and_comes_back() {
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = std::sync::Arc::clone(&broken);
    let address = server(move |_| {
        if switch.load(std::sync::atomic::Ordering::SeqCst) {
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec()
        } else {
            ok("hello")
        }
    });
    let other = server(|_| ok("other"));
    let config = network("x", &format!("http://{address}/"), "")
        + &network("y", &format!("http://{other}/"), "")
        + "[[group]]\nname = \"default\"\nnetworks = [\"x\", \"y\"]\npreempt_delay = \"1s\"\n";
    let daemon = Daemon::start(&config);
    daemon.wait_for(&state("x", "up"), |v| v == 1.0);
    // First rounds are spread over five seconds: the fallback may be the last to be known.
    daemon.wait_for(&state("y", "up"), |v| v == 1.0);
    daemon.wait_for(
        r#"bascule_group_active{group="default",network="x"}"#,
        |v| v == 1.0,
    );
    broken.store(true, std::sync::atomic::Ordering::SeqCst);
    daemon.wait_for(&state("x", "down"), |v| v == 1.0);
    let metrics = daemon.metrics();
    let get = |series: &str| value(&metrics, series);
    assert_eq!(
        get(r#"bascule_network_layer_down{layer="http",network="x"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_network_transitions_total{network="x",to="down"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_group_active{group="default",network="y"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_group_role{group="default",network="x",role="failed"}"#),
        Some(1.0)
    );
    assert_eq!(get(&state("y", "up")), Some(1.0));
    assert!(
        get(
            r#"bascule_probe_failures_total{endpoint="web",layer="http",network="x",reason="http_status"}"#
        ) >= Some(3.0)
    );
    let line = daemon.wait_for_line("x is down");
    assert!(
        line.contains("x is down at web (http): status 503, expected 2xx [http_status]"),
        "{line}"
    );
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    daemon.wait_for(&state("x", "up"), |v| v == 1.0);
    daemon.wait_for(
        r#"bascule_group_active{group="default",network="x"}"#,
        |v| v == 1.0,
    );
}

#[test]
fn every_series_is_there_before_the_first_round_and_promtool_finds_no_fault() {
    let address = server(|_| Vec::new());
    let daemon = Daemon::start(&network("x", &format!("http://{address}/"), ""));
    let metrics = daemon.metrics();
    assert_eq!(value(&metrics, &rounds("x", "fail")), Some(0.0));
    assert_eq!(value(&metrics, &state("x", "unknown")), Some(1.0));
    assert_eq!(
        value(&metrics, "bascule_config_last_reload_successful"),
        Some(1.0)
    );
    assert!(value(&metrics, "process_resident_memory_bytes").unwrap() > 1e6);
    let not_ready = daemon.get("/readyz");
    assert_eq!(
        (not_ready.status, not_ready.text().as_str()),
        (503, "first rounds: 0 of 1 endpoints done\n")
    );
    assert_eq!(daemon.get("/healthz").status, 200);

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs (Debian package prometheus)");
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(metrics.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn untouched_endpoints_keep_counters_and_schedule_at_a_reload() {
    let (a, b) = (server(|_| ok("a")), server(|_| ok("b")));
    let slow = "interval = \"4m\"";
    let with = |extra: &str| {
        let x = network("x", &format!("http://{a}/"), "")
            .replace("interval = \"1s\"\nrecheck", &format!("{slow}\nrecheck"));
        format!("{x}{extra}")
    };
    let daemon = Daemon::start(&with(&network("y", &format!("http://{b}/"), "")));
    daemon.wait_for(&rounds("x", "pass"), |v| v == 1.0);
    daemon.wait_for(&rounds("y", "pass"), |v| v >= 2.0);

    // y goes, z comes, x is not touched: one round in four minutes, before and after.
    daemon.rewrite(&with(&network("z", &format!("http://{b}/"), "")));
    daemon.signal("HUP");
    daemon.wait_for(&rounds("z", "pass"), |v| v >= 2.0);
    let metrics = daemon.metrics();
    assert_eq!(value(&metrics, &rounds("x", "pass")), Some(1.0));
    assert_eq!(value(&metrics, &state("x", "up")), Some(1.0));
    assert!(!metrics.contains("network=\"y\""), "series of y are gone");
    assert_eq!(
        value(&metrics, "bascule_config_last_reload_successful"),
        Some(1.0)
    );

    // A change to x starts its state again, not its counters.
    daemon.rewrite(&with("").replace(
        "name = \"web\"",
        "name = \"web\"\nexpect.body_matches = [\"nothing like it\"]",
    ));
    daemon.signal("HUP");
    daemon.wait_for(&state("x", "down"), |v| v == 1.0);
    assert_eq!(daemon.value(&rounds("x", "pass")), Some(1.0));
}

#[test]
fn a_broken_file_changes_nothing_and_is_told_with_line_and_key() {
    let address = server(|_| ok("a"));
    let good = network("x", &format!("http://{address}/"), "");
    let daemon = Daemon::start(&good);
    daemon.wait_for(&rounds("x", "pass"), |v| v >= 1.0);
    let loaded = daemon
        .value("bascule_config_last_reload_success_timestamp_seconds")
        .unwrap();
    daemon.rewrite(&good.replace("url =", "ulr ="));
    daemon.signal("HUP");
    daemon.wait_for("bascule_config_last_reload_successful", |v| v == 0.0);
    assert_eq!(
        daemon.value("bascule_config_last_reload_success_timestamp_seconds"),
        Some(loaded)
    );
    let line = daemon.wait_for_line("`ulr`");
    assert!(
        line.contains("configuration not reloaded, the old one stays"),
        "{line}"
    );
    assert!(line.contains("config.toml:7: network.x.http.web"), "{line}");
    let before = daemon.value(&rounds("x", "pass")).unwrap();
    daemon.wait_for(&rounds("x", "pass"), |v| v > before);
    daemon.rewrite(&good);
    daemon.signal("HUP");
    daemon.wait_for("bascule_config_last_reload_successful", |v| v == 1.0);
}

#[test]
fn it_stops_at_once_though_a_server_hangs_and_counts_no_half_round() {
    let address = server(|_| Vec::new());
    let daemon = Daemon::start(&network("x", &format!("http://{address}/"), ""));
    daemon.wait_for("bascule_rounds_in_flight", |v| v == 1.0);
    let metrics = daemon.metrics();
    for verdict in ["pass", "slow", "restricted", "fail", "inconclusive"] {
        assert_eq!(
            value(&metrics, &rounds("x", verdict)),
            Some(0.0),
            "{verdict}"
        );
    }
    let (status, took) = daemon.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_listener_answers_what_it_knows_and_refuses_the_rest() {
    let address = server(|_| ok("a"));
    let daemon = Daemon::start(&network("x", &format!("http://{address}/"), ""));
    assert_eq!(daemon.get("/nothing").status, 404);
    assert_eq!(daemon.get("/../etc/passwd").status, 404);
    let post = daemon.request(
        "POST /metrics HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(post.status, 405);
    assert!(post.head.contains("allow: get, head"), "{}", post.head);
    let reload =
        "POST /-/reload HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(daemon.request(reload).status, 404, "off by default");
    let head = daemon.request("HEAD /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(
        !head.head.contains("content-length: 0\r\n"),
        "{}",
        head.head
    );
    let big = format!(
        "GET / HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n",
        "y".repeat(100_000)
    );
    let mut stream = std::net::TcpStream::connect(daemon.address).unwrap();
    // It may hang up before it has read everything.
    let _ = stream.write_all(big.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(
        !answer.starts_with(b"HTTP/1.1 200"),
        "a head of 100 kB is refused"
    );

    let zipped = daemon.request(
        "GET /metrics HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
    );
    assert!(
        zipped.head.contains("content-encoding: gzip"),
        "{}",
        zipped.head
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&zipped.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("bascule_build_info{version="));
    let counted = r#"bascule_web_requests_total{code="4xx",route="other"}"#;
    assert!(value(&daemon.metrics(), counted) >= Some(3.0));
}

#[test]
fn a_crowd_of_idle_clients_does_not_lock_out_prometheus() {
    let address = server(|_| ok("a"));
    let daemon = Daemon::start(&network("x", &format!("http://{address}/"), ""));
    let connect = || std::net::TcpStream::connect(daemon.address).unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n";
    let mut kept = connect();
    kept.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    kept.write_all(request).unwrap();
    let mut answer = [0; 15];
    kept.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let crowd: Vec<_> = std::iter::repeat_with(connect).take(400).collect();
    let began = daemon.get("/metrics");
    assert_eq!(began.status, 200);
    // A client that was served before is not sent away for those who never ask.
    kept.write_all(request).unwrap();
    let mut rest = Vec::new();
    let mut chunk = [0; 65536];
    while rest.windows(15).filter(|w| w == b"HTTP/1.1 200 OK").count() < 1 {
        let read = kept.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "the connection was cut");
        rest.extend_from_slice(&chunk[..read]);
    }
    drop(crowd);
}

#[test]
fn the_configuration_can_be_reloaded_over_http_where_that_is_allowed() {
    let address = server(|_| ok("a"));
    let config = format!(
        "enable_lifecycle = true\n{}",
        network("x", &format!("http://{address}/"), "")
    );
    let daemon = Daemon::start(&config);
    let reload =
        "POST /-/reload HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = daemon.request(reload);
    assert_eq!((answer.status, answer.text().as_str()), (200, "reloaded\n"));
    daemon.rewrite(&config.replace("http://", "gopher://"));
    let answer = daemon.request(reload);
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().contains("network.x.http"),
        "{}",
        answer.text()
    );
}

#[test]
fn nothing_a_server_sends_makes_a_series() {
    let address = server(|number| {
        let mut chance = fastrand::Rng::with_seed(number as u64);
        let status = chance.u16(100..1000);
        let junk: String = std::iter::repeat_with(|| chance.alphanumeric())
            .take(60)
            .collect();
        match number % 5 {
            0 => format!("HTTP/1.1 {status} {junk}\r\n{junk}: {junk}\r\nContent-Length: 3\r\n\r\nabc").into_bytes(),
            1 => junk.into_bytes(),
            2 => format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/{junk}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            3 => ok(&junk),
            _ => format!("HTTP/1.1 200 OK\r\nContent-Encoding: {junk}\r\nContent-Length: 9\r\n\r\nabc").into_bytes(),
        }
    });
    let mut config = network(
        "x",
        &format!("http://{address}/"),
        "timeout = \"1s\"\nresponse_timeout = \"1s\"\nconnect_timeout = \"1s\"\ntls_timeout = \"1s\"\ndns_timeout = \"1s\"",
    );
    config.push_str(&network("y", &format!("https://{address}/"), "timeout = \"1s\"\nresponse_timeout = \"1s\"\nconnect_timeout = \"1s\"\ntls_timeout = \"1s\"\ndns_timeout = \"1s\""));
    let daemon = Daemon::start(&config);
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    let before = names(&daemon.metrics());
    let enough = |name| daemon.wait_for(&rounds(name, "fail"), |v| v >= 5.0);
    enough("x");
    enough("y");
    let after = names(&daemon.metrics());
    let new: Vec<&String> = after.iter().filter(|name| !before.contains(name)).collect();
    assert!(new.is_empty() && after.len() == before.len(), "{new:?}");
}

#[test]
fn a_taken_port_is_one_sentence_and_exit_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let config = format!(
        "[web]\nlisten = [\"{address}\"]\n{}",
        without_canaries(&network("x", "http://127.0.0.1:9/", ""))
    );
    std::fs::write(&path, config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bascule"))
        .arg("--config")
        .arg(&path)
        .env("STATE_DIRECTORY", dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!(
            "cannot listen on {address}: Address already in use"
        )),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn short_of_descriptors_it_probes_less_at_a_time_and_still_answers() {
    let address = server(|_| Vec::new());
    let mut config = String::new();
    for i in 0..60 {
        let name = format!("n{i}");
        let short = "timeout = \"500ms\"\nresponse_timeout = \"400ms\"\nconnect_timeout = \"400ms\"\n\
                     tls_timeout = \"400ms\"\ndns_timeout = \"400ms\"\nper_host = 100";
        config.push_str(&network(&name, &format!("http://{address}/"), short));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let config = without_canaries(&config);
    let config = format!("[web]\nlisten = [\"127.0.0.1:0\"]\n{config}");
    std::fs::write(&path, config).unwrap();
    let child = Command::new("prlimit")
        .args([
            "--nofile=40:40",
            "--",
            env!("CARGO_BIN_EXE_bascule"),
            "--config",
        ])
        .arg(&path)
        .env("NO_COLOR", "1")
        .env("STATE_DIRECTORY", dir.path().join("state"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("prlimit runs (Debian package util-linux)");
    let daemon = Daemon::watch(child, path, dir);
    let line = daemon.wait_for_line("may open 40 files");
    assert!(line.contains("enough for 6 rounds at a time"), "{line}");
    for i in 0..60 {
        daemon.wait_for(&rounds(&format!("n{i}"), "fail"), |v| v >= 1.0);
        let ours = daemon.value(&rounds(&format!("n{i}"), "inconclusive"));
        assert_eq!(ours, Some(0.0), "n{i}");
    }
}

#[test]
fn without_any_network_it_says_so_in_a_sentence_and_keeps_trying() {
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new("unshare")
        .args(["--net", "--", env!("CARGO_BIN_EXE_bascule")])
        .env("NO_COLOR", "1")
        .env("STATE_DIRECTORY", dir.path().join("state"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("unshare runs (Debian package util-linux)");
    let daemon = Daemon::watch(child, dir.path().join("none"), dir);
    let line = daemon.wait_for_line("nothing can be judged from here");
    assert!(
        line.contains("this machine has no route to the address"),
        "{line}"
    );
    assert!(line.contains("still trying"), "{line}");
    let log = daemon.log();
    assert!(log.contains("watches 8 networks"), "{log}");
    assert!(
        log.contains("group default in order of preference: x, bluesky, mastodon, threads"),
        "{log}"
    );
    assert!(!log.contains("is down"), "{log}");
    assert_eq!(log.matches("nothing can be judged").count(), 1, "{log}");
}
