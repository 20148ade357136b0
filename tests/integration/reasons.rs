//! Every reason is provoked by a test: the list, and the proof that the list is true.

use std::collections::BTreeSet;

use bascule::model::Reason;

/// The reason that nothing outside can provoke: the command line gives it.
const ELSEWHERE: [Reason; 1] = [Reason::LocalCancelled];

/// A reason, the module and the test that provokes it.
const PROVOKED: &[(Reason, &str, &str)] = &[
    (
        Reason::DnsNxdomain,
        "dns/reasons",
        "a_name_that_does_not_exist_is_dns_nxdomain",
    ),
    (
        Reason::DnsNoAnswer,
        "dns/reasons",
        "a_name_without_any_address_is_dns_no_answer",
    ),
    (
        Reason::DnsServfail,
        "dns/reasons",
        "servfail_of_a_resolver_that_is_well_is_dns_servfail",
    ),
    (
        Reason::DnsRefused,
        "dns/reasons",
        "refusal_by_a_resolver_that_is_well_is_dns_refused",
    ),
    (
        Reason::DnsTimeout,
        "dns/reasons",
        "silence_about_one_name_is_dns_timeout_and_ends_with_the_limit",
    ),
    (
        Reason::DnsMalformed,
        "dns/reasons",
        "what_cannot_be_decoded_is_dns_malformed",
    ),
    (
        Reason::DnsUnreachable,
        "dns/reasons",
        "a_resolver_that_hangs_up_on_one_name_is_dns_unreachable",
    ),
    (
        Reason::DnsRcode,
        "dns/reasons",
        "any_other_response_code_is_dns_rcode",
    ),
    (
        Reason::DnsMismatch,
        "dns/expectations",
        "a_pattern_that_no_answer_matches_is_dns_mismatch",
    ),
    (
        Reason::DnsDisagreement,
        "dns/expectations",
        "resolvers_that_must_agree_and_share_nothing_are_dns_disagreement",
    ),
    (
        Reason::TcpRefused,
        "tcp/connect",
        "a_closed_port_is_tcp_refused",
    ),
    (
        Reason::TcpReset,
        "tcp/connect",
        "a_connection_reset_while_it_is_opened_is_tcp_reset",
    ),
    (
        Reason::TcpTimeout,
        "tcp/connect",
        "a_server_that_does_not_answer_is_tcp_timeout",
    ),
    (
        Reason::TcpUnreachable,
        "tcp/connect",
        "a_host_that_is_not_there_is_tcp_unreachable",
    ),
    (
        Reason::TlsTimeout,
        "tls/handshake",
        "silence_in_the_handshake_is_tls_timeout_and_keeps_the_connect_time",
    ),
    (
        Reason::TlsClosed,
        "tls/handshake",
        "a_connection_closed_or_reset_in_the_handshake_is_tls_closed",
    ),
    (
        Reason::TlsAlert,
        "tls/handshake",
        "an_alert_is_tls_alert_and_named",
    ),
    (
        Reason::TlsProtocol,
        "tls/handshake",
        "another_protocol_is_tls_protocol",
    ),
    (
        Reason::TlsVersion,
        "tls/handshake",
        "an_old_server_is_tls_version",
    ),
    (
        Reason::TlsAlpn,
        "tls/handshake",
        "the_wrong_protocol_or_none_is_tls_alpn",
    ),
    (
        Reason::TlsExpired,
        "tls/certificates",
        "an_expired_certificate_is_tls_expired_and_keeps_its_facts",
    ),
    (
        Reason::TlsNotYetValid,
        "tls/certificates",
        "a_certificate_of_tomorrow_is_tls_not_yet_valid",
    ),
    (
        Reason::TlsNameMismatch,
        "tls/certificates",
        "a_certificate_for_other_names_is_tls_name_mismatch",
    ),
    (
        Reason::TlsUntrusted,
        "tls/certificates",
        "a_certificate_of_a_stranger_is_tls_untrusted",
    ),
    (
        Reason::TlsRevoked,
        "tls/certificates",
        "a_fresh_staple_that_says_revoked_is_tls_revoked",
    ),
    (
        Reason::TlsBadCertificate,
        "tls/certificates",
        "a_client_certificate_at_a_server_is_tls_bad_certificate",
    ),
    (
        Reason::TlsExpiring,
        "tls/certificates",
        "a_chain_that_ends_soon_is_tls_expiring_only_where_that_is_asked",
    ),
    (
        Reason::HttpTimeout,
        "http/exchange",
        "silence_after_the_request_is_http_timeout",
    ),
    (
        Reason::HttpClosed,
        "http/exchange",
        "a_connection_closed_or_reset_before_a_response_is_http_closed",
    ),
    (
        Reason::HttpProtocol,
        "http/exchange",
        "another_protocol_is_http_protocol",
    ),
    (
        Reason::HttpStatus,
        "http/exchange",
        "an_unexpected_status_is_http_status",
    ),
    (
        Reason::HttpVersion,
        "http/exchange",
        "a_version_that_is_not_accepted_is_http_version",
    ),
    (
        Reason::HttpRedirects,
        "http/redirects",
        "the_eleventh_redirect_is_http_redirects",
    ),
    (
        Reason::HttpTooLarge,
        "http/bodies",
        "a_body_over_the_limit_is_http_too_large_in_both_versions",
    ),
    (
        Reason::HttpTruncated,
        "http/bodies",
        "a_body_that_ends_too_early_is_http_truncated",
    ),
    (
        Reason::HttpEncoding,
        "http/bodies",
        "a_damaged_or_unknown_encoding_is_http_encoding",
    ),
    (
        Reason::ContentMismatch,
        "http/content",
        "a_body_without_the_expected_text_is_content_mismatch",
    ),
    (
        Reason::ContentForbidden,
        "http/content",
        "a_body_with_a_forbidden_text_is_content_forbidden",
    ),
    (
        Reason::ContentHeader,
        "http/content",
        "a_header_that_is_wrong_missing_or_forbidden_is_content_header",
    ),
    (
        Reason::ContentJson,
        "http/content",
        "json_that_is_not_the_expected_one_is_content_json",
    ),
    (
        Reason::ContentEmpty,
        "http/content",
        "a_white_screen_is_content_empty",
    ),
    (
        Reason::WallStatus,
        "http/walls",
        "a_status_that_the_configuration_calls_a_wall_is_wall_status",
    ),
    (
        Reason::WallChallenge,
        "http/walls",
        "a_challenge_page_is_wall_challenge_at_any_status",
    ),
    (
        Reason::WallRateLimit,
        "http/walls",
        "status_429_is_wall_rate_limit_and_retry_after_is_kept",
    ),
    (
        Reason::Slow,
        "tcp/addresses",
        "a_late_address_is_slow_at_the_layer_of_its_longest_phase",
    ),
    (
        Reason::PartialAddresses,
        "tcp/addresses",
        "one_dead_address_of_two_is_partial_addresses",
    ),
    (
        Reason::LocalResolver,
        "dns/believing",
        "a_resolver_that_answers_nothing_at_all_is_our_own_trouble",
    ),
    (
        Reason::LocalLate,
        "tcp/ours",
        "a_wait_that_we_overslept_is_local_late",
    ),
    (
        Reason::LocalNoRoute,
        "tcp/ours",
        "no_route_is_local_no_route_in_every_way_a_routing_table_can_say_it",
    ),
    (
        Reason::LocalResources,
        "tcp/ours",
        "no_descriptors_left_is_local_resources",
    ),
    (
        Reason::LocalUplink,
        "world/uplink",
        "a_cut_uplink_a_dead_resolver_and_a_lost_family_switch_nothing",
    ),
    (
        Reason::LocalClock,
        "tcp/ours",
        "a_bad_verdict_while_the_clock_jumped_is_local_clock",
    ),
];

/// The modules, read as text.
const SOURCES: &[(&str, &str)] = &[
    ("dns/believing", include_str!("dns/believing.rs")),
    ("dns/expectations", include_str!("dns/expectations.rs")),
    ("dns/reasons", include_str!("dns/reasons.rs")),
    ("http/bodies", include_str!("http/bodies.rs")),
    ("http/content", include_str!("http/content.rs")),
    ("http/exchange", include_str!("http/exchange.rs")),
    ("http/redirects", include_str!("http/redirects.rs")),
    ("http/walls", include_str!("http/walls.rs")),
    ("tcp/addresses", include_str!("tcp/addresses.rs")),
    ("tcp/connect", include_str!("tcp/connect.rs")),
    ("tcp/ours", include_str!("tcp/ours.rs")),
    ("tls/certificates", include_str!("tls/certificates.rs")),
    ("tls/handshake", include_str!("tls/handshake.rs")),
    ("world/uplink", include_str!("world/uplink.rs")),
];

#[test]
fn every_reason_is_in_the_list_once() {
    let listed: Vec<Reason> = PROVOKED.iter().map(|(reason, _, _)| *reason).collect();
    let once: BTreeSet<Reason> = listed.iter().chain(&ELSEWHERE).copied().collect();
    assert_eq!(
        once.len(),
        listed.len() + ELSEWHERE.len(),
        "one is there twice"
    );
    let missing: Vec<_> = Reason::ALL.iter().filter(|it| !once.contains(it)).collect();
    assert!(missing.is_empty(), "nobody provokes {missing:?}");
}

#[test]
fn every_test_of_the_list_exists_and_asserts_its_reason_by_name() {
    for (reason, module, test) in PROVOKED {
        let (_, source) = SOURCES.iter().find(|(name, _)| name == module).unwrap();
        let body = source
            .split("\n#[")
            .find(|item| item.contains(&format!("fn {test}()")))
            .unwrap_or_else(|| panic!("there is no test {test} in {module}"));
        assert!(
            body.contains(&format!("Reason::{reason:?}")) && body.contains("assert"),
            "{test} does not assert {reason:?}"
        );
    }
}
