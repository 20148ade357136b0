//! Certificates that are wrong in one way, or in two.

use bascule::model::Reason;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::CertificateDer;

use crate::support::certificates::{Authority, Chain, self_signed, staple, wish};
use crate::support::servers::{shows, shows_with, tls};
use crate::support::targets::{
    assert_fails, assert_pass, assert_told, only, probe_tls, tls_at, tls_of,
};

/// A round at a server that shows the chain.
async fn probe(chain: &Chain, authority: &Authority) -> bascule::model::Round {
    let server = tls(shows(chain)).await;
    probe_tls(tls_at(server, authority.roots())).await
}

#[tokio::test]
async fn a_flawless_certificate_passes() {
    let root = Authority::root("root");
    let round = probe(&root.sign(&wish("good.example")), &root).await;
    assert_pass(&round);
    assert_eq!(tls_of(&round).verify_error, None);
    assert!(only(&round).phases.connect.is_some() && only(&round).phases.tls.is_some());
}

#[tokio::test]
async fn an_expired_certificate_is_tls_expired_and_keeps_its_facts() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example").valid(-30, -3));
    let round = probe(&chain, &root).await;
    assert_fails(&round, Reason::TlsExpired, "certificate expired 3 days ago");
    let facts = tls_of(&round);
    assert_eq!(facts.verify_error, Some(Reason::TlsExpired));
    assert_eq!(facts.version, Some("1.3"));
    assert!(only(&round).phases.tls.is_some());
    let certificate = facts.certificate.as_ref().unwrap();
    assert_eq!(certificate.names, ["good.example"]);
    assert_eq!(facts.chain_not_after, Some(certificate.not_after));
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_tls_not_yet_valid() {
    let root = Authority::root("root");
    let round = probe(&root.sign(&wish("good.example").valid(3, 30)), &root).await;
    assert_fails(
        &round,
        Reason::TlsNotYetValid,
        "certificate becomes valid in 2 days",
    );
}

#[tokio::test]
async fn a_certificate_for_other_names_is_tls_name_mismatch() {
    let root = Authority::root("root");
    let mut other = wish("one.example");
    for name in [
        "two.example",
        "*.three.example",
        "192.0.2.7",
        "five.example",
    ] {
        other.names.push(name.to_owned());
    }
    let round = probe(&root.sign(&other), &root).await;
    assert_fails(
        &round,
        Reason::TlsNameMismatch,
        "certificate is for one.example, two.example, *.three.example and 2 more, not for good.example",
    );
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_tls_untrusted() {
    let stranger = Authority::root("stranger");
    let round = probe(
        &stranger.sign(&wish("good.example")),
        &Authority::root("root"),
    )
    .await;
    assert_fails(
        &round,
        Reason::TlsUntrusted,
        "certificate is signed by \"CN=stranger\", which is not trusted, \
         and the server sends no intermediate certificate",
    );
}

#[tokio::test]
async fn a_missing_intermediate_is_tls_untrusted_and_says_so() {
    let root = Authority::root("root");
    let middle = root.intermediate("middle", -10, 10);
    let alone = middle.sign(&wish("good.example"));
    let round = probe(&alone, &root).await;
    assert_fails(
        &round,
        Reason::TlsUntrusted,
        "certificate is signed by \"CN=middle\", which is not trusted, \
         and the server sends no intermediate certificate",
    );
    assert_pass(&probe(&alone.and(&middle.certificate), &root).await);
}

#[tokio::test]
async fn self_signed_certificates_are_tls_untrusted_of_either_kind() {
    for as_authority in [false, true] {
        let chain = self_signed(&wish("good.example"), as_authority);
        let round = probe(&chain, &Authority::root("root")).await;
        assert_fails(
            &round,
            Reason::TlsUntrusted,
            "certificate is self-signed and not among the trusted ones",
        );
    }
}

#[tokio::test]
async fn an_authority_with_the_right_name_and_the_wrong_key_is_tls_untrusted() {
    let impostor = Authority::root("root");
    let round = probe(
        &impostor.sign(&wish("good.example")),
        &Authority::root("root"),
    )
    .await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::TlsUntrusted);
}

#[tokio::test]
async fn a_client_certificate_at_a_server_is_tls_bad_certificate() {
    let root = Authority::root("root");
    let mut client = wish("good.example");
    client.usage = ExtendedKeyUsagePurpose::ClientAuth;
    let round = probe(&root.sign(&client), &root).await;
    assert_fails(
        &round,
        Reason::TlsBadCertificate,
        "certificate is not acceptable: it is not meant for servers",
    );
}

#[tokio::test]
async fn a_certificate_of_another_key_is_tls_bad_certificate_and_keeps_its_facts() {
    let root = Authority::root("root");
    let mut chain = root.sign(&wish("good.example"));
    chain.key = rcgen::KeyPair::generate().unwrap();
    let round = probe(&chain, &root).await;
    assert_fails(
        &round,
        Reason::TlsBadCertificate,
        "certificate does not belong to the server's key",
    );
    assert!(tls_of(&round).certificate.is_some());
    assert_eq!(only(&round).phases.tls, None);
}

#[tokio::test]
async fn bytes_that_are_no_certificate_are_tls_bad_certificate() {
    let root = Authority::root("root");
    let mut chain = root.sign(&wish("good.example"));
    chain.certificates = vec![CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])];
    let round = probe(&chain, &root).await;
    assert_fails(
        &round,
        Reason::TlsBadCertificate,
        "certificate is not acceptable: it cannot be decoded",
    );
}

#[tokio::test]
async fn a_fresh_staple_that_says_revoked_is_tls_revoked() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example"));
    let serial = wish("good.example").serial;
    let probe_with = async |staple: Vec<u8>, version: Option<&'static _>| {
        let versions =
            version.map_or_else(|| rustls::ALL_VERSIONS.to_vec(), |version| vec![version]);
        let server = tls(shows_with(&chain, &staple, &versions)).await;
        probe_tls(tls_at(server, root.roots())).await
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let round = probe_with(staple(&serial, true, -1, 1), Some(version)).await;
        assert_fails(
            &round,
            Reason::TlsRevoked,
            "certificate was revoked 3 days ago, says its stapled OCSP response",
        );
    }
    let harmless = [
        ("good", staple(&serial, false, -1, 1)),
        ("stale", staple(&serial, true, -9, -2)),
        ("of the future", staple(&serial, true, 1, 9)),
        ("for another certificate", staple(&[7], true, -1, 1)),
        ("rubbish", b"0\x82\xff".to_vec()),
    ];
    for (what, staple) in harmless {
        let round = probe_with(staple, None).await;
        assert_eq!(round.verdict.as_str(), "pass", "a staple that is {what}");
    }
}

#[tokio::test]
async fn of_two_faults_the_first_in_the_order_is_told() {
    let root = Authority::root("root");
    let stranger = Authority::root("stranger");
    let expired = || wish("good.example").valid(-30, -3);
    let elsewhere = || wish("bad.example");
    let early = |name| wish(name).valid(3, 30);
    let cases = [
        (
            "expired, unknown authority",
            stranger.sign(&expired()),
            Reason::TlsUntrusted,
        ),
        (
            "too early, unknown authority",
            stranger.sign(&early("good.example")),
            Reason::TlsUntrusted,
        ),
        (
            "wrong name, unknown authority",
            stranger.sign(&elsewhere()),
            Reason::TlsUntrusted,
        ),
        (
            "expired, self-signed",
            self_signed(&expired(), false),
            Reason::TlsUntrusted,
        ),
        (
            "expired, wrong name",
            root.sign(&elsewhere().valid(-30, -3)),
            Reason::TlsExpired,
        ),
        (
            "too early, wrong name",
            root.sign(&early("bad.example")),
            Reason::TlsNotYetValid,
        ),
    ];
    for (what, chain, reason) in cases {
        let round = probe(&chain, &root).await;
        assert_eq!(round.verdict.cause().unwrap().reason, reason, "{what}");
        assert_eq!(tls_of(&round).verify_error, Some(reason), "{what}");
    }
    let wrong_name = root.sign(&elsewhere());
    let revoked = staple(&wish("").serial, true, -1, 1);
    let server = tls(shows_with(&wrong_name, &revoked, rustls::ALL_VERSIONS)).await;
    let round = probe_tls(tls_at(server, root.roots())).await;
    assert_eq!(
        round.verdict.cause().unwrap().reason,
        Reason::TlsNameMismatch
    );
}

#[tokio::test]
async fn an_expired_intermediate_is_tls_expired_and_named() {
    let root = Authority::root("root");
    let middle = root.intermediate("middle", -30, -2);
    let chain = middle.sign(&wish("good.example")).and(&middle.certificate);
    let round = probe(&chain, &root).await;
    assert_fails(
        &round,
        Reason::TlsExpired,
        "intermediate certificate expired 2 days ago",
    );
}

#[tokio::test]
async fn certificates_that_were_never_valid_together_are_tls_expired() {
    let root = Authority::root("root");
    let middle = root.intermediate("middle", -90, -60);
    let chain = middle
        .sign(&wish("good.example").valid(-20, -10))
        .and(&middle.certificate);
    let round = probe(&chain, &root).await;
    assert_fails(
        &round,
        Reason::TlsExpired,
        "the certificates of the chain were never valid together, and one has expired",
    );
}

/// September 2021: a root changed hands, and servers went on to send the old root's
/// signature for the new one after the old one had ended.
#[tokio::test]
async fn an_extra_expired_cross_signature_neither_fails_nor_counts_for_expiry() {
    let new_root = Authority::root("new root");
    let old_root = Authority::root("old root");
    let middle = new_root.intermediate("middle", -100, 50);
    let expired_cross = old_root.cross_sign(&new_root, -500, -1);
    let chain = middle
        .sign(&wish("good.example").valid(-10, 80))
        .and(&middle.certificate)
        .and(&expired_cross);
    let server = tls(shows(&chain)).await;
    let mut target = tls_at(server, new_root.roots());
    target.valid_for = Some(std::time::Duration::from_secs(14 * 86_400));
    let round = probe_tls(target.clone()).await;
    assert_pass(&round);
    let left = tls_of(&round)
        .chain_not_after
        .unwrap()
        .duration_since(crate::support::certificates::now())
        .unwrap();
    assert_eq!(
        left.as_secs().div_ceil(86_400),
        50,
        "the intermediate ends first"
    );
    // To those who know only the old root, the same chain has ended.
    target.tls.roots = old_root.roots();
    let round = probe_tls(target).await;
    assert_fails(
        &round,
        Reason::TlsExpired,
        "intermediate certificate expired 1 day ago",
    );
}

#[tokio::test]
async fn a_chain_that_ends_soon_is_tls_expiring_only_where_that_is_asked() {
    let root = Authority::root("root");
    let middle = root.intermediate("middle", -100, 6);
    let chain = middle.sign(&wish("good.example")).and(&middle.certificate);
    let server = tls(shows(&chain)).await;
    let mut target = tls_at(server, root.roots());
    assert_pass(&probe_tls(target.clone()).await);
    target.valid_for = Some(std::time::Duration::from_secs(14 * 86_400));
    assert_told(
        &probe_tls(target).await,
        "slow",
        Reason::TlsExpiring,
        "certificate expires in 5 days, at least 14 days expected",
    );
}

#[tokio::test]
async fn insecure_skip_verify_records_the_fault_and_goes_on() {
    let round = {
        let chain = self_signed(&wish("good.example"), false);
        let server = tls(shows(&chain)).await;
        let mut target = tls_at(server, Authority::root("root").roots());
        target.tls.insecure_skip_verify = true;
        probe_tls(target).await
    };
    assert_pass(&round);
    assert_eq!(tls_of(&round).verify_error, Some(Reason::TlsUntrusted));
}

#[tokio::test]
async fn another_server_name_is_verified_if_the_configuration_says_so() {
    let root = Authority::root("root");
    let server = tls(shows(&root.sign(&wish("inside.example")))).await;
    let mut target = tls_at(server, root.roots());
    target.tls.server_name = Some("inside.example".try_into().unwrap());
    assert_pass(&probe_tls(target).await);
}
