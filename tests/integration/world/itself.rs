//! The world itself, asked with dig and curl: what the scenarios stand on.

use super::*;

#[test]
fn every_page_that_the_catalog_asks_for_has_a_healthy_answer_in_the_world() {
    let answers = answers::healthy(&catalog::hosts());
    let missing: Vec<String> = catalog::entries()
        .into_iter()
        .filter(|entry| entry.kind == "http" && entry.enabled)
        .filter(|entry| !answers[&entry.host].contains_key(&entry.path))
        .map(|entry| format!("https://{}{}", entry.host, entry.path))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_world_answers_for_names_and_pages_fails_on_demand_and_has_no_way_out() {
    let mut world = World::start();
    let page = "%{http_code} %{http_version} %{size_download}";
    let get = |world: &World, url: &str| world.curl(&["-o", "/dev/null", "-w", page, url]);

    // In good health: names, both families, HTTP/2, verified certificates.
    assert_eq!(world.dig("bsky.app", "AAAA"), "NOERROR");
    assert_eq!(world.dig("nothing.example", "A"), "NXDOMAIN");
    for family in ["-4", "-6"] {
        let answer = world.curl(&[
            family,
            "-w",
            " %{http_code} %{http_version}",
            "https://bsky.social/xrpc/_health",
        ]);
        assert_eq!(answer, Ok(r#"{"version":"0.4.0"} 200 2"#.to_owned()));
    }
    assert_eq!(
        get(&world, "https://www.youtube.com/generate_204"),
        Ok("204 2 0".to_owned())
    );

    // No way out: a literal address of the real Internet is silence.
    let lost = world.curl(&["--connect-timeout", "1", "https://192.0.2.1/"]);
    let lost = lost.unwrap_err();
    assert!(lost.starts_with("curl: (28)"), "{lost}");

    // Faults, each where it was put and nowhere else.
    world.dns_servfail("x.com");
    world.expire_certificate("www.facebook.com");
    let dead = world.addresses("api.bsky.app")[1];
    world.kill_address(dead);
    world.set_http([
        ("www.linkedin.com", "/", Answer::html(999, "Request denied")),
        ("www.instagram.com", "/", Answer::html(429, "slow down")),
        ("bsky.app", "/", Answer::status(200)),
        ("www.youtube.com", "/", answers::front("YouTube").stalling()),
    ]);
    assert_eq!(world.dig("x.com", "A"), "SERVFAIL");
    assert_eq!(world.dig("api.x.com", "A"), "SERVFAIL");
    assert_eq!(world.dig("twitter.com", "A"), "NOERROR");
    let expired = get(&world, "https://www.facebook.com/").unwrap_err();
    assert!(expired.contains("expired"), "{expired}");
    assert_eq!(
        get(&world, "https://www.linkedin.com/"),
        Ok("999 2 14".to_owned())
    );
    assert_eq!(
        get(&world, "https://www.instagram.com/"),
        Ok("429 2 9".to_owned())
    );
    assert_eq!(get(&world, "https://bsky.app/"), Ok("200 2 0".to_owned()));
    let stalled = get(&world, "https://www.youtube.com/").unwrap_err();
    assert!(stalled.contains("bytes received"), "{stalled}");
    for (address, alive) in [(world.addresses("api.bsky.app")[0], true), (dead, false)] {
        let answer = world.curl(&[
            "--connect-timeout",
            "1",
            "--resolve",
            &format!("api.bsky.app:443:{address}"),
            "https://api.bsky.app/xrpc/_health",
        ]);
        assert_eq!(answer.is_ok(), alive, "{address}: {answer:?}");
    }

    // And mended.
    world.dns_mend("x.com");
    assert_eq!(world.dig("x.com", "A"), "NOERROR");
}
