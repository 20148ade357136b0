//! Receivers that answer as they should not, and what is said of them: whoever has said yes is not
//! asked again, nobody is followed elsewhere, and nothing secret is told.

use super::*;

/// What each tells in the life of an outage.
const STORY: [&str; 5] = ["group", "outage_started", "group", "outage_ended", "group"];

#[test]
fn a_yes_counts_however_the_rest_of_the_answer_goes() {
    let (world, receiver) = (World::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    let manners = [
        Manner::Says("HTTP/1.1 200 OK\r\n\r\nand what follows never ends"),
        Manner::Says("HTTP/1.1 202 Accepted\r\nContent-Length: 1000000\r\n\r\nshort"),
        Manner::Says("HTTP/1.0 200 OK\r\n\r\n"),
        Manner::Says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        Manner::Pours,
    ];
    for (turn, manner) in manners.into_iter().enumerate() {
        receiver.be(manner);
        world.break_x(turn % 2 == 0);
        until_some(&format!("{manner:?} gets two events"), || {
            (receiver.all().len() >= 3 + 2 * turn).then_some(())
        });
    }
    daemon.wait_for(PENDING, |value| value == 0.0);
    let ids: BTreeSet<String> = receiver.all().iter().map(receiver::Got::id).collect();
    assert_eq!(ids.len(), receiver.all().len(), "none comes twice");
    assert_eq!(daemon.value(&deliveries("failure")), Some(0.0));
    assert_eq!(daemon.value(&deliveries("success")), Some(ids.len() as f64));
}

#[test]
fn no_redirect_is_followed_and_each_new_trouble_is_told_without_a_secret() {
    let (world, receiver, elsewhere) = (World::new(), Receiver::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    let redirect = format!(
        "HTTP/1.1 307 Go\r\nLocation: http://{}/steal\r\nContent-Length: 0\r\n\r\n",
        elsewhere.address
    );
    receiver.be(Manner::Trickles);
    world.break_x(true);
    daemon.wait_for_line("(outage_started) is not delivered: no answer within 10 s; it is tried");
    receiver.be(Manner::Says("no HTTP at all\r\n\r\n"));
    daemon.wait_for_line("is not delivered: the connection breaks off: ");
    receiver.be(Manner::Says(redirect.leak()));
    let line = daemon.wait_for_line("is refused");
    let expected = "it answers 307, and redirects are not followed; look at its url and \
                    secret_file, it is tried again every 5 min";
    assert!(line.ends_with(expected), "{line}");
    assert!(elsewhere.all().is_empty());
    let log = daemon.log();
    for secret in ["t0ken", "/hook", "whsec_", "MDEy"] {
        assert!(!log.contains(secret), "{secret}:\n{log}");
    }
}

#[test]
fn a_hundred_webhooks_all_hear_everything_and_nobody_is_turned_away_for_them() {
    let (world, receiver) = (World::new(), Receiver::new());
    let plain = world.config(&receiver);
    let (mut config, one) = plain.split_once("[[webhook]]").map(own).unwrap();
    for number in 0..100 {
        let name = format!("\"b{number}\"");
        let other = one.replace("\"banner\"", &name);
        config += &format!(
            "[[webhook]]{}",
            other.replace("/hook?", &format!("/{number}?"))
        );
    }
    let daemon = Daemon::start_in(&world.state(), &config);
    both_are_up(&daemon);
    receiver.wait_for(100);
    world.break_x(true);
    receiver.wait_for(300);
    assert_eq!(daemon.get("/api/v1/events").status, 200);
    world.break_x(false);
    let taken = receiver.wait_for(500);
    assert_eq!(taken.len(), 500);
    for number in 0..100 {
        let line = format!("POST /{number}?token=t0ken HTTP/1.1");
        let own = taken.iter().filter(|got| got.head[0] == line);
        let kinds: Vec<String> = own.map(receiver::Got::kind).collect();
        assert_eq!(kinds, STORY, "{number}");
    }
}

fn own((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

#[test]
fn a_name_that_leads_nowhere_is_told_and_tried_again() {
    const NAME: &str = "webhook::hostile::a_name_that_leads_nowhere_is_told_and_tried_again";
    if !crate::support::child::alone_in_own_network(NAME, "ip link set lo up") {
        return;
    }
    let (world, receiver) = (World::new(), Receiver::new());
    let config = world.config(&receiver);
    let nowhere = config.replace(&receiver.address.to_string(), "receiver.example");
    let daemon = Daemon::start_in(&world.state(), &nowhere);
    daemon.wait_for_line("is not delivered: it cannot be reached: failed to lookup address");
    daemon.wait_for(&deliveries("failure"), |value| value >= 2.0);
    daemon.rewrite(&config);
    daemon.signal("HUP");
    receiver.wait_for(1);
    daemon.wait_for_line("(group) is delivered, after a reload");
}

#[test]
fn while_a_secret_changes_receivers_that_know_the_old_or_the_new_one_are_content() {
    let (world, receiver) = (World::new(), Receiver::new());
    let (old, new) = (SECRET, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
    let daemon = world.settled(&receiver);
    let change = |secrets: &str| {
        std::fs::write(world.folder.path().join("secret"), secrets).unwrap();
        daemon.signal("HUP");
    };
    let told = |count: usize| {
        let taken = receiver.wait_for(count);
        let last = &taken[count - 1];
        [old, new].map(|secret| last.is_signed_with(secret))
    };
    assert_eq!(told(1), [true, false]);
    // What cannot be read changes nothing.
    change("hunter2\n");
    daemon.wait_for_line("secret does not hold whsec_ and 24 to 64 bytes in base64");
    world.break_x(true);
    assert_eq!(told(3), [true, false]);

    let reloaded = |times: usize| {
        until_some("it is reloaded", || {
            let log = daemon.log();
            (log.matches("configuration reloaded").count() >= times).then_some(())
        });
    };
    change(&format!("{new}\n{old}\n"));
    reloaded(1);
    world.break_x(false);
    assert_eq!(told(5), [true, true]);
    change(&format!("{new}\n"));
    reloaded(2);
    world.break_x(true);
    assert_eq!(told(7), [false, true]);
    assert!(!daemon.log().contains("hunter2"), "{}", daemon.log());
}
