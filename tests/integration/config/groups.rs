//! `[[group]]`: when to go from one network to the other, and the networks that are no choice.

use std::time::Duration;

use bascule::engine::{GroupPlan, Preempt};
use bascule::model::Name;

use super::{SITE, check, good, warnings};

fn group(lines: &str) -> String {
    format!("[[group]]\nname = \"g\"\nnetworks = [\"x\", \"bluesky\"]\n{lines}\n")
}

fn plan(lines: &str) -> GroupPlan {
    good(&group(lines)).settings.plan.groups.remove(0)
}

#[test]
fn every_key_of_a_group_has_the_default_of_the_engine() {
    let networks: Vec<Name> = vec!["x".into(), "bluesky".into()];
    assert_eq!(plan(""), GroupPlan::new("g".into(), networks));
    let groups = good("").settings.groups;
    assert_eq!(&*groups[0].name, "default");
    assert_eq!((&groups[0].last_resort, &groups[0].pin), (&None, &None));
}

#[test]
fn what_a_group_says_reaches_the_engine() {
    let said = plan(
        "preempt = \"manual\"\npreempt_delay = \"1h\"\nstartup_grace = \"0s\"\n\
         unknown_hold = \"1d\"\nfailover_on_degraded = true",
    );
    assert_eq!(said.preempt, Preempt::Manual);
    assert_eq!(said.preempt_delay, Duration::from_secs(3600));
    assert_eq!(said.startup_grace, Duration::ZERO);
    assert_eq!(said.unknown_hold, Duration::from_secs(86400));
    assert!(said.failover_on_degraded);
    assert_eq!(plan("preempt = false").preempt, Preempt::Never);
    assert_eq!(plan("preempt = true").preempt, Preempt::Auto);
    let loaded = good(&group("last_resort = \"https://metropole.example/sms\""));
    let last_resort = loaded.settings.groups[0].last_resort.as_deref();
    assert_eq!(last_resort, Some("https://metropole.example/sms"));
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
}

#[test]
fn what_a_group_cannot_mean_is_told_in_a_sentence() {
    for (line, sentence) in [
        (
            "preempt = \"manuel\"",
            "test.toml:4: group.g.preempt: `manuel` is not one of true, false, \"manual\"",
        ),
        (
            "preempt = 1",
            "test.toml:4: group.g.preempt: must be true, false or \"manual\", not an integer",
        ),
        (
            "preempt_delay = \"61m\"",
            "test.toml:4: group.g.preempt_delay: must be at most 1h",
        ),
        (
            "startup_grace = \"2h\"",
            "test.toml:4: group.g.startup_grace: must be at most 1h",
        ),
        (
            "unknown_hold = \"25h\"",
            "test.toml:4: group.g.unknown_hold: must be at most 1d",
        ),
        (
            "last_resort = \"metropole.example\"",
            "test.toml:4: group.g.last_resort: must be an http or https URL: people are sent there",
        ),
        (
            "last_resort = \"https://city:pw@metropole.example/sms\"",
            "test.toml:4: group.g.last_resort: must not hold a user name or a password: everybody sees it",
        ),
        (
            "last_resort = \"https://metropole.example/\\nother: x\"",
            "test.toml:4: group.g.last_resort: must not hold a space or an invisible character: write %20 and the like",
        ),
        (
            "last_resort = \"https://metropole.example/\\u202Esms\"",
            "test.toml:4: group.g.last_resort: must not hold a space or an invisible character: write %20 and the like",
        ),
        (
            "pin = { network = \"blusky\", until = \"2026-07-01T00:00:00Z\" }",
            "test.toml:4: group.g.pin.network: `blusky` is not in this group; did you mean \"bluesky\"?",
        ),
        (
            "pin = { network = \"x\" }",
            "test.toml:4: group.g.pin.until: is missing: say until when, such as \"2026-12-01T22:00:00Z\"",
        ),
        (
            "pin = { until = \"2026-07-01T00:00:00Z\" }",
            "test.toml:4: group.g.pin.network: is missing: say which network of the group is pinned",
        ),
        (
            "pin = \"x\"",
            "test.toml:4: group.g.pin: must be a table, not a string",
        ),
    ] {
        check(&group(line), Some(sentence));
    }
}

#[test]
fn a_network_that_is_switched_off_is_probed_and_no_choice() {
    let off = "[network.x]\nenabled = false\n";
    let settings = good(&format!("{off}{SITE}")).settings;
    let enabled: Vec<bool> = settings.plan.networks.iter().map(|n| n.enabled).collect();
    assert_eq!(enabled, [false, true]);
    assert!(settings.endpoints.iter().any(|it| &*it.key.network == "x"));
    assert_eq!(
        warnings(&format!("{off}{}", group(""))),
        "test.toml:3: group.g: the group `g` has one network that is enabled: there is nothing to fall back to"
    );
    let pin = group("pin = { network = \"x\", until = \"2026-07-01T00:00:00Z\" }");
    let both = format!("{off}[network.bluesky]\nenabled = false\n{pin}");
    assert_eq!(
        warnings(&both),
        "test.toml:8: group.g.pin.network: `x` has enabled = false: nothing is pinned\n\
         test.toml:5: group.g: every network of the group `g` has enabled = false: none can ever be active"
    );
}

#[test]
fn a_path_that_leads_nowhere_while_a_network_is_active_is_a_warning() {
    let network = |name: &str, line: &str| {
        format!(
            "[network.{name}]\n{line}\n[[network.{name}.tcp]]\nname = \"e\"\naddress = \"h:1\"\n"
        )
    };
    let told = |names: &[&str], line: &str| {
        let networks: Vec<String> = names.iter().map(|name| network(name, "")).collect();
        let group = format!(
            "[[group]]\nname = \"g\"\nnetworks = [\"x\", \"{}\"]\n{line}",
            names.join("\", \"")
        );
        warnings(&format!("{group}\n{}", networks.concat()))
    };
    let at =
        |sentence: &str| format!("test.toml:1: group.g: `/go/g` leads nowhere while {sentence}");
    assert_eq!(
        told(&["a"], ""),
        at("`a` is active: give it a profile, or the group a last_resort")
    );
    assert_eq!(
        told(&["a", "b"], ""),
        at("`a` or `b` is active: give each a profile, or the group a last_resort")
    );
    assert_eq!(
        told(&["a", "b", "c", "d", "e"], ""),
        at("`a`, `b`, `c` or 2 more is active: give each a profile, or the group a last_resort")
    );
    assert_eq!(told(&["a"], "last_resort = \"https://h.example/\""), "");
    let site = |line: &str| format!("[network.x]\n{}", network("site", line));
    assert_eq!(
        warnings(&site("")),
        "test.toml: `/go/default` leads nowhere while `site` is active: give it a profile, or the group a last_resort"
    );
    assert_eq!(warnings(&site("profile = \"https://h.example/\"")), "");
    // A preset has a home page, and where no network is usable the answer is a sentence.
    assert_eq!(warnings("[network.x]\n[network.bluesky]\n"), "");
    // Never active.
    let off = warnings(&format!("[network.bluesky]\n{}", site("enabled = false")));
    assert_eq!(off, "");
}
