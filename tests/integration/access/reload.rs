//! A reload of the web configuration: with the main one, all of it or nothing.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::scene::{Folder, NOTHING, PASSWORD, TLS, client_wish, hash, server_wish};
use crate::support::certificates::{Authority, pem};
use crate::support::daemon::request_at;
use crate::world::namespace::until;

const SUCCESS: &str = "bascule_config_last_reload_successful";

/// Reads one answer of a connection that is kept, and gives its status; 0 if it has ended.
fn status(reader: &mut BufReader<TcpStream>) -> u16 {
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return 0;
    }
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a head");
        if line == "\r\n" {
            break;
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    status.expect("a status")
}

#[test]
fn a_user_who_is_removed_does_not_stay_on_a_connection() {
    let folder = Folder::new();
    let with = |user: &str| format!("basic_auth_users:\n  {user}: {}\n", hash(PASSWORD, 4));
    let daemon = folder.start(&with("old"), "");
    let stream = TcpStream::connect(daemon.address).expect("it listens");
    let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
    let request =
        "GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Basic b2xkOmNvcnJlY3QgaG9yc2U=\r\n\r\n";
    let ask = |reader: &mut BufReader<TcpStream>| {
        // Fails if the connection has been closed, which the answer will tell.
        let _ = (&stream).write_all(request.as_bytes());
        status(reader)
    };
    assert_eq!(ask(&mut reader), 200);
    assert_eq!(ask(&mut reader), 200);
    folder.write("web.yml", &with("new"));
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    assert_eq!(ask(&mut reader), 0, "the connection has ended");
    let again = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic b2xkOmNvcnJlY3QgaG9yc2U=\r\n\r\n";
    assert_eq!(daemon.request(again).status, 401);
}

#[test]
fn a_renewed_certificate_is_served_and_a_bad_file_keeps_what_was() {
    let folder = Folder::new();
    let yml = format!(
        "{TLS}basic_auth_users:\n  prometheus: {}\n",
        hash(PASSWORD, 4)
    );
    let daemon = folder.start(&yml, "enable_lifecycle = true");
    let user = format!("prometheus:{PASSWORD}");
    let get = |path: &str| folder.curl(&daemon, path, &["--user", &user, "--verbose"]);
    let reload = || {
        folder.curl(
            &daemon,
            "/-/reload",
            &["--user", &user, "--request", "POST"],
        )
    };
    let renewed = folder.authority.sign(&server_wish());
    folder.keep("server", &renewed);
    assert_eq!(reload().status, 200);
    assert!(get("/metrics").text.contains(&format!("{SUCCESS} 1\n")));
    let served = std::process::Command::new("openssl")
        .args(["s_client", "-connect", &daemon.address.to_string()])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("openssl runs");
    let pem = renewed.pem();
    let line = pem.lines().nth(1).expect("base64");
    assert!(String::from_utf8_lossy(&served.stdout).contains(line));

    // The key of another certificate.
    let other = folder.authority.sign(&server_wish());
    folder.write("server.key", &other.key.serialize_pem());
    let answer = reload();
    assert_eq!(answer.status, 500);
    let sentence = "tls_server_config.key_file: is not the key of the certificate\n";
    assert!(answer.text.ends_with(sentence), "{}", answer.text);
    assert!(get("/metrics").text.contains(&format!("{SUCCESS} 0\n")));
    folder.write("server.key", &renewed.key.serialize_pem());

    // One transaction: a good web configuration does not come into force with a bad main one.
    folder.write("web.yml", TLS);
    daemon.rewrite(&folder.config("listen = 7"));
    assert_eq!(reload().status, 500);
    assert_eq!(folder.curl(&daemon, "/metrics", &[]).status, 401);
    daemon.rewrite(&folder.config("enable_lifecycle = true"));
    assert_eq!(reload().status, 200);
    assert_eq!(folder.curl(&daemon, "/metrics", &[]).status, 200);
}

#[test]
fn listeners_that_stay_open_stay_guarded() {
    let folder = Folder::new();
    let users = format!("basic_auth_users:\n  prometheus: {}\n", hash(PASSWORD, 4));
    let daemon = folder.start(&users, "");
    let unguarded = folder.config("").replace("config_file", "# config_file");
    let elsewhere = unguarded.replace("127.0.0.1:0", "127.0.0.2:0");
    daemon.rewrite(&elsewhere);
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    daemon.wait_for_line("the listeners stay as they are, and as guarded, until a restart");
    assert_eq!(daemon.get("/metrics").status, 401);

    // A password is left, and would travel in the clear.
    let daemon = folder.start(&(TLS.to_owned() + &users), "");
    folder.write("web.yml", &users);
    daemon.rewrite(&folder.config("").replace("127.0.0.1:0", "127.0.0.2:0"));
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    let user = format!("prometheus:{PASSWORD}");
    let answer = folder.curl(&daemon, "/metrics", &["--user", &user]);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(folder.curl(&daemon, "/metrics", &[]).status, 401);
}

#[test]
fn whoever_has_just_come_when_the_rules_change_is_answered() {
    let folder = Folder::new();
    let daemon = folder.start("", "enable_lifecycle = true");
    let address = daemon.address;
    let is_over = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..2)
        .map(|_| {
            let is_over = Arc::clone(&is_over);
            std::thread::spawn(move || {
                let mut answered = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let whole = format!("{HALF}Connection: close\r\n\r\n");
                    // Fails without a head.
                    assert_eq!(request_at(address, &whole).status, 200);
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    for number in 0..100 {
        folder.write("web.yml", &format!("# {number}\n{NOTHING}"));
        let post = "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        assert_eq!(daemon.request(post).status, 200);
    }
    is_over.store(true, Ordering::Relaxed);
    for thread in asking {
        let answered = thread.join().expect("everybody is answered");
        assert!(answered > 0);
    }
}

#[test]
fn no_page_in_a_browser_can_ask_for_a_reload() {
    let folder = Folder::new();
    let daemon = folder.start("", "enable_lifecycle = true");
    let post = |header: &str| {
        daemon.request(&format!(
            "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}Content-Length: 0\r\n\r\n"
        ))
    };
    for header in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://x\r\nSec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
    ] {
        let answer = post(header);
        assert_eq!(answer.status, 403, "{header}");
        assert_eq!(
            answer.text(),
            "a web page may not ask for this; use a command, such as curl\n"
        );
    }
    assert_eq!(post("").status, 200);
    assert_eq!(daemon.get("/-/reload").status, 405);
}

/// The part of a head that a client sends before it is interrupted.
const HALF: &str = "GET /status.txt HTTP/1.1\r\nHost: x\r\n";

/// Waits until the daemon has read everything that was sent to it on this connection.
fn has_been_read(stream: &TcpStream) {
    let port = |address: std::io::Result<SocketAddr>| address.expect("an address").port();
    let daemon = format!(":{:04X}", port(stream.peer_addr()));
    let client = format!(":{:04X}", port(stream.local_addr()));
    until(Duration::from_secs(60), "what was sent is read", || {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("the table of connections");
        let is_read = table.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[1].ends_with(&daemon)
                && fields[2].ends_with(&client)
                && fields[4].ends_with(":00000000")
        });
        is_read.then_some(()).ok_or(table)
    });
}

/// Everything that comes until the end of the connection, however it ends.
fn rest(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_sent_away(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 503 ")
        && answer.contains("\r\nconnection: close\r\n")
        && answer.contains("\r\ncontent-security-policy: ")
        && answer.ends_with("\r\n\r\nthe web configuration changed: connect again\n")
}

#[test]
fn who_shook_hands_before_the_authority_changed_gets_no_more_answer() {
    let folder = Folder::new();
    folder.write("clients.pem", &pem(&folder.authority.certificate));
    let yml = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n"
    );
    let daemon = folder.start(&yml, "");
    let chain = folder.authority.sign(&client_wish("prometheus.example"));
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(folder.authority.certificate.clone())
        .expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.certificates.clone(), chain.private_key())
        .expect("a client certificate");
    let config = Arc::new(config);
    let come = || {
        let name = "localhost".try_into().expect("a name");
        let session = ClientConnection::new(Arc::clone(&config), name).expect("a session");
        let stream = TcpStream::connect(daemon.address).expect("it listens");
        (session, stream)
    };
    let (session, stream) = come();
    let mut asking = StreamOwned::new(session, stream);
    asking
        .write_all(HALF.as_bytes())
        .expect("half a head is sent");
    has_been_read(&asking.sock);
    // The daemon has answered the greeting, and does not know yet who came.
    let (mut session, mut stream) = come();
    session
        .write_tls(&mut stream)
        .expect("the greeting is sent");
    while session.is_handshaking() {
        session.read_tls(&mut stream).expect("the daemon greets");
        session.process_new_packets().expect("it is the daemon");
    }
    let mut shaking = StreamOwned::new(session, stream);

    let other = Authority::root("another");
    folder.write("clients.pem", &pem(&other.certificate));
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    asking.write_all(b"\r\n").expect("the other half is sent");
    let answer = rest(asking);
    assert!(is_sent_away(&answer), "{answer}");
    let whole = format!("{HALF}\r\n");
    shaking
        .write_all(whole.as_bytes())
        .expect("the handshake ends");
    let answer = rest(shaking);
    assert!(is_sent_away(&answer), "{answer}");
}

#[test]
fn what_was_asked_without_encryption_is_not_answered_once_there_is_some() {
    let folder = Folder::new();
    let daemon = folder.start("", "");
    let mut stream = TcpStream::connect(daemon.address).expect("it listens");
    stream
        .write_all(HALF.as_bytes())
        .expect("half a head is sent");
    has_been_read(&stream);
    folder.write("web.yml", TLS);
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    stream.write_all(b"\r\n").expect("the other half is sent");
    let answer = rest(stream);
    assert!(is_sent_away(&answer), "{answer}");
}

#[test]
fn the_log_tells_what_protects_the_listeners_otherwise() {
    let folder = Folder::new();
    let users = |all: &[&str]| {
        let lines = all
            .iter()
            .map(|name| format!("  {name}: {}\n", hash(name, 4)));
        lines.fold("basic_auth_users:\n".to_owned(), |all, line| all + &line)
    };
    let daemon = folder.start(&users(&["alice"]), "");
    let reload = |yml: &str, line: &str| {
        folder.write("web.yml", yml);
        daemon.signal("HUP");
        daemon.wait_for_line(line);
    };
    let until = "certificate valid until 20";
    reload(
        &(TLS.to_owned() + &users(&["alice", "bob"])),
        &format!("the listeners are protected otherwise than before: TLS on, {until}"),
    );
    daemon.wait_for_line("; 1 user added, 1 with another hash");
    let certificates = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    reload(
        &format!("{TLS}{certificates}{}", users(&["bob"])),
        "the listeners are protected otherwise than before: client_auth_type \
         RequireAndVerifyClientCert, was NoClientCert; 1 user removed, 1 with another hash",
    );
    folder.write("ca.pem", &pem(&Authority::root("another").certificate));
    folder.keep("server", &folder.authority.sign(&server_wish()));
    reload(
        &format!("{TLS}{certificates}{}", users(&[])),
        "configuration not reloaded",
    );
    reload(
        &format!("{TLS}{certificates}"),
        "the listeners are less protected than before: another certificate, valid until 20",
    );
    daemon.wait_for_line("; client certificates of others than before; 1 user removed");
    reload(
        NOTHING,
        "the listeners are less protected than before: TLS off; client_auth_type NoClientCert, \
         was RequireAndVerifyClientCert",
    );
    let log = daemon.log();
    let mut told = log.lines().filter(|line| line.contains("protected"));
    let secret = |line: &str| ["alice", "bob", "$2"].iter().any(|it| line.contains(it));
    assert!(!told.any(secret), "{log}");
}
