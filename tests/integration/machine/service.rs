//! The service when things go wrong: a pipeline that hangs, kills, crashes in a row, files that
//! are faulty.

use std::process::{Child, Command, Stdio};

use super::*;
use crate::world::namespace::need;

const CONFIG: &str = "/etc/bascule/config.toml";
/// A key that does not exist, in the third line.
const FAULTY: &str = "vantage = \"machine\"\n[probe]\nintervall = \"1s\"\n";
const RELOADED: &str = "bascule_config_last_reload_successful";

/// Shorter times than those of the unit, so that the test is short.
fn impatient(machine: &Machine) {
    machine.write(
        "/etc/systemd/system/bascule.service.d/test.conf",
        "[Unit]\nStartLimitBurst=6\n[Service]\nWatchdogSec=4s\nRestartSec=100ms\n",
    );
    machine.run("systemctl daemon-reload");
}

/// Keeps the main thread of a process, which is the pipeline's, from ever waiting for events
/// again. The other threads go on.
struct Held(Child);

impl Held {
    fn hold(pid: u32) -> Self {
        let strace = need("strace", "strace");
        let child = Command::new(strace)
            .args(["-qq", "-o", "/dev/null", "-p", &pid.to_string()])
            .args(["-e", "trace=epoll_wait,epoll_pwait,epoll_pwait2"])
            .args([
                "-e",
                "inject=epoll_wait,epoll_pwait,epoll_pwait2:delay_enter=3600s",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("strace starts");
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_ends_the_daemon_is_followed_by_a_start_that_goes_on_counting_until_it_is_hopeless() {
    let mut scene = Scene::installed();
    impatient(&scene.machine);
    scene.machine.write(CONFIG, QUICK);
    scene.machine.run("systemctl restart bascule.service");
    scene.x_is("up");
    scene.x_is_well(false);
    scene.x_is("down");
    the_journal_has_the_change_in_fields(&scene.machine);
    a_held_pipeline_is_found_by_the_watchdog(&scene);
    a_kill_costs_nothing(&mut scene);
    crashes_in_a_row_come_to_an_end(&scene.machine);
}

fn the_journal_has_the_change_in_fields(machine: &Machine) {
    let entry = machine.told("x is down");
    assert_eq!(entry["SYSLOG_IDENTIFIER"], "bascule");
    assert_eq!(entry["_TRANSPORT"], "journal");
    assert_eq!(entry["_SYSTEMD_UNIT"], "bascule.service");
    assert_eq!(entry["PRIORITY"], "4");
    assert_eq!(entry["BASCULE_NETWORK"], "x");
    assert_eq!(entry["BASCULE_REASON"], "http_status");
    let asked = "journalctl --no-pager --output=cat BASCULE_NETWORK=x BASCULE_REASON=http_status";
    assert_ne!(machine.ask(asked), "");
}

/// The outage that is running when it happens is counted once.
fn a_held_pipeline_is_found_by_the_watchdog(scene: &Scene) {
    let machine = &scene.machine;
    let (pid, before) = (machine.pid(), machine.metrics());
    let held = Held::hold(machine.pid_on_host(pid));
    machine.told("Watchdog timeout (limit 4s)!");
    drop(held);
    machine.told("Failed with result 'watchdog'.");
    goes_on_after(machine, pid, &before, 1);
    scene.x_is("down");
    assert_eq!(outages(&machine.metrics()), 1.0);
}

fn a_kill_costs_nothing(scene: &mut Scene) {
    let (pid, before) = (scene.machine.pid(), scene.machine.metrics());
    scene
        .machine
        .run("systemctl kill --signal=KILL bascule.service");
    scene.machine.told("Failed with result 'signal'.");
    goes_on_after(&scene.machine, pid, &before, 2);
    scene.x_is_well(true);
    scene.x_is("up");
    let metrics = scene.machine.metrics();
    assert_eq!(outages(&metrics), 1.0);
    let finished = "bascule_network_outage_duration_seconds_count{network=\"x\"}";
    assert_eq!(value(&metrics, finished), Some(1.0));
}

/// Another process runs, systemd has started it, and it knows what the last one showed.
#[track_caller]
fn goes_on_after(machine: &Machine, pid: u32, before: &str, restarts: u32) {
    machine.until("another process is ready", || {
        let now = machine.property("MainPID");
        let there = now != "0" && now != pid.to_string();
        let active = machine.property("ActiveState") == "active";
        (there && active).then_some(()).ok_or(now)
    });
    no_counter_goes_back(before, &machine.metrics());
    assert_eq!(machine.restarts(), restarts);
}

fn crashes_in_a_row_come_to_an_end(machine: &Machine) {
    machine.until("systemd gives up", || {
        let state = machine.property("ActiveState");
        if state == "failed" {
            return Ok(());
        }
        machine.attempt("systemctl kill --signal=KILL bascule.service");
        Err(state)
    });
    machine.told("Start request repeated too quickly.");
    // The way back that docs/systemd.md names.
    machine.run("systemctl reset-failed bascule.service && systemctl start bascule.service");
    assert_eq!(outages(&machine.metrics()), 1.0);
}

#[test]
fn a_good_file_is_taken_a_faulty_one_is_told_and_neither_needs_a_look_at_the_process() {
    let scene = Scene::running(QUICK);
    let machine = &scene.machine;
    let pid = machine.pid();
    let titled = QUICK.replace(
        "[network.y]\n",
        "[network.y]\n[network.z]\npreset = \"youtube\"\n",
    );
    machine.write(CONFIG, &titled);
    machine.run("systemctl reload bascule.service");
    let z_is_up = "bascule_network_state{network=\"z\",state=\"up\"}";
    machine.until("z is watched", || {
        match value(&machine.scrape()?, z_is_up) {
            Some(1.0) => Ok(()),
            now => Err(format!("{now:?}")),
        }
    });
    assert_eq!(value(&machine.metrics(), RELOADED), Some(1.0));
    let verdict = machine.says("the verdict", |status| status.starts_with("crisis: x"));

    let before = machine.metrics();
    machine.write(CONFIG, FAULTY);
    machine.run("systemctl reload bascule.service");
    let fault = format!("{CONFIG}:3: probe.intervall: unknown key");
    let status = machine.says("what is wrong", |status| status.contains(&fault));
    assert!(status.starts_with(&verdict), "{status}");
    assert_eq!(machine.told(&fault)["PRIORITY"], "3");
    let metrics = machine.metrics();
    assert_eq!(value(&metrics, RELOADED), Some(0.0));
    assert_eq!(
        value(&metrics, z_is_up),
        Some(1.0),
        "the old settings are gone"
    );
    no_counter_goes_back(&before, &metrics);
    assert_eq!(machine.property("ActiveState"), "active");

    machine.write(CONFIG, &titled);
    machine.run("systemctl reload bascule.service");
    machine.says("the verdict alone", |status| status == verdict);
    assert_eq!(value(&machine.metrics(), RELOADED), Some(1.0));
    assert_eq!(machine.pid(), pid);
    assert_eq!(machine.restarts(), 0);

    a_start_with_a_faulty_file_fails_and_says_why(machine, &fault);
}

fn a_start_with_a_faulty_file_fails_and_says_why(machine: &Machine, fault: &str) {
    impatient(machine);
    machine.write(CONFIG, FAULTY);
    let check = machine.attempt("bascule check");
    assert_eq!(check.code, 2);
    assert!(check.stderr.contains(fault), "{}", check.stderr);
    let start = machine.attempt("systemctl restart bascule.service");
    assert_ne!(start.code, 0);
    machine.told(fault);
    machine.is_in("failed");
    machine.told("Start request repeated too quickly.");
    let status = machine.property("StatusText");
    assert!(
        status.starts_with(&format!("not started: {fault}")),
        "{status}"
    );
    let shown = machine.attempt("systemctl status --no-pager --full bascule.service");
    assert!(shown.stdout.contains(&status), "{}", shown.stdout);

    machine.write(CONFIG, QUICK);
    machine.run("systemctl reset-failed bascule.service && systemctl start bascule.service");
    machine.is_judging();
}
