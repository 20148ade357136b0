//! Abuse of a listener with TLS and passwords, by those who do not know one.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

use super::crowd::{
    Book, MALLORY, again_and_again, allow_open_files, attack, connect, hold, one_of_many,
};
use super::victim::{Door, Victim, scrape};
use crate::support::certificates::{Authority, wish};
use crate::world::namespace::until;

/// A check takes a quarter of the time of one at the usual cost of 10, and so does the rest after
/// it: the share of a core is the same, and whoever is new waits less.
const COST: u32 = 8;

/// A daemon behind TLS with two users, and the way in of the first.
struct Locked {
    victim: Victim,
    tls: Arc<ClientConfig>,
    _folder: tempfile::TempDir,
}

impl Locked {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::root("abused");
        let chain = authority.sign(&wish("localhost"));
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.clone()).unwrap();
        let tls =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let tls = Arc::new(tls);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("cert.pem", &chain.pem());
        write("key.pem", &chain.key.serialize_pem());
        let hash = |password| bcrypt::hash(password, COST).unwrap();
        write(
            "web.yml",
            &format!(
                "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n\
                 basic_auth_users:\n  known: {}\n  new: {}\n",
                hash("right"),
                hash("also right")
            ),
        );
        let web = format!("config_file = \"{}/web.yml\"", folder.path().display());
        let door = Self::door(&tls, "known", "right");
        Self {
            victim: Victim::start("127.0.0.1:0", &web, Some(door)),
            tls,
            _folder: folder,
        }
    }

    fn door(tls: &Arc<ClientConfig>, name: &str, password: &str) -> Door {
        Door {
            tls: Arc::clone(tls),
            authorization: basic(name, password),
        }
    }
}

fn basic(name: &str, password: &str) -> String {
    let encoded = STANDARD.encode(format!("{name}:{password}"));
    format!("Authorization: Basic {encoded}\r\n")
}

#[test]
fn rubbish_instead_of_tls_delays_no_probe_and_no_scrape() {
    let locked = Locked::start();
    let victim = &locked.victim;
    allow_open_files(4_000);
    let hello = hello(&locked.tls);
    let noise: Vec<u8> = (0..4096_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    // One record says that a message of 16 MiB begins.
    let mut huge = vec![22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff];
    huge.resize(64 * 1024, 0);
    for (abuse, bytes) in [
        ("TLS: 100 clients that send noise", noise),
        ("TLS: 100 clients that greet with 16 MiB", huge),
        (
            "TLS: 100 clients that speak plain HTTP",
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        ),
        ("TLS: 100 clients that greet twice", hello.repeat(2)),
    ] {
        victim.during(abuse, |to| {
            attack(100, |_, book| {
                again_and_again(MALLORY, to, bytes.clone(), book)
            })
        });
    }
    victim.during("TLS: 1000 handshakes that are never finished", |to| {
        attack(1000, |number, book| {
            hold(one_of_many(number % 10), to, hello.clone(), book)
        })
    });
    victim.during("TLS: 500 greetings, a byte at a time", |to| {
        attack(500, |_, book| trickle(to, hello.clone(), book))
    });
    let connector = TlsConnector::from(Arc::clone(&locked.tls));
    victim.during("TLS: 50 clients that do nothing but shake hands", |to| {
        attack(50, |_, book| shake_hands(connector.clone(), to, book))
    });
}

#[test]
fn who_guesses_passwords_delays_no_probe_and_nobody_who_knows_one() {
    let locked = Locked::start();
    let victim = &locked.victim;
    allow_open_files(4_000);
    let connector = &TlsConnector::from(Arc::clone(&locked.tls));
    let guess = |from: fn(usize) -> IpAddr, to: SocketAddr, count: usize| {
        attack(count, |number, book| {
            keep_guessing(connector.clone(), from(number), to, number, book)
        })
    };
    victim.during("64 clients of one address that guess", |to| {
        guess(|_| MALLORY, to, 64)
    });
    victim.during("100 addresses that guess", |to| {
        guess(|number| one_of_many(number % 100), to, 200)
    });
    victim.during("8 addresses that guess, and a user who is new", |to| {
        let address = victim.address();
        let door = Locked::door(&locked.tls, "new", "also right");
        let newcomer = std::thread::spawn(move || {
            until(Duration::from_secs(60), "the new user gets in", || {
                scrape(address, Some(&door))
            })
        });
        let losses = guess(|number| one_of_many(number % 8), to, 64);
        newcomer.join().unwrap();
        losses
    });
}

#[test]
fn whoever_does_not_have_exactly_a_name_and_its_password_stays_outside() {
    let locked = Locked::start();
    let encoded = |text: &[u8]| format!("Authorization: Basic {}\r\n", STANDARD.encode(text));
    let right = basic("known", "right");
    let status = |headers: &str| {
        let door = Door {
            tls: Arc::clone(&locked.tls),
            authorization: headers.to_owned(),
        };
        match scrape(locked.victim.address(), Some(&door)) {
            Ok(_) => "200".to_owned(),
            Err(answer) => answer.split(' ').nth(1).unwrap_or_default().to_owned(),
        }
    };
    for (what, headers, expected) in [
        ("right", right.clone(), "200"),
        (
            "small letters",
            right.replace("Authorization: Basic", "authorization: bASIC"),
            "200",
        ),
        ("nothing", String::new(), "401"),
        ("an empty header", "Authorization: \r\n".to_owned(), "401"),
        ("no password", "Authorization: Basic\r\n".to_owned(), "401"),
        ("another scheme", right.replace("Basic", "Bearer"), "401"),
        (
            "no base64",
            "Authorization: Basic ****\r\n".to_owned(),
            "401",
        ),
        ("no padding", right.replace('=', ""), "401"),
        ("no colon", encoded(b"known"), "401"),
        ("nothing but a colon", encoded(b":"), "401"),
        ("nobody with the password", encoded(b":right"), "401"),
        ("no UTF-8", encoded(b"known:\xff\xfe"), "401"),
        ("a null", encoded(b"known:right\0"), "401"),
        ("a new line", encoded(b"known:right\n"), "401"),
        ("a password and more", encoded(b"known:right:more"), "401"),
        (
            "the first of two is wrong",
            basic("known", "wrong") + &right,
            "401",
        ),
        (
            "a password of 10 KB",
            basic("known", &"r".repeat(7_500)),
            "401",
        ),
        (
            "a header of 1 MB",
            basic("known", &"r".repeat(750_000)),
            "431",
        ),
    ] {
        assert_eq!(status(&headers), expected, "{what}");
    }
}

/// The first message of a client.
fn hello(tls: &Arc<ClientConfig>) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::clone(tls), name).unwrap();
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).unwrap();
    bytes
}

/// Greets a byte at a time, slower than anybody has patience for.
async fn trickle(to: SocketAddr, hello: Vec<u8>, book: Book) {
    let Some(mut stream) = connect(MALLORY, to, &book).await else {
        return;
    };
    for byte in hello {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    book.cut();
}

async fn shake_hands(connector: TlsConnector, to: SocketAddr, book: Book) {
    while let Some(stream) = connect(MALLORY, to, &book).await {
        let name = ServerName::try_from("localhost").unwrap();
        if connector.connect(name, stream).await.is_err() {
            book.cut();
        }
    }
}

/// Another password each time; every other client on connections that it keeps.
async fn keep_guessing(
    connector: TlsConnector,
    from: IpAddr,
    to: SocketAddr,
    number: usize,
    book: Book,
) {
    let mut tries = 0;
    while let Some(stream) = connect(from, to, &book).await {
        let name = ServerName::try_from("localhost").unwrap();
        let Ok(mut stream) = connector.connect(name, stream).await else {
            book.cut();
            continue;
        };
        loop {
            tries += 1;
            let authorization = basic("known", &format!("wrong {number} {tries}"));
            let asked = format!("GET /metrics HTTP/1.1\r\nHost: t\r\n{authorization}\r\n");
            let sent = stream.write_all(asked.as_bytes()).await;
            let mut answer = [0; 4096];
            let heard = stream.read(&mut answer).await.unwrap_or(0);
            if sent.is_err() || heard == 0 {
                book.cut();
                break;
            }
            if answer.starts_with(b"HTTP/1.1 200") {
                book.let_in();
            }
            if number % 2 == 0 {
                break;
            }
        }
    }
}
