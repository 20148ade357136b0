//! Makes registered metrics from the list of names.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

use super::names::Metric;

/// Upper bounds of durations, in seconds.
const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

pub(super) struct Maker<'a>(pub(super) &'a Registry);

impl Maker<'_> {
    pub(super) fn counters(&self, metric: Metric) -> prometheus::Result<IntCounterVec> {
        self.register(IntCounterVec::new(opts(metric), metric.labels)?)
    }

    pub(super) fn gauges(&self, metric: Metric) -> prometheus::Result<GaugeVec> {
        self.register(GaugeVec::new(opts(metric), metric.labels)?)
    }

    pub(super) fn int_gauges(&self, metric: Metric) -> prometheus::Result<IntGaugeVec> {
        self.register(IntGaugeVec::new(opts(metric), metric.labels)?)
    }

    pub(super) fn histograms(&self, metric: Metric) -> prometheus::Result<HistogramVec> {
        self.register(HistogramVec::new(histogram_opts(metric), metric.labels)?)
    }

    pub(super) fn counter(&self, metric: Metric) -> prometheus::Result<IntCounter> {
        self.register(IntCounter::with_opts(opts(metric))?)
    }

    pub(super) fn gauge(&self, metric: Metric) -> prometheus::Result<Gauge> {
        self.register(Gauge::with_opts(opts(metric))?)
    }

    pub(super) fn int_gauge(&self, metric: Metric) -> prometheus::Result<IntGauge> {
        self.register(IntGauge::with_opts(opts(metric))?)
    }

    pub(super) fn histogram(&self, metric: Metric) -> prometheus::Result<Histogram> {
        self.register(Histogram::with_opts(histogram_opts(metric))?)
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

fn opts(metric: Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

fn histogram_opts(metric: Metric) -> HistogramOpts {
    HistogramOpts::new(metric.name, metric.help).buckets(SECONDS.to_vec())
}
