//! A real outage, and what people and their programs are told of it: a server dies, the group
//! switches, the server comes back.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde_json::Value;

use super::feed::read;
use crate::support::daemon::{Answer, Daemon, ok};

/// A server that can die and come back at the same address.
pub(super) struct Server {
    address: SocketAddr,
    dead: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    name: &'static str,
}

impl Server {
    pub(super) fn start(name: &'static str) -> Self {
        Self::start_at(name, ([127, 0, 0, 1], 0).into())
    }

    fn start_at(name: &'static str, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let dead = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&dead);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                // The prober may be gone; its next round will come.
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&ok(name));
            }
        });
        Self {
            address,
            dead,
            thread: Some(thread),
            name,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(super) fn die(&mut self) {
        self.dead.store(true, Ordering::SeqCst);
        // So that it sees it.
        drop(TcpStream::connect(self.address));
        let thread = self.thread.take().expect("it lives");
        thread.join().expect("it ends");
    }

    fn come_back(&mut self) {
        *self = Self::start_at(self.name, self.address);
    }
}

pub(super) fn config(first: &Server, second: &Server) -> String {
    let network = |server: &Server| {
        let (name, url) = (server.name, server.url());
        format!(
            "[network.{name}]\ntitle = \"The {name}\"\nprofile = \"{url}\"\n\
             [[network.{name}.http]]\nname = \"web\"\nurl = \"{url}\"\n"
        )
    };
    format!(
        "[probe]\ninterval = \"1s\"\nrecheck_interval = \"1s\"\n\
         down_interval = \"1s\"\nfall = 1\nrise = 1\n{}{}\
         [[group]]\nname = \"crisis\"\nnetworks = [\"{}\", \"{}\"]\n",
        network(first),
        network(second),
        first.name,
        second.name
    )
}

/// Where a link leads, and what is found there.
fn follow(daemon: &Daemon) -> (String, String) {
    let answer = daemon.get("/go/crisis");
    assert_eq!(answer.status, 302, "{}", answer.text());
    let location = header(&answer, "location").expect("a place").to_owned();
    let address = location.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("somebody is there");
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .expect("it takes it");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("it answers");
    let (_, body) = page.split_once("\r\n\r\n").expect("a body");
    (location, body.to_owned())
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn entries(daemon: &Daemon) -> Vec<Value> {
    let feed = read(&daemon.get("/feed.atom").text());
    feed["entries"].as_array().expect("a list").clone()
}

fn of_kind<'a>(entries: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let of = |it: &&Value| it["id"].as_str().is_some_and(|id| id.contains(kind));
    entries.iter().filter(of).collect()
}

#[test]
fn an_outage_moves_the_link_and_is_one_entry_of_the_feed_from_beginning_to_end() {
    let (mut first, second) = (Server::start("first"), Server::start("second"));
    let daemon = Daemon::start(&config(&first, &second));
    let active = |name: &str| {
        let series = format!("bascule_group_active{{group=\"crisis\",network=\"{name}\"}}");
        daemon.wait_for(&series, |value| value == 1.0);
    };
    active("first");
    assert_eq!(follow(&daemon), (first.url(), "first".to_owned()));

    first.die();
    active("second");
    assert_eq!(follow(&daemon), (second.url(), "second".to_owned()));
    // Nobody may keep the way to a network that has died.
    let head = "HEAD /go/crisis HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = daemon.request(head);
    assert_eq!((answer.status, answer.body.len()), (302, 0));
    assert_eq!(header(&answer, "location"), Some(&*second.url()));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    assert_eq!(header(&answer, "referrer-policy"), Some("no-referrer"));
    assert_eq!(header(&answer, "vary"), None);
    assert_eq!(header(&answer, "expires"), None);
    let badge = daemon.get("/badge/network/first.svg").text();
    assert!(
        badge.contains("<title>The first: down (TCP)</title>"),
        "{badge}"
    );

    let tag = daemon.get("/feed.atom");
    let tag = header(&tag, "etag").expect("a tag").to_owned();
    let during = entries(&daemon);
    let running = of_kind(&during, "/outages/");
    assert_eq!(running.len(), 1, "{during:?}");
    assert_eq!(running[0]["title"], "The first is down (TCP)");
    let switches = of_kind(&during, "/switches/");
    assert_eq!(switches[0]["title"], "crisis: post on The second");
    let asked = format!(
        "GET /feed.atom HTTP/1.1\r\nHost: test\r\nConnection: close\r\nIf-None-Match: {tag}\r\n\r\n"
    );
    assert_eq!(daemon.request(&asked).status, 304);

    first.come_back();
    let state = "bascule_network_state{network=\"first\",state=\"up\"}";
    daemon.wait_for(state, |value| value == 1.0);
    // The history is written a moment after the state has changed.
    let after = crate::support::waiting::until_some("the end of the outage in the feed", || {
        let after = entries(&daemon);
        let outages = of_kind(&after, "/outages/");
        let title = outages[0]["title"].as_str()?;
        title
            .starts_with("The first was down for ")
            .then_some(after)
    });
    assert_eq!(daemon.request(&asked).status, 200);
    let ended = of_kind(&after, "/outages/");
    assert_eq!(ended.len(), 1, "{after:?}");
    assert_eq!(ended[0]["id"], running[0]["id"]);
    assert_eq!(ended[0]["published"], running[0]["published"]);
    assert!(
        ended[0]["updated"].as_str() > running[0]["updated"].as_str(),
        "{after:?}"
    );
}

#[test]
fn after_a_restart_the_link_leads_where_it_led_until_something_better_is_known() {
    /// Rounds that wait for as long as anybody looks.
    const PATIENT: &str = "interval = \"4m\"\ntimeout = \"4m\"\nconnect_timeout = \"4m\"\n\
                           slow_after = \"4m\"\n";
    let (mut first, mut second) = (Server::start("first"), Server::start("second"));
    let state = tempfile::tempdir().expect("a folder can be made");
    let often = config(&first, &second);
    let daemon = Daemon::start_in(state.path(), &often);
    first.die();
    let series = "bascule_group_active{group=\"crisis\",network=\"second\"}";
    daemon.wait_for(series, |value| value == 1.0);
    drop(daemon);
    // They take connections now, and say nothing.
    second.die();
    let _silent = [&first, &second].map(|it| TcpListener::bind(it.address).expect("it is free"));
    let (_, networks) = often.split_once("rise = 1\n").expect("its probes");
    let patient = format!("[probe]\n{PATIENT}{networks}");

    let daemon = Daemon::start_in(state.path(), &patient);
    let answer = daemon.get("/go/crisis");
    assert_eq!(answer.status, 302, "{}", answer.text());
    assert_eq!(header(&answer, "location"), Some(&*second.url()));
    let line = daemon.get("/status.txt").text();
    assert!(line.starts_with("crisis: second ("), "{line}");
    drop(daemon);

    // What is too old is no news, and a daemon without a past has none.
    let empty = tempfile::tempdir().expect("a folder can be made");
    let forgetful = format!("max_state_age = \"0s\"\n[web]\nlisten = [\"127.0.0.1:0\"]\n{patient}");
    for (state, config) in [(state.path(), &forgetful), (empty.path(), &patient)] {
        let daemon = Daemon::start_in(state, config);
        let answer = daemon.get("/go/crisis");
        assert_eq!(answer.status, 503);
        let page = answer.text();
        assert!(page.contains("<h1>Nothing is judged yet.</h1>"), "{page}");
        assert_eq!(header(&answer, "retry-after"), Some("30"));
    }
}
