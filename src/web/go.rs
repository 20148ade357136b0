//! `/go/{group}`: a link that is printed once, and leads to the channel to use now.
//!
//! Where it leads comes from the configuration alone. Who follows it may have typed it from paper
//! or held a phone before it, so capitals and a slash at the end are taken. Where it leads nowhere
//! the answer is for people: the sentence of the status page, and the way there.

use hyper::header::{self, HeaderValue};
use hyper::{Request, StatusCode, body::Incoming};
use maud::{DOCTYPE, html};

use super::View;
use super::pages::{Lead, Wish};
use super::query::Refusal;
use super::routes::{Answer, HTML, respond, text};

/// What stands before the name of a group.
const BEFORE: &str = "/go/";

/// Seconds until it may lead somewhere.
const SOON: &str = "30";

/// What a path names behind `/go/`.
pub(super) fn named(path: &str) -> Option<&str> {
    let (before, group) = path.split_at_checked(BEFORE.len())?;
    let group = group.strip_suffix('/').unwrap_or(group);
    before.eq_ignore_ascii_case(BEFORE).then_some(group)
}

/// To the page of the active network, or why there is none.
pub(super) fn answer(group: &str, request: &Request<Incoming>, view: &View) -> Answer {
    let lead = match Lead::of(view, &group.to_ascii_lowercase()) {
        Ok(lead) => lead,
        Err(Refusal(status, sentence)) => return text(status, format!("{sentence}; see /\n")),
    };
    let location = lead.link().and_then(|link| {
        let location = HeaderValue::from_str(&link).ok()?;
        Some((link, location))
    });
    let Some((link, location)) = location else {
        return nowhere(&lead, Wish::of(request.uri().query(), request.headers()));
    };
    let mut answer = text(StatusCode::FOUND, format!("{link}\n"));
    answer.headers_mut().insert(header::LOCATION, location);
    answer
}

/// A page of one sentence.
fn nowhere(lead: &Lead, wish: Wish) -> Answer {
    let tongue = wish.tongue;
    let telling = lead.telling(tongue);
    let page = html! {
        (DOCTYPE)
        html lang=(tongue.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (telling.headline()) }
            }
            body {
                h1 { (telling.sentence()) }
                p { a href="/" { (tongue.labels().status_page) } }
            }
        }
    };
    let body = page.into_string() + "\n";
    let mut answer = respond(StatusCode::SERVICE_UNAVAILABLE, HTML, body.into());
    let language = HeaderValue::from_static(tongue.code());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, language);
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(SOON));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_however_the_link_was_copied() {
        for (path, group) in [
            ("/go/crisis", Some("crisis")),
            ("/go/crisis/", Some("crisis")),
            ("/GO/CRISIS", Some("CRISIS")),
            ("/go/", Some("")),
            ("/go", None),
            ("/gö/x", None),
            ("/goo/crisis", None),
            ("/go/../crisis", Some("../crisis")),
        ] {
            assert_eq!(named(path), group, "{path}");
        }
    }
}
