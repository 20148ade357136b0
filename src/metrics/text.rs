//! The Prometheus text format, written straight from the numbers.
//!
//! A thousand endpoints have 150,000 series. Building the library's objects for all of them at
//! each scrape takes six times the memory of the text itself; this takes none.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::Write;
use std::time::Duration;

use super::cell::{Durations, SECONDS};
use super::names::{Metric, MetricKind};
use super::openmetrics::Table;
use crate::model::Histogram;

/// A page of metrics, or the table of a replay.
pub(super) struct Text {
    out: Vec<u8>,
    /// Takes all samples instead of the page.
    table: Option<Table>,
    metric: Option<Metric>,
    /// The head of the metric waits for its first sample: without one it is left out.
    announced: bool,
    /// The labels of the samples that are being written.
    labels: String,
}

impl Text {
    /// A page for a scrape.
    pub(super) fn new() -> Self {
        Self {
            out: Vec::with_capacity(256 * 1024),
            table: None,
            metric: None,
            announced: false,
            labels: String::new(),
        }
    }

    /// No page: samples go into a table.
    pub(super) fn tabled(table: Table) -> Self {
        Self {
            out: Vec::new(),
            table: Some(table),
            ..Self::new()
        }
    }

    /// The table, if that is where samples go.
    pub(super) const fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    /// The time of the samples that come, in a table.
    pub(super) fn at(&mut self, unix_milliseconds: u64) {
        if let Some(table) = &mut self.table {
            table.at(unix_milliseconds);
        }
    }

    /// Begins a metric. Every sample until the next one belongs to it.
    pub(super) fn metric(&mut self, metric: &Metric) {
        if let Some(table) = &mut self.table {
            table.metric(metric);
        }
        self.metric = Some(*metric);
        self.announced = false;
    }

    /// One sample; values in the order of the metric's labels.
    pub(super) fn sample(&mut self, values: &[&str], value: impl Into<Number>) {
        self.labelled(values);
        self.line("", None, value.into());
    }

    /// The samples of the books' histogram.
    pub(super) fn histogram(&mut self, values: &[&str], histogram: &Histogram) {
        let counts = histogram.counts.iter().copied();
        self.sizes(values, histogram.bounds, counts, histogram.sum);
    }

    /// The samples of durations counted here.
    pub(super) fn durations(&mut self, values: &[&str], durations: &Durations) {
        let counts = durations.counts().iter().map(|count| count.get());
        self.sizes(values, &SECONDS, counts, durations.sum());
    }

    /// The page, and what another encoder adds to it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn sizes(
        &mut self,
        values: &[&str],
        bounds: &[f64],
        counts: impl Iterator<Item = u64>,
        sum: f64,
    ) {
        self.labelled(values);
        let mut total = 0_u64;
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        for (bound, count) in bounds.zip(counts) {
            total = total.saturating_add(count);
            self.line("_bucket", Some(bound), total.into());
        }
        self.line("_sum", None, sum.into());
        self.line("_count", None, total.into());
    }

    /// The lines that come have these label values.
    fn labelled(&mut self, values: &[&str]) {
        let Some(metric) = self.metric else { return };
        debug_assert_eq!(values.len(), metric.labels.len(), "{}", metric.name);
        if let Some(table) = &mut self.table {
            return table.row(values);
        }
        if !std::mem::replace(&mut self.announced, true) {
            announce(&mut self.out, metric.name, &metric);
        }
        self.labels.clear();
        label(&mut self.labels, &metric, values);
    }

    fn line(&mut self, suffix: &'static str, bound: Option<f64>, value: Number) {
        let Some(metric) = self.metric else { return };
        if let Some(table) = &mut self.table {
            return table.cell(suffix, bound, value);
        }
        series(&mut self.out, metric.name, suffix, &self.labels, bound);
        write(&mut self.out, format_args!(" {value}\n"));
    }
}

/// Writes labels in alphabetical order, as the library does.
pub(super) fn label(out: &mut String, metric: &Metric, values: &[&str]) {
    let mut order: Vec<(&str, &str)> = metric
        .labels
        .iter()
        .zip(values)
        .map(|(label, value)| (*label, *value))
        .collect();
    order.sort_unstable_by_key(|(label, _)| *label);
    for (index, (label, value)) in order.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(label);
        out.push_str("=\"");
        out.push_str(&escaped(value));
        out.push('"');
    }
}

/// Writes what stands before the value.
pub(super) fn series(
    out: &mut Vec<u8>,
    name: &str,
    suffix: &str,
    labels: &str,
    bound: Option<f64>,
) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    if labels.is_empty() && bound.is_none() {
        return;
    }
    out.push(b'{');
    out.extend_from_slice(labels.as_bytes());
    if let Some(bound) = bound {
        let separator = if labels.is_empty() { "" } else { "," };
        if bound.is_infinite() {
            write(out, format_args!("{separator}le=\"+Inf\""));
        } else {
            write(out, format_args!("{separator}le=\"{bound}\""));
        }
    }
    out.push(b'}');
}

/// Writes the head of a metric under this name.
pub(super) fn announce(out: &mut Vec<u8>, name: &str, metric: &Metric) {
    let kind = match metric.kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    };
    let help = metric.help;
    write(
        out,
        format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"),
    );
}

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(u64),
    Float(f64),
    Time(Duration),
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Time(time) => Seconds(*time).fmt(f),
        }
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<&u64> for Number {
    fn from(number: &u64) -> Self {
        Self::Whole(*number)
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<u8> for Number {
    fn from(number: u8) -> Self {
        Self::Whole(number.into())
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Seconds> for Number {
    fn from(Seconds(time): Seconds) -> Self {
        Self::Time(time)
    }
}

/// A time in seconds, exactly: a sum of times never looks smaller than one of its parts.
pub(super) struct Seconds(pub(super) Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        if nanos == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{nanos:09}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

fn write(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // A vector takes everything.
    let _ = out.write_fmt(text);
}

/// A label value as it is written. Names need no escaping; a resolver's string may.
pub(super) fn escaped(value: &str) -> Cow<'_, str> {
    if !value.contains(['\\', '"', '\n']) {
        return Cow::Borrowed(value);
    }
    let escaped = value.replace('\\', "\\\\");
    escaped.replace('"', "\\\"").replace('\n', "\\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::names;

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        let mut text = Text::new();
        text.metric(&names::DNS_QUERIES);
        text.sample(&["x", "web", "a\\b\"c\nd", "success"], 3_u64);
        text.metric(&names::ROUNDS);
        text.metric(&names::NOT_AFTER);
        text.sample(&["x", "web"], f64::NAN);
        text.metric(&names::PROBE_DURATION);
        let durations = Durations::default();
        for seconds in [0.0, 9.0, 10.0, 11.0] {
            durations.observe(seconds);
        }
        text.durations(&["x", "web", "tcp"], &durations);
        let written = String::from_utf8(text.into_bytes()).unwrap();
        let samples: Vec<&str> = written
            .lines()
            .filter(|line| !line.starts_with('#') && !line.ends_with(" 1"))
            .collect();
        assert_eq!(
            samples,
            [
                r#"bascule_dns_queries_total{endpoint="web",network="x",resolver="a\\b\"c\nd",result="success"} 3"#,
                r#"bascule_tls_certificate_not_after_timestamp_seconds{endpoint="web",network="x"} NaN"#,
                r#"bascule_probe_duration_seconds_bucket{endpoint="web",layer="tcp",network="x",le="10"} 3"#,
                r#"bascule_probe_duration_seconds_bucket{endpoint="web",layer="tcp",network="x",le="+Inf"} 4"#,
                r#"bascule_probe_duration_seconds_sum{endpoint="web",layer="tcp",network="x"} 30"#,
                r#"bascule_probe_duration_seconds_count{endpoint="web",layer="tcp",network="x"} 4"#,
            ]
        );
        assert!(written.contains("# TYPE bascule_dns_queries_total counter\n"));
        assert!(written.contains(r#"le="0.005"} 1"#));
        assert!(!written.contains("bascule_rounds_total"), "has no sample");
    }

    #[test]
    fn times_are_exact_and_short() {
        let written = |nanos| Seconds(Duration::from_nanos(nanos)).to_string();
        assert_eq!(written(0), "0");
        assert_eq!(written(90_000_000_000), "90");
        assert_eq!(written(1_500_000_000), "1.5");
        assert_eq!(written(31_536_000_000_000_001), "31536000.000000001");
    }
}
