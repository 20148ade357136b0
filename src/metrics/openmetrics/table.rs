//! Samples of many times, eight bytes each. OpenMetrics wants all of one metric together, and in
//! it all of one set of labels, so nothing can be written before all is known.
//!
//! Who fills it writes the same series in the same order each time, so that most are found where
//! the one before ended.

use std::io::{self, Write};
use std::time::Duration;

use super::Labels;
use crate::metrics::names::{Metric, MetricKind};
use crate::metrics::text::{Number, announce, label, series};

/// The samples.
pub(in crate::metrics) struct Table {
    /// Milliseconds since the epoch, ascending.
    times: Vec<u64>,
    families: Vec<Family>,
    /// The metric that is being written, and how many of its rows were.
    family: usize,
    row: usize,
    /// Cells of the row that is being written.
    cell: usize,
    /// How many times there will be.
    expected: usize,
}

struct Family {
    metric: Metric,
    rows: Vec<Row>,
}

/// What has one set of labels: a number, or the numbers of a histogram.
struct Row {
    values: Vec<String>,
    labels: String,
    columns: Vec<Column>,
    /// All columns of a time, and then of the next.
    cells: Vec<u64>,
}

struct Column {
    suffix: &'static str,
    bound: Option<f64>,
    shape: Shape,
}

/// What the bits of a cell are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Whole,
    Float,
    /// In nanoseconds.
    Time,
}

impl Table {
    /// A table for about so many times.
    pub(in crate::metrics) const fn new(expected: usize) -> Self {
        Self {
            times: Vec::new(),
            families: Vec::new(),
            family: 0,
            row: 0,
            cell: 0,
            expected,
        }
    }

    /// The last time.
    pub(super) fn last(&self) -> Option<u64> {
        self.times.last().copied()
    }

    /// How many series there are.
    pub(super) fn series(&self) -> usize {
        let rows = self.families.iter().flat_map(|family| &family.rows);
        rows.map(|row| row.columns.len()).sum()
    }

    /// The samples that come are of this time.
    pub(in crate::metrics) fn at(&mut self, unix_milliseconds: u64) {
        self.times.push(unix_milliseconds);
        self.family = 0;
    }

    /// The samples that come are of this metric.
    pub(in crate::metrics) fn metric(&mut self, metric: &Metric) {
        let is = |family: &Family| family.metric.name == metric.name;
        let next = self.family + 1;
        self.family = if self.families.get(next).is_some_and(is) {
            next
        } else if let Some(known) = self.families.iter().position(is) {
            known
        } else {
            self.families.push(Family {
                metric: *metric,
                rows: Vec::new(),
            });
            self.families.len() - 1
        };
        self.row = 0;
    }

    /// The cells that come have these label values.
    pub(in crate::metrics) fn row(&mut self, values: &[&str]) {
        let Some(family) = self.families.get_mut(self.family) else {
            return;
        };
        let is = |row: &Row| row.values == values;
        let place = if family.rows.get(self.row).is_some_and(is) {
            self.row
        } else if let Some(known) = family.rows.iter().position(is) {
            known
        } else {
            let mut labels = String::new();
            label(&mut labels, &family.metric, values);
            family.rows.push(Row {
                values: values.iter().map(|&value| value.to_owned()).collect(),
                labels,
                columns: Vec::new(),
                cells: Vec::new(),
            });
            family.rows.len() - 1
        };
        let row = &mut family.rows[place];
        let all = row.columns.len() * self.expected;
        if row.cells.capacity() < all {
            row.cells.reserve_exact(all - row.cells.len());
        }
        // The next row is expected behind this one.
        self.row = place + 1;
        self.cell = 0;
    }

    /// The next cell of the row.
    pub(in crate::metrics) fn cell(
        &mut self,
        suffix: &'static str,
        bound: Option<f64>,
        number: Number,
    ) {
        let family = self.families.get_mut(self.family);
        let Some(row) = family.and_then(|family| family.rows.get_mut(self.row - 1)) else {
            return;
        };
        let (shape, bits) = match number {
            Number::Whole(number) => (Shape::Whole, number),
            Number::Float(number) => (Shape::Float, number.to_bits()),
            Number::Time(time) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                (Shape::Time, nanos)
            }
        };
        match row.columns.get(self.cell) {
            Some(column) => debug_assert_eq!(column.shape, shape),
            None => row.columns.push(Column {
                suffix,
                bound,
                shape,
            }),
        }
        row.cells.push(bits);
        self.cell += 1;
    }

    /// Writes all of it, with these labels before the others.
    pub(super) fn write(&self, labels: &Labels, out: &mut impl Write) -> io::Result<()> {
        let fixed = labels.written();
        let written = |at: &u64| format!(" {}.{:03}\n", at / 1000, at % 1000);
        let times: Vec<String> = self.times.iter().map(written).collect();
        for family in self
            .families
            .iter()
            .filter(|family| !family.rows.is_empty())
        {
            let metric = &family.metric;
            let name = match metric.kind {
                MetricKind::Counter => metric.name.trim_end_matches("_total"),
                MetricKind::Gauge | MetricKind::Histogram => metric.name,
            };
            let mut head = Vec::new();
            announce(&mut head, name, metric);
            out.write_all(&head)?;
            for row in &family.rows {
                row.write(metric, &fixed, &times, out)?;
            }
        }
        out.write_all(b"# EOF\n")
    }
}

impl Row {
    fn write(
        &self,
        metric: &Metric,
        fixed: &str,
        times: &[String],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let all = format!("{fixed}{}", self.labels);
        let labels = all.trim_end_matches(',');
        let mut columns: Vec<(Shape, Vec<u8>, Option<u64>, String)> = Vec::new();
        for Column {
            suffix,
            bound,
            shape,
        } in &self.columns
        {
            let mut head = Vec::new();
            series(&mut head, metric.name, suffix, labels, *bound);
            head.push(b' ');
            columns.push((*shape, head, None, String::new()));
        }
        debug_assert_eq!(self.cells.len(), columns.len() * times.len());
        let mut lines = Vec::new();
        for (cells, time) in self.cells.chunks_exact(columns.len()).zip(times) {
            lines.clear();
            for ((shape, head, known, text), cell) in columns.iter_mut().zip(cells) {
                // Most numbers are what they were before.
                if *known != Some(*cell) {
                    *known = Some(*cell);
                    *text = shape.number(*cell).to_string();
                }
                lines.extend_from_slice(head);
                lines.extend_from_slice(text.as_bytes());
                lines.extend_from_slice(time.as_bytes());
            }
            out.write_all(&lines)?;
        }
        Ok(())
    }
}

impl Shape {
    const fn number(self, bits: u64) -> Number {
        match self {
            Self::Whole => Number::Whole(bits),
            Self::Float => Number::Float(f64::from_bits(bits)),
            Self::Time => Number::Time(Duration::from_nanos(bits)),
        }
    }
}
