//! `[[webhook]]`: where confirmed events are sent, and what they are signed with.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use toml::de::DeValue;
use url::{Host, Url};

use super::compile::Context;
use super::decode::{Reader, Table, Value, quoted, read_at};
use super::fault::{At, Fault, Place, printable};
use super::file::{File, Global};
use super::lists::list;
use super::merge::check_name;
use super::table::{bare, merge_key, table};
use super::values::{FilePath, Span};
use super::words::{Choice, Word};
use crate::hook::{Kind, Secret, Webhook};
use crate::probe::mask::MASK;

/// Bounds of `max_age`: below there is no time to try again, above nobody remembers.
const AGES: (Span, Span) = (
    Span(Duration::from_secs(60)),
    Span(Duration::from_secs(30 * 86400)),
);

table! {
    /// `[[webhook]]`.
    struct WebhookTable {
        /// Its name.
        name: String,
        /// Where events are sent.
        url: HookUrl,
        /// The file that holds the secret.
        secret_file: FilePath,
        /// Extra trust roots, besides those of `probe.ca_file`.
        ca_file: FilePath,
        /// What is told.
        events: Vec<At<Choice<Kind>>> = list("events", Kind::ALL.map(Choice)),
        /// Older events are given up.
        max_age: Span = Span::secs(86400),
    }
}

impl Word for Kind {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::OutageStarted.as_str(), Self::OutageStarted),
        (Self::OutageEnded.as_str(), Self::OutageEnded),
        (Self::Group.as_str(), Self::Group),
        (Self::Uplink.as_str(), Self::Uplink),
    ];
}

/// A segment of a path that is as long may be a token.
const LONG: usize = 16;

/// What may be told of where events are sent. The path and the query are nobody's business: many
/// services put a token there. What looks like one is `<masked>`, and `…` if nothing does.
#[must_use]
pub fn destination(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    let long = |segment: &str| segment.len() >= LONG;
    let is_token = url.query().is_some()
        || url.fragment().is_some()
        || url.path_segments().is_some_and(|mut it| it.any(long));
    match (is_token, url.path()) {
        (true, _) => format!("{origin}/{MASK}"),
        (false, "/") => format!("{origin}/"),
        (false, _) => format!("{origin}/…"),
    }
}

/// A URL of which only the host is told.
#[derive(Clone)]
pub(crate) struct HookUrl(String);

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookUrl(..)")
    }
}

impl Value for HookUrl {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        String::read(value, place, reader).map(Self)
    }
    fn inline(&self) -> String {
        let url = Url::parse(&self.0);
        quoted(&url.map_or_else(|_| MASK.to_owned(), |url| destination(&url)))
    }
}

/// Reads and checks all of them. The tables are as they were written, with every default.
pub(crate) fn webhooks(
    file: &File,
    global: &Global,
    context: &mut Context<'_>,
) -> (Vec<WebhookTable>, Vec<Webhook>) {
    let mut tables: Vec<WebhookTable> = Vec::new();
    let mut webhooks = Vec::new();
    for At { value, place } in file.webhook.iter().flat_map(|list| &list.value) {
        let mut table = WebhookTable::defaults();
        table.merge_table(value.clone());
        if let Some(fault) = name_fault(&table, place, &tables) {
            context.faults.push(fault);
        }
        webhooks.extend(webhook(&table, place, global, context));
        tables.push(table);
    }
    (tables, webhooks)
}

fn name_fault(table: &WebhookTable, place: &Place, others: &[WebhookTable]) -> Option<Fault> {
    let Some(name) = &table.name else {
        let sentence =
            "is missing: every webhook has a name, which its deliveries are counted under";
        return Some(place.below("name").fault(sentence));
    };
    let same = |it: &&WebhookTable| it.name.as_ref().is_some_and(|it| it.value == name.value);
    let twice = others.iter().find(same).map(|_| {
        let shown = printable(&name.value);
        name.fault(format!("`{shown}` is the name of another webhook"))
    });
    check_name(&name.value, &name.place, "a webhook").or(twice)
}

fn webhook(
    table: &WebhookTable,
    place: &Place,
    global: &Global,
    context: &mut Context<'_>,
) -> Option<Webhook> {
    let url = match &table.url {
        Some(at) => context.ok(url(at)),
        None => {
            let sentence = "is missing: say where events are sent";
            context.faults.push(place.below("url").fault(sentence));
            None
        }
    };
    if let (Some(url), Some(at)) = (&url, &table.url)
        && url.scheme() == "http"
        && !is_loopback(url)
    {
        let sentence = "sends without TLS to another machine: whoever is on the way can read it";
        context.warnings.push(at.fault(sentence));
    }
    if let (Some(url), None) = (&url, &table.secret_file)
        && !is_loopback(url)
    {
        let sentence = "is missing: nothing is signed, so the receiver cannot tell who sends";
        let warning = place.below("secret_file").fault(sentence);
        context.warnings.push(warning);
    }
    let secret = secret(table, context);
    let roots = context.roots(&[global.probe.ca_file.as_ref(), table.ca_file.as_ref()]);
    let events = table.events();
    if events.value.is_empty() {
        let sentence = "is empty: name at least one kind of event";
        context.faults.push(events.fault(sentence));
    }
    context.unique(&events.value, |kind| kind.0.as_str().to_owned());
    let (max_age, (least, most)) = (table.max_age(), AGES);
    if !(least.0..=most.0).contains(&max_age.value.0) {
        let sentence = format!("must be from {least} to {most}");
        context.faults.push(max_age.fault(sentence));
    }
    Some(Webhook {
        name: table.name.as_ref()?.value.as_str().into(),
        url: url?,
        secret: secret?,
        roots: roots?,
        events: events.value.iter().map(|kind| kind.value.0).collect(),
        max_age: max_age.value.0,
    })
}

/// The URL, which is not quoted if it is none, as it may hold a secret.
fn url(at: &At<HookUrl>) -> Result<Url, Fault> {
    // No URL has them as they are; sent so, every event would go to the wrong place.
    if at.value.0.contains(['{', '}']) {
        let sentence = "must be written out: nothing is put in the place of ${NAME} in a URL";
        return Err(at.fault(sentence));
    }
    let url = Url::parse(&at.value.0).ok();
    let url = url.filter(|it| matches!(it.scheme(), "http" | "https") && it.has_host());
    let Some(mut url) = url else {
        return Err(at.fault("must be an http or https URL"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        let sentence = "must not hold a user name or password: events are signed with the secret of \
                        secret_file";
        return Err(at.fault(sentence));
    }
    url.set_fragment(None);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The secret, `Some(None)` if there is to be none.
fn secret(table: &WebhookTable, context: &mut Context<'_>) -> Option<Option<Secret>> {
    let Some(at) = &table.secret_file else {
        return Some(None);
    };
    let path = printable(&at.value.0);
    let read = context.environment.read(&at.value);
    let read = read.and_then(|bytes| {
        let text = String::from_utf8(bytes).map_err(|_| format!("{path} is not UTF-8 text"))?;
        let secret = Secret::parse(&text);
        secret.map_err(|sentence| format!("{path} {sentence}"))
    });
    context.expose(at);
    let secret = context.ok(read.map_err(|sentence| at.fault(sentence)));
    secret.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_only_the_host_is_told_and_whether_the_rest_looks_like_a_token() {
        for (url, expected) in [
            ("https://city.example", "https://city.example/"),
            (
                "https://city.example/hooks/channel",
                "https://city.example/…",
            ),
            (
                "https://city.example/?s3cret",
                "https://city.example/<masked>",
            ),
            (
                "https://city.example/#s3cret",
                "https://city.example/<masked>",
            ),
            (
                "https://hooks.example:8443/services/T0AB12/B0CD34/Zq9t0kenZq9t0kenZq9t0ken",
                "https://hooks.example:8443/<masked>",
            ),
            (
                "https://u:s3cret@[2001:db8::1]/hook",
                "https://[2001:db8::1]/…",
            ),
        ] {
            assert_eq!(destination(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
