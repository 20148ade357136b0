//! Faults: all at once, each with file, line, key and a sentence.

use super::{SITE, bad};

#[test]
fn every_fault_of_a_file_is_reported_with_its_line_and_key() {
    let text = r#"vantag = "x"
[probe]
interval = 30
rise = 0
jitter = "5%"
[network.foo]
quorum = 9
[[network.foo.http]]
name = "A"
[[network.foo.http]]
name = "b"
url = "ftp://h/"
tls.min_version = "1.1"
headers = { "x y" = "1", Accept = 3 }
[[network.foo.tls]]
name = "b"
[[network.foo.http]]
name = "c"
[[group]]
name = "none"
networks = ["x", "fooo"]
"#;
    let expected = r#"test.toml:1: vantag: unknown key `vantag`; did you mean `vantage`?
test.toml:3: probe.interval: must be a duration in quotes such as "30s", not an integer
test.toml:4: probe.rise: must be from 1 to 100
test.toml:5: probe.jitter: must be a number, not a string
test.toml:7: network.foo.quorum: 9 can never be reached: all enabled endpoints together weigh 2
test.toml:9: network.foo.http.A.name: `A` cannot be the name of an endpoint: 1 to 64 of a-z, 0-9, _ and -
test.toml:12: network.foo.http.b.url: has the scheme `ftp`: only http and https are spoken
test.toml:13: network.foo.http.b.tls.min_version: `1.1` is not one of "1.2", "1.3"; did you mean "1.2"?
test.toml:14: network.foo.http.b.headers.Accept: must be a string, not an integer
test.toml:14: network.foo.http.b.headers."x y": is not the name of a header
test.toml:16: network.foo.tls.b.name: `b` is the name of another endpoint of this network (line 11): names are unique over all kinds
test.toml:17: network.foo.http.c.url: is missing (to change an endpoint of the catalog, add preset = "..." to its network)
test.toml:20: group.none.name: is reserved: `none` is what stands where no network is active
test.toml:21: group.none.networks[1]: there is no network `fooo`; did you mean "foo"?"#;
    assert_eq!(bad(text), expected);
}

#[test]
fn several_syntax_errors_are_reported_together_and_no_line_is_quoted() {
    let text =
        "vantage = secret1\n[web]\nlisten = \"secret2\n[probe]\nrise = 2\nrise = 3\nfoo = 1\n";
    let told = bad(text);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert!(lines[0].starts_with("test.toml:1: is not TOML: "), "{told}");
    assert!(lines[1].starts_with("test.toml:3: is not TOML: "), "{told}");
    assert_eq!(lines[2], "test.toml:6: is not TOML: duplicate key `rise`");
    assert_eq!(lines[3], "test.toml:7: probe.foo: unknown key `foo`");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn one_line_that_breaks_many_endpoints_is_one_fault() {
    let text = format!("[probe]\nrecheck_interval = \"10s\"\ninterval = \"5s\"\n{SITE}");
    assert_eq!(
        bad(&text),
        "test.toml:2: probe.recheck_interval: 10s is longer than the interval of 5s (line 3)"
    );
}

#[test]
fn a_value_that_could_not_be_read_is_not_also_called_missing() {
    let text = "[[network.site.http]]\nname = \"front\"\nurl = 7\n";
    assert_eq!(
        bad(text),
        "test.toml:3: network.site.http.front.url: must be a string, not an integer"
    );
}

#[test]
fn an_endpoint_without_a_good_name_is_looked_at_all_the_same() {
    let text = "[network.site]\ntitle = \"S\"\n\
                [[network.site.tcp]]\nname = \"a\"\naddress = \"h:1\"\n\
                [[network.site.http]]\nname = \"a\"\nurl = \"ftp://h\"\n\
                [[network.site.http]]\nname = \"B\"\nurl = \"ftp://h\"\n\
                [[network.site.dns]]\nquery = \"a..b\"\n";
    let told = bad(text);
    let lines: Vec<&str> = told
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    let expected = [7, 8, 10, 11, 12, 13].map(|line| format!("test.toml:{line}"));
    assert_eq!(lines, expected, "{told}");
}

#[test]
fn what_is_quoted_from_the_file_cannot_play_with_the_terminal() {
    let told = bad("\"\\u001b[31mred\\u202e\" = 1\n");
    assert_eq!(
        told,
        "test.toml:1: \"\\u001B[31mred\\u{202e}\": unknown key `\\u{1b}[31mred\\u{202e}`"
    );
}

#[test]
fn keys_of_later_times_are_not_accepted_silently() {
    for text in [
        "[[notice]]\nfrom = \"x\"\n",
        "[web]\nadmin_listen = []\n",
        "[network.x]\nmax_in_flight = 3\n",
        "[network.x]\nhome = \"https://x.com/\"\n",
    ] {
        assert!(bad(text).contains("unknown key"), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_without_a_line() {
    let missing = bascule::config::Source::File("/nowhere/bascule.toml".into());
    let faults = bascule::config::load(&missing).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "/nowhere/bascule.toml: cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(
        bascule::config::find(Some("/nowhere/bascule.toml".into())),
        missing
    );
}
