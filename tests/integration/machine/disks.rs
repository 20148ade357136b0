//! A state directory that is full.

use super::*;

const STATE: &str = "/var/lib/private/bascule";
const FAILURES: &str = "bascule_state_persist_failures_total";

#[test]
fn with_a_full_state_directory_the_service_goes_on_and_tells_until_there_is_room() {
    let mut scene = Scene::installed();
    let machine = &scene.machine;
    machine.run("systemctl stop bascule.service");
    machine.write("/etc/bascule/config.toml", QUICK);
    machine.run(&format!(
        "mount -t tmpfs -o size=2m,mode=0700 tmpfs {STATE}"
    ));
    machine.run("systemctl start bascule.service");
    scene.x_is("up");
    let machine = &scene.machine;
    machine.until("the history has begun", || {
        let page = machine.document("/api/v1/events");
        let events = page["events"].as_array().expect("a list");
        (!events.is_empty())
            .then_some(())
            .ok_or_else(|| page.to_string())
    });
    let (pid, before) = (machine.pid(), machine.metrics());
    assert_eq!(value(&before, FAILURES), Some(0.0));

    machine.attempt(&format!("dd if=/dev/zero of={STATE}/filler bs=1k"));
    scene.x_is_well(false);
    scene.x_is("down");
    let machine = &scene.machine;
    let told = machine.told("cannot be written: No space left on device (os error 28)");
    assert_eq!(told["PRIORITY"], "3");
    machine.told("the history cannot be written: database or disk is full");
    machine.until("failures to write are counted", || {
        let failures = value(&machine.scrape()?, FAILURES);
        (failures >= Some(2.0))
            .then_some(())
            .ok_or_else(|| format!("{failures:?}"))
    });
    no_counter_goes_back(&before, &machine.metrics());
    let status = machine.document("/status.json");
    let problem = status["problem"].as_str().expect("a problem is told");
    assert!(problem.contains("No space left on device"), "{problem}");
    assert_eq!(machine.property("ActiveState"), "active");

    machine.run(&format!("rm {STATE}/filler"));
    machine.told("the state is written again");
    machine.told("the history is written again");
    assert_eq!(machine.document("/status.json")["problem"], Value::Null);
    machine.says("the verdict", |status| status.starts_with("crisis: y"));
    assert_eq!((machine.pid(), machine.restarts()), (pid, 0));

    // What was not written then is written now.
    let before = machine.metrics();
    machine.run("systemctl restart bascule.service");
    no_counter_goes_back(&before, &machine.metrics());
    assert_eq!(outages(&machine.metrics()), 1.0);
}
