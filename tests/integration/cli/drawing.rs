//! What `bascule probe` draws: understood at once, in 80 columns, with or without colours.

use bascule::model::{
    Cause, DnsQuery, HttpFacts, Kind, Layer, Phases, Reason, Redirect, Round, Verdict,
};
use bascule::report::draw::{Section, Told, draw};
use bascule::report::line::{Look, width};
use std::sync::Arc;

use super::rounds::{answer, bare, expired_round, ms, passing_round};

const RICH: Look = Look::RICH;
const GREY: Look = Look {
    colour: false,
    ..Look::RICH
};

fn alone(look: Look, round: &Round) -> String {
    let told = vec![Told {
        name: "x/web",
        round,
    }];
    let title = Some("X");
    draw(look, &[Section { title, told }], ms(90))
}

/// Two networks with five endpoints, of which one is in trouble.
fn together(look: Look) -> String {
    let (good, bad) = (passing_round(), expired_round());
    let told = |name, round| Told { name, round };
    let x = Section {
        title: Some("X"),
        told: vec![
            told("x/web", &good),
            told("x/api", &good),
            told("x/cert", &bad),
        ],
    };
    let bluesky = Section {
        title: Some("Bluesky"),
        told: vec![told("bluesky/appview", &good)],
    };
    draw(look, &[x, bluesky], ms(1_234))
}

fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn a_pass_shows_the_climb_a_bar_per_phase_and_the_facts_of_each_address() {
    assert_eq!(
        alone(GREY, &passing_round()),
        "\
✓ pass  x/web  HTTP/2 200 in 142 ms
  dns ✓ ─ tcp ✓ ─ tls ✓ ─ http ✓ ─ content ✓
    x.com A from system, 4.0 ms: 203.0.113.7

    203.0.113.7:443
      resolve      4.0 ms   ━
      connect       11 ms    ━━━━
      tls           31 ms        ━━━━━━━━━━━━
      first byte    80 ms                    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      body          14 ms                                                 ━━━━━
      TLS 1.3 · TLS13_AES_128_GCM_SHA256 · X25519MLKEM768 · h2
      certificate 74 days left (2026-08-06), for x.com, by Example R11
      HTTP/2 200 · 48.2 kB (12.1 kB on the wire) · text/html; charset=utf-8

    [2001:db8::7]:443
      resolve      4.0 ms   ━
      connect       11 ms    ━━━━
      tls           31 ms        ━━━━━━━━━━━━
      first byte    82 ms                    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      body          14 ms                                                  ━━━━━
      TLS 1.3 · TLS13_AES_128_GCM_SHA256 · X25519MLKEM768 · h2
      certificate 74 days left (2026-08-06), for x.com, by Example R11
      HTTP/2 200 · 48.2 kB (12.1 kB on the wire) · text/html; charset=utf-8
"
    );
}

#[test]
fn a_failure_shows_where_the_climb_ended_and_what_was_learned_before() {
    assert_eq!(
        alone(Look::PLAIN, &expired_round()),
        "\
fail  x/web  certificate expired 3 days ago (tls_expired)
  dns ok - tcp ok - tls FAIL - http . - content .
    x.com A from system, 4.0 ms: 203.0.113.7

    203.0.113.7:443
      resolve      4.0 ms   =====
      connect       11 ms        ============
      tls           31 ms                    ===================================
      TLS 1.3, TLS13_AES_128_GCM_SHA256, X25519MLKEM768, h2
      certificate expired 3 days ago (2026-05-21), for x.com, by Example R11
"
    );
}

#[test]
fn with_many_addresses_only_trouble_is_told_in_full() {
    assert_eq!(
        together(Look::PLAIN),
        "\
X --------------------------------------------------------------- 2 pass, 1 fail

pass  x/web  HTTP/2 200 in 142 ms
  dns ok - tcp ok - tls ok - http ok - content ok          74 days left, 48.2 kB
    203.0.113.7:443      =-====------------==  dns 4 tcp 11 tls 31 http 80+14 ms
    [2001:db8::7]:443    =-====------------==  dns 4 tcp 11 tls 31 http 82+14 ms

pass  x/api  HTTP/2 200 in 142 ms
  dns ok - tcp ok - tls ok - http ok - content ok          74 days left, 48.2 kB
    203.0.113.7:443      =-====------------==  dns 4 tcp 11 tls 31 http 80+14 ms
    [2001:db8::7]:443    =-====------------==  dns 4 tcp 11 tls 31 http 82+14 ms

fail  x/cert  certificate expired 3 days ago (tls_expired)
  dns ok - tcp ok - tls FAIL - http . - content .
    x.com A from system, 4.0 ms: 203.0.113.7

    203.0.113.7:443
      resolve      4.0 ms   =====
      connect       11 ms        ============
      tls           31 ms                    ===================================
      TLS 1.3, TLS13_AES_128_GCM_SHA256, X25519MLKEM768, h2
      certificate expired 3 days ago (2026-05-21), for x.com, by Example R11

Bluesky ----------------------------------------------------------------- 1 pass

pass  bluesky/appview  HTTP/2 200 in 142 ms
  dns ok - tcp ok - tls ok - http ok - content ok          74 days left, 48.2 kB
    203.0.113.7:443      =-====------------==  dns 4 tcp 11 tls 31 http 80+14 ms
    [2001:db8::7]:443    =-====------------==  dns 4 tcp 11 tls 31 http 82+14 ms

4 endpoints: 3 pass, 1 fail, in 1.23 s
"
    );
}

#[test]
fn bad_news_of_many_rounds_is_named_again_at_the_end() {
    let (good, bad) = (passing_round(), expired_round());
    let mut told: Vec<Told<'_>> = (0..5)
        .map(|_| Told {
            name: "x/web",
            round: &good,
        })
        .collect();
    told.push(Told {
        name: "x/cert",
        round: &bad,
    });
    let text = draw(Look::PLAIN, &[Section { title: None, told }], ms(90));
    let tail = "\n6 endpoints: 5 pass, 1 fail, in 90 ms\n  x/cert\n";
    assert!(text.ends_with(tail), "{text}");
}

#[test]
fn a_family_without_addresses_reads_like_no_trouble() {
    let mut round = passing_round();
    round.dns.push(DnsQuery {
        record_type: "AAAA".into(),
        reason: Some(Reason::DnsNoAnswer),
        answers: vec![],
        ..answer("x.com.", "")
    });
    let text = alone(Look::PLAIN, &round);
    assert!(
        text.contains("\n    x.com AAAA from system, 4.0 ms: none\n"),
        "{text}"
    );
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = alone(RICH, &expired_round());
    assert!(coloured.starts_with("\x1b[1;31m✗ fail\x1b[0m  \x1b[1mx/web\x1b[0m  certificate"));
    assert_eq!(without_colours(&coloured), alone(GREY, &expired_round()));
    assert!(!alone(GREY, &expired_round()).contains('\x1b'));
}

#[test]
fn the_plain_look_is_ascii_that_every_code_page_can_show() {
    for text in [
        together(Look::PLAIN),
        alone(Look::PLAIN, &passing_round()),
        alone(Look::PLAIN, &hostile()),
    ] {
        let strange = text
            .chars()
            .find(|c| !(*c == '\n' || (' '..='~').contains(c)));
        assert_eq!(strange, None, "{text}");
    }
}

#[test]
fn no_line_is_longer_than_eighty_columns() {
    for look in [RICH, GREY, Look::PLAIN] {
        for text in [together(look), alone(look, &hostile())] {
            let text = without_colours(&text);
            let long = text.lines().find(|line| width(line) > 80);
            assert_eq!(long, None);
        }
    }
}

#[test]
fn text_of_a_server_never_commands_the_terminal() {
    let ours = alone(RICH, &hostile());
    // Whatever is left after our own colours has no escape, bell, C1 control or turned text.
    let theirs = without_colours(&ours);
    let harmful = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    assert_eq!(theirs.chars().find(harmful), None, "{theirs:?}");
    assert!(ours.contains("evil\u{fffd}]0;owned\u{fffd}"), "{ours:?}");
}

/// A round whose every text was written by an enemy, and let through by a careless prober.
fn hostile() -> Round {
    let evil = format!("evil\x1b]0;owned\x07\u{9b}2J\u{202e}{}", "漢é".repeat(60));
    let mut round = passing_round();
    let cause = || Cause::new(Reason::ContentHeader, evil.clone());
    round.verdict = Verdict::Fail(cause());
    round.dns[0].answers[0].data.clone_from(&evil);
    for address in &mut round.addresses {
        address.verdict = Verdict::Fail(Cause::new(Reason::ContentMismatch, evil.clone()));
        let tls = address.tls.as_mut().expect("handshake");
        tls.cipher = Some(evil.clone());
        let certificate = Arc::make_mut(tls.certificate.as_mut().expect("certificate"));
        certificate.names = vec![evil.clone()];
        certificate.issuer = format!("CN={evil}");
        let http = address.http.as_mut().expect("response");
        http.headers = vec![("content-type".into(), evil.clone())];
        http.redirects = vec![Redirect {
            url: format!("https://{evil}/"),
            status: 301,
            address: None,
            phases: Phases::default(),
            tls: None,
            layer: None,
            reason: None,
        }];
    }
    round
}

#[test]
fn a_dead_address_beside_a_good_one_has_its_own_reason_and_a_cross_where_it_stopped() {
    let mut round = passing_round();
    round.addresses[1].phases = Phases {
        resolve: Some(ms(4)),
        ..Phases::default()
    };
    round.addresses[1].reached = Some(Layer::Tcp);
    round.addresses[1].tls = None;
    round.addresses[1].http = None;
    let dead = Cause::new(Reason::TcpTimeout, "no connection within 3 s");
    round.addresses[1].verdict = Verdict::Fail(dead);
    let partial = "1 of 2 addresses does not work: [2001:db8::7]:443";
    round.verdict = Verdict::Slow(Cause::at(Layer::Tcp, Reason::PartialAddresses, partial));
    let text = alone(GREY, &round);
    let tail = text.split_once("\n\n").map(|(head, _)| head);
    assert_eq!(
        tail,
        Some(
            "\
! slow  x/web
  1 of 2 addresses does not work: [2001:db8::7]:443 (partial_addresses)
  dns ✓ ─ tcp ! ─ tls ✓ ─ http ✓ ─ content ✓
    x.com A from system, 4.0 ms: 203.0.113.7"
        )
    );
    assert!(
        text.ends_with(
            "
    [2001:db8::7]:443  no connection within 3 s (tcp_timeout)
      resolve      4.0 ms   ━
      connect           -    ✗
"
        ),
        "{text}"
    );
}

#[test]
fn a_bot_wall_is_no_failure_and_our_own_trouble_has_no_layer() {
    let mut walled = passing_round();
    let cause = Cause::new(Reason::WallStatus, "status 999");
    walled.verdict = Verdict::Restricted(cause.clone());
    walled.addresses.truncate(1);
    walled.addresses[0].verdict = Verdict::Restricted(cause);
    let text = alone(GREY, &walled);
    assert!(
        text.starts_with(
            "\
⊘ restricted  x/web  status 999 (wall_status)
  dns ✓ ─ tcp ✓ ─ tls ✓ ─ http ⊘ ─ content ·
"
        ),
        "{text}"
    );
    let ours = Verdict::Inconclusive(Cause::new(Reason::LocalCancelled, ""));
    assert_eq!(
        alone(GREY, &bare(Kind::Tls, ours)),
        "\
? inconclusive  x/web  the round was cancelled (local_cancelled)
  dns ? ─ tcp · ─ tls ·
"
    );
}

#[test]
fn name_servers_tell_what_they_said() {
    let cause = Cause::new(
        Reason::DnsDisagreement,
        "system and udp://192.0.2.53 differ",
    );
    let mut round = bare(Kind::Dns, Verdict::Fail(cause));
    round.dns = vec![
        answer("metropole.example.", "203.0.113.9"),
        DnsQuery {
            resolver: "udp://192.0.2.53".into(),
            reason: Some(Reason::DnsNxdomain),
            rcode: Some("NXDOMAIN".into()),
            answers: vec![],
            ..answer("metropole.example.", "")
        },
    ];
    assert_eq!(
        alone(Look::PLAIN, &round),
        "\
fail  x/web  system and udp://192.0.2.53 differ (dns_disagreement)
  dns FAIL
    metropole.example A from system, 4.0 ms: 203.0.113.9
    metropole.example A from udp://192.0.2.53, 4.0 ms: NXDOMAIN: the name does
      not exist
"
    );
}

#[test]
fn answers_that_differ_are_shown_beside_what_is_wrong_with_them() {
    let cause = Cause::new(Reason::DnsDisagreement, "they differ");
    let mut round = bare(Kind::Dns, Verdict::Fail(cause));
    round.dns = vec![DnsQuery {
        reason: Some(Reason::DnsDisagreement),
        ..answer("metropole.example.", "203.0.113.9")
    }];
    assert_eq!(
        alone(Look::PLAIN, &round),
        "\
fail  x/web  they differ (dns_disagreement)
  dns FAIL
    metropole.example A from system, 4.0 ms: 203.0.113.9: the resolvers give
      different answers
"
    );
}

#[test]
fn an_address_is_not_named_twice_on_its_line() {
    let mut round = passing_round();
    let (bad, detail) = (
        &mut round.addresses[1],
        "[2001:db8::7]:443 refused the connection",
    );
    bad.verdict = Verdict::Fail(Cause::new(Reason::TcpRefused, detail));
    let partial = format!("1 of 2 addresses fail, {detail}");
    let cause = Cause::at(Layer::Tcp, Reason::PartialAddresses, partial);
    round.verdict = Verdict::Slow(cause);
    let text = alone(Look::PLAIN, &round);
    let line = "    [2001:db8::7]:443  refused the connection (tcp_refused)\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_plain_http_url_to_an_address_needs_neither_dns_nor_tls() {
    let mut round = passing_round();
    round.dns.clear();
    round.addresses.truncate(1);
    round.addresses[0].tls = None;
    round.addresses[0].phases.tls = None;
    round.addresses[0].phases.resolve = None;
    round.addresses[0].http = Some(HttpFacts {
        status: Some(204),
        version: Some("1.1"),
        ..HttpFacts::default()
    });
    let text = alone(GREY, &round);
    assert!(
        text.starts_with("✓ pass  x/web  HTTP/1.1 204 in 142 ms\n  dns · ─ tcp ✓ ─ tls · ─ http ✓"),
        "{text}"
    );
}
