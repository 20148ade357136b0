//! Which networks there are, and what a user's keys make of a preset.

use bascule::probe::target::What;

use super::{SITE, bad, good, http, warnings};

const DEFAULT: [&str; 8] = [
    "x",
    "bluesky",
    "mastodon",
    "threads",
    "linkedin",
    "facebook",
    "instagram",
    "youtube",
];

fn names(text: &str) -> Vec<String> {
    let networks = good(text).settings.plan.networks;
    networks.iter().map(|n| n.name.to_string()).collect()
}

fn endpoints(text: &str) -> Vec<String> {
    let endpoints = good(text).settings.endpoints;
    endpoints.iter().map(|e| e.key.to_string()).collect()
}

#[test]
fn without_networks_the_default_ones_of_the_catalog_are_watched_in_one_group() {
    let loaded = good("");
    assert_eq!(names(""), DEFAULT);
    let groups = &loaded.settings.plan.groups;
    assert_eq!(groups.len(), 1);
    assert_eq!(&*groups[0].name, "default");
    let members: Vec<&str> = groups[0].networks.iter().map(|n| &**n).collect();
    assert_eq!(members, DEFAULT);
    assert_eq!(loaded.settings.vantage, "here");
    assert_eq!(loaded.settings.warnings, []);
    for network in &loaded.settings.networks {
        assert!(network.home.as_deref().unwrap().starts_with("https://"));
        assert_eq!(network.preset.as_deref(), Some(&*network.name));
    }
}

#[test]
fn the_built_in_default_is_a_fixed_point() {
    let loaded = good("");
    let again = good(&loaded.resolved);
    assert_eq!(again.resolved, loaded.resolved);
    assert_eq!(again.settings.plan, loaded.settings.plan);
    assert_eq!(again.settings.networks, loaded.settings.networks);
    assert_eq!(again.settings.warnings, []);
}

#[test]
fn every_preset_can_be_used() {
    let all = [
        &DEFAULT[..],
        &["matrix", "nostr", "discord", "telegram", "whatsapp"],
    ]
    .concat();
    let list = all.join("\", \"");
    let text = format!("[[group]]\nname = \"all\"\nnetworks = [\"{list}\"]\n");
    assert_eq!(names(&text), all);
    let loaded = good(&text);
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
    // Everything that ships switched off works when it is switched on.
    let mut text = text.clone();
    let mut switched_on = 0;
    for name in all {
        text.push_str(&format!("[network.{name}]\npreset = \"{name}\"\n"));
        let mut kind = "";
        let lines: Vec<&str> = loaded.resolved.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if let Some(rest) = line.strip_prefix(&format!("[[network.{name}.")) {
                kind = rest.trim_end_matches("]]");
            } else if *line == "enabled = false"
                && lines[index - 2].starts_with(&format!("[[network.{name}."))
            {
                text.push_str(&format!(
                    "[[network.{name}.{kind}]]\n{}\nenabled = true\n",
                    lines[index - 1]
                ));
                switched_on += 1;
            }
        }
    }
    assert!(switched_on > 10, "{switched_on}");
    let everything = good(&text);
    assert!(!everything.resolved.contains("enabled = false"));
    assert_eq!(good(&everything.resolved).resolved, everything.resolved);
}

#[test]
fn with_networks_exactly_those_and_what_a_group_names_are_watched() {
    assert_eq!(names(SITE), ["site"]);
    assert_eq!(names(&format!("{SITE}[network.x]\n")), ["site", "x"]);
    let group = "[[group]]\nname = \"g\"\nnetworks = [\"matrix\", \"site\", \"x\"]\n";
    assert_eq!(names(&format!("{SITE}{group}")), ["site", "matrix", "x"]);
    let only_group = "[[group]]\nname = \"g\"\nnetworks = [\"matrix\", \"x\"]\n";
    let all = [&DEFAULT[..], &["matrix"]].concat();
    assert_eq!(names(only_group), all);
    assert_eq!(names("[probe]\ninterval = \"90s\"\n"), DEFAULT);
}

#[test]
fn a_network_without_endpoints_is_made_from_the_preset_of_its_name() {
    let named = good("[network.x]\nprofile = \"https://x.com/City\"\n");
    let explicit = good("[network.x]\npreset = \"x\"\nprofile = \"https://x.com/City\"\n");
    assert_eq!(named.resolved, explicit.resolved);
    assert_eq!(
        named.settings.networks[0].profile.as_deref(),
        Some("https://x.com/City")
    );
    // Under another name, too.
    let other = good("[network.twitter]\npreset = \"x\"\n");
    assert_eq!(&*other.settings.plan.networks[0].name, "twitter");
    assert_eq!(other.settings.networks[0].title, "X");
    // With endpoints and no preset nothing comes from the catalog.
    let own = SITE.replace("site.http", "x.http");
    assert_eq!(endpoints(&own), ["x/front"]);
    assert_eq!(
        bad("[network.blusky]\n"),
        "test.toml:1: network.blusky: has no endpoints and is not in the catalog; did you mean `bluesky`?"
    );
    assert_eq!(
        bad("[network.a]\npreset = \"blusky\"\n"),
        "test.toml:2: network.a.preset: there is no preset `blusky`; did you mean \"bluesky\"?"
    );
}

#[test]
fn an_endpoint_of_the_preset_is_changed_key_by_key_added_to_or_removed() {
    let text = r#"
[network.x]
preset = "x"
[[network.x.http]]
name = "web"
expect.status = [200, 204]
headers = { accept = "text/plain", X-Extra = "1" }
[[network.x.http]]
name = "ours"
url = "https://x.com/ours"
[[network.x.tls]]
name = "media"
enabled = false
"#;
    let loaded = good(text);
    let keys = endpoints(text);
    assert_eq!(keys, ["x/web", "x/api", "x/dns", "x/ours"]);
    let web = http(&loaded.settings, "x/web");
    assert_eq!(web.url.as_str(), "https://x.com/");
    assert!(web.expect.status.contains(204));
    // What was not said stays as the preset has it.
    assert!(web.restricted.status.contains(402));
    assert_eq!(web.expect.min_body, 512);
    let headers: Vec<(&str, &str)> = web
        .headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.to_str().unwrap()))
        .collect();
    assert_eq!(headers[..2], [("accept", "text/plain"), ("x-extra", "1")]);
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
    assert_eq!(
        bad("[network.x]\npreset = \"x\"\n[[network.x.tls]]\nname = \"web\"\nhost = \"x.com\"\n"),
        "test.toml:4: network.x.tls.web.name: the preset's endpoint `web` is of kind http, this one of kind tls: give it another name"
    );
    assert_eq!(
        bad("[network.x]\npreset = \"x\"\n[[network.x.tls]]\nname = \"medai\"\nenabled = false\n"),
        "test.toml:4: network.x.tls.medai.name: there is no endpoint `medai` to disable; did you mean `media`?"
    );
}

#[test]
fn a_preset_is_never_blamed_for_what_the_user_makes_of_it() {
    let slow = "[network.x]\npreset = \"x\"\n[[network.x.http]]\nname = \"edge\"\nenabled = true\nweight = 1\n";
    assert_eq!(
        bad(slow),
        "test.toml:6: network.x.http.edge.weight: must be 0: the preset asks every 10m, and over 5m is too slow to decide anything"
    );
    good(&format!("{slow}interval = \"5m\"\n"));
    assert_eq!(
        bad(
            "[network.x]\npreset = \"x\"\n[[network.x.http]]\nname = \"web\"\nenabled = false\n[[network.x.http]]\nname = \"api\"\nenabled = false\n"
        ),
        "test.toml:1: network.x.quorum: 2 can never be reached: all enabled endpoints together weigh 1"
    );
}

#[test]
fn there_is_one_weighted_endpoint_per_instance() {
    let text = "[network.mastodon]\ninstances = [\"mastodon.social\", \"piaille.fr\", \"social.example\"]\n";
    let loaded = good(text);
    let plan = &loaded.settings.plan.networks[0];
    let weighted: Vec<(&str, u32)> = plan
        .endpoints
        .iter()
        .filter(|e| e.weight > 0)
        .map(|e| (&*e.key.endpoint, e.weight))
        .collect();
    assert_eq!(
        weighted,
        [
            ("mastodon-social", 1),
            ("piaille-fr", 1),
            ("social-example", 1)
        ]
    );
    let front = http(&loaded.settings, "mastodon/piaille-fr");
    assert_eq!(front.url.host_str(), Some("piaille.fr"));
    // The preset's quorum was for its own instances: now it is the majority.
    assert_eq!(plan.quorum, 2);
    assert_eq!(
        good(
            &text
                .replace("\"mastodon.social\", ", "")
                .replace(", \"social.example\"", "")
        )
        .settings
        .plan
        .networks[0]
            .quorum,
        1
    );
    assert_eq!(
        good(&format!("{text}quorum = 3\n")).settings.plan.networks[0].quorum,
        3
    );
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
    for (text, sentence) in [
        (
            "[network.mastodon]\ninstances = []\n",
            "is empty: name at least one instance",
        ),
        (
            "[network.mastodon]\ninstances = [\"https://a.example/\"]\n",
            "`https://a.example/` is not a host name in small letters, such as \"mastodon.social\"",
        ),
        (
            "[network.mastodon]\ninstances = [\"a.example\", \"a-example\"]\n",
            "instances[1]: `a-example` is there twice, or is too like another",
        ),
        (
            "[network.x]\ninstances = [\"a.example\"]\n",
            "the preset \"x\" has no endpoints per instance",
        ),
        (
            "[network.x]\ninstances = [\"a.example\"]\n[[network.x.tcp]]\nname = \"a\"\naddress = \"a:1\"\n",
            "needs a preset that has endpoints per instance: mastodon",
        ),
    ] {
        assert!(bad(text).contains(sentence), "{text}{}", bad(text));
    }
}

#[test]
fn hosts_are_counted_by_name_and_questions_apart() {
    let text = r#"
[[network.site.http]]
name = "a"
url = "https://Site.Example:8443/x"
[[network.site.http]]
name = "b"
url = "http://[2001:db8::1]:80/"
[[network.site.tls]]
name = "c"
host = "SITE.example"
[[network.site.dns]]
name = "d"
query = "site.example"
"#;
    let settings = good(text).settings;
    let hosts: Vec<&str> = settings.endpoints.iter().map(|e| &*e.host).collect();
    assert_eq!(
        hosts,
        [
            "site.example",
            "2001:db8::1",
            "site.example",
            "dns:site.example"
        ]
    );
    let What::Dns(dns) = &settings.endpoints[3].target.what else {
        panic!("not a question");
    };
    assert!(dns.name.is_fqdn());
}

#[test]
fn a_network_that_hangs_on_one_endpoint_is_a_warning() {
    let site = |line: &str, front: &str, dns: &str| {
        format!(
            "[network.site]\n{line}\n[[network.site.http]]\nname = \"front\"\n\
             url = \"https://h.example/\"\n{front}\n[[network.site.tcp]]\nname = \"mail\"\n\
             address = \"h.example:25\"\n[[network.site.dns]]\nname = \"a\"\n\
             query = \"h.example\"\n{dns}\n[network.x]\n[[group]]\nname = \"g\"\n\
             networks = [\"site\", \"x\"]\nlast_resort = \"https://h.example/\"\n"
        )
    };
    let told = |line: &str, front: &str, dns: &str| warnings(&site(line, front, dns));
    let at =
        |line: usize, sentence: &str| format!("test.toml:{line}: network.site.quorum: {sentence}");
    assert_eq!(told("", "", ""), "");
    assert_eq!(
        told("", "weight = 3", ""),
        at(
            1,
            "`front` alone decides whether the network is up: it weighs 3 of 5, and the quorum is 3"
        )
    );
    assert_eq!(
        told("quorum = 4", "weight = 3", ""),
        at(
            2,
            "losing `front` alone takes the network down: the quorum is 4 of 5"
        )
    );
    // What may be missing before it goes down is not missed.
    assert_eq!(told("quorum = 3\nhysteresis = 1", "weight = 2", ""), "");
    assert_eq!(
        told("quorum = 1", "", ""),
        at(
            2,
            "the name `a` alone holds the network up while everything else fails: the quorum is 1 of 3; give it weight = 0, or another endpoint required = true"
        )
    );
    assert_eq!(told("quorum = 1", "", "weight = 0"), "");
    assert_eq!(told("quorum = 1", "required = true", ""), "");
    assert_eq!(told("", "weight = 3\nrequired = true", ""), "");
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    assert_eq!(
        warnings("[network.x]\ninterval = \"20s\"\n"),
        "test.toml:2: network.x.interval: 20s is impolite: its operator did not ask to be probed more than once a minute (api.x.com and 1 more host)\n\
         test.toml: the group `default` has one network: there is nothing to fall back to"
    );
    let group = "[[group]]\nname = \"g\"\nnetworks = [\"threads\", \"facebook\"]\n";
    assert_eq!(
        warnings(group),
        "test.toml:1: group.g: all networks of the group `g` share the failure domain `meta`: they fall together"
    );
    let mixed = |first: &str| {
        format!(
            "{first}[network.b]\nfailure_domains = [\"two\"]\n[[network.b.tcp]]\nname = \"b\"\n\
             address = \"h:1\"\n[network.c]\nfailure_domains = [\"one\", \"three\"]\n\
             [[network.c.tcp]]\nname = \"c\"\naddress = \"h:2\"\n[[group]]\nname = \"g\"\n\
             networks = [\"a\", \"b\", \"c\"]\nlast_resort = \"https://h.example/\"\n"
        )
    };
    let tcp = "[[network.a.tcp]]\nname = \"a\"\naddress = \"h:3\"\n";
    let both = format!("[network.a]\nfailure_domains = [\"one\", \"two\"]\n{tcp}");
    assert_eq!(
        warnings(&mixed(&both)),
        "test.toml:16: group.g: no other network of the group `g` is independent of its first choice `a`: each shares a failure domain with it (one, two)"
    );
    let one = format!("[network.a]\nfailure_domains = [\"one\"]\n{tcp}");
    assert_eq!(warnings(&mixed(&one)), "");
    let two = format!(
        "{SITE}[[network.site.tcp]]\nname = \"b\"\naddress = \"h:1\"\n[network.x]\n\
         [network.site]\nprofile = \"https://h.example/\"\n"
    );
    assert_eq!(
        warnings(&two),
        "test.toml:8: network.site.quorum: losing any one of 2 endpoints (`front`, ...) takes the network down: the quorum is 2 of 2"
    );
    assert_eq!(
        warnings(
            "[network.x]\nprofile = \"https://bsky.app/profile/city.example\"\n[network.bluesky]\n"
        ),
        "test.toml:2: network.x.profile: does not look like a profile on x"
    );
}
