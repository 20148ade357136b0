//! A pair of everything: two Prometheis that see the same, two Alertmanagers in a mesh, and one
//! message for whoever is on duty.

use std::fs;

use super::alerting::{PATIENCE, knows, prometheus};
use super::alerting_servers::{
    Alert, Alertmanager, Hook, documented, replaced, shipped, shortened, write_rules,
};
use super::namespace::until;
use super::*;

#[test]
fn two_prometheis_and_two_alertmanagers_tell_each_thing_once() {
    let folder = tempfile::Builder::new()
        .prefix("pair-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder can be made");
    let folder = folder.path();
    let namespace = Rc::new(Namespace::bare(NAMESERVER));
    write_rules(folder);
    let hook = Hook::start(&namespace, folder);
    let mesh = [
        Alertmanager::start(&namespace, folder, 9093, &member("alertmanager-b.example")),
        Alertmanager::start(&namespace, folder, 9193, &member("alertmanager-a.example")),
    ];
    for one in &mesh {
        until(PATIENCE, "the mesh has two members", || match one.peers() {
            2 => Ok(()),
            other => Err(format!("{other}")),
        });
    }
    let page = hook.page();
    let build_info = "bascule_build_info{version=\"0\"} 1\n";
    fs::write(&page, build_info).expect("a page can be written");
    let config = shortened(&shipped("central.yml"));
    let _pair = [("a", 9090), ("b", 9091)].map(|(replica, port)| {
        let config = replaced(
            &config,
            &[
                ("replica: a", &format!("replica: {replica}")),
                ("alertmanager-a.example:9093", "127.0.0.1:9093"),
                ("alertmanager-b.example:9093", "127.0.0.1:9193"),
                ("north.example:10110", Hook::ADDRESS),
            ],
        );
        let server = prometheus(&namespace, folder, port, &config, &[]);
        knows(&namespace, port, 2);
        until(PATIENCE, "a bascule is heard of", || {
            match server.query("bascule_build_info").len() {
                1 => Ok(()),
                other => Err(format!("{other}")),
            }
        });
        server
    });

    // No bascule is heard of, then one is, then none.
    fs::remove_file(&page).expect("a page can be removed");
    hook.wait(ABSENT, false);
    for one in &mesh {
        until(PATIENCE, "both know one alert, not one a replica", || {
            let titles: Vec<String> = one.alerts().iter().map(Alert::title).collect();
            let absent = titles.iter().filter(|&title| title == ABSENT);
            let right = absent.count() == 1;
            right.then_some(()).ok_or_else(|| format!("{titles:?}"))
        });
    }
    fs::write(&page, build_info).expect("a page can be written");
    hook.wait(ABSENT, true);
    fs::remove_file(&page).expect("a page can be removed");
    // By the time this is told, the one who waited in vain would have told the rest again.
    let told = || {
        let told = hook.told().into_iter().filter(|one| one.title == ABSENT);
        told.map(|one| one.resolved).collect::<Vec<bool>>()
    };
    until(PATIENCE, "it is told again", || {
        let told = told();
        let again = told.len() >= 3;
        again.then_some(()).ok_or_else(|| format!("{told:?}"))
    });
    assert_eq!(told(), [false, true, false], "{:#?}", hook.told());
}

const ABSENT: &str = "BasculeAbsent";

/// How a member of the mesh is told of the other one.
fn member(other: &str) -> Vec<String> {
    let arguments = documented(&["prometheus-alertmanager", &format!("={other}:9094")]);
    let (mine, others) = match other {
        "alertmanager-b.example" => (9094, 9194),
        _ => (9194, 9094),
    };
    let mesh = arguments
        .iter()
        .filter(|word| word.starts_with("--cluster."))
        .map(|word| {
            word.replace("0.0.0.0:9094", &format!("127.0.0.1:{mine}"))
                .replace(&format!("{other}:9094"), &format!("127.0.0.1:{others}"))
        });
    // The second waits so long for the first to have told it.
    let patience = [
        "--cluster.peer-timeout=1s",
        "--cluster.gossip-interval=50ms",
    ];
    mesh.chain(patience.map(str::to_owned)).collect()
}
