//! Where a redirect leads. Pure.

use std::net::IpAddr;

use hyper::header::HeaderValue;
use url::Url;

use crate::model::printable::{QUOTE, printable};
use crate::model::{Cause, Reason};
use crate::probe::global::is_global;
use crate::probe::mask::links;

/// Longest `Location` that is followed.
const LONGEST: usize = 8 * 1024;

/// Whether the status asks to go elsewhere.
pub(super) const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The absolute URL that a response to `from` redirects to.
pub(super) fn target(from: &Url, location: Option<&HeaderValue>) -> Result<Url, Cause> {
    let Some(location) = location else {
        return Err(bad("redirect without a Location".to_owned()));
    };
    let bytes = location.as_bytes();
    if bytes.len() > LONGEST {
        return Err(bad(format!(
            "redirect to a URL of {} bytes, at most {LONGEST} are followed",
            bytes.len()
        )));
    }
    let parsed = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| from.join(text).ok());
    let Some(mut url) = parsed else {
        let quoted = String::from_utf8_lossy(bytes);
        let quoted = printable(&links(&quoted), QUOTE);
        return Err(bad(format!("redirect to \"{quoted}\", which is not a URL")));
    };
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = printable(url.scheme(), 20);
        return Err(bad(format!(
            "redirect to scheme \"{scheme}\", only http and https are followed"
        )));
    }
    if url.port() == Some(0) {
        return Err(bad("redirect to port 0".to_owned()));
    }
    // What a server puts there is not ours to send; and neither is ever sent in a request line.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.set_fragment(None);
    Ok(url)
}

/// The first of these addresses that a server at `from` may send us to, preferably one of the
/// same family. `home` is where the round began, if the redirect leads back to that host.
///
/// A server beyond our own network must not choose what is asked inside it: the prober stands
/// where that server cannot reach, and shows the beginning of what it is answered. Back to where
/// the operator has sent the round is no such choice (a login elsewhere may lead back).
pub(super) fn allowed(
    from: IpAddr,
    home: Option<IpAddr>,
    found: &[IpAddr],
) -> Result<IpAddr, Cause> {
    let is_free = !is_global(from) || home.is_some_and(|home| !is_global(home));
    let open = || found.iter().filter(|ip| is_free || is_global(**ip));
    let chosen = open()
        .find(|ip| ip.is_ipv4() == from.is_ipv4())
        .or_else(|| open().next());
    match (chosen, found.first()) {
        (Some(ip), _) => Ok(*ip),
        (None, Some(inside)) => Err(bad(format!(
            "redirect from a public address into our own network ({inside}) is not followed"
        ))),
        (None, None) => Err(Cause::new(
            Reason::DnsNoAnswer,
            "redirect to a name without addresses",
        )),
    }
}

fn bad(detail: String) -> Cause {
    Cause::new(Reason::HttpRedirects, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_server_sends_nobody_into_our_own_network() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let choose = |from: &str, home: Option<&str>, found: &[&str]| {
            let found: Vec<IpAddr> = found.iter().map(|text| ip(text)).collect();
            allowed(ip(from), home.map(ip), &found)
                .map(|ip| ip.to_string())
                .map_err(|cause| (cause.reason, cause.detail.into_owned()))
        };
        let inside = |address: &str| {
            let told = format!(
                "redirect from a public address into our own network ({address}) is not followed"
            );
            Err((Reason::HttpRedirects, told))
        };
        let open = |address: &str| Ok(address.to_owned());
        for address in [
            "127.0.0.1",
            "169.254.169.254",
            "10.0.0.1",
            "::1",
            "fd00::1",
            "0.0.0.0",
        ] {
            assert_eq!(choose("192.0.2.7", None, &[address]), inside(address));
            assert_eq!(choose("10.9.9.9", None, &[address]), open(address));
            assert_eq!(
                choose("192.0.2.7", Some("10.9.9.9"), &[address]),
                open(address)
            );
            assert_eq!(
                choose("192.0.2.7", Some("192.0.2.9"), &[address]),
                inside(address)
            );
        }
        let both = ["10.0.0.1", "2001:db8::1"];
        assert_eq!(choose("192.0.2.7", None, &both), open("2001:db8::1"));
        assert_eq!(choose("10.9.9.9", None, &both), open("10.0.0.1"));
        assert_eq!(
            choose("2001:db8::7", None, &["192.0.2.1", both[1]]),
            open(both[1])
        );
        assert!(choose("192.0.2.7", None, &[]).is_err());
    }

    fn from_to(location: &'static str) -> Result<String, String> {
        let from = Url::parse("https://a.example/one/two?q").unwrap();
        target(&from, Some(&HeaderValue::from_static(location)))
            .map(String::from)
            .map_err(|cause| cause.detail.into_owned())
    }

    #[test]
    fn locations_are_joined_with_the_url_they_came_from() {
        assert_eq!(from_to("three").unwrap(), "https://a.example/one/three");
        assert_eq!(from_to("/four#x").unwrap(), "https://a.example/four");
        assert_eq!(from_to("//b.example").unwrap(), "https://b.example/");
        assert_eq!(
            from_to("http://b.example:81/").unwrap(),
            "http://b.example:81/"
        );
    }

    #[test]
    fn user_information_in_a_location_is_dropped() {
        assert_eq!(
            from_to("https://u:p@b.example/").unwrap(),
            "https://b.example/"
        );
    }

    #[test]
    fn other_schemes_and_rubbish_are_not_followed() {
        assert_eq!(
            from_to("ftp://b.example/").unwrap_err(),
            "redirect to scheme \"ftp\", only http and https are followed"
        );
        assert_eq!(
            from_to("https://[::").unwrap_err(),
            "redirect to \"https://[::\", which is not a URL"
        );
        assert_eq!(
            from_to("http://b.example:0/").unwrap_err(),
            "redirect to port 0"
        );
    }
}
