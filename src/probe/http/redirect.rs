//! Where a redirect leads. Pure.

use hyper::header::HeaderValue;
use url::Url;

use crate::model::printable::{QUOTE, printable};
use crate::model::{Cause, Reason};
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

fn bad(detail: String) -> Cause {
    Cause::new(Reason::HttpRedirects, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

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
