//! The Prometheus text format, written straight from the numbers, and OpenMetrics, for samples
//! that have a time.
//!
//! A thousand endpoints have 150,000 series. Building the library's objects for all of them at
//! each scrape takes six times the memory of the text itself; this takes none.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Display};
use std::io::Write;
use std::time::Duration;

use super::cell::{Durations, SECONDS};
use super::names::{Metric, MetricKind};
use super::openmetrics::Labels;
use crate::model::Histogram;

/// A page of metrics.
pub(super) struct Text {
    out: Vec<u8>,
    metric: Option<Metric>,
    /// The head of the metric waits for its first sample: without one it is left out.
    announced: bool,
    /// Positions of the labels in alphabetical order, as the library writes them.
    order: Vec<usize>,
    /// The labels of the sample that is being written.
    labels: Vec<u8>,
    dated: Option<Points>,
}

/// Samples of one metric at several times. OpenMetrics wants all of one set of labels together.
#[derive(Default)]
struct Points {
    /// The time of the samples that come.
    at: String,
    /// What all of them have besides their own labels, with a comma behind each.
    labels: String,
    of_labels: Vec<Vec<u8>>,
    places: HashMap<Vec<u8>, usize>,
}

impl Text {
    /// A page for a scrape.
    pub(super) fn new() -> Self {
        Self {
            out: Vec::with_capacity(256 * 1024),
            metric: None,
            announced: false,
            order: Vec::new(),
            labels: Vec::new(),
            dated: None,
        }
    }

    /// A page of OpenMetrics; each sample has the time that was last given to [`Text::at`].
    pub(super) fn dated(labels: &Labels) -> Self {
        let points = Points {
            labels: labels.written(),
            ..Points::default()
        };
        Self {
            dated: Some(points),
            ..Self::new()
        }
    }

    /// The time of the samples that come.
    pub(super) fn at(&mut self, unix_milliseconds: u128) {
        if let Some(points) = &mut self.dated {
            let (seconds, rest) = (unix_milliseconds / 1000, unix_milliseconds % 1000);
            points.at = format!(" {seconds}.{rest:03}");
        }
    }

    /// Begins a metric. Every sample until the next one belongs to it.
    pub(super) fn metric(&mut self, metric: &Metric) {
        self.flush();
        self.metric = Some(*metric);
        self.announced = false;
        self.order = (0..metric.labels.len()).collect();
        self.order.sort_unstable_by_key(|&i| metric.labels[i]);
    }

    /// One sample; values in the order of the metric's labels.
    pub(super) fn sample(&mut self, values: &[&str], value: impl Display) {
        self.labelled("", values, None, value);
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
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.flush();
        self.out
    }

    /// All metrics before the present one. What is taken is not in the page any more.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn sizes(
        &mut self,
        values: &[&str],
        bounds: &[f64],
        counts: impl Iterator<Item = u64>,
        sum: f64,
    ) {
        let bounds = bounds.iter().map(|bound| bound as &dyn Display);
        let mut total = 0;
        for (bound, count) in bounds.chain([&"+Inf" as &dyn Display]).zip(counts) {
            total += count;
            self.labelled("_bucket", values, Some(bound), total);
        }
        self.labelled("_sum", values, None, sum);
        self.labelled("_count", values, None, total);
    }

    fn labelled(
        &mut self,
        suffix: &str,
        values: &[&str],
        bound: Option<&dyn Display>,
        value: impl Display,
    ) {
        let Some(metric) = self.metric else { return };
        debug_assert_eq!(values.len(), metric.labels.len(), "{}", metric.name);
        self.announce(&metric);
        self.labels.clear();
        if let Some(points) = &self.dated {
            self.labels.extend_from_slice(points.labels.as_bytes());
        }
        for &label in &self.order {
            self.labels
                .extend_from_slice(metric.labels[label].as_bytes());
            self.labels.extend_from_slice(b"=\"");
            let value = escaped(values[label]);
            self.labels.extend_from_slice(value.as_bytes());
            self.labels.extend_from_slice(b"\",");
        }
        self.labels.pop();
        let (out, at) = match &mut self.dated {
            Some(points) => points.of(&self.labels),
            None => (&mut self.out, ""),
        };
        out.extend_from_slice(metric.name.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        if !self.labels.is_empty() || bound.is_some() {
            out.push(b'{');
            out.extend_from_slice(&self.labels);
            if let Some(bound) = bound {
                let separator = if self.labels.is_empty() { "" } else { "," };
                write(out, format_args!("{separator}le=\"{bound}\""));
            }
            out.push(b'}');
        }
        write(out, format_args!(" {value}{at}\n"));
    }

    fn announce(&mut self, metric: &Metric) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        let name = match self.dated {
            Some(_) => metric.name.trim_end_matches("_total"),
            None => metric.name,
        };
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let help = metric.help;
        write(
            &mut self.out,
            format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"),
        );
    }

    fn flush(&mut self) {
        if let Some(points) = &mut self.dated {
            points.places.clear();
            self.out.extend(points.of_labels.drain(..).flatten());
        }
    }
}

impl Points {
    /// Where the samples with these labels are, and the time to write behind the next one.
    fn of(&mut self, labels: &[u8]) -> (&mut Vec<u8>, &str) {
        let place = match self.places.get(labels) {
            Some(&place) => place,
            None => {
                self.places.insert(labels.to_vec(), self.of_labels.len());
                self.of_labels.push(Vec::new());
                self.of_labels.len() - 1
            }
        };
        (&mut self.of_labels[place], &self.at)
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
