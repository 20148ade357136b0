//! Every state in which the page can be met.

use std::time::Duration;

use bascule::host::clock::Clock;
use bascule::report::words::timestamp;

use super::look::Page;
use super::scene::{PATIENT, Scene};
use crate::world::site::Answer;

/// The hosts that are asked.
const HOSTS: [&str; 4] = ["x.com", "bsky.app", "mastodon.social", "www.threads.com"];

#[test]
fn while_nothing_is_judged_yet_the_page_says_so() {
    let mut scene = Scene::empty();
    for host in HOSTS {
        scene.falls_silent(host);
    }
    scene.watch(PATIENT, "");
    scene.until_states(["unknown"; 4], None);
    scene.until_line("up");

    let page = Page::of(&scene, "starting");

    page.is_sound();
    assert_eq!(page.title("en"), "Not judged yet · rennes-1");
    let heading = "Not known: Nothing is judged yet.";
    assert_eq!(page.heading("en"), heading);
    let heading = "Inconnu : Rien n'est encore évalué.";
    assert_eq!(page.heading("fr"), heading);
}

#[test]
fn while_all_is_fine_the_page_says_where_to_post() {
    let scene = Scene::fine();

    let page = Page::of(&scene, "fine");

    page.is_sound();
    assert_eq!(page.title("en"), "All channels work: X · rennes-1");
    let heading =
        "All is well: All channels work. Post on: X. Standby: Bluesky, Mastodon, Threads.";
    assert_eq!(page.heading("en"), heading);
    let heading = "Tout va bien : Tous les canaux fonctionnent. Publiez sur : X. En réserve : Bluesky, Mastodon, Threads.";
    assert_eq!(page.heading("fr"), heading);
}

#[test]
fn while_x_is_down_the_page_says_so_and_what_to_use() {
    let mut scene = Scene::fine();
    scene.world.expire_certificate("x.com");
    scene.until_states(["down", "up", "up", "up"], Some("bluesky"));

    let page = Page::of(&scene, "x-down");

    page.is_sound();
    assert_eq!(page.title("en"), "X is down: use Bluesky · rennes-1");
    let heading = "Attention: X is down since TIME UTC (TLS), SPAN. Post on: Bluesky. Standby: Mastodon, Threads.";
    assert_eq!(page.heading("en"), heading);
    let heading = "Attention : X est en panne depuis TIME UTC (TLS), SPAN. Publiez sur : Bluesky. En réserve : Mastodon, Threads.";
    assert_eq!(page.heading("fr"), heading);
}

#[test]
fn while_all_is_down_the_page_leads_to_the_last_resort() {
    let mut scene = Scene::fine();
    scene.falls_silent("www.threads.com");
    scene.until_states(["up", "up", "up", "down"], Some("x"));
    scene
        .world
        .set_http([("mastodon.social", "/health", Answer::status(503))]);
    scene.until_states(["up", "up", "down", "down"], Some("x"));
    scene.world.dns_servfail("bsky.app");
    scene.until_states(["up", "down", "down", "down"], Some("x"));
    scene.world.expire_certificate("x.com");
    scene.until_states(["down"; 4], None);

    let page = Page::of(&scene, "all-down");

    page.is_sound();
    assert_eq!(page.title("en"), "No channel works · rennes-1");
    let heading = "Alarm: No channel works. Last resort: https://metropole.example/sms";
    assert_eq!(page.heading("en"), heading);
    let heading =
        "Alerte : Aucun canal ne fonctionne. Dernier recours : https://metropole.example/sms";
    assert_eq!(page.heading("fr"), heading);
}

#[test]
fn while_our_own_line_is_cut_the_page_judges_nobody() {
    let scene = Scene::fine();
    scene.cut();
    scene.until_states(["unknown"; 4], Some("x"));
    scene.until_line("down");

    let page = Page::of(&scene, "blind");

    page.is_sound();
    assert_eq!(page.title("en"), "Our own connection is down · rennes-1");
    let heading = "Not known: Our own connection is down since TIME UTC, SPAN: nothing is judged. Last known: X.";
    assert_eq!(page.heading("en"), heading);
    let heading = "Inconnu : Notre propre connexion est coupée depuis TIME UTC, SPAN : rien n'est évalué. Dernier canal connu : X.";
    assert_eq!(page.heading("fr"), heading);
}

/// X in maintenance, another one announced, and a notice in two languages.
fn announced() -> String {
    let now = Clock::system().wall();
    let hours = |hours: u64| timestamp(now + Duration::from_secs(hours * 3_600));
    let window = |network: &str, from: &str, until: &str| {
        format!(
            "[[maintenance]]\nnetworks = [\"{network}\"]\nfrom = \"{from}\"\nuntil = \"{until}\"\n"
        )
    };
    format!(
        "{}{}[[notice]]\nuntil = \"{}\"\n{}",
        window("x", "2026-01-01T00:00:00Z", &hours(2)),
        window("threads", &hours(5), &hours(6)),
        hours(20),
        "text.en = \"Town hall is closed today; write to us on any channel.\"\n\
         text.fr = \"La mairie est fermée aujourd'hui ; écrivez-nous sur n'importe quel canal.\"\n",
    )
}

#[test]
fn while_x_is_in_maintenance_the_page_says_so() {
    let mut scene = Scene::with_past();
    scene.watch_with(&announced());
    scene.until_states(["maintenance", "up", "up", "up"], Some("bluesky"));
    scene.until_ready();
    scene.until_line("up");

    let page = Page::of(&scene, "maintenance");

    page.is_sound();
    let title = "X is in maintenance: use Bluesky · rennes-1";
    assert_eq!(page.title("en"), title);
    let heading = "Planned: X is in maintenance until TIME UTC. All other channels work. Post on: Bluesky. Standby: Mastodon, Threads.";
    assert_eq!(page.heading("en"), heading);
    let heading = "Prévu : X est en maintenance jusqu'à TIME UTC. Tous les autres canaux fonctionnent. Publiez sur : Bluesky. En réserve : Mastodon, Threads.";
    assert_eq!(page.heading("fr"), heading);
}
