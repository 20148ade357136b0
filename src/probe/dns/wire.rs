//! A question as bytes, and bytes as the answer to a question. No sockets here.
//!
//! The codec is hickory's; this file decides what a message means: whether it answers our
//! question at all, whether it was cut, which of its records count (those of the asked type,
//! after following aliases inside the answer), and what of it is kept.

use std::net::IpAddr;

use hickory_resolver::proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::text;
use crate::model::printable::printable;
use crate::model::{Cause, DnsRecord, Family, Reason};

/// What we announce to take in one datagram: fits every path without fragments.
const UDP_PAYLOAD: u16 = 1232;

/// Records of an answer that are kept for the report; all of them are judged.
pub(super) const MAX_RECORDS: usize = 64;

/// Characters of a record's data that are kept for the report; all of them are judged.
const MAX_DATA: usize = 255;

/// Aliases that are followed inside one answer.
const MAX_ALIASES: usize = 16;

/// What is asked: a name and a record type, always of the Internet's class.
#[derive(Clone, Debug)]
pub(super) struct Question {
    name: Name,
    record_type: RecordType,
}

/// A question on its way: its bytes and the number that its answer must bear.
pub(super) struct Sent {
    pub(super) id: u16,
    pub(super) bytes: Vec<u8>,
}

/// What a message is to a question.
#[derive(Debug)]
pub(super) enum Heard {
    /// Its answer.
    Reply(Reply),
    /// Its answer, cut: ask again over a stream.
    Truncated,
    /// Something else: another number, another question.
    Foreign,
    /// It bears our number and makes no sense.
    Unreadable(String),
}

/// A well-formed answer, whatever it says.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// Response code, the extended bits included.
    pub(super) code: ResponseCode,
    /// The resolver says it has validated this.
    pub(super) authenticated: bool,
    /// The resolver understood EDNS.
    pub(super) edns: bool,
    /// The answer section, bounded.
    pub(super) records: Vec<DnsRecord>,
    /// Data of the records that answer the question, in full.
    pub(super) answers: Vec<String>,
    /// The addresses among them.
    pub(super) addresses: Vec<IpAddr>,
}

impl Question {
    /// The question for this name, read as fully qualified.
    pub(super) fn new(mut name: Name, record_type: RecordType) -> Self {
        name.set_fqdn(true);
        Self { name, record_type }
    }

    /// The question for the addresses of one family.
    pub(super) fn address(name: Name, family: Family) -> Self {
        Self::new(name, family_type(family))
    }

    /// The question that every working resolver can answer: who serves the root?
    pub(super) fn root() -> Self {
        Self::new(Name::root(), RecordType::NS)
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) const fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The family that the answer serves.
    pub(super) const fn family(&self) -> Option<Family> {
        match self.record_type {
            RecordType::A => Some(Family::Ipv4),
            RecordType::AAAA => Some(Family::Ipv6),
            _ => None,
        }
    }

    /// The question as bytes, under a number nobody can guess.
    ///
    /// With `edns`, larger datagrams are announced; the AD bit asks the resolver to tell
    /// whether it has validated the answer, without the weight of the signatures.
    pub(super) fn encode(&self, edns: bool) -> Result<Sent, Cause> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.metadata.authentic_data = true;
        message.add_query(self.query());
        if edns {
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_PAYLOAD).set_version(0);
            message.set_edns(edns);
        }
        let bytes = message.to_vec().map_err(|error| {
            Cause::new(
                Reason::DnsMalformed,
                format!("the question cannot be encoded: {error}"),
            )
        })?;
        Ok(Sent {
            id: message.metadata.id,
            bytes,
        })
    }

    /// What these bytes are to this question, sent under the number `id`.
    pub(super) fn read(&self, id: u16, bytes: &[u8]) -> Heard {
        if bytes.get(..2) != Some(&id.to_be_bytes()) {
            return Heard::Foreign;
        }
        let message = match Message::from_vec(bytes) {
            Ok(message) => message,
            // Some servers cut in the middle of a record; the flag says that they did.
            Err(_) if bytes.get(2).is_some_and(|flags| flags & 0x82 == 0x82) => {
                return Heard::Truncated;
            }
            Err(error) => {
                return Heard::Unreadable(printable(&error.to_string(), MAX_DATA));
            }
        };
        if message.metadata.message_type != MessageType::Response {
            return Heard::Unreadable("it is a question, not an answer".to_owned());
        }
        if message.metadata.op_code != OpCode::Query {
            return Heard::Unreadable("it answers another operation than a query".to_owned());
        }
        match message.queries.as_slice() {
            [query] if *query == self.query() => {}
            // A server that could not read the question cannot repeat it (RFC 6895, 2.3).
            [] if message.metadata.response_code != ResponseCode::NoError => {}
            [] => return Heard::Unreadable("it does not repeat the question".to_owned()),
            _ => return Heard::Foreign,
        }
        if message.metadata.truncation {
            return Heard::Truncated;
        }
        Heard::Reply(self.judge(&message))
    }

    fn query(&self) -> Query {
        Query::query(self.name.clone(), self.record_type)
    }

    fn judge(&self, message: &Message) -> Reply {
        let chosen = self.chosen(&message.answers);
        Reply {
            code: message.metadata.response_code,
            authenticated: message.metadata.authentic_data,
            edns: message.edns.is_some(),
            records: message
                .answers
                .iter()
                .take(MAX_RECORDS)
                .map(|record| DnsRecord {
                    record_type: text::record_type(record.record_type()),
                    ttl: record.ttl,
                    data: printable(&text::data(&record.data), MAX_DATA),
                })
                .collect(),
            answers: chosen
                .iter()
                .map(|record| text::data(&record.data))
                .collect(),
            addresses: chosen.iter().filter_map(|record| address(record)).collect(),
        }
    }

    /// The records of the asked type that belong to the name or to what it is an alias of.
    fn chosen<'a>(&self, records: &'a [Record]) -> Vec<&'a Record> {
        let mut owners = vec![&self.name];
        if !matches!(self.record_type, RecordType::CNAME | RecordType::ANY) {
            let mut last = &self.name;
            for _ in 0..MAX_ALIASES {
                let next = records.iter().find_map(|record| match &record.data {
                    RData::CNAME(target) if record.name == *last => Some(&target.0),
                    _ => None,
                });
                match next {
                    Some(next) if !owners.contains(&next) => {
                        owners.push(next);
                        last = next;
                    }
                    _ => break,
                }
            }
        }
        records
            .iter()
            .filter(|record| record.dns_class == DNSClass::IN)
            .filter(|record| {
                self.record_type == RecordType::ANY || record.record_type() == self.record_type
            })
            .filter(|record| owners.contains(&&record.name))
            .collect()
    }
}

impl Reply {
    /// Whether it shows that the resolver works: it could find out, whatever it found.
    pub(super) const fn is_conclusive(&self) -> bool {
        matches!(self.code, ResponseCode::NoError | ResponseCode::NXDomain)
    }
}

/// The record type that holds the addresses of a family.
pub(super) const fn family_type(family: Family) -> RecordType {
    match family {
        Family::Ipv4 => RecordType::A,
        Family::Ipv6 => RecordType::AAAA,
    }
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use hickory_resolver::proto::rr::rdata::{A, CNAME, TXT};
    use proptest::prelude::*;

    use super::*;

    fn question() -> Question {
        Question::new(Name::from_str("www.example.test").unwrap(), RecordType::A)
    }

    /// A well-formed answer to the question under the number 7.
    fn answer() -> Vec<u8> {
        let mut message = Message::response(7, OpCode::Query);
        message.add_query(question().query());
        let name = Name::from_str("www.example.test.").unwrap();
        let alias = Name::from_str("cdn.test.").unwrap();
        for (owner, data) in [
            (name, RData::CNAME(CNAME(alias.clone()))),
            (alias.clone(), RData::A(A::new(192, 0, 2, 7))),
            (alias, RData::TXT(TXT::new(vec!["text".to_owned()]))),
        ] {
            message.add_answer(Record::from_rdata(owner, 60, data));
        }
        message.to_vec().unwrap()
    }

    #[test]
    fn only_records_of_the_asked_type_answer_and_all_are_kept() {
        let Heard::Reply(reply) = question().read(7, &answer()) else {
            panic!("an answer");
        };
        assert_eq!(reply.answers, ["192.0.2.7"]);
        assert_eq!(reply.records.len(), 3);
    }

    #[test]
    fn a_question_that_comes_back_in_another_case_is_the_same_question() {
        let mut bytes = answer();
        bytes[13..16].make_ascii_uppercase();
        assert!(matches!(question().read(7, &bytes), Heard::Reply(_)));
    }

    #[test]
    fn numbers_of_questions_differ() {
        let ids: Vec<u16> = (0..8)
            .map(|_| question().encode(true).unwrap().id)
            .collect();
        assert!(ids.iter().any(|id| *id != ids[0]), "{ids:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_whatsoever_make_it_panic_and_what_is_kept_is_bounded(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let mut bytes = bytes;
            if bytes.len() >= 2 {
                bytes[..2].copy_from_slice(&7_u16.to_be_bytes());
            }
            if let Heard::Reply(reply) = question().read(7, &bytes) {
                prop_assert!(reply.records.len() <= MAX_RECORDS);
            }
        }

        #[test]
        fn no_damage_to_a_good_answer_makes_it_panic(
            damage in prop::collection::vec((2_usize..120, any::<u8>()), 1..6),
            length in 0_usize..120,
        ) {
            let mut bytes = answer();
            for (at, value) in damage {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(length.max(2));
            if let Heard::Reply(reply) = question().read(7, &bytes) {
                for record in reply.records {
                    prop_assert!(record.data.chars().count() <= MAX_DATA + 1);
                    prop_assert!(!record.data.contains(char::is_control));
                }
            }
        }
    }
}
