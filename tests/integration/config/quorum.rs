//! The edges of networks, groups and the other tables.

use super::{check, good};

#[test]
fn quorum_and_hysteresis_fit_the_weights() {
    // Weights 2 + 1 + 1 + 0: all in all 4.
    let network = |line: &str| {
        let mut text = format!("[network.site]\n{line}\n");
        for (name, weight) in [("a", 2), ("b", 1), ("c", 1), ("d", 0)] {
            text.push_str(&format!(
                "[[network.site.tcp]]\nname = \"{name}\"\naddress = \"h:1\"\nweight = {weight}\n"
            ));
        }
        text
    };
    assert_eq!(good(&network("")).settings.plan.networks[0].quorum, 3);
    for (line, fault) in [
        ("quorum = 1", None),
        ("quorum = 4", None),
        (
            "quorum = 0",
            Some("network.site.quorum: must be at least 1"),
        ),
        (
            "quorum = 5",
            Some("quorum: 5 can never be reached: all enabled endpoints together weigh 4"),
        ),
        ("quorum = 3\nhysteresis = 1", None),
        (
            "quorum = 1\nhysteresis = 1",
            Some("hysteresis: 1 must be less than the quorum, which is 1"),
        ),
        (
            "quorum = 3\nhysteresis = 2",
            Some("hysteresis: 2 on top of the quorum 3 can never be reached"),
        ),
        (
            "quorum = 2\nhysteresis = 4294967295",
            Some("must be less than the quorum"),
        ),
        (
            "failure_domains = [\"A\"]",
            Some("`A` cannot be the name of a failure domain"),
        ),
        (
            "failure_domains = [\"a\", \"a\"]",
            Some("`a` is there twice"),
        ),
        (
            "profile = \"mailto:a@b\"",
            Some("must be an http or https URL"),
        ),
        (
            "title = \"\"",
            Some("must be a line of 1 to 80 visible characters"),
        ),
    ] {
        check(&network(line), fault);
    }
}

#[test]
fn the_other_tables_are_checked() {
    for (text, fault) in [
        (
            "vantage = \"\"\n",
            Some("must be a line of 1 to 64 visible characters"),
        ),
        ("vantage = \"Rennes, étage 2\"\n", None),
        (
            "[web]\nlisten = []\n",
            Some("is empty: name at least one address"),
        ),
        ("[web]\nlisten = [\"127.0.0.1:0\", \"[::1]:0\"]\n", None),
        ("[web]\nlisten = [\":10110\", \"localhost:10111\"]\n", None),
        (
            "[web]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\n",
            Some("listen[1]: `127.0.0.1:1` is there twice"),
        ),
        (
            "[web]\nlisten = [\"127.0.0.1\"]\n",
            Some("listen[0]: `127.0.0.1` is not an address and a port"),
        ),
        (
            "[web]\nlisten = [\"www.example:80\"]\n",
            Some("is not an address and a port"),
        ),
        (
            "[probe]\nmax_in_flight = 0\n",
            Some("must be from 1 to 100000"),
        ),
        (
            "[network.none]\npreset = \"x\"\n",
            Some("network.none: is reserved"),
        ),
        (
            "[network.\"a b\"]\npreset = \"x\"\n",
            Some("`a b` cannot be the name of a network"),
        ),
        (
            "[[group]]\nnetworks = [\"x\"]\n",
            Some("group[0].name: is missing"),
        ),
        (
            "[[group]]\nname = \"g\"\n",
            Some("group.g.networks: is missing or empty"),
        ),
        (
            "[[group]]\nname = \"g\"\nnetworks = [\"x\", \"x\"]\n",
            Some("networks[1]: `x` is there twice"),
        ),
        (
            "[[group]]\nname = \"g\"\nnetworks = [\"x\"]\n[[group]]\nname = \"g\"\nnetworks = [\"x\"]\n",
            Some("`g` is the name of another group"),
        ),
        (
            "[[group]]\nname = \"g\"\nnetworks = [\"xx\"]\n",
            Some("there is no network `xx`; did you mean \"x\"?"),
        ),
    ] {
        check(text, fault);
    }
}
