//! What the fuzzer demands of the metrics' text: label values and numbers are read back.

use std::time::Duration;

use super::names::DNS_QUERIES;
use super::openmetrics::Labels;
use super::text::{Number, Seconds, Text};
use crate::fuzzing::choice;

/// A resolver's name in a label, and a number, in a page as Prometheus reads it.
pub(crate) fn metrics_text(bytes: &[u8]) {
    let (length, bytes) = choice(bytes);
    let (number, bytes) = bytes.split_at(bytes.len().min(8));
    let number = number
        .iter()
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let value = String::from_utf8_lossy(bytes);
    let place = value.char_indices().nth(usize::from(length));
    let (network, resolver) = value.split_at(place.map_or(value.len(), |(at, _)| at));
    let numbers = [
        Number::Whole(number),
        Number::Float(f64::from_bits(number)),
        Seconds(Duration::from_nanos(number)).into(),
    ];
    let mut text = Text::new();
    text.metric(&DNS_QUERIES);
    for number in numbers {
        text.sample(&[network, "web", resolver, "success"], number);
    }
    let page = String::from_utf8(text.into_bytes()).expect("it is text");
    let lines: Vec<&str> = page.split('\n').skip(2).collect();
    assert_eq!(lines.len(), numbers.len() + 1, "a line each: {page:?}");
    let expected = [
        ("endpoint", "web"),
        ("network", network),
        ("resolver", resolver),
        ("result", "success"),
    ];
    for (line, number) in lines.iter().zip(numbers) {
        let rest = line.strip_prefix(DNS_QUERIES.name).unwrap_or_default();
        let (labels, rest) = labels(rest).unwrap_or_else(|| panic!("not a sample: {line:?}"));
        let found: Vec<(&str, &str)> = labels
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, expected);
        let read: Result<f64, _> = rest.trim_start().parse();
        match (read, number) {
            (Ok(read), Number::Float(written)) => {
                assert!(read == written || (read.is_nan() && written.is_nan()));
            }
            (Ok(read), Number::Whole(written)) => assert_eq!(read, written as f64),
            (Ok(read), Number::Time(written)) => {
                let error = (read - written.as_secs_f64()).abs();
                assert!(error <= read * 1e-12, "{read} {written:?}");
            }
            (Err(_), _) => panic!("not a number: {line:?}"),
        }
    }
    if let Ok((name, value)) = Labels::parse(&value) {
        let mut more = Labels::default();
        more.set(name.clone(), value.clone());
        let written = format!("{{{}}}", more.written());
        let read = labels(&written).map(|(labels, _)| labels);
        assert!(
            read.is_some_and(|labels| labels.contains(&(name, value))),
            "{written:?}"
        );
    }
}

/// The labels at the beginning of a text, read as Prometheus does, and what is behind them.
fn labels(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut rest = text.strip_prefix('{')?;
    let mut labels = Vec::new();
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    c @ ('"' | '\\') => c,
                    _ => return None,
                }),
                (_, '\n') => return None,
                (_, c) => value.push(c),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some((labels, &rest[1..]))
}
