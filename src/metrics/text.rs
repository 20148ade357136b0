//! The Prometheus text format, written straight from the numbers.
//!
//! A thousand endpoints have 150,000 series. Building the library's objects for all of them at
//! each scrape takes six times the memory of the text itself; this takes none.

use std::fmt::Display;
use std::io::Write;

use super::names::{Metric, MetricKind};

/// A page of metrics.
pub(super) struct Text {
    out: Vec<u8>,
    name: &'static str,
    labels: &'static [&'static str],
    /// Positions of the labels in alphabetical order, as the library writes them.
    order: Vec<usize>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self {
            out: Vec::with_capacity(256 * 1024),
            name: "",
            labels: &[],
            order: Vec::new(),
        }
    }

    /// Begins a metric. Every sample until the next one belongs to it.
    pub(super) fn metric(&mut self, metric: &Metric) {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        self.write(format_args!(
            "# HELP {name} {help}\n# TYPE {name} {kind}\n",
            name = metric.name,
            help = metric.help
        ));
        self.name = metric.name;
        self.labels = metric.labels;
        self.order = (0..metric.labels.len()).collect();
        self.order.sort_unstable_by_key(|&i| metric.labels[i]);
    }

    /// One sample; values in the order of the metric's labels.
    pub(super) fn sample(&mut self, values: &[&str], value: impl Display) {
        self.labelled("", values, None, value);
    }

    /// A histogram's samples: upper bounds with their counts (not yet summed up), all
    /// observations beyond, and the sum.
    pub(super) fn histogram(
        &mut self,
        values: &[&str],
        bounds: impl Iterator<Item = (f64, u64)>,
        beyond: u64,
        sum: f64,
    ) {
        let mut total = 0;
        for (bound, count) in bounds {
            total += count;
            self.labelled("_bucket", values, Some(&bound), total);
        }
        total += beyond;
        self.labelled("_bucket", values, Some(&"+Inf"), total);
        self.labelled("_sum", values, None, sum);
        self.labelled("_count", values, None, total);
    }

    /// The page, and what another encoder adds to it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn labelled(
        &mut self,
        suffix: &str,
        values: &[&str],
        bound: Option<&dyn Display>,
        value: impl Display,
    ) {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        self.out.extend_from_slice(self.name.as_bytes());
        self.out.extend_from_slice(suffix.as_bytes());
        let mut separator = b'{';
        for position in 0..self.order.len() {
            let label = self.order[position];
            self.out.push(separator);
            self.out.extend_from_slice(self.labels[label].as_bytes());
            self.out.extend_from_slice(b"=\"");
            escape(values[label], &mut self.out);
            self.out.push(b'"');
            separator = b',';
        }
        if let Some(bound) = bound {
            self.out.push(separator);
            self.write(format_args!("le=\"{bound}\""));
            separator = b',';
        }
        if separator == b',' {
            self.out.push(b'}');
        }
        self.write(format_args!(" {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // A vector takes everything.
        let _ = self.out.write_fmt(text);
    }
}

/// Names need no escaping; a resolver's string may.
fn escape(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(byte),
        }
    }
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
        text.metric(&names::NOT_AFTER);
        text.sample(&["x", "web"], f64::NAN);
        text.metric(&names::PROBE_DURATION);
        let bounds = [(0.005, 1), (10.0, 2)];
        text.histogram(&["x", "web", "tcp"], bounds.into_iter(), 4, 1.5);
        let written = String::from_utf8(text.into_bytes()).unwrap();
        let samples: Vec<&str> = written
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert_eq!(
            samples,
            [
                r#"bascule_dns_queries_total{endpoint="web",network="x",resolver="a\\b\"c\nd",result="success"} 3"#,
                r#"bascule_tls_certificate_not_after_timestamp_seconds{endpoint="web",network="x"} NaN"#,
                r#"bascule_probe_duration_seconds_bucket{endpoint="web",layer="tcp",network="x",le="0.005"} 1"#,
                r#"bascule_probe_duration_seconds_bucket{endpoint="web",layer="tcp",network="x",le="10"} 3"#,
                r#"bascule_probe_duration_seconds_bucket{endpoint="web",layer="tcp",network="x",le="+Inf"} 7"#,
                r#"bascule_probe_duration_seconds_sum{endpoint="web",layer="tcp",network="x"} 1.5"#,
                r#"bascule_probe_duration_seconds_count{endpoint="web",layer="tcp",network="x"} 7"#,
            ]
        );
        assert!(written.contains("# TYPE bascule_dns_queries_total counter\n"));
    }
}
