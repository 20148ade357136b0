//! From answers to a verdict. Pure: no sockets, no clocks.
//!
//! Where several resolvers or families failed in different ways, one reason has to be told:
//! the one that says most. The order, from the most to the least:
//!
//! 1. a statement about the name: NXDOMAIN, other answers than expected, resolvers that
//!    differ, no answer of the type;
//! 2. a resolver that says that it cannot: SERVFAIL, REFUSED, any other code, nonsense;
//! 3. silence: no answer in time, nobody there;
//! 4. our own trouble, told only if there is nothing else.
//!
//! Between the families of one resolver, an empty answer is told last of the failures: that a
//! name has no IPv4 address is nothing at all, if its IPv6 address could not be found out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;

use super::ask::{Answers, Asked};
use super::text;
use super::wire::Reply;
use crate::model::printable::printable;
use crate::model::{Belongs, Cause, Family, Layer, Reason, Verdict};
use crate::probe::target::DnsTarget;

/// Position in the order of the reasons: smaller says more.
pub(super) const fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::DnsNxdomain => 0,
        Reason::DnsMismatch => 1,
        Reason::DnsDisagreement => 2,
        Reason::DnsNoAnswer => 3,
        Reason::DnsServfail => 4,
        Reason::DnsRefused => 5,
        Reason::DnsRcode => 6,
        Reason::DnsMalformed => 7,
        Reason::DnsTimeout => 8,
        Reason::DnsUnreachable => 9,
        Reason::LocalResources => 10,
        Reason::LocalLate => 11,
        Reason::LocalNoRoute => 12,
        Reason::LocalResolver => 13,
        _ => 14,
    }
}

/// The reason that a response code stands for, where it is not the expected one.
pub(super) const fn reason_of(code: ResponseCode) -> Reason {
    match code {
        ResponseCode::NXDomain => Reason::DnsNxdomain,
        ResponseCode::ServFail => Reason::DnsServfail,
        ResponseCode::Refused => Reason::DnsRefused,
        _ => Reason::DnsRcode,
    }
}

/// What is wrong with an answer for someone who needs an address.
pub(super) fn address_trouble(reply: &Reply, name: &str, record_type: &str) -> Option<Cause> {
    let what = || printable(&format!("{name} {record_type}"), 300);
    match reply.code {
        ResponseCode::NoError if !reply.addresses.is_empty() => None,
        ResponseCode::NoError => Some(Cause::new(
            Reason::DnsNoAnswer,
            format!("{}: the answer has no address", what()),
        )),
        code => Some(Cause::new(
            reason_of(code),
            format!("{}: the resolver answers {}", what(), text::rcode(code)),
        )),
    }
}

/// What is wrong with an answer for a target of the kind `dns`.
pub(super) fn expectation_trouble(target: &DnsTarget, reply: &Reply) -> Option<Cause> {
    if !target.rcodes.contains(&reply.code) {
        let expected: Vec<_> = target
            .rcodes
            .iter()
            .map(|code| text::rcode(*code))
            .collect();
        return Some(Cause::new(
            reason_of(reply.code),
            format!(
                "the resolver answers {}, expected {}",
                text::rcode(reply.code),
                expected.join(" or ")
            ),
        ));
    }
    if reply.code != ResponseCode::NoError {
        // An expected error is all that was asked for.
        return None;
    }
    if reply.answers.len() < target.min_answers {
        return Some(Cause::new(
            Reason::DnsNoAnswer,
            format!(
                "{} answers of type {}, expected at least {}",
                reply.answers.len(),
                text::record_type(target.record_type),
                target.min_answers
            ),
        ));
    }
    let missing = target
        .answers_match
        .iter()
        .find(|pattern| !reply.answers.iter().any(|data| pattern.is_match(data)))?;
    Some(Cause::new(
        Reason::DnsMismatch,
        format!(
            "none of {} answers matches {}",
            reply.answers.len(),
            printable(missing.as_str(), 100)
        ),
    ))
}

/// The addresses of all resolvers: IPv4 first, then the order of the answers.
pub(super) fn addresses(answers: &[Answers]) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for family in Family::ALL {
        let asked = answers.iter().flat_map(|one| &one.asked);
        let good = asked.filter(|one| one.trouble.is_none());
        for address in good
            .filter_map(|one| one.reply.as_ref())
            .flat_map(|r| &r.addresses)
        {
            if Family::of(*address) == family && !all.contains(address) {
                all.push(*address);
            }
        }
    }
    all
}

/// Why there is no address at all. A resolver that has proven itself is heard first.
pub(super) fn no_address(answers: &[Answers]) -> Verdict {
    let of_one = |one: &Answers| {
        let troubles = one.asked.iter().filter_map(|asked| {
            let cause = asked.trouble.clone()?;
            Some((cause, asked.is_believed))
        });
        troubles.min_by_key(|(cause, _)| match cause.reason {
            // Beside any other trouble, an empty answer is nothing at all.
            Reason::DnsNoAnswer => u8::MAX,
            reason => rank(reason),
        })
    };
    let cause = answers
        .iter()
        .filter_map(of_one)
        .min_by_key(|(cause, is_believed)| (is_local(cause), !is_believed, rank(cause.reason)))
        .map(|(cause, _)| cause);
    verdict(cause.unwrap_or_else(|| Cause::new(Reason::LocalResolver, "no resolver was asked")))
}

/// A family that nobody could find out about, beside one with addresses.
///
/// An empty answer is nothing at all, and neither is our own trouble or a family that
/// `has_way_out` says we could not use anyway. NXDOMAIN for one family is a fault: a cache that
/// believes it loses the other family's addresses too.
pub(super) fn partial(
    answers: &[Answers],
    families: &[Family],
    has_way_out: impl Fn(Family) -> bool,
) -> Option<Cause> {
    families.iter().find_map(|family| {
        let of_family = || {
            let all = answers.iter().flat_map(|one| &one.asked);
            all.filter(|one| one.query.family == Some(*family))
        };
        let is_settled = of_family().any(|one| match &one.trouble {
            None => true,
            Some(cause) => cause.reason == Reason::DnsNoAnswer,
        });
        let cause = of_family()
            .filter(|one| one.is_believed)
            .filter_map(Asked::failure)
            .min_by_key(|cause| rank(cause.reason))?;
        (!is_settled && has_way_out(*family)).then(|| {
            let detail = format!("no {family} addresses: {} ({})", cause.detail, cause.reason);
            Cause::at(Layer::Dns, Reason::PartialAddresses, detail)
        })
    })
}

/// Beside a good answer, a failure of a resolver that has not proven itself is our own trouble.
pub(super) fn leave_out_unproven(asked: &mut [Asked]) {
    if asked.iter().all(|one| one.trouble.is_some()) {
        return;
    }
    for one in asked.iter_mut().filter(|one| !one.is_believed) {
        if let Some(cause) = one.failure() {
            one.trouble = Some(Cause::new(Reason::LocalResolver, cause.detail.clone()));
        }
    }
}

/// The verdict on a target of the kind `dns`; marks the queries that disagree.
///
/// One good resolver is enough. With `agree`, every resolver that we could ask must be good,
/// and those that answered must give overlapping answers.
pub(super) fn verdict_of(target: &DnsTarget, asked: &mut [Asked]) -> Verdict {
    if target.agree
        && let Some(cause) = disagreement(asked)
    {
        return Verdict::Fail(cause);
    }
    let worst = |local: bool| {
        let troubles = asked
            .iter()
            .filter_map(|one| Some((one.trouble.as_ref()?, one.is_believed)));
        troubles
            .filter(|(cause, _)| is_local(cause) == local)
            .min_by_key(|(cause, is_believed)| (!is_believed, rank(cause.reason)))
            .map(|(cause, _)| cause.clone())
    };
    let any_good = asked.iter().any(|one| one.trouble.is_none());
    match (worst(false), any_good) {
        (Some(cause), false) => Verdict::Fail(cause),
        (Some(cause), true) if target.agree => Verdict::Fail(cause),
        (_, true) => Verdict::Pass,
        (None, false) => Verdict::Inconclusive(
            worst(true).unwrap_or_else(|| Cause::new(Reason::LocalResolver, "no resolver to ask")),
        ),
    }
}

/// How long it took to get what was needed: the first good one; with `all`, the last good one.
pub(super) fn duration(good: impl Iterator<Item = Duration>, all: bool) -> Option<Duration> {
    if all { good.max() } else { good.min() }
}

/// The first resolver that answered is the measure; those whose answers share nothing with its
/// answers are marked.
fn disagreement(asked: &mut [Asked]) -> Option<Cause> {
    let mut first: Option<(String, ResponseCode, BTreeSet<String>)> = None;
    let mut cause: Option<Cause> = None;
    for one in asked {
        let Some(reply) = one.reply.as_ref().filter(|reply| reply.is_conclusive()) else {
            continue;
        };
        // Names are the same in any case; for other data the difference is none that matters.
        let data: BTreeSet<String> = reply
            .answers
            .iter()
            .map(|d| d.to_ascii_lowercase())
            .collect();
        let Some((label, code, known)) = &first else {
            first = Some((one.query.resolver.to_string(), reply.code, data));
            continue;
        };
        let is_same = *code == reply.code
            && (!known.is_disjoint(&data) || (known.is_empty() && data.is_empty()));
        if !is_same {
            one.query.reason = one.query.reason.or(Some(Reason::DnsDisagreement));
            let detail = format!("{label} and {} give different answers", one.query.resolver);
            cause.get_or_insert_with(|| Cause::new(Reason::DnsDisagreement, detail));
        }
    }
    cause
}

/// A failure, or inconclusive if the trouble is our own.
pub(super) fn verdict(cause: Cause) -> Verdict {
    if is_local(&cause) {
        Verdict::Inconclusive(cause)
    } else {
        Verdict::Fail(cause)
    }
}

fn is_local(cause: &Cause) -> bool {
    cause.reason.belongs() == Belongs::Local
}

/// A name that no server could be asked for.
pub(super) fn not_a_name(host: &str, why: impl Into<Cow<'static, str>>) -> Verdict {
    let why = printable(&why.into(), 100);
    Verdict::Fail(Cause::new(
        Reason::DnsNxdomain,
        format!("{} is not a domain name: {why}", printable(host, 100)),
    ))
}
