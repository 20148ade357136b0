//! A page that nobody renews: what its reader sees of a daemon that hangs, and of one that is gone.

use serde::Deserialize;

use super::look::chromium;
use super::scene::{PAGE, Scene};

/// What can be read in a tab, at these times.
#[derive(Deserialize)]
struct Seen {
    title: String,
    fresh: String,
    /// 149 s after the daemon was stopped.
    soon: String,
    /// 151 s after.
    late: String,
    renewal: Renewal,
    /// When the daemon goes on.
    again: String,
    /// What the browser says of a daemon that has been killed.
    fault: Option<String>,
    dead: String,
}

/// When the page renews itself, and nobody answers.
#[derive(Deserialize)]
struct Renewal {
    asked: String,
    title: String,
    url: String,
}

#[test]
fn a_page_whose_daemon_hangs_says_that_it_is_old_and_one_whose_daemon_is_gone_goes_too() {
    const OLD: &str = "This page has not been renewed since";
    const VERDICT: &str = "All channels work.";
    let scene = Scene::fine();

    let seen: Seen = chromium(&scene, "stopped.mjs", &[scene.pid().to_string()]);

    assert!(
        seen.fresh.contains(VERDICT) && !seen.fresh.contains(OLD),
        "{}",
        seen.fresh
    );
    assert!(!seen.soon.contains(OLD), "{}", seen.soon);
    let (before, after) = seen.late.split_once(OLD).expect(&seen.late);
    assert!(
        !before.contains(VERDICT) && after.contains(VERDICT),
        "it comes first: {}",
        seen.late
    );
    // It asks, nobody answers, and what stands there is still the page, with its notice to come.
    let renewal = seen.renewal;
    assert_eq!([&*renewal.asked, &*renewal.url], [PAGE; 2]);
    assert_eq!(renewal.title, seen.title);
    assert!(
        seen.again.contains(VERDICT) && !seen.again.contains(OLD),
        "{}",
        seen.again
    );
    // The browser's own page takes its place: nothing of ours looks alive.
    let fault = seen.fault.expect("nobody is there");
    assert!(fault.contains("net::ERR_CONNECTION_REFUSED"), "{fault}");
    assert!(
        !seen.dead.contains(VERDICT) && seen.dead.contains("ERR_CONNECTION_REFUSED"),
        "{}",
        seen.dead
    );
}
