//! From what an endpoint's table says to the target that a round reads: dns.

use std::str::FromStr as _;

use super::compile::Context;
use super::fault::{At, did_you_mean, printable};
use super::file::Dns;
use crate::probe::target::{DnsName, DnsTarget, RecordType, ResponseCode, What};

/// Compiles a dns endpoint that has all its defaults; `None` if faults were reported.
pub(crate) fn dns(table: &Dns, context: &mut Context<'_>) -> Option<What> {
    let expect = table.expect().value;
    let record_type = table.r#type();
    let record_type =
        record_type_of(&record_type.value).map_err(|sentence| record_type.fault(sentence));
    let record_type = context.ok(record_type);
    let rcodes = expect.rcode();
    if rcodes.value.is_empty() {
        context
            .faults
            .push(rcodes.fault("is empty: name the response codes that are fine"));
    }
    context.unique(&rcodes.value, String::clone);
    let code = |at: &At<String>| response_code(&at.value).map_err(|s| at.fault(s));
    let rcodes = context.all(rcodes.value.iter().map(code));
    let answers_match = context.patterns(&expect.answers_match().value);
    let agree = expect.agree();
    if agree.value && table.probe.resolvers().value.len() < 2 {
        let sentence = "compares resolvers: name at least two in `resolvers`";
        context.faults.push(agree.fault(sentence));
    }
    let min_answers = expect.min_answers();
    if min_answers.value > 1000 {
        context
            .faults
            .push(min_answers.fault("must be from 0 to 1000"));
    }
    let at = table.query.as_ref()?;
    let name = dns_name(&at.value).map_err(|sentence| at.fault(sentence));
    Some(What::Dns(Box::new(DnsTarget {
        name: context.ok(name)?,
        record_type: record_type?,
        rcodes,
        min_answers: min_answers.value as usize,
        answers_match,
        agree: agree.value,
    })))
}

/// A fully qualified name.
pub(crate) fn dns_name(text: &str) -> Result<DnsName, String> {
    let shown = printable(text);
    let mut name = DnsName::from_utf8(text)
        .map_err(|_| format!("`{shown}` is not a name that can be asked for"))?;
    if text.is_empty() {
        return Err("is empty: write \".\" for the root".to_owned());
    }
    name.set_fqdn(true);
    Ok(name)
}

/// A record type by its name, or `TYPE65400` for those without one.
pub(crate) fn record_type_of(text: &str) -> Result<RecordType, String> {
    let shown = printable(text);
    let upper = text.to_ascii_uppercase();
    if let Some(number) = upper.strip_prefix("TYPE")
        && let Ok(number) = number.parse::<u16>()
    {
        return Ok(RecordType::from(number));
    }
    match RecordType::from_str(&upper) {
        Ok(RecordType::AXFR | RecordType::IXFR | RecordType::TSIG) => Err(format!(
            "`{shown}` is not a question that a prober should ask"
        )),
        Ok(known) => Ok(known),
        Err(_) => {
            let known = [
                "A", "AAAA", "CAA", "CNAME", "HTTPS", "MX", "NS", "PTR", "SOA", "SRV", "SVCB",
                "TLSA", "TXT",
            ];
            let hint = match did_you_mean(&upper, known) {
                Some(word) => format!("; did you mean \"{word}\"?"),
                None => ": write \"A\", \"MX\", \"HTTPS\" or \"TYPE65400\"".to_owned(),
            };
            Err(format!("`{shown}` is not a record type{hint}"))
        }
    }
}

const RCODES: [(&str, ResponseCode); 11] = [
    ("NOERROR", ResponseCode::NoError),
    ("FORMERR", ResponseCode::FormErr),
    ("SERVFAIL", ResponseCode::ServFail),
    ("NXDOMAIN", ResponseCode::NXDomain),
    ("NOTIMP", ResponseCode::NotImp),
    ("REFUSED", ResponseCode::Refused),
    ("YXDOMAIN", ResponseCode::YXDomain),
    ("YXRRSET", ResponseCode::YXRRSet),
    ("NXRRSET", ResponseCode::NXRRSet),
    ("NOTAUTH", ResponseCode::NotAuth),
    ("NOTZONE", ResponseCode::NotZone),
];

fn response_code(text: &str) -> Result<ResponseCode, String> {
    let found = RCODES.iter().find(|(name, _)| *name == text);
    found.map(|(_, code)| *code).ok_or_else(|| {
        let shown = printable(text);
        let all = RCODES.map(|(name, _)| name);
        match did_you_mean(&text.to_ascii_uppercase(), all) {
            Some(word) => format!("`{shown}` is not a response code; did you mean \"{word}\"?"),
            None => format!("`{shown}` is not one of {}", all.join(", ")),
        }
    })
}
