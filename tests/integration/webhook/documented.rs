//! The receiver that docs/webhook.md shows, as it stands, through an outage.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::world::namespace::need;

/// A process; it ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/webhook.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("```python\n").expect("a program");
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_receiver_of_the_documentation_switches_a_banner_and_refuses_a_stranger() {
    let (world, unused) = (World::new(), Receiver::new());
    let folder = world.folder.path();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let program = program().replace("8080", &address.port().to_string());
    let log = std::fs::File::create(folder.join("receiver.log")).unwrap();
    let receiver = Command::new(need("python3", "python3"))
        .args(["-c", &program])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let _receiver = Process(receiver);
    let config = world.config(&unused);
    let config = config.replace(&unused.address.to_string(), &address.to_string());
    let daemon = Daemon::start_in(&world.state(), &config);
    let banner = |expected: &str| {
        until_some(expected, || {
            let text = std::fs::read_to_string(folder.join("banner.txt")).ok()?;
            (text == format!("{expected}\n")).then_some(())
        });
    };
    both_are_up(&daemon);
    banner("We are on The X: https://x.example/city");
    world.break_x(true);
    banner("We are on The Y: https://y.example/city");
    // Its secret is the old one of two, and then neither.
    let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let change = |secrets: &str| {
        std::fs::write(folder.join("secret"), secrets).unwrap();
        daemon.signal("HUP");
    };
    change(&format!("{new}\n{SECRET}\n"));
    daemon.wait_for_line("configuration reloaded");
    world.break_x(false);
    banner("We are on The X: https://x.example/city");
    change(new);
    world.break_x(true);
    daemon.wait_for_line("(outage_started) is refused: it answers 401; look at its url and secret");
}
