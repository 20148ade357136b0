//! A reload of the web configuration: with the main one, all of it or nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use super::scene::{Folder, PASSWORD, TLS, hash, server_wish};

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
    std::io::Read::read_exact(reader, &mut body).expect("a body");
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
    let yml = format!("basic_auth_users:\n  prometheus: {}\n", hash(PASSWORD, 4));
    let daemon = folder.start(&yml, "");
    let unguarded = folder.config("").replace("config_file", "# config_file");
    let elsewhere = unguarded.replace("127.0.0.1:0", "127.0.0.2:0");
    daemon.rewrite(&elsewhere);
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    daemon.wait_for_line("the listeners stay as they are, and as guarded, until a restart");
    assert_eq!(daemon.get("/metrics").status, 401);
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
