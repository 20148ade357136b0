//! What is counted of webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cell::{Count, Value};
use super::names;
use super::saved::{Slot, Visit};
use super::text::Text;
use crate::model::Name;

/// What can become of a delivery, as label values.
const RESULTS: [&str; 3] = ["success", "failure", "given_up"];

/// The numbers of all webhooks, by name.
pub(super) type Webhooks = BTreeMap<Name, Arc<Numbers>>;

/// The numbers of one webhook.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    deliveries: [Count; RESULTS.len()],
    pub(super) pending: Value,
}

impl Numbers {
    pub(super) fn delivery(&self, result: &str) {
        let counts = RESULTS.iter().zip(&self.deliveries);
        if let Some((_, count)) = counts.into_iter().find(|(known, _)| **known == result) {
            count.inc();
        }
    }
}

/// The numbers of these webhooks, as they were where there were some.
pub(super) fn adopted(before: &Webhooks, names: impl IntoIterator<Item = Name>) -> Webhooks {
    let numbers = |name: Name| {
        let numbers = before.get(&name).cloned().unwrap_or_default();
        (name, numbers)
    };
    names.into_iter().map(numbers).collect()
}

pub(super) fn write(text: &mut Text, webhooks: &Webhooks) {
    text.metric(&names::WEBHOOK_DELIVERIES);
    for (name, numbers) in webhooks {
        for (result, count) in RESULTS.iter().zip(&numbers.deliveries) {
            text.sample(&[name, result], count.get());
        }
    }
    text.metric(&names::WEBHOOK_PENDING);
    for (name, numbers) in webhooks {
        text.sample(&[name], numbers.pending.get());
    }
}

pub(super) fn slots(webhooks: &Webhooks, visit: &mut Visit<'_>) {
    for (name, numbers) in webhooks {
        let counts = Slot::Counts(&numbers.deliveries);
        visit(format_args!("webhook {name}"), counts);
    }
}
