//! Handshakes that come to nothing.

use std::sync::Arc;

use bascule::model::Reason;
use bascule::probe::target::{Target, What};
use bascule::probe::trust::{Identity, MinVersion, Roots};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;

use crate::support::certificates::{Authority, wish};
use crate::support::servers::{
    app, https, resets, response, says, show, shows, shows_with, silent, tls,
};
use crate::support::targets::{
    AFTER_SHORT, SHORT, assert_fails, assert_pass, assert_told_like, http_of, https_at, only,
    probe, probe_http, probe_tls, target, tls_at, tls_of,
};

#[tokio::test]
async fn silence_in_the_handshake_is_tls_timeout_and_keeps_the_connect_time() {
    let what = What::Tls(Box::new(tls_at(silent().await, Roots::none())));
    let mut target: Target = target(what);
    target.limits.tls = SHORT;
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "fail",
        Reason::TlsTimeout,
        &format!(r"no TLS handshake {AFTER_SHORT}"),
    );
    assert!(only(&round).phases.connect.is_some());
    assert_eq!(only(&round).phases.tls, None);
    assert_eq!(only(&round).tls, None);
}

#[tokio::test]
async fn a_connection_closed_or_reset_in_the_handshake_is_tls_closed() {
    let round = probe_tls(tls_at(says(b"").await, Roots::none())).await;
    assert_fails(
        &round,
        Reason::TlsClosed,
        "server closed the connection in the TLS handshake",
    );
    let round = probe_tls(tls_at(resets().await, Roots::none())).await;
    assert_fails(
        &round,
        Reason::TlsClosed,
        "server reset the connection in the TLS handshake",
    );
}

#[tokio::test]
async fn an_alert_is_tls_alert_and_named() {
    for (number, name) in [
        (40, "handshake_failure"),
        (112, "unrecognised_name"),
        (200, "200"),
    ] {
        let server = says([0x15, 3, 3, 0, 2, 2, number]).await;
        let round = probe_tls(tls_at(server, Roots::none())).await;
        assert_fails(
            &round,
            Reason::TlsAlert,
            &format!("server ended the TLS handshake with alert {name}"),
        );
    }
}

#[tokio::test]
async fn another_protocol_is_tls_protocol() {
    let server = says("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let round = probe_tls(tls_at(server, Roots::none())).await;
    assert_told_like(
        &round,
        "fail",
        Reason::TlsProtocol,
        "server does not speak TLS properly: .*",
    );
}

#[tokio::test]
async fn an_old_server_is_tls_version() {
    // What a server of TLS 1.0 and 1.1 says to a client of 1.2 and 1.3.
    let round = probe_tls(tls_at(says([0x15, 3, 1, 0, 2, 2, 70]).await, Roots::none())).await;
    assert_fails(
        &round,
        Reason::TlsVersion,
        "server ended the TLS handshake with alert protocol_version",
    );
}

#[tokio::test]
async fn a_minimum_version_is_asked_for_and_met() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example"));
    let old = tls(shows_with(&chain, &[], &[&rustls::version::TLS12])).await;
    let mut target = tls_at(old, root.roots());
    let round = probe_tls(target.clone()).await;
    assert_pass(&round);
    assert_eq!(tls_of(&round).version, Some("1.2"));
    target.tls.min_version = MinVersion::V13;
    let round = probe_tls(target).await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::TlsVersion);
}

#[tokio::test]
async fn the_wrong_protocol_or_none_is_tls_alpn() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example"));
    let mut config = shows(&chain);
    config.alpn_protocols.clear();
    let mut target = tls_at(tls(config).await, root.roots());
    target.alpn = Some("h2".to_owned());
    assert_fails(
        &probe_tls(target.clone()).await,
        Reason::TlsAlpn,
        "server negotiated no protocol by ALPN, expected \"h2\"",
    );
    let mut config = shows(&chain);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    target.connect_to = Some(crate::support::targets::host_port(tls(config).await));
    assert_fails(
        &probe_tls(target.clone()).await,
        Reason::TlsAlpn,
        "server ended the TLS handshake with alert no_application_protocol",
    );
    target.connect_to = Some(crate::support::targets::host_port(tls(shows(&chain)).await));
    let round = probe_tls(target).await;
    assert_pass(&round);
    assert_eq!(tls_of(&round).alpn.as_deref(), Some("h2"));
}

/// A server that wants clients of the authority.
fn wants_clients(
    root: &Authority,
    version: &'static rustls::SupportedProtocolVersion,
) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(root.roots().store, Arc::clone(&provider));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_cert_resolver(show(&root.sign(&wish("good.example")), &[]))
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_its_lack_is_tls_alert() {
    let root = Authority::root("root");
    let mut client = wish("prober");
    client.usage = ExtendedKeyUsagePurpose::ClientAuth;
    let chain = root.sign(&client);
    let key = chain.key.serialize_pem();
    let identity = Identity::from_pem(chain.pem().as_bytes(), key.as_bytes()).unwrap();
    let identity = Some(Arc::new(identity));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let hello = app(|_| response(200, &[], "hello"));
        let server = https(wants_clients(&root, version), hello).await;
        let mut target = https_at(server, root.roots());
        // With TLS 1.3 the server objects after the client's handshake has come to its end.
        let round = probe_http(target.clone()).await;
        assert_fails(
            &round,
            Reason::TlsAlert,
            "server ended the TLS handshake with alert certificate_required",
        );
        target.tls.identity.clone_from(&identity);
        let round = probe_http(target).await;
        assert_pass(&round);
        assert_eq!(http_of(&round).body_bytes, Some(5));
    }
}
