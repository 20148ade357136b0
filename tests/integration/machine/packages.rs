//! A life of the package, in the order of an administrator's: install, look, change, upgrade,
//! remove, purge.

use super::*;

const CONFIG: &str = "/etc/bascule/config.toml";

#[test]
fn the_package_starts_the_service_survives_an_upgrade_and_leaves_nothing_behind() {
    let mut scene = Scene::installed();
    is_installed_and_runs(&scene.machine);
    runs_without_any_right(&scene.machine);
    tells_what_it_sees(&scene.machine);
    is_upgraded(&mut scene);
    is_removed_and_purged(&scene.machine);
}

fn is_installed_and_runs(machine: &Machine) {
    let conffiles = machine.ask("dpkg-query --show --showformat='${Conffiles}' bascule");
    let conffiles: Vec<&str> = conffiles
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(conffiles, [CONFIG]);
    let is_enabled = |unit: &str| {
        machine
            .attempt(&format!("systemctl is-enabled {unit}"))
            .stdout
    };
    assert_eq!(is_enabled("bascule.service"), "enabled\n");
    assert_eq!(is_enabled("bascule.socket"), "disabled\n");
    // dpkg has waited for READY=1: nothing has to be waited for here.
    assert_eq!(machine.property("ActiveState"), "active");
    assert_eq!(machine.property("Type"), "notify");
    assert_eq!(machine.get("/healthz").as_deref(), Ok("alive\n"));
    let metrics = machine.scrape().expect("it is scraped at once");
    assert!(metrics.contains("\nbascule_build_info{"), "{metrics}");
    assert_eq!(machine.restarts(), 0);
}

/// What the kernel and systemd say of the process.
fn runs_without_any_right(machine: &Machine) {
    let pid = machine.pid();
    let status = machine.ask(&format!("cat /proc/{pid}/status"));
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_else(|| panic!("no {key} in {status}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(of(set), "0000000000000000", "{set}");
    }
    assert_eq!(of("NoNewPrivs:"), "1");
    assert_eq!(of("Seccomp:"), "2");
    let user: u32 = of("Uid:").split(' ').next().unwrap().parse().unwrap();
    // systemd.exec(5): dynamic users are from this range.
    assert!((61_184..=65_519).contains(&user), "{user}");
    let owner = machine.ask("stat --format='%u %a' /var/lib/private/bascule");
    assert_eq!(owner, format!("{user} 700"));

    let report = machine.ask("systemd-analyze security --no-pager bascule.service");
    let exposure = report.rsplit("Overall exposure level for bascule.service: ");
    let exposure = exposure.into_iter().next().unwrap();
    let exposure: f64 = exposure.split(' ').next().unwrap().parse().unwrap();
    println!("exposure {exposure}");
    assert!(exposure <= 1.2, "{report}");
}

/// The world is the Internet, so the built-in default finds everybody in good health.
fn tells_what_it_sees(machine: &Machine) {
    machine.is_judging();
    let verdict = machine.says("the verdict", |status| status.starts_with("default: x"));
    assert_eq!(machine.get("/status.txt"), Ok(verdict.clone() + "\n"));
    let metrics = machine.metrics();
    let blind = value(&metrics, "bascule_uplink_up{family=\"any\"}");
    assert_eq!(blind, Some(1.0));
    machine.run("bascule status");
    let status: Value = serde_json::from_str(&machine.ask("bascule status --json")).unwrap();
    assert_eq!(status["groups"][0]["line"], *verdict);
    machine.run("bascule check");
    let probe = machine.run("bascule probe x");
    assert!(probe.stdout.contains("pass"), "{}", probe.stdout);
    let page = machine.document("/api/v1/networks");
    let networks = page["networks"].as_array().expect("a list");
    assert_eq!(networks.len(), 8);
    for network in networks {
        assert_eq!(network["state"], "up", "{network}");
    }
}

fn is_upgraded(scene: &mut Scene) {
    let mine = format!("# Changed here.\n{QUICK}");
    scene.machine.write(CONFIG, &mine);
    scene.machine.run("systemctl reload bascule.service");
    scene.x_is("up");
    scene.an_outage_of_x();
    let machine = &scene.machine;
    let history = |machine: &Machine| {
        let page = machine.document("/api/v1/outages?network=x");
        page["outages"].as_array().expect("a list").clone()
    };
    let outage = machine.until("the history has the outage", || {
        let outages = history(machine);
        match outages.as_slice() {
            [outage] if outage["state"] == "ended" => Ok(outage.clone()),
            _ => Err(format!("{outages:?}")),
        }
    });
    let (pid, before) = (machine.pid(), machine.metrics());
    assert_eq!(outages(&before), 1.0);

    machine.install(NEXT);
    let version = machine.ask("dpkg-query --show --showformat='${Version}' bascule");
    assert_eq!(version, NEXT);
    assert_ne!(machine.pid(), pid, "the service was not restarted");
    assert_eq!(machine.ask(&format!("cat {CONFIG}")), mine.trim_end());
    let after = machine.metrics();
    no_counter_goes_back(&before, &after);
    assert_eq!(outages(&after), 1.0);
    assert_eq!(history(machine), [outage]);
    let enabled = machine.ask("systemctl is-enabled bascule.service");
    assert_eq!(enabled, "enabled");
    assert_eq!(machine.restarts(), 0);
}

fn is_removed_and_purged(machine: &Machine) {
    machine.run("dpkg --remove bascule");
    assert_eq!(machine.property("ActiveState"), "inactive");
    let kept = ["/var/lib/private/bascule/history.db", CONFIG];
    for path in kept {
        machine.run(&format!("test -s {path}"));
    }
    machine.run("! command -v bascule");
    machine.run("dpkg --purge bascule");
    let left = machine.ask("find / -xdev -name '*bascule*'");
    assert_eq!(left, "");
    machine.run("systemctl daemon-reload");
    let units = machine.ask("systemctl list-units --all --no-legend 'bascule*'");
    assert_eq!(units, "");
    let state = machine.ask("systemctl is-system-running");
    assert_eq!(state, "running");
}
