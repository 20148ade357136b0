//! `[uplink]`: canaries, gateway.

use std::collections::BTreeSet;

use bascule::engine::UplinkPlan;
use bascule::model::{Families, Family};
use bascule::probe::target::{Canary, Gateway};

use super::{SITE, check, good, warnings};

fn uplink(lines: &str) -> String {
    format!(
        "{SITE}[network.x]\n[uplink]\n{lines}\n[network.site]\nprofile = \"https://site.example/\"\n"
    )
}

fn canaries(list: &str) -> String {
    uplink(&format!("canaries = [{list}]"))
}

const THREE: &str = "\"tcp://192.0.2.1:443\", \"tcp://[2001:DB8::1]:8443\", \"dns://Site.Example?type=aaaa&server=[2001:db8::2]:5353\"";

#[test]
fn by_default_three_of_each_family_and_of_both_kinds_are_asked() {
    let settings = good("").settings;
    let uplink = settings.uplink;
    assert!(uplink.enabled);
    assert_eq!(uplink.gateway, Gateway::Auto);
    for family in Family::ALL {
        let of_family = |it: &&Canary| Family::of(it.address().ip()) == family;
        let own: Vec<&Canary> = uplink.canaries.iter().filter(of_family).collect();
        assert!((3..=5).contains(&own.len()), "{own:?}");
        let kinds: BTreeSet<bool> = own.iter().map(|it| matches!(it, Canary::Tcp(_))).collect();
        assert_eq!(kinds.len(), 2, "{own:?}");
        let addresses: BTreeSet<_> = own.iter().map(|it| it.address().ip()).collect();
        assert_eq!(addresses.len(), own.len());
    }
    assert_eq!(
        settings.plan.uplink,
        UplinkPlan {
            enabled: true,
            canaries: Families::BOTH
        }
    );
}

#[test]
fn canaries_are_written_as_they_are_read() {
    let settings = good(&canaries(THREE)).settings;
    let written: Vec<String> = settings
        .uplink
        .canaries
        .iter()
        .map(Canary::to_string)
        .collect();
    assert_eq!(
        written,
        [
            "tcp://192.0.2.1:443",
            "tcp://[2001:db8::1]:8443",
            "dns://site.example.?type=AAAA&server=[2001:db8::2]:5353",
        ]
    );
    let quoted: Vec<String> = written.iter().map(|it| format!("\"{it}\"")).collect();
    let again = good(&canaries(&quoted.join(", "))).settings;
    assert_eq!(again.uplink, settings.uplink);
    assert_eq!(again.warnings, []);
}

#[test]
fn the_engine_is_told_which_families_have_canaries() {
    let four = "\"tcp://192.0.2.1:1\", \"tcp://192.0.2.2:1\", \"tcp://[::ffff:192.0.2.3]:1\"";
    let plan = good(&canaries(four)).settings.plan.uplink;
    assert_eq!(plan.canaries, Families::only(Family::Ipv4));
    let off = good(&uplink("enabled = false")).settings;
    assert_eq!(off.plan.uplink, UplinkPlan::default());
    assert_eq!(off.uplink.canaries, []);
    let own = good(&uplink("gateway = \"fe80::1\""))
        .settings
        .uplink
        .gateway;
    assert_eq!(own, Gateway::Address("fe80::1".parse().unwrap()));
    let none = good(&uplink("gateway = \"off\"")).settings.uplink.gateway;
    assert_eq!(none, Gateway::Off);
}

#[test]
fn few_canaries_are_a_warning_and_none_a_fault() {
    assert_eq!(
        warnings(&canaries(
            "\"tcp://192.0.2.1:443\", \"dns://.?server=192.0.2.1\""
        )),
        "test.toml:6: uplink.canaries[1]: `192.0.2.1` is there twice: canaries prove more at different operators\n\
         test.toml:6: uplink.canaries: 2 of them: name three or more, of different operators, so that their trouble is not taken for ours"
    );
    let sentence = "test.toml:6: uplink.canaries: is empty: name three canaries or more, or set enabled = false to believe every failure";
    check(&canaries(""), Some(sentence));
    assert_eq!(warnings(&uplink("canaries = []\nenabled = false")), "");
    assert_eq!(warnings(&canaries(THREE)), "");
}

#[test]
fn what_is_no_canary_or_gateway_is_told_in_a_sentence() {
    for (canary, sentence) in [
        (
            "tcp://one.example:443",
            "test.toml:6: uplink.canaries[0]: `tcp://one.example:443` needs a literal address: a canary must not need a resolver",
        ),
        (
            "dns://.?type=NS&server=ns.example",
            "`dns://.?type=NS&server=ns.example` needs a literal address: a canary must not need a resolver",
        ),
        ("dns://.?server=system", "needs a literal address"),
        (
            "dns://.?type=NS",
            "`dns://.?type=NS` has no server: write ...&server=192.0.2.53",
        ),
        (
            "dns://.?server=192.0.2.1&server=192.0.2.2",
            "has two servers: write two canaries",
        ),
        (
            "dns://.?server=192.0.2.1&class=CH",
            "`class` is not known here: write type and server",
        ),
        (
            "dns://.?type=NSS&server=192.0.2.1",
            "`NSS` is not a record type; did you mean \"NS\"?",
        ),
        (
            "dns://?server=192.0.2.1",
            "is empty: write \".\" for the root",
        ),
        (
            "dns://a..b?server=192.0.2.1",
            "`a..b` is not a name that can be asked for",
        ),
        (
            "dns://*.example?server=192.0.2.1",
            "`*.example.` is not a name that can be asked for here",
        ),
        (
            "tcp://192.0.2.1",
            "`192.0.2.1` has no port: write host:port",
        ),
        (
            "tcp://0.0.0.0:443",
            "`0.0.0.0` is not the address of one host",
        ),
        (
            "tcp://[ff02::1]:443",
            "`ff02::1` is not the address of one host",
        ),
        (
            "https://192.0.2.1/",
            "`https://192.0.2.1/` is not a canary: write \"tcp://192.0.2.1:443\" or \"dns://.?type=NS&server=192.0.2.53\"",
        ),
    ] {
        let others = "\"tcp://192.0.2.8:443\", \"tcp://192.0.2.9:443\"";
        check(
            &canaries(&format!("\"{canary}\", {others}")),
            Some(sentence),
        );
    }
    let many: Vec<String> = (1..=33)
        .map(|n| format!("\"tcp://192.0.2.{n}:1\""))
        .collect();
    check(
        &canaries(&many.join(",")),
        Some("must be at most 32: all are asked at once"),
    );
    for (gateway, sentence) in [
        (
            "router.example",
            "test.toml:6: uplink.gateway: `router.example` is not \"auto\", \"off\" or an address such as \"192.0.2.1\"",
        ),
        (
            "::",
            "test.toml:6: uplink.gateway: `::` is not the address of one host",
        ),
    ] {
        check(&uplink(&format!("gateway = \"{gateway}\"")), Some(sentence));
    }
}
