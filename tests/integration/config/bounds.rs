//! The edges of an endpoint's keys: what is just allowed, and what is just not.

use super::{SITE, check};

#[test]
fn the_keys_of_an_http_endpoint_are_checked_at_their_edges() {
    for (line, fault) in [
        ("interval = \"5m\"", None),
        (
            "interval = \"301s\"",
            Some("is over 5m, too slow to decide anything"),
        ),
        (
            "interval = \"1d\"\nweight = 0\n[[network.site.tcp]]\nname = \"b\"\naddress = \"h:1\"",
            None,
        ),
        ("interval = \"9ms\"", Some("must be from 10ms to 1d")),
        ("interval = \"-1s\"", Some("`-1s` is not a duration")),
        ("interval = \"60\"", Some("`60` is not a duration")),
        ("recheck_interval = \"60s\"", None),
        (
            "recheck_interval = \"61s\"",
            Some("61s is longer than the interval of 60s (the default)"),
        ),
        ("down_interval = \"2m\"", None),
        ("timeout = \"5m\"", None),
        ("timeout = \"301s\"", Some("must be from 10ms to 5m")),
        ("tls_timeout = \"10s\"", None),
        (
            "tls_timeout = \"11s\"",
            Some("11s is longer than the timeout of 10s (the default)"),
        ),
        ("dns_timeout = \"0s\"", Some("must be longer than nothing")),
        ("jitter = 0", None),
        ("jitter = 0.5", None),
        ("jitter = 0.51", Some("must be a share from 0 to 0.5")),
        ("jitter = -0.1", Some("must be a share from 0 to 0.5")),
        ("jitter = nan", Some("must be a share from 0 to 0.5")),
        ("rise = 1", None),
        ("fall = 0", Some("must be from 1 to 100")),
        ("fall = -1", Some("must be a whole number from 0")),
        ("addresses_per_family = 17", Some("must be from 1 to 16")),
        ("per_host = 0", Some("must be from 1 to 1000")),
        ("families = []", Some("is empty")),
        (
            "families = [\"ipv4\", \"ipv4\"]",
            Some("families[1]: `ipv4` is there twice"),
        ),
        ("resolvers = []", Some("must name one to eight resolvers")),
        (
            "resolvers = [\"system\", \"system\"]",
            Some("`system` is there twice"),
        ),
        (
            "resolvers = [\"udp://dns.example\"]",
            Some("needs a literal address"),
        ),
        (
            "resolvers = [\"tls://a.example@192.0.2.53\", \"https://a.example/dns-query\"]",
            None,
        ),
        ("user_agent = \"\"", Some("must be a line of visible text")),
        (
            "user_agent = \"a\\nb\"",
            Some("must be a line of visible text"),
        ),
        ("weight = 1000", None),
        ("weight = 1001", Some("must be from 0 to 1000")),
        ("weight = 0", Some("has endpoints of weight 0 only")),
        (
            "weight = 0\nrequired = true",
            Some("weight 0 means never counted, required means decisive"),
        ),
        ("enabled = false", Some("has no endpoint that is enabled")),
        ("method = \"HEAD\"", None),
        ("method = \"CONNECT\"", Some("is not a method")),
        (
            "headers.Host = \"x\"",
            Some("cannot be set: the URL says it"),
        ),
        (
            "headers.Content-Length = \"1\"",
            Some("cannot be set: it belongs to the connection"),
        ),
        (
            "headers.Accept-Encoding = \"gzip\"",
            Some("cannot be set: decompress = true says it"),
        ),
        (
            "headers.Accept-Encoding = \"gzip\"\ndecompress = false",
            None,
        ),
        (
            "headers = { A = \"1\", a = \"2\" }",
            Some("is there twice: header names ignore case"),
        ),
        (
            "http_versions = []",
            Some("is empty: name \"1.1\", \"2\" or both"),
        ),
        ("http_versions = [\"2\"]", None),
        ("max_body = \"64MiB\"", None),
        ("max_body = \"65MiB\"", Some("must be from 1B to 64MiB")),
        ("max_body = 0", Some("must be from 1B to 64MiB")),
        ("max_body = \"1MB\"", Some("is not a size")),
        ("max_body = \"99999999999GiB\"", Some("is not a size")),
        ("max_body = 512\nexpect.min_body = 512", None),
        (
            "max_body = 512\nexpect.min_body = 513",
            Some("is more than max_body allows (512B)"),
        ),
        ("expect.status = [100, 999, \"5xx\"]", None),
        (
            "expect.status = [99]",
            Some("status[0]: 99 is not an HTTP status"),
        ),
        ("expect.status = [1000]", Some("1000 is not an HTTP status")),
        (
            "expect.status = [\"xx\"]",
            Some("is neither an HTTP status nor a class"),
        ),
        ("expect.status = []", Some("is empty: name the statuses")),
        (
            "expect.body_matches = [\"(\"]",
            Some("body_matches[0]: is not a regular expression: unclosed group"),
        ),
        (
            "expect.header_matches = [{ name = \"a b\", pattern = \"x\" }]",
            Some("is not the name of a header"),
        ),
        (
            "expect.header_matches = [{ name = \"a\" }]",
            Some("header_matches.a.pattern: is missing"),
        ),
        (
            "restricted.location_matches = [\"[\"]",
            Some("is not a regular expression"),
        ),
        ("connect_to = \"127.0.0.1:0\"", Some("is not a port")),
        ("connect_to = \"[::1]:8443\"", None),
        (
            "connect_to = \"a b:80\"",
            Some("is not a host name or address"),
        ),
        (
            "tls.server_name = \"a b\"",
            Some("cannot be in a certificate"),
        ),
        ("tls.min_version = \"1.3\"", None),
        (
            "tls.client_cert_file = \"a\"",
            Some("needs client_key_file beside it"),
        ),
        (
            "tls.client_key_file = \"a\"",
            Some("needs client_cert_file beside it"),
        ),
        ("ca_file = \"\"", Some("is empty: name a file")),
        (
            "ca_file = \"a.pem\"",
            Some("cannot read /nowhere/a.pem: No such file"),
        ),
        (
            "basic_auth = { username = \"a\" }",
            Some("basic_auth.password_file: is missing"),
        ),
        (
            "basic_auth = { username = \"a:b\", password_file = \"x\" }",
            Some("must not hold a colon"),
        ),
    ] {
        check(&format!("{SITE}{line}\n"), fault);
    }
}

#[test]
fn urls_hosts_and_questions_are_checked() {
    let one = |kind: &str, lines: &str| format!("[[network.site.{kind}]]\nname = \"a\"\n{lines}\n");
    for (kind, lines, fault) in [
        ("http", "url = \"http://site.example/\"", None),
        (
            "http",
            "url = \"http://site.example/\"\nhttp_versions = [\"2\"]",
            Some("must name \"1.1\""),
        ),
        (
            "http",
            "url = \"site.example\"",
            Some("is not a URL: relative URL without a base"),
        ),
        (
            "http",
            "url = \"https://\"",
            Some("is not a URL: empty host"),
        ),
        (
            "http",
            "url = \"file:///etc/passwd\"",
            Some("has the scheme `file`: only http and https"),
        ),
        ("tls", "host = \"site.example\"\nport = 65535", None),
        ("tls", "host = \"192.0.2.7\"", None),
        (
            "tls",
            "host = \"site.example\"\nport = 0",
            Some("must be from 1 to 65535"),
        ),
        (
            "tls",
            "host = \"site.example:443\"",
            Some("is not a host name or address"),
        ),
        ("tls", "host = \"\"", Some("is not a host name or address")),
        (
            "tls",
            "host = \"site.example\"\nexpect.alpn = \"\"",
            Some("must be the name of a protocol"),
        ),
        (
            "tls",
            "host = \"site.example\"\nexpect.valid_for = \"0s\"",
            None,
        ),
        ("tcp", "address = \"site.example:25\"", None),
        (
            "tcp",
            "address = \"site.example\"",
            Some("`site.example` has no port: write host:port"),
        ),
        (
            "tcp",
            "address = \"::1:25\"",
            Some("looks like an IPv6 address: write [::1]:25"),
        ),
        (
            "tcp",
            "weight = 1",
            Some("network.site.tcp.a.address: is missing"),
        ),
        ("dns", "query = \".\"\ntype = \"NS\"", None),
        (
            "dns",
            "query = \"_25._tcp.mx.example\"\ntype = \"TLSA\"",
            None,
        ),
        (
            "dns",
            "query = \"site.example\"\ntype = \"TYPE65400\"",
            None,
        ),
        (
            "dns",
            "query = \"\"",
            Some("is empty: write \".\" for the root"),
        ),
        (
            "dns",
            "query = \"a..b\"",
            Some("is not a name that can be asked for"),
        ),
        (
            "dns",
            "query = \"a.example\"\ntype = \"AXFR\"",
            Some("is not a question that a prober should ask"),
        ),
        (
            "dns",
            "query = \"a.example\"\nexpect.rcode = []",
            Some("is empty: name the response codes"),
        ),
        (
            "dns",
            "query = \"a.example\"\nexpect.agree = true",
            Some("compares resolvers: name at least two"),
        ),
        (
            "dns",
            "query = \"a.example\"\nexpect.agree = true\nresolvers = [\"system\", \"udp://192.0.2.53\"]",
            None,
        ),
        (
            "dns",
            "query = \"a.example\"\nexpect.min_answers = 1001",
            Some("must be from 0 to 1000"),
        ),
    ] {
        check(&one(kind, lines), fault);
    }
}
