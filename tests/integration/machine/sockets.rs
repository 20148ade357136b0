//! The listener that systemd holds: nobody is refused while the service restarts, and whoever
//! comes first starts it.

use std::process::Child;

use super::*;

const RESTARTS: usize = 20;

/// Four clients, each of which scrapes on a new connection as soon as it has had an answer.
struct Scrapers<'a> {
    machine: &'a Machine,
    child: Child,
}

impl<'a> Scrapers<'a> {
    fn start(machine: &'a Machine) -> Self {
        let format = "%{http_code} %{exitcode} %{errormsg}\\n";
        let curl = format!(
            "curl -s -o /dev/null --max-time 60 -w '{format}' http://127.0.0.1:10110/metrics"
        );
        let client = format!("while [ ! -e /tmp/enough ]; do {curl} >>/tmp/scrapes; done");
        let clients = format!("for client in 1 2 3 4; do ({client}) & done; wait");
        let child = machine.spawn(&clients);
        Self { machine, child }
    }

    /// The answers, one a line, after the last one is there.
    fn stop(mut self) -> Vec<String> {
        self.machine.run("touch /tmp/enough");
        self.child.wait().expect("the clients end");
        let said = self
            .machine
            .ask("cat /tmp/scrapes; rm /tmp/enough /tmp/scrapes");
        said.lines().map(str::to_owned).collect()
    }
}

#[test]
fn no_scrape_is_refused_or_cut_while_the_service_restarts_twenty_times() {
    let scene = Scene::running(QUICK);
    let machine = &scene.machine;
    machine.run(
        "systemctl stop bascule.service \
         && systemctl enable --now bascule.socket && systemctl start bascule.service",
    );
    let before = machine.metrics();
    let scrapers = Scrapers::start(machine);
    let restarts = format!(
        "date +%s.%N; for i in $(seq {RESTARTS}); do systemctl restart bascule.service; done; date +%s.%N"
    );
    let times = machine.ask(&restarts);
    let answers = scrapers.stop();
    let (began, ended) = times.split_once('\n').unwrap();
    let each = (ended.parse::<f64>().unwrap() - began.parse::<f64>().unwrap()) / RESTARTS as f64;
    let lost: Vec<&String> = answers
        .iter()
        .filter(|line| line.trim_end() != "200 0")
        .collect();
    println!(
        "{} scrapes, {} lost; a restart takes {each:.2} s",
        answers.len(),
        lost.len()
    );
    assert!(lost.is_empty(), "{lost:?}");
    assert!(answers.len() >= RESTARTS, "{}", answers.len());
    no_counter_goes_back(&before, &machine.metrics());

    // The first scrape starts the service, and waits for it.
    machine.run("systemctl stop bascule.service");
    assert_eq!(machine.property("ActiveState"), "inactive");
    machine.run("systemctl is-active bascule.socket");
    machine.scrape().expect("the first scrape is answered");
    assert_eq!(machine.property("ActiveState"), "active");

    // Both come back with the machine, in the order that systemd sees to.
    for unit in ["bascule.service", "bascule.socket"] {
        assert_eq!(
            machine.ask(&format!("systemctl is-enabled {unit}")),
            "enabled"
        );
    }
}
