//! URLs on the command line.

use bascule::config::{adhoc, is_url};
use bascule::probe::target::What;

#[test]
fn each_kind_of_url_becomes_an_endpoint() {
    for (url, kind, host) in [
        ("https://Site.example/x?y", "http", "site.example"),
        ("http://127.0.0.1:8080/", "http", "127.0.0.1"),
        ("tls://site.example", "tls", "site.example"),
        ("tls://[2001:db8::1]:8443", "tls", "2001:db8::1"),
        ("tcp://site.example:25", "tcp", "site.example"),
        ("dns://site.example", "dns", "dns:site.example"),
    ] {
        assert!(is_url(url));
        let endpoint = adhoc(url).unwrap();
        assert_eq!(endpoint.target.kind().as_str(), kind, "{url}");
        assert_eq!(&*endpoint.host, host, "{url}");
        assert_eq!(endpoint.target.key, None, "{url}");
    }
    assert!(!is_url("x/web"));
}

#[test]
fn ports_types_and_servers_are_read() {
    let of = |url: &str| adhoc(url).unwrap().target;
    let What::Tls(tls) = &of("tls://site.example").what else {
        panic!("not tls");
    };
    assert_eq!(tls.host.to_string(), "site.example:443");
    let target =
        of("dns://site.example?type=AAAA&server=192.0.2.53&server=tcp://[2001:db8::53]:5353");
    let What::Dns(dns) = &target.what else {
        panic!("not dns");
    };
    assert_eq!(dns.record_type.to_string(), "AAAA");
    assert_eq!(dns.name.to_string(), "site.example.");
    let servers: Vec<&str> = target.resolvers.iter().map(|r| &*r.label).collect();
    assert_eq!(servers, ["udp://192.0.2.53", "tcp://[2001:db8::53]:5353"]);
    let What::Dns(dns) = &of("dns://.?type=NS").what else {
        panic!("not dns");
    };
    assert!(dns.name.is_root());
}

#[test]
fn what_is_wrong_with_a_url_is_said_in_a_sentence_without_its_password() {
    for (url, sentence) in [
        ("gopher://x", "`gopher` is not a scheme that is known"),
        ("tcp://site.example", "has no port: write host:port"),
        ("tls://site.example:x", "`x` is not a port (1 to 65535)"),
        (
            "dns://a?colour=red",
            "`colour` is not known here: write type and server",
        ),
        ("dns://a?type=X", "is not a record type"),
        ("dns://a?server=dns.example", "needs a literal address"),
        (
            "https://u:hunter2@site.example/",
            "the URL must not hold a user name or password",
        ),
        ("https://", "the URL is not a URL: empty host"),
    ] {
        let told = adhoc(url).unwrap_err();
        assert!(told.contains(sentence), "{url}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
