//! `basic_auth_users`: who comes in, and what guessing costs whom.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use super::scene::{Folder, PASSWORD, curl, hash};
use crate::support::daemon::{Daemon, received, request_at};

fn users(cost: u32) -> String {
    format!(
        "basic_auth_users:\n  prometheus: {}\n",
        hash(PASSWORD, cost)
    )
}

fn ask(daemon: &Daemon, user: &str, password: &str) -> u16 {
    let user = format!("{user}:{password}");
    curl(
        &format!("http://{}/metrics", daemon.address),
        None,
        &["--user", &user],
    )
    .status
}

#[test]
fn the_right_name_and_password_come_in_and_nothing_else() {
    let daemon = Folder::new().start(&users(4), "");
    assert_eq!(ask(&daemon, "prometheus", PASSWORD), 200);
    assert_eq!(ask(&daemon, "prometheus", "wrong"), 401);
    assert_eq!(ask(&daemon, "nobody", PASSWORD), 401);
    assert_eq!(ask(&daemon, "prometheus", ""), 401);
    assert_eq!(ask(&daemon, "prometheus", &format!("{PASSWORD}x")), 401);
    assert_eq!(ask(&daemon, "prometheus", PASSWORD), 200);
    for path in ["/", "/healthz", "/api/v1/networks", "/nowhere"] {
        let answer = daemon.get(path);
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer
                .head
                .contains("www-authenticate: basic realm=\"bascule\", charset=\"utf-8\""),
            "{}",
            answer.head
        );
    }
    for header in [
        "Basic !!!",
        "Basic",
        "Bearer eDp5",
        "Basic eDp5AA==",
        "Basic eA==",
    ] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {header}\r\n\r\n"
        );
        assert_eq!(daemon.request(&request).status, 401, "{header}");
    }
    let line = daemon.wait_for_line("the password of user `prometheus` is wrong");
    assert!(line.contains("peer=127.0.0.1"), "{line}");
    let log = daemon.log();
    assert!(!log.contains(PASSWORD) && !log.contains("nobody"), "{log}");
}

#[test]
fn a_password_that_bcrypt_would_cut_is_refused() {
    let long = "x".repeat(72);
    let yml = format!("basic_auth_users:\n  prometheus: {}\n", hash(&long, 4));
    let daemon = Folder::new().start(&yml, "");
    assert_eq!(ask(&daemon, "prometheus", &format!("{long}y")), 401);
    assert_eq!(ask(&daemon, "prometheus", &long), 200);
    daemon.wait_for_line("is longer than the 72 bytes that bcrypt reads");
}

fn header(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!(
        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic {encoded}\r\n\r\n"
    )
}

/// Sends a request and does not wait for the answer.
fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .write_all(request.as_bytes())
        .expect("it takes the request");
    stream
}

#[test]
fn who_is_known_is_served_while_others_guess_and_a_client_has_few_guesses_at_a_time() {
    // At this cost a check and the rest behind it take seconds: the guesses below are all waiting.
    let daemon = Folder::new().start(&users(12), "");
    let known = || request_at(daemon.address, &header("prometheus", PASSWORD)).status;
    assert_eq!(known(), 200);
    let guess = |number| header("prometheus", &format!("guess {number}"));
    let guesses = (0..25).map(|number| send(daemon.address, &guess(number)));
    let guesses: Vec<TcpStream> = guesses.collect();
    // The last are refused while the first are still waiting.
    let mut answers = guesses.into_iter().rev().map(received);
    let answer = answers.find(|answer| answer.status == 429);
    let answer = answer.expect("one client cannot fill the queue");
    assert!(answer.head.contains("retry-after: 5"), "{}", answer.head);
    assert_eq!(known(), 200);
}

#[test]
fn a_password_that_was_not_seen_before_is_checked_before_those_of_a_client_that_guesses() {
    let daemon = Folder::new().start(&users(8), "");
    let first = request_at(daemon.address, &header("prometheus", "guess")).status;
    assert_eq!(first, 401);
    let guesses: Vec<TcpStream> = (0..4)
        .map(|number| {
            send(
                daemon.address,
                &header("prometheus", &format!("guess {number}")),
            )
        })
        .collect();
    let elsewhere = [
        "--interface",
        "127.0.0.77",
        "--user",
        &format!("prometheus:{PASSWORD}"),
    ];
    let url = format!("http://{}/metrics", daemon.address);
    assert_eq!(curl(&url, None, &elsewhere).status, 200);
    drop(guesses);
}

#[test]
fn more_requests_than_the_rate_are_refused() {
    let daemon = Folder::new().start("rate_limit:\n  interval: 1h\n  burst: 2\n", "");
    let statuses = [(); 3].map(|()| daemon.get("/healthz").status);
    assert_eq!(statuses, [200, 200, 429]);
    let answer = daemon.get("/healthz");
    assert!(answer.head.contains("retry-after: 3"), "{}", answer.head);
}
