//! From what an endpoint's table says to the target that a round reads: http.

use bytes::Bytes;
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use url::Url;

use super::compile::{self, Context};
use super::fault::{At, Fault, Place, printable};
use super::file::{BasicAuth, HeaderMatch, Http, HttpExpect as ExpectTable};
use super::secret::basic;
use super::values::{Size, Status};
use super::words::HttpVersion;
use crate::probe::expect::JsonCheck;
use crate::probe::mask::is_secret_name;
use crate::probe::target::{HeaderCheck, HttpExpect, HttpTarget, Restricted, StatusSet, What};

/// The largest body that may be asked for; larger ones are no health checks.
const LARGEST_BODY: u64 = 64 << 20;

type Header = (HeaderName, HeaderValue);

/// Compiles an http endpoint that has all its defaults; `None` if faults were reported.
pub(crate) fn http(table: &Http, context: &mut Context<'_>) -> Option<What> {
    let method = method(&table.method()).map_err(|fault| context.faults.push(fault));
    let (headers, mut credentials) = headers(table, context);
    credentials.extend(authorization(table, context));
    let body = body(table, context);
    let versions = table.http_versions();
    if versions.value.is_empty() {
        let sentence = "is empty: name \"1.1\", \"2\" or both";
        context.faults.push(versions.fault(sentence));
    }
    context.unique(&versions.value, |version| format!("{:?}", version.0));
    let accepts = |version| versions.value.iter().any(|at| at.value.0 == version);
    let max_body = table.max_body();
    if !(1..=LARGEST_BODY).contains(&max_body.value.0) {
        let sentence = format!("must be from 1B to {}", Size(LARGEST_BODY));
        context.faults.push(max_body.fault(sentence));
    }
    let expect_table = table.expect().value;
    let min_body = expect_table.min_body();
    if min_body.value.0 > max_body.value.0 {
        let sentence = format!("is more than max_body allows ({})", max_body.value);
        context.faults.push(min_body.fault(sentence));
    }
    let restricted = table.restricted().value;
    let restricted = Restricted {
        status: statuses(&restricted.status().value, context),
        location_matches: context.patterns(&restricted.location_matches().value),
    };
    let expect = expect(&expect_table, context);
    let connect_to = context.connect_to(table.connect_to.as_ref());
    let tls = context.client_tls(&table.tls().value, &table.probe);
    let at = table.url.as_ref()?;
    let url = url(at).map_err(|fault| context.faults.push(fault)).ok()?;
    if url.scheme() == "http" && !accepts(HttpVersion::Http1) {
        let sentence = "must name \"1.1\": HTTP/2 is agreed upon in TLS, and the URL has none";
        context.faults.push(versions.fault(sentence));
    }
    Some(What::Http(Box::new(HttpTarget {
        url,
        method: method.ok()?,
        headers,
        credentials,
        body: body?,
        follow_redirects: table.follow_redirects().value,
        http1: accepts(HttpVersion::Http1),
        http2: accepts(HttpVersion::Http2),
        decompress: table.decompress().value,
        max_body: usize::try_from(max_body.value.0).ok()?,
        connect_to: connect_to?,
        tls: tls?,
        expect: expect?,
        restricted,
    })))
}

fn url(at: &At<String>) -> Result<Url, Fault> {
    // The text is quoted nowhere: it may hold a password that must not be there.
    let mut url =
        Url::parse(&at.value).map_err(|error| at.fault(format!("is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = printable(url.scheme());
        return Err(at.fault(format!(
            "has the scheme `{scheme}`: only http and https are spoken"
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(at.fault(
            "must not hold a user name or password: use basic_auth = { username, password_file }",
        ));
    }
    url.set_fragment(None);
    Ok(url)
}

fn method(at: &At<String>) -> Result<Method, Fault> {
    let wrong = || {
        let method = printable(&at.value);
        at.fault(format!(
            "`{method}` is not a method such as \"GET\" or \"HEAD\""
        ))
    };
    if at.value.chars().any(|c| c.is_ascii_lowercase()) || at.value == "CONNECT" {
        return Err(wrong());
    }
    Method::from_bytes(at.value.as_bytes()).map_err(|_| wrong())
}

/// The headers of a request, and those of them that are only for the host itself.
fn headers(table: &Http, context: &mut Context<'_>) -> (Vec<Header>, Vec<Header>) {
    let mut plain: Vec<Header> = Vec::new();
    let mut credentials: Vec<Header> = Vec::new();
    for (name, at) in &table.headers().value.0 {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            context.faults.push(at.fault("is not the name of a header"));
            continue;
        };
        let own = match name.as_str() {
            "host" => Some("the URL says it; connect_to goes elsewhere"),
            "content-length" | "transfer-encoding" | "connection" | "upgrade" | "te"
            | "keep-alive" | "proxy-connection" | "trailer" | "expect" => {
                Some("it belongs to the connection")
            }
            "accept-encoding" if table.decompress().value => Some("decompress = true says it"),
            _ => None,
        };
        if let Some(why) = own {
            context
                .faults
                .push(at.fault(format!("cannot be set: {why}")));
            continue;
        }
        let Ok(mut value) = HeaderValue::from_str(&at.value) else {
            context
                .faults
                .push(at.fault("cannot be the value of a header: one line of visible ASCII"));
            continue;
        };
        if is_secret_name(name.as_str()) {
            value.set_sensitive(true);
            credentials.push((name, value));
        } else {
            plain.push((name, value));
        }
    }
    let default_headers = [
        (USER_AGENT, table.probe.user_agent().value),
        (ACCEPT, "*/*".to_owned()),
    ];
    for (name, value) in default_headers {
        if !plain.iter().any(|(known, _)| *known == name)
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            plain.push((name, value));
        }
    }
    (plain, credentials)
}

/// The `Authorization` header of `basic_auth` or `bearer_token_file`.
fn authorization(table: &Http, context: &mut Context<'_>) -> Option<Header> {
    let by_hand = table.headers().value.0.into_iter();
    let by_hand = by_hand.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let by_hand = by_hand.map(|(_, at)| at.place).next();
    let ways: Vec<Place> = [
        by_hand,
        table.basic_auth.as_ref().map(|at| at.place.clone()),
        table.bearer_token_file.as_ref().map(|at| at.place.clone()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let [_, .., last] = ways.as_slice() {
        let sentence = "is one way too many: basic_auth, bearer_token_file and an Authorization header exclude each other";
        context.faults.push(last.fault(sentence));
    }
    let mut value = match (&table.basic_auth, &table.bearer_token_file) {
        (Some(at), _) => user_and_password(&at.value, &at.place, context)?,
        (None, Some(at)) => {
            let token = context.environment.read_secret(&at.value);
            context.expose(at);
            let token = context.ok(token.map_err(|sentence| at.fault(sentence)))?;
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            context.ok(value.map_err(|_| at.fault("holds no token: visible ASCII is needed")))?
        }
        (None, None) => return None,
    };
    value.set_sensitive(true);
    Some((AUTHORIZATION, value))
}

fn user_and_password(
    table: &BasicAuth,
    place: &Place,
    context: &mut Context<'_>,
) -> Option<HeaderValue> {
    for (key, missing) in [
        ("username", table.username.is_none()),
        ("password_file", table.password_file.is_none()),
    ] {
        if missing {
            context.faults.push(place.below(key).fault("is missing"));
        }
    }
    let (user, file) = (table.username.as_ref()?, table.password_file.as_ref()?);
    if user.value.contains(':') || user.value.chars().any(char::is_control) {
        context
            .faults
            .push(user.fault("must not hold a colon or a control character"));
        return None;
    }
    let password = context.environment.read_secret(&file.value);
    context.expose(file);
    let password = context.ok(password.map_err(|sentence| file.fault(sentence)))?;
    HeaderValue::from_str(&basic(&user.value, &password)).ok()
}

fn body(table: &Http, context: &mut Context<'_>) -> Option<Bytes> {
    match (&table.body, &table.body_file) {
        (Some(text), Some(file)) if !text.value.0.is_empty() => {
            context
                .faults
                .push(file.fault("excludes `body`: keep one of them"));
            None
        }
        (_, Some(file)) => {
            let bytes = context.environment.read(&file.value);
            let bytes = bytes.map_err(|sentence| file.fault(sentence));
            context.ok(bytes).map(Bytes::from)
        }
        (Some(text), None) => Some(Bytes::from(text.value.0.clone())),
        (None, None) => Some(Bytes::new()),
    }
}

fn expect(table: &ExpectTable, context: &mut Context<'_>) -> Option<HttpExpect> {
    let accepted = table.status();
    if accepted.value.is_empty() {
        let sentence = "is empty: name the statuses that are fine, such as [\"2xx\"]";
        context.faults.push(accepted.fault(sentence));
    }
    let status = statuses(&accepted.value, context);
    let json = match &table.json {
        None => Some(None),
        Some(at) => {
            let check = JsonCheck::compile(&at.value).map_err(|sentence| at.fault(sentence));
            context.ok(check).map(Some)
        }
    };
    Some(HttpExpect {
        status,
        body_matches: context.patterns(&table.body_matches().value),
        body_not_matches: context.patterns(&table.body_not_matches().value),
        min_body: usize::try_from(table.min_body().value.0).ok()?,
        header_matches: header_checks(&table.header_matches().value, context),
        header_not_matches: header_checks(&table.header_not_matches().value, context),
        json: json?,
    })
}

fn statuses(list: &[At<Status>], context: &mut Context<'_>) -> StatusSet {
    let mut set = StatusSet::default();
    for at in list {
        let added = match &at.value {
            Status::Code(code) => set.add_code(*code),
            Status::Text(text) => set.add(text),
        };
        if let Err(sentence) = added {
            context.faults.push(at.fault(printable(&sentence)));
        }
    }
    set
}

fn header_checks(list: &[At<HeaderMatch>], context: &mut Context<'_>) -> Vec<HeaderCheck> {
    let mut checks = Vec::new();
    for at in list {
        let table = &at.value;
        for (key, missing) in [
            ("name", table.name.is_none()),
            ("pattern", table.pattern.is_none()),
        ] {
            if missing {
                context.faults.push(at.place.below(key).fault("is missing"));
            }
        }
        let name = table.name.as_ref().and_then(|at| {
            let name = HeaderName::from_bytes(at.value.as_bytes());
            let wrong = |_| at.fault("is not the name of a header");
            context.ok(name.map_err(wrong))
        });
        let pattern = table.pattern.as_ref();
        let pattern = pattern.and_then(|at| context.ok(compile::pattern(at)));
        if let (Some(name), Some(pattern)) = (name, pattern) {
            checks.push(HeaderCheck {
                name,
                pattern,
                allow_missing: table.allow_missing().value,
            });
        }
    }
    checks
}
