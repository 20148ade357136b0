//! What must not be told: the secrets that a probe sends, and those in links.
//!
//! Servers repeat what they were sent, in headers, redirects and error pages, and all of that is
//! kept as evidence. So a round is masked once, when it has ended and before anybody sees it:
//! every text in it is searched for the secrets of its target, as they are and as pages and
//! programs usually write them (JSON, HTML, percent, base64, lower case). This is against
//! accidents: a server that wants to publish what it was sent can do so anywhere.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::{Captures, Regex};
use serde_json::Value;
use url::form_urlencoded;

use super::target::{HttpTarget, Resolver, ResolverKind, What};
use crate::model::printable::printable;
use crate::model::{AddressRound, Cause, Doubt, Round, TlsFacts, Verdict};

/// What stands for a secret.
pub const MASK: &str = "<masked>";

/// A whole password, token or value that is shorter is found in too much that is none.
const SHORTEST: usize = 4;
/// The same for parts: of a cookie, of a body.
const SHORTEST_PART: usize = 6;
/// As much of a secret is looked for where a text was cut.
const BEGINNING: usize = 4;
/// Most parts of a body that are looked for.
const PARTS: usize = 64;
/// What stands where a text was cut.
const CUT: &str = "…";

/// Whether a header or a parameter of this name carries something that must not be shown, or
/// sent to another host.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "token",
        "secret",
        "api-key",
        "api_key",
        "apikey",
        "auth-key",
        "passw",
        "authorization",
        "cookie",
        "session",
        "signature",
        "jwt",
    ];
    const WHOLE: [&str; 8] = [
        "auth",
        "key",
        "sig",
        "pwd",
        "pass",
        "sid",
        "credential",
        "x-auth",
    ];
    let name = name.to_ascii_lowercase();
    WHOLE.contains(&&*name) || PARTS.iter().any(|part| name.contains(part))
}

/// A text with links in it, without their passwords and without the values of parameters that
/// are named like secrets.
#[must_use]
pub fn links(text: &str) -> Cow<'_, str> {
    static USER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?i)\b((?:https?|wss?|ftp)://)[^/?#\s"'<>]+@"#).ok());
    static PARAMETER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"([?&;#])([^=&#;?\s"'<>]{1,64})=([^&#;\s"'<>]+)"#).ok());
    if !text.contains(['@', '=']) {
        return Cow::Borrowed(text);
    }
    let (Some(user), Some(parameter)) = (&*USER, &*PARAMETER) else {
        return Cow::Borrowed(MASK);
    };
    let without = user.replace_all(text, |found: &Captures<'_>| format!("{}{MASK}@", &found[1]));
    let without = parameter.replace_all(&without, |found: &Captures<'_>| {
        match is_secret_name(&found[2]) {
            true => format!("{}{}={MASK}", &found[1], &found[2]),
            false => found[0].to_owned(),
        }
    });
    match without == text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(without.into_owned()),
    }
}

/// The secrets of one target, in every way in which they are looked for.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a part does not spoil the whole.
    needles: Arc<[String]>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(..)")
    }
}

impl Mask {
    /// Everything secret that is sent to a target and to its resolvers.
    #[must_use]
    pub fn of(what: &What, resolvers: &[Resolver]) -> Self {
        let mut needles = Needles::default();
        if let What::Http(target) = what {
            needles.request(target);
        }
        for resolver in resolvers {
            if let ResolverKind::Https(url) = &resolver.how {
                needles.query(url);
            }
        }
        Self {
            needles: needles.sorted(),
        }
    }

    /// Masks every text of a round that came from outside.
    pub(super) fn round(&self, round: &mut Round) {
        if self.needles.is_empty() {
            return;
        }
        self.verdict(&mut round.verdict);
        for address in &mut round.addresses {
            self.address(address);
        }
        for query in &mut round.dns {
            self.text(&mut query.name);
            for answer in &mut query.answers {
                self.text(&mut answer.data);
            }
        }
        if let Some(Doubt::Addresses { without, .. }) = round.standing.doubt.as_deref_mut() {
            without.iter_mut().for_each(|verdict| self.verdict(verdict));
        }
    }

    fn address(&self, address: &mut AddressRound) {
        self.verdict(&mut address.verdict);
        self.tls(address.tls.as_mut());
        let Some(http) = &mut address.http else {
            return;
        };
        for (name, value) in &mut http.headers {
            self.text(name);
            self.text(value);
        }
        for redirect in &mut http.redirects {
            self.text(&mut redirect.url);
            self.tls(redirect.tls.as_mut());
        }
        if let Some(body) = &mut http.body_prefix
            && let Some(masked) = self.masked(body, true)
        {
            *body = masked;
        }
    }

    fn tls(&self, facts: Option<&mut TlsFacts>) {
        let Some(shown) = facts.and_then(|facts| facts.certificate.as_mut()) else {
            return;
        };
        let mut certificate = (**shown).clone();
        self.text(&mut certificate.subject);
        self.text(&mut certificate.issuer);
        certificate
            .names
            .iter_mut()
            .for_each(|name| self.text(name));
        if certificate != **shown {
            *shown = Arc::new(certificate);
        }
    }

    fn verdict(&self, verdict: &mut Verdict) {
        let cause: &mut Cause = match verdict {
            Verdict::Pass => return,
            Verdict::Slow(cause)
            | Verdict::Restricted(cause)
            | Verdict::Fail(cause)
            | Verdict::Inconclusive(cause) => cause,
        };
        if let Some(masked) = self.masked(&cause.detail, false) {
            cause.detail = masked.into();
        }
    }

    fn text(&self, text: &mut String) {
        if let Some(masked) = self.masked(text, false) {
            *text = masked;
        }
    }

    /// The text without the secrets, and without the beginnings of those that were cut off: before
    /// an ellipsis, and at the end of what may break off anywhere. `None` if it has none.
    fn masked(&self, text: &str, breaks_off: bool) -> Option<String> {
        let mut masked = Cow::Borrowed(text);
        for needle in self.needles.iter() {
            if masked.contains(needle.as_str()) {
                masked = Cow::Owned(masked.replace(needle.as_str(), MASK));
            }
        }
        let mut parts: Vec<String> = masked.split(CUT).map(str::to_owned).collect();
        let cut = parts.len() - usize::from(!breaks_off);
        let mut begun = false;
        for part in &mut parts[..cut] {
            if let Some(at) = self.begun(part) {
                part.truncate(at);
                part.push_str(MASK);
                begun = true;
            }
        }
        if begun {
            masked = Cow::Owned(parts.join(CUT));
        }
        match masked {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }

    /// Where a secret begins that the end of the text cuts off.
    fn begun(&self, text: &str) -> Option<usize> {
        let longest = |needle: &String| {
            let ends = needle.char_indices().map(|(at, _)| at).skip(BEGINNING);
            let cuts = ends.filter(|at| text.ends_with(&needle[..*at]));
            cuts.max().map(|length| text.len() - length)
        };
        self.needles.iter().filter_map(longest).min()
    }
}

/// Collects what is looked for.
#[derive(Default)]
struct Needles(Vec<String>);

impl Needles {
    fn request(&mut self, target: &HttpTarget) {
        let marked = target.headers.iter().filter(|(_, v)| v.is_sensitive());
        for (name, value) in target.credentials.iter().chain(marked) {
            let value = String::from_utf8_lossy(value.as_bytes());
            self.add(&value, SHORTEST);
            match (name.as_str(), value.split_once(' ')) {
                ("cookie", _) => self.cookie(&value),
                ("authorization" | "proxy-authorization", Some((scheme, given))) => {
                    self.add(given.trim(), SHORTEST);
                    if scheme.eq_ignore_ascii_case("basic") {
                        self.basic(given.trim());
                    }
                }
                _ => {}
            }
        }
        self.query(&target.url);
        if let Ok(body) = std::str::from_utf8(&target.body) {
            self.body(body.trim());
        }
    }

    /// The pair as one, and the password.
    fn basic(&mut self, given: &str) {
        let pair = STANDARD.decode(given).ok();
        let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
            self.add(password, SHORTEST);
        }
    }

    fn cookie(&mut self, value: &str) {
        let values = value.split(';').filter_map(|pair| pair.split_once('='));
        values.for_each(|(_, value)| self.add(value.trim(), SHORTEST_PART));
    }

    fn query(&mut self, url: &url::Url) {
        let raw = url.query().unwrap_or_default().split('&');
        for (pair, (name, value)) in raw.zip(url.query_pairs()) {
            if is_secret_name(&name) {
                self.add(&value, SHORTEST);
                self.add(pair.split_once('=').map_or("", |(_, raw)| raw), SHORTEST);
            }
        }
    }

    /// A body as a whole, and the values in it: of JSON, of a form, between tags, on lines.
    fn body(&mut self, body: &str) {
        self.add(body, SHORTEST_PART);
        let mut parts = Vec::new();
        if let Ok(json) = serde_json::from_str(body) {
            values(&json, &mut parts);
        } else if body.contains('<') {
            let texts = body.split('<').filter_map(|tag| tag.split_once('>'));
            parts.extend(texts.map(|(_, text)| text.trim().to_owned()));
        } else if body.contains('=') && !body.contains(['\n', ' ']) {
            let values = form_urlencoded::parse(body.as_bytes());
            parts.extend(values.map(|(_, value)| value.into_owned()));
        } else {
            parts.extend(body.lines().map(|line| line.trim().to_owned()));
        }
        let parts = parts.iter().take(PARTS);
        parts.for_each(|part| self.add(part, SHORTEST_PART));
    }

    fn add(&mut self, secret: &str, shortest: usize) {
        if secret.chars().count() < shortest {
            return;
        }
        let json = Value::from(secret).to_string();
        let html = secret.replace('&', "&amp;").replace('<', "&lt;");
        let percent: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        // As a text is before it is shown.
        let shown = printable(&secret.replace(['\r', '\n', '\t'], " "), usize::MAX);
        self.0.extend([
            secret.to_owned(),
            secret.to_ascii_lowercase(),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            shown,
        ]);
        self.0.extend(in_json(&json[1..json.len() - 1]));
        self.0.extend(in_percent(&percent));
        // Everybody escapes what he likes.
        for more in [">", "&gt;"] {
            for quote in ["\"", "&quot;", "&#34;"] {
                for apostrophe in ["'", "&#39;", "&#x27;", "&#039;"] {
                    let html = html.replace('>', more).replace('"', quote);
                    self.0.push(html.replace('\'', apostrophe));
                }
            }
        }
    }

    fn sorted(mut self) -> Arc<[String]> {
        self.0.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        self.0.dedup();
        self.0.into()
    }
}

/// A text of JSON as other libraries write it: with `/`, `&<>` or what is not ASCII escaped.
fn in_json(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in [text.to_owned(), text.replace('/', "\\/")] {
        let go = text.replace('&', "\\u0026");
        let go = go.replace('<', "\\u003c").replace('>', "\\u003e");
        for text in [text, go] {
            found.push(text.chars().fold(String::new(), ascii));
            found.push(text);
        }
    }
    found
}

fn ascii(mut text: String, c: char) -> String {
    if c.is_ascii() {
        text.push(c);
    } else {
        for unit in c.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}

/// A value of a form as other libraries write it: they leave more as it is, or write hexadecimal
/// digits small.
fn in_percent(form: &str) -> Vec<String> {
    let spaces = form.replace('+', "%20");
    let tilde = spaces.replace("%7E", "~");
    let mut script = tilde.clone();
    for (escaped, plain) in [("%21", "!"), ("%27", "'"), ("%28", "("), ("%29", ")")] {
        script = script.replace(escaped, plain);
    }
    let path = tilde.replace("%2F", "/");
    let all = [form.to_owned(), spaces, tilde, script, path];
    let small = all.clone().map(|text| small_digits(&text));
    all.into_iter().chain(small).collect()
}

fn small_digits(text: &str) -> String {
    let mut digits = 0;
    let small = text.chars().map(|c| match c {
        '%' => {
            digits = 2;
            c
        }
        _ if digits > 0 => {
            digits -= 1;
            c.to_ascii_lowercase()
        }
        _ => c,
    });
    small.collect()
}

/// All texts in a JSON value.
fn values(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| values(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| values(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
