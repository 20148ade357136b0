//! Words of the DNS as people read them, safe to print.
//!
//! Record data is in the presentation format of zone files (what `dig` prints), with A-labels
//! as they are on the wire: a name that looks like another one must not be able to hide. Text
//! that strangers chose is made printable and cut before it enters a report.

use std::borrow::Cow;
use std::fmt::Write as _;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{SVCB, TXT};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// The name without the final dot, except for the root.
pub(super) fn name(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => text,
    }
}

/// The type; one that has no name is called by its number (RFC 3597).
pub(super) fn record_type(record_type: RecordType) -> String {
    match record_type {
        RecordType::Unknown(code) => format!("TYPE{code}"),
        known => known.to_string(),
    }
}

/// The response code in the words of the standards.
pub(super) fn rcode(code: ResponseCode) -> Cow<'static, str> {
    Cow::Borrowed(match code {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::YXDomain => "YXDOMAIN",
        ResponseCode::YXRRSet => "YXRRSET",
        ResponseCode::NXRRSet => "NXRRSET",
        ResponseCode::NotAuth => "NOTAUTH",
        ResponseCode::NotZone => "NOTZONE",
        // One number, two meanings; the other one needs a TSIG, which is never sent.
        ResponseCode::BADVERS | ResponseCode::BADSIG => "BADVERS",
        ResponseCode::BADKEY => "BADKEY",
        ResponseCode::BADTIME => "BADTIME",
        ResponseCode::BADMODE => "BADMODE",
        ResponseCode::BADNAME => "BADNAME",
        ResponseCode::BADALG => "BADALG",
        ResponseCode::BADTRUNC => "BADTRUNC",
        ResponseCode::BADCOOKIE => "BADCOOKIE",
        ResponseCode::Unknown(code) => return Cow::Owned(format!("RCODE{code}")),
    })
}

/// The data of a record in the presentation format, in full.
pub(super) fn data(data: &RData) -> String {
    match data {
        RData::A(address) => address.to_string(),
        RData::AAAA(address) => address.to_string(),
        RData::CNAME(target) => target.to_ascii(),
        RData::NS(target) => target.to_ascii(),
        RData::PTR(target) => target.to_ascii(),
        RData::MX(mx) => format!("{} {}", mx.preference, mx.exchange.to_ascii()),
        RData::SRV(srv) => format!(
            "{} {} {} {}",
            srv.priority,
            srv.weight,
            srv.port,
            srv.target.to_ascii()
        ),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            soa.mname.to_ascii(),
            soa.rname.to_ascii(),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        RData::TXT(txt) => strings(txt),
        RData::SVCB(svcb) => service(svcb),
        RData::HTTPS(https) => service(&https.0),
        RData::NULL(raw) => generic(&raw.anything),
        RData::Unknown { rdata, .. } => generic(&rdata.anything),
        other => {
            // Not `to_string`: the library's `Display` fails for some types, and that panics.
            let mut text = String::new();
            match write!(text, "{other}") {
                Ok(()) => text,
                Err(_) => String::new(),
            }
        }
    }
}

/// One pair of quotes for each character-string, as `dig` does it.
fn strings(txt: &TXT) -> String {
    let mut out = String::new();
    for part in &txt.txt_data {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push('"');
        for &byte in part {
            match byte {
                b'"' | b'\\' => {
                    out.push('\\');
                    out.push(char::from(byte));
                }
                b' '..=b'~' => out.push(char::from(byte)),
                _ => {
                    let _ = write!(out, "\\{byte:03}");
                }
            }
        }
        out.push('"');
    }
    out
}

/// `1 . alpn=h2,h3 ipv4hint=192.0.2.7`; the library ends its lists with a comma, RFC 9460 does not.
fn service(svcb: &SVCB) -> String {
    let mut out = format!("{} {}", svcb.svc_priority, svcb.target_name.to_ascii());
    for (key, value) in &svcb.svc_params {
        let key = match u16::from(*key) {
            ..=6 => key.to_string(),
            code => format!("key{code}"),
        };
        let mut text = String::new();
        let _ = write!(text, "{value}");
        let text = text.trim_end_matches(',');
        let _ = if text.is_empty() {
            write!(out, " {key}")
        } else {
            write!(out, " {key}={text}")
        };
    }
    out
}

/// The form for data of unknown shape (RFC 3597): its length and its bytes.
fn generic(bytes: &[u8]) -> String {
    let mut out = format!("\\# {}", bytes.len());
    if !bytes.is_empty() {
        out.push(' ');
    }
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_string_by_string_with_escapes() {
        let txt = TXT::from_bytes(vec![b"v=spf1 \"x\"\\", b"\x00\xff"]);
        assert_eq!(data(&RData::TXT(txt)), r#""v=spf1 \"x\"\\" "\000\255""#);
    }

    #[test]
    fn a_record_that_the_library_cannot_print_is_empty_and_not_a_panic() {
        let opt = hickory_resolver::proto::rr::rdata::OPT::new(vec![]);
        assert_eq!(data(&RData::OPT(opt)), "");
    }

    #[test]
    fn response_codes_have_the_names_of_the_standards() {
        let named: Vec<_> = [0, 1, 2, 3, 4, 5, 11, 16, 3841]
            .into_iter()
            .map(|code: u16| rcode(code.into()).into_owned())
            .collect();
        assert_eq!(
            named,
            [
                "NOERROR",
                "FORMERR",
                "SERVFAIL",
                "NXDOMAIN",
                "NOTIMP",
                "REFUSED",
                "RCODE11",
                "BADVERS",
                "RCODE3841"
            ]
        );
    }

    #[test]
    fn a_name_keeps_its_wire_form_and_loses_the_final_dot() {
        let of = |text: &str| name(&Name::from_ascii(text).unwrap());
        assert_eq!(of("xn--bcher-kva.example."), "xn--bcher-kva.example");
        assert_eq!(of("."), ".");
    }
}
