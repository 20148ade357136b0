//! An event that was kept, to be given to the journal by another thread.

use std::fmt;

use tracing::field::{Field, Value, Visit, display};
use tracing::{Dispatch, Event, Metadata};

/// Most fields of an event that are kept: `tracing` itself once allowed no more.
const FIELDS: usize = 32;

/// An event with its fields, as text.
pub(super) struct Recorded {
    metadata: &'static Metadata<'static>,
    fields: Vec<(Field, Box<dyn Value + Send>)>,
    /// Of the text.
    pub(super) bytes: usize,
}

impl Recorded {
    /// Keeps what an event says.
    pub(super) fn new(event: &Event<'_>) -> Self {
        let mut recorded = Self {
            metadata: event.metadata(),
            fields: Vec::new(),
            bytes: 0,
        };
        event.record(&mut recorded);
        recorded
    }

    /// Says it again, to these.
    pub(super) fn tell(&self, to: &Dispatch) {
        let Some((any, _)) = self.fields.first() else {
            return;
        };
        let mut values = [(any, None); FIELDS];
        for (place, (field, value)) in values.iter_mut().zip(&self.fields) {
            *place = (field, Some(&**value as &dyn Value));
        }
        let values = self.metadata.fields().value_set(&values);
        if to.enabled(self.metadata) {
            to.event(&Event::new(self.metadata, &values));
        }
    }
}

impl Visit for Recorded {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.bytes += value.len();
        self.fields
            .push((field.clone(), Box::new(value.to_owned())));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        self.bytes += value.len();
        self.fields.push((field.clone(), Box::new(display(value))));
    }
}
