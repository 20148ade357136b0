//! `/api/v1/endpoints/{network}/{endpoint}`: the last rounds in full, and the evidence.

use serde::Serialize;
use serde_json::Value;

use super::networks::Endpoint;
use super::{Head, Shown, history};
use crate::model::{EndpointView, NetworkView, Round};
use crate::report::json;
use crate::web::source::LastRounds;

/// Most rounds that are shown.
const MOST: usize = 20;

/// The document. `kept` is the evidence that the history keeps of the running outage, if the
/// outage is this endpoint's.
pub(in crate::web) fn document(
    shown: Shown<'_>,
    (network, endpoint): (&NetworkView, &EndpointView),
    last: &LastRounds,
    kept: Option<&str>,
) -> Result<Vec<u8>, String> {
    let first = last.first_failed.as_deref();
    let evidence = match first {
        Some(round) => Some(value(round)?),
        None => kept.and_then(history::kept),
    };
    let rounds = last.rounds.iter().take(MOST);
    super::text(&Document {
        head: shown.head(),
        network: &network.name,
        endpoint: Endpoint::new(shown, endpoint),
        outage: network.outage.as_ref().map(|outage| outage.id),
        evidence,
        rounds: rounds.map(|round| value(round)).collect::<Result<_, _>>()?,
    })
}

fn value(round: &Round) -> Result<Value, String> {
    serde_json::to_value(json::round(round)).map_err(|error| error.to_string())
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    network: &'a str,
    #[serde(flatten)]
    endpoint: Endpoint<'a>,
    outage: Option<u64>,
    evidence: Option<Value>,
    rounds: Vec<Value>,
}
