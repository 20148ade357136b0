//! A TLS server as an attacker: records, messages and certificates without end or sense.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rcgen::{CertificateParams, CustomExtension, PublicKeyData, SanType};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::attack::{Attack, endure, goes_on};
use crate::support::certificates::{Authority, Chain, wish};
use crate::support::servers::{
    each, hear, reset, says, says_and_stalls, shows, shows_with, tls, tls_each,
};

/// The most memory that a process may take for a whole class of attacks at once, in MiB.
const PEAK: u64 = 64;

const AT_ONCE: Duration = Duration::ZERO;
const SPEAKS: &str = "server does not speak TLS properly: .*";

/// A record of TLS.
fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3, high, low], payload].concat()
}

/// Asks for another hello, again and again, each time for the same key.
async fn asks_again() -> SocketAddr {
    const RANDOM: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    each(|mut stream: TcpStream| async move {
        let mut hello = [0; 4096];
        // Where the number of the session is, which is to be repeated.
        let Ok(44..) = stream.read(&mut hello).await else {
            return;
        };
        let session = hello[43..44 + usize::from(hello[43])].to_vec();
        loop {
            let mut retry = vec![3, 3];
            retry.extend(
                (0..32).map(|at| u8::from_str_radix(&RANDOM[2 * at..2 * at + 2], 16).unwrap()),
            );
            retry.extend(&session);
            retry.extend([0x13, 1, 0, 0, 12]);
            retry.extend([0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 24]);
            let length = u8::try_from(retry.len()).unwrap();
            let message = [&[2, 0, 0, length], &retry[..]].concat();
            if stream.write_all(&record(22, &message)).await.is_err()
                || !matches!(stream.read(&mut hello).await, Ok(1..))
            {
                return;
            }
        }
    })
    .await
}

/// Lets one byte through at a time, with a pause in between.
struct Dripping(TcpStream);

impl AsyncRead for Dripping {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Dripping {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, &bytes[..bytes.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Shakes hands and says `page`, byte by byte.
async fn drips(config: ServerConfig, page: &'static str) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    each(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(Dripping(stream)).await else {
                return;
            };
            hear(&mut stream).await;
            stream.write_all(page.as_bytes()).await.ok();
            stream.flush().await.ok();
            tokio::io::copy(&mut stream, &mut tokio::io::sink())
                .await
                .ok();
        }
    })
    .await
}

/// A server of HTTP/1.1 that never gets to its response: it makes new keys.
async fn refreshes(root: &Authority) -> SocketAddr {
    let mut config = shows(&root.sign(&wish("good.example")));
    config.alpn_protocols.clear();
    tls_each(config, |mut stream| async move {
        while stream.get_mut().1.refresh_traffic_keys().is_ok() && stream.flush().await.is_ok() {}
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_without_end_or_sense_are_bounded_and_told() {
    let root = Authority::root("root");
    let chain = || root.sign(&wish("good.example"));
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let old = |mut config: ServerConfig| {
        config.alpn_protocols.clear();
        config
    };
    let mut small = old(shows(&chain()));
    small.max_fragment_size = Some(32);
    let mut tickets = old(shows(&chain()));
    tickets.send_tls13_tickets = 5000;
    let huge_message = record(22, &[&[2, 0xff, 0xff, 0xff], &[0; 9000][..]].concat());
    let within = record(22, &[&[2, 0, 0xff, 0xff], &[0; 9000][..]].concat());
    let twelve = &[&rustls::version::TLS12];
    let sudden = tls_each(old(shows(&chain())), |mut stream| async move {
        hear(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            .await
            .ok();
        stream.flush().await.ok();
        tokio::time::sleep(Duration::from_millis(200)).await;
        reset(stream.into_inner().0);
    })
    .await;
    let unfinished = tls_each(old(shows(&chain())), |mut stream| async move {
        hear(&mut stream).await;
        // The end of this body is the end of the connection, and nobody says goodbye.
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf").await.ok();
        stream.flush().await.ok();
        stream.get_mut().0.shutdown().await.ok();
    })
    .await;
    let attacks = vec![
        Attack::https("bytes", drips(old(shows(&chain())), page).await)
            .shows("/addresses/0/http/body_bytes", "2"),
        Attack::https(
            "bytes-12",
            drips(old(shows_with(&chain(), &[], twelve)), page).await,
        )
        .shows("/addresses/0/tls/version", "1.2"),
        Attack::https("fragments", drips(small, page).await),
        Attack::tls(
            "slow",
            goes_on([22, 3, 3, 0x3f, 0xff], [2], Duration::from_millis(900)).await,
        )
        .lasts()
        .fails("tls_timeout", r"no TLS handshake after \d.*")
        .shows("/addresses/0/phases/connect", r"\d.*"),
        Attack::tls(
            "huge-message",
            goes_on(huge_message, record(22, &[0; 9000]), AT_ONCE).await,
        )
        .fails("tls_protocol", SPEAKS),
        Attack::tls(
            "long-message",
            goes_on(within, record(22, &[0; 9000]), AT_ONCE).await,
        )
        .fails("tls_protocol", SPEAKS),
        Attack::tls("warnings", goes_on("", record(21, &[1, 90]), AT_ONCE).await)
            .fails("tls_protocol", SPEAKS),
        Attack::tls("fatal", goes_on("", record(21, &[2, 80]), AT_ONCE).await).fails(
            "tls_alert",
            "server ended the TLS handshake with alert internal_error",
        ),
        Attack::tls("changes", goes_on("", record(20, &[1]), AT_ONCE).await)
            .fails("tls_protocol", SPEAKS),
        Attack::tls(
            "empty-messages",
            goes_on("", record(22, &[]), AT_ONCE).await,
        )
        .fails("tls_protocol", SPEAKS),
        Attack::tls("empty-data", goes_on("", record(23, &[]), AT_ONCE).await)
            .fails("tls_protocol", SPEAKS),
        Attack::tls(
            "heartbeats",
            goes_on("", record(24, &[1, 0xff, 0xff]), AT_ONCE).await,
        )
        .fails("tls_protocol", SPEAKS),
        Attack::tls("half-record", says_and_stalls([22, 3, 3, 0x40, 0]).await)
            .lasts()
            .fails("tls_timeout", r"no TLS handshake after \d.*"),
        Attack::tls("large-record", says([22, 3, 3, 0xff, 0xff]).await)
            .fails("tls_protocol", SPEAKS),
        Attack::tls("rubbish", goes_on("", vec![0xa5; 9000], AT_ONCE).await)
            .fails("tls_protocol", SPEAKS),
        Attack::tls("hello-again", asks_again().await).fails("tls_protocol", SPEAKS),
        Attack::https("tickets", tls(tickets).await)
            .fails("http_protocol", "server does not speak HTTP properly: .*")
            .shows("/addresses/0/tls/version", "1.3"),
        Attack::https("new-keys", refreshes(&root).await)
            .fails("http_protocol", "server does not speak HTTP properly: .*"),
        Attack::https("sudden", sudden)
            .fails(
                "http_truncated",
                "response was reset after 4 of 9 bytes of the body",
            )
            .shows("/addresses/0/http/status", "200"),
        Attack::https("unfinished", unfinished)
            .fails("http_truncated", "response ended after 4 bytes of the body")
            .shows("/addresses/0/http/status", "200"),
    ];
    endure(attacks, &root, PEAK).await;
}

/// A certificate that is what `change` makes of a flawless one.
fn changed(root: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Chain {
    root.sign_changed(&wish("good.example"), change)
}

/// The names of a certificate, whatever letters they have.
fn any_names(names: &[&[u8]]) -> CustomExtension {
    let long = |length: usize| {
        let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
        [0x82, high, low]
    };
    let mut inside = Vec::new();
    for name in names {
        inside.push(0x82);
        inside.extend(long(name.len()));
        inside.extend(*name);
    }
    let content = [&[0x30], &long(inside.len())[..], &inside].concat();
    CustomExtension::from_oid_content(&[2, 5, 29, 17], content)
}

/// A key of RSA with so many bits that nobody has made.
struct Giant(Vec<u8>);

impl Giant {
    fn new(bits: usize) -> Self {
        let length = bits / 8;
        let integer = |bytes: &[u8]| {
            let [high, low] = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            [&[2, 0x82, high, low], bytes].concat()
        };
        let modulus = [&[0][..], &vec![0xa5; length]].concat();
        let both = [integer(&modulus), integer(&[1, 0, 1])].concat();
        let [high, low] = u16::try_from(both.len()).unwrap().to_be_bytes();
        Self([&[0x30, 0x82, high, low], &both[..]].concat())
    }
}

impl PublicKeyData for Giant {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

/// Signs everything with the same bytes.
#[derive(Debug)]
struct Scribbles;

impl SigningKey for Scribbles {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Self))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for Scribbles {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![0x5a; 2048])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}

#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl rustls::server::ResolvesServerCert for Shows {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

async fn scribbles(root: &Authority, bits: usize) -> SocketAddr {
    let certificate = root.sign_key(&wish("good.example"), &Giant::new(bits));
    let key = CertifiedKey::new(vec![certificate], Arc::new(Scribbles));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shows(Arc::new(key))));
    tls(config).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_without_end_or_sense_are_bounded_and_told() {
    let root = Authority::root("root");
    let names = |count: usize| {
        changed(&root, |params| {
            let more = (0..count)
                .map(|n| SanType::DnsName(format!("n{n}.rubbish.example").try_into().unwrap()));
            params.subject_alt_names.extend(more);
        })
    };
    let extra: Vec<CertificateDer<'static>> = (0..100)
        .map(|n| Authority::root(&format!("stranger {n}")).certificate)
        .collect();
    let with = |extra: &[CertificateDer<'static>]| {
        let mut chain = root.sign(&wish("good.example"));
        chain.certificates.extend(extra.iter().cloned());
        chain
    };
    let sixteen: Vec<CertificateDer<'static>> =
        extra.iter().cycle().take(38_000).cloned().collect();
    // Each has signed each, and none of them is known.
    let ring: Vec<Authority> = (0..8).map(|_| Authority::root("the same name")).collect();
    let mut looping = ring[0].sign(&wish("good.example"));
    for (at, signer) in ring.iter().enumerate() {
        for other in ring.iter().skip(at + 1).chain(&ring[..at]) {
            looping.certificates.push(signer.cross_sign(other, -10, 90));
        }
    }
    let mut deep = Vec::new();
    let mut last = Authority::root("depth 0");
    for depth in 1..60 {
        let next = last.intermediate(&format!("depth {depth}"), -10, 90);
        deep.insert(0, next.certificate.clone());
        last = next;
    }
    let mut deep_chain = last.sign(&wish("good.example"));
    deep_chain.certificates.extend(deep);
    let dates = |from: (i32, u8, u8), until: (i32, u8, u8)| {
        changed(&root, |params| {
            params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
            params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        })
    };
    let rubbish: Vec<Vec<u8>> = (0..100_u8)
        .map(|n| [&[n, 0xff, 0x1b, b'[', 0], "\u{202e}".as_bytes()].concat())
        .collect();
    let rubbish: Vec<&[u8]> = rubbish.iter().map(Vec::as_slice).collect();
    let rubbish = changed(&root, |params| {
        params.subject_alt_names.clear();
        params.custom_extensions.push(any_names(&rubbish));
    });
    let show = async |chain: &Chain| tls(shows(chain)).await;
    let sha = "/addresses/0/tls/sha256";
    let staple = async |bytes: Vec<u8>| {
        tls(shows_with(
            &root.sign(&wish("good.example")),
            &bytes,
            rustls::ALL_VERSIONS,
        ))
        .await
    };
    let attacks = vec![
        Attack::tls("hundred", show(&with(&extra)).await),
        Attack::tls("sixteen-megabytes", show(&with(&sixteen)).await).fails("tls_protocol", SPEAKS),
        Attack::tls("names", show(&names(2000)).await)
            .shows("/addresses/0/tls/names/99", ".*")
            .shows("/addresses/0/tls/names/100", ""),
        Attack::tls("many-names", show(&names(10_000)).await).fails("tls_protocol", SPEAKS),
        Attack::tls("rubbish-names", show(&rubbish).await)
            .fails("tls_bad_certificate", "[^\u{1b}\u{202e}]*"),
        Attack::tls("looping", show(&looping).await)
            .fails("tls_untrusted", ".* leads to no trusted authority")
            .shows(sha, "[0-9a-f]{64}"),
        Attack::tls("deep", show(&deep_chain).await)
            .fails("tls_bad_certificate", ".*")
            .shows(sha, "[0-9a-f]{64}"),
        Attack::tls(
            "year-9999",
            show(&dates((2000, 1, 1), (9999, 12, 31))).await,
        )
        .shows("/addresses/0/tls/not_after", "9999-12-3[01]T.*"),
        Attack::tls("year-1", show(&dates((1, 1, 1), (1900, 1, 1))).await)
            .fails("tls_bad_certificate", ".*")
            .shows("/addresses/0/tls/not_before", "000[01]-.*"),
        Attack::tls("backwards", show(&dates((2090, 1, 1), (2010, 1, 1))).await)
            .fails("tls_bad_certificate", "certificate is not acceptable: .*"),
        Attack::tls("rsa-8192", scribbles(&root, 8192).await)
            .fails(
                "tls_bad_certificate",
                "certificate does not belong to the server's key",
            )
            .shows(sha, "[0-9a-f]{64}"),
        Attack::tls("rsa-16384", scribbles(&root, 16384).await)
            .fails("tls_bad_certificate", ".*")
            .shows(sha, "[0-9a-f]{64}"),
        Attack::tls("staple", staple(vec![0x30; 60_000]).await),
        Attack::tls("staple-nested", staple([0x30, 0x80].repeat(30_000)).await),
    ];
    endure(attacks, &root, PEAK).await;
}
