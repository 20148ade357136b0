//! What a handshake shows, in words.

use sha2::{Digest, Sha256};

use crate::support::certificates::{Authority, wish};
use crate::support::servers::{shows, shows_with, tls};
use crate::support::targets::{probe_tls, tls_at, tls_of};

#[tokio::test]
async fn every_fact_of_a_handshake_is_kept() {
    let root = Authority::root("root of all");
    let mut wished = wish("good.example");
    wished.names.push("192.0.2.7".to_owned());
    wished.names.push("2001:db8::7".to_owned());
    let chain = root.sign(&wished);
    let server = tls(shows(&chain)).await;
    let mut target = tls_at(server, root.roots());
    target.alpn = Some("h2".to_owned());
    let round = probe_tls(target).await;
    let facts = tls_of(&round);
    assert_eq!(facts.version, Some("1.3"));
    assert_eq!(facts.cipher.as_deref(), Some("TLS_AES_128_GCM_SHA256"));
    assert_eq!(facts.group.as_deref(), Some("X25519"));
    assert_eq!(facts.alpn.as_deref(), Some("h2"));
    let certificate = facts.certificate.as_ref().unwrap();
    assert_eq!(certificate.subject, "CN=good.example");
    assert_eq!(certificate.issuer, "CN=root of all");
    assert_eq!(
        certificate.names,
        ["good.example", "192.0.2.7", "2001:db8::7"]
    );
    let days =
        |from, to: std::time::SystemTime| to.duration_since(from).unwrap().as_secs() / 86_400;
    assert_eq!(days(certificate.not_before, certificate.not_after), 100);
    let digest: String = Sha256::digest(&chain.certificates[0])
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(certificate.sha256, digest);
}

#[tokio::test]
async fn tls_1_2_has_its_own_names() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example"));
    let server = tls(shows_with(&chain, &[], &[&rustls::version::TLS12])).await;
    let round = probe_tls(tls_at(server, root.roots())).await;
    let facts = tls_of(&round);
    assert_eq!(facts.version, Some("1.2"));
    assert_eq!(
        facts.cipher.as_deref(),
        Some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    );
}

#[tokio::test]
async fn names_of_a_hostile_certificate_are_printable_and_bounded() {
    let root = Authority::root("evil \u{202e}\u{1b}[31m");
    let mut wished = wish("good.example");
    for number in 0..300 {
        wished.names.push(format!("n{number}.example"));
    }
    let server = tls(shows(&root.sign(&wished))).await;
    let round = probe_tls(tls_at(server, root.roots())).await;
    let certificate = tls_of(&round).certificate.as_ref().unwrap();
    assert_eq!(certificate.names.len(), 100);
    assert!(
        certificate
            .issuer
            .chars()
            .all(|letter| !letter.is_control() && letter != '\u{202e}'),
        "{:?}",
        certificate.issuer
    );
}
