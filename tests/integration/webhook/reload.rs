//! Webhooks that a reload adds, takes away and brings back while events wait, and a daemon that is
//! killed while one is under way.

use super::*;

fn series(name: &str) -> String {
    format!("bascule_webhook_pending{{webhook=\"{name}\"}}")
}

/// The configuration without its webhook, and the webhook.
fn parts(world: &World, receiver: &Receiver) -> (String, String) {
    let config = world.config(receiver);
    let (without, webhook) = config.split_once("[[webhook]]").unwrap();
    (without.to_owned(), format!("[[webhook]]{webhook}"))
}

#[test]
fn what_waits_stays_while_others_come_and_goes_with_its_webhook() {
    let (world, receiver, other) = (World::new(), Receiver::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    let (without, banner) = parts(&world, &receiver);
    let (_, second) = parts(&world, &other);
    let second = second.replace("\"banner\"", "\"second\"");
    let reload = |config: &str| {
        daemon.rewrite(config);
        daemon.signal("HUP");
    };
    receiver.be(Manner::Status(503));
    world.break_x(true);
    daemon.wait_for(PENDING, |value| value == 2.0);
    reload(&format!("{without}{banner}{second}"));
    daemon.wait_for(&series("second"), |value| value == 0.0);
    receiver.be(Manner::Status(204));
    let kinds: Vec<String> = receiver
        .wait_for(3)
        .iter()
        .map(receiver::Got::kind)
        .collect();
    assert_eq!(kinds, ["group", "outage_started", "group"]);
    assert!(other.all().is_empty(), "who is new is not told of the past");

    receiver.be(Manner::Status(503));
    world.break_x(false);
    daemon.wait_for(PENDING, |value| value == 2.0);
    let told: Vec<String> = other.wait_for(2).iter().map(receiver::Got::kind).collect();
    assert_eq!(told, ["outage_ended", "group"]);
    reload(&format!("{without}{second}"));
    until_some("its numbers are gone", || {
        daemon.value(PENDING).is_none().then_some(())
    });
    receiver.be(Manner::Status(204));
    reload(&format!("{without}{second}{banner}"));
    daemon.wait_for(PENDING, |value| value == 0.0);
    world.break_x(true);
    let taken = receiver.wait_for(5);
    assert_eq!(taken[3].kind(), "outage_started");
    assert_eq!(taken[3].id(), other.wait_for(3)[2].id());
}

#[test]
fn what_was_under_way_at_kill_9_is_sent_again_with_the_same_id() {
    let (world, receiver) = (World::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    receiver.be(Manner::Hangs);
    world.break_x(true);
    let under_way = receiver.wait_for_one(Manner::Hangs, "outage_started");
    // To drop it is `kill -9`.
    drop(daemon);
    receiver.be(Manner::Status(204));
    let _daemon = Daemon::start_in(&world.state(), &world.config(&receiver));
    let taken = receiver.wait_for(3);
    assert_eq!(taken[1].id(), under_way.id());
    assert_eq!(taken[1].json()["sentence"], under_way.json()["sentence"]);
}
