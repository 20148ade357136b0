//! Makes registered metrics from the list of names.

use prometheus::core::Collector;
use prometheus::{Gauge, GaugeVec, IntGauge, Opts, Registry};

use super::names::Metric;

pub(super) struct Maker<'a>(pub(super) &'a Registry);

impl Maker<'_> {
    pub(super) fn gauges(&self, metric: Metric) -> prometheus::Result<GaugeVec> {
        self.register(GaugeVec::new(opts(metric), metric.labels)?)
    }

    pub(super) fn gauge(&self, metric: Metric) -> prometheus::Result<Gauge> {
        self.register(Gauge::with_opts(opts(metric))?)
    }

    pub(super) fn int_gauge(&self, metric: Metric) -> prometheus::Result<IntGauge> {
        self.register(IntGauge::with_opts(opts(metric))?)
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

fn opts(metric: Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}
