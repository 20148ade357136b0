//! `bascule probe --json`: names, order, nulls and digits are a promise.

use bascule::model::{
    AddressRound, Cause, DnsQuery, HttpFacts, Kind, Layer, Phases, Reason, Redirect, TlsFacts,
    Verdict,
};
use bascule::report::json;

use super::rounds::{answer, bare, expired_round, ms, passing_round};

fn told(round: &bascule::model::Round) -> String {
    serde_json::to_string_pretty(&json::round(round)).expect("JSON of a round")
}

#[test]
fn an_expired_certificate_is_told_with_its_dates_and_everything_before_it() {
    let expected = format!(
        r#"{{
  "network": "x",
  "endpoint": "web",
  "kind": "http",
  "verdict": "fail",
  "layer": "tls",
  "reason": "tls_expired",
  "detail": "certificate expired 3 days ago",
  "started": "2026-05-24T12:59:30.120Z",
  "duration_seconds": 0.081,
  "addresses": [
    {{
      "address": "203.0.113.7:443",
      "family": "ipv4",
      "verdict": "fail",
      "layer": "tls",
      "reason": "tls_expired",
      "phases": {{
        "resolve": 0.004,
        "connect": 0.011,
        "tls": 0.031,
        "first_byte": null,
        "body": null
      }},
      "tls": {{
        "version": "1.3",
        "cipher": "TLS13_AES_128_GCM_SHA256",
        "group": "X25519MLKEM768",
        "alpn": "h2",
        "verify_error": "expired",
        "not_before": "2026-02-23T12:59:30Z",
        "not_after": "2026-05-21T12:59:30Z",
        "chain_not_after": "2026-05-21T12:59:30Z",
        "subject": "CN=x.com",
        "issuer": "C=US, O=Example Trust, CN=Example R11",
        "names": [
          "x.com"
        ],
        "sha256": "{}"
      }},
      "http": null
    }}
  ],
  "dns": [
    {{
      "resolver": "system",
      "name": "x.com.",
      "type": "A",
      "reason": null,
      "rcode": "NOERROR",
      "answers": [
        {{
          "type": "A",
          "ttl": 60,
          "data": "203.0.113.7"
        }}
      ],
      "duration_seconds": 0.004,
      "transport": "udp",
      "truncated": false,
      "authenticated": false
    }}
  ]
}}"#,
        "ab".repeat(32)
    );
    assert_eq!(told(&expired_round()), expected);
}

#[test]
fn a_pass_has_neither_layer_nor_reason_nor_detail_and_a_url_no_names() {
    assert_eq!(
        told(&bare(Kind::Dns, Verdict::Pass)),
        r#"{
  "network": null,
  "endpoint": null,
  "kind": "dns",
  "verdict": "pass",
  "layer": null,
  "reason": null,
  "detail": null,
  "started": "2026-05-24T12:59:30.120Z",
  "duration_seconds": 0.081,
  "addresses": [],
  "dns": []
}"#
    );
}

#[test]
fn facts_that_were_not_learned_are_null_and_never_missing() {
    let verdict = Verdict::Inconclusive(Cause::new(Reason::LocalNoRoute, "no route to ipv6"));
    let mut round = bare(Kind::Http, verdict.clone());
    round.addresses = vec![AddressRound {
        address: "[2001:db8::7]:443".parse().unwrap(),
        verdict,
        phases: Phases::default(),
        reached: None,
        tls: Some(TlsFacts::default()),
        http: Some(HttpFacts {
            redirects: vec![Redirect {
                url: "http://198.51.100.1/".into(),
                status: 301,
                address: None,
                phases: Phases::default(),
                tls: None,
                layer: Some(Layer::Tcp),
                reason: Some(Reason::TcpRefused),
            }],
            ..HttpFacts::default()
        }),
    }];
    round.dns = vec![DnsQuery {
        reason: Some(Reason::DnsTimeout),
        rcode: None,
        answers: vec![],
        ..answer("x.com.", "")
    }];
    assert_eq!(
        serde_json::to_string(&json::round(&round)).unwrap(),
        concat!(
            r#"{"network":null,"endpoint":null,"kind":"http","verdict":"inconclusive","#,
            r#""layer":null,"reason":"local_no_route","detail":"no route to ipv6","#,
            r#""started":"2026-05-24T12:59:30.120Z","duration_seconds":0.081,"#,
            r#""addresses":[{"address":"[2001:db8::7]:443","family":"ipv6","#,
            r#""verdict":"inconclusive","layer":null,"reason":"local_no_route","#,
            r#""phases":{"resolve":null,"connect":null,"tls":null,"first_byte":null,"body":null},"#,
            r#""tls":{"version":null,"cipher":null,"group":null,"alpn":null,"verify_error":null,"#,
            r#""not_before":null,"not_after":null,"chain_not_after":null,"subject":null,"#,
            r#""issuer":null,"names":null,"sha256":null},"#,
            r#""http":{"status":null,"version":null,"redirects":[{"url":"http://198.51.100.1/","#,
            r#""status":301,"address":null,"#,
            r#""phases":{"resolve":null,"connect":null,"tls":null,"first_byte":null,"body":null},"#,
            r#""tls":null,"layer":"tcp","reason":"tcp_refused"}],"#,
            r#""content_length":null,"encoded_bytes":null,"body_bytes":null,"body_prefix":null,"#,
            r#""headers":{}}}],"#,
            r#""dns":[{"resolver":"system","name":"x.com.","type":"A","reason":"dns_timeout","#,
            r#""rcode":null,"answers":[],"duration_seconds":0.004,"transport":"udp","#,
            r#""truncated":false,"authenticated":false}]}"#
        )
    );
}

#[test]
fn headers_keep_their_order_and_sizes_are_numbers() {
    let mut round = passing_round();
    let http = round.addresses[0].http.as_mut().unwrap();
    http.headers = vec![
        ("server".into(), "nginx".into()),
        ("content-type".into(), "text/html".into()),
        ("age".into(), "0, 1".into()),
    ];
    let json = serde_json::to_string(&json::round(&round)).unwrap();
    let expected = concat!(
        r#""http":{"status":200,"version":"2","redirects":[],"content_length":12100,"#,
        r#""encoded_bytes":12100,"body_bytes":48213,"body_prefix":null,"#,
        r#""headers":{"server":"nginx","content-type":"text/html","age":"0, 1"}}"#
    );
    assert!(json.contains(expected), "{json}");
}

#[test]
fn the_beginning_of_a_body_is_told_only_where_it_was_kept() {
    let mut round = passing_round();
    let told = |round: &bascule::model::Round| serde_json::to_value(json::round(round)).unwrap();
    assert!(told(&round)["addresses"][0]["http"]["body_prefix"].is_null());
    round.addresses[0].http.as_mut().unwrap().body_prefix = Some("Sorry".to_owned());
    assert_eq!(told(&round)["addresses"][0]["http"]["body_prefix"], "Sorry");
}

#[test]
fn durations_are_rounded_to_microseconds_without_a_tail_of_digits() {
    let of = |nanos| {
        let mut round = bare(Kind::Tcp, Verdict::Pass);
        round.duration = std::time::Duration::from_nanos(nanos);
        let json = serde_json::to_value(json::round(&round)).unwrap();
        json["duration_seconds"].to_string()
    };
    assert_eq!(of(0), "0.0");
    assert_eq!(of(4_100_499), "0.0041");
    assert_eq!(of(4_100_500), "0.004101");
    assert_eq!(of(10_000_000_300), "10.0");
    assert_eq!(of(3_123_456_789), "3.123457");
}

#[test]
fn an_array_has_one_object_a_line_and_nothing_a_terminal_could_obey() {
    let mut one = bare(Kind::Tcp, Verdict::Pass);
    one.duration = ms(1);
    let hostile = "\u{1b}[2J\u{9b}2J\u{202e}\u{7f} é";
    one.verdict = Verdict::Fail(Cause::new(Reason::TcpRefused, hostile));
    let text = json::array([&one, &one]).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains(r"\u001b[2J\u009b2J\u202e\u007f é"), "{text}");
    let back: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back[1]["detail"], hostile);
    assert_eq!(json::array([]).unwrap(), "[]\n");
}
