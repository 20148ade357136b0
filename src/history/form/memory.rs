//! The engine's memory in the state file.
//!
//! A reason that this version does not know drops the cause it stands in, and nothing else.

use serde::{Deserialize, Serialize};

use super::books::{GroupBooksForm, NetworkBooksForm, UplinkBooksForm};
use super::{duration, moment, name, nanos, nanos_of};
use crate::engine::{EndpointMemory, GroupMemory, Memory, NetworkMemory, UplinkMemory};
use crate::model::{Cause, Families, Family, Layer, Outage, Reason, State, UplinkState};

#[derive(Serialize, Deserialize)]
pub(super) struct MemoryForm {
    at: u64,
    proven_time: u64,
    next_outage: u64,
    networks: Vec<NetworkForm>,
    groups: Vec<GroupForm>,
    uplink: UplinkForm,
}

impl From<&Memory> for MemoryForm {
    fn from(memory: &Memory) -> Self {
        Self {
            at: nanos_of(memory.at),
            proven_time: nanos(memory.proven_time),
            next_outage: memory.next_outage,
            networks: memory.networks.iter().map(NetworkForm::from).collect(),
            groups: memory.groups.iter().map(GroupForm::from).collect(),
            uplink: UplinkForm::from(&memory.uplink),
        }
    }
}

impl From<MemoryForm> for Memory {
    fn from(form: MemoryForm) -> Self {
        Self {
            at: moment(form.at),
            proven_time: duration(form.proven_time),
            next_outage: form.next_outage,
            networks: form.networks.into_iter().map(Into::into).collect(),
            groups: form.groups.into_iter().map(Into::into).collect(),
            uplink: form.uplink.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct NetworkForm {
    name: String,
    state: String,
    since: u64,
    confirmed: Option<u64>,
    last_known: String,
    trouble: Option<(String, CauseForm)>,
    outage: Option<OutageForm>,
    recent_outages: Vec<u64>,
    good_since: Option<u64>,
    held: Option<u64>,
    books: NetworkBooksForm,
    endpoints: Vec<EndpointForm>,
}

impl From<&NetworkMemory> for NetworkForm {
    fn from(network: &NetworkMemory) -> Self {
        let trouble = network.trouble.as_ref();
        let recent = network.recent_outages.iter();
        Self {
            name: name(&network.name),
            state: network.state.as_str().to_owned(),
            since: nanos_of(network.since),
            confirmed: network.confirmed.map(nanos_of),
            last_known: network.last_known.as_str().to_owned(),
            trouble: trouble.map(|(endpoint, cause)| (name(endpoint), cause.into())),
            outage: network.outage.as_ref().map(OutageForm::from),
            recent_outages: recent.copied().map(nanos_of).collect(),
            good_since: network.good_since.map(nanos),
            held: network.held.map(nanos_of),
            books: NetworkBooksForm::from(&network.books),
            endpoints: network.endpoints.iter().map(EndpointForm::from).collect(),
        }
    }
}

impl From<NetworkForm> for NetworkMemory {
    fn from(form: NetworkForm) -> Self {
        let trouble = form.trouble;
        Self {
            name: form.name.into(),
            state: state(&form.state),
            since: moment(form.since),
            confirmed: form.confirmed.map(moment),
            last_known: state(&form.last_known),
            trouble: trouble.and_then(|(name, cause)| Some((name.into(), cause.known()?))),
            outage: form.outage.map(Into::into),
            recent_outages: form.recent_outages.into_iter().map(moment).collect(),
            good_since: form.good_since.map(duration),
            held: form.held.map(moment),
            books: form.books.into(),
            endpoints: form.endpoints.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct EndpointForm {
    endpoint: String,
    fingerprint: String,
    state: String,
    was_down: bool,
    trouble: Option<CauseForm>,
    last_good: Option<u64>,
    backoff: Option<u64>,
}

impl From<&EndpointMemory> for EndpointForm {
    fn from(endpoint: &EndpointMemory) -> Self {
        Self {
            endpoint: name(&endpoint.endpoint),
            fingerprint: endpoint.fingerprint.clone(),
            state: endpoint.state.as_str().to_owned(),
            was_down: endpoint.was_down,
            trouble: endpoint.trouble.as_ref().map(CauseForm::from),
            last_good: endpoint.last_good.map(nanos_of),
            backoff: endpoint.backoff.map(nanos),
        }
    }
}

impl From<EndpointForm> for EndpointMemory {
    fn from(form: EndpointForm) -> Self {
        Self {
            endpoint: form.endpoint.into(),
            fingerprint: form.fingerprint,
            state: state(&form.state),
            was_down: form.was_down,
            trouble: form.trouble.and_then(CauseForm::known),
            last_good: form.last_good.map(moment),
            backoff: form.backoff.map(duration),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct OutageForm {
    id: u64,
    network: String,
    started: u64,
    confirmed: u64,
    last_good: Option<u64>,
    endpoint: String,
    cause: CauseForm,
    spent: u64,
    running_since: Option<u64>,
    ended: Option<u64>,
}

impl From<&Outage> for OutageForm {
    fn from(outage: &Outage) -> Self {
        Self {
            id: outage.id,
            network: name(&outage.network),
            started: nanos_of(outage.started),
            confirmed: nanos_of(outage.confirmed),
            last_good: outage.last_good.map(nanos_of),
            endpoint: name(&outage.endpoint),
            cause: CauseForm::from(&outage.cause),
            spent: nanos(outage.spent),
            running_since: outage.running_since.map(nanos_of),
            ended: outage.ended.map(nanos_of),
        }
    }
}

impl From<OutageForm> for Outage {
    fn from(form: OutageForm) -> Self {
        Self {
            id: form.id,
            network: form.network.into(),
            started: moment(form.started),
            confirmed: moment(form.confirmed),
            last_good: form.last_good.map(moment),
            endpoint: form.endpoint.into(),
            cause: form.cause.known_or_similar(),
            spent: duration(form.spent),
            running_since: form.running_since.map(moment),
            ended: form.ended.map(moment),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct GroupForm {
    name: String,
    active: Option<String>,
    started: bool,
    lost_since: Option<u64>,
    exhausted: bool,
    standbys: u32,
    standby_domains: u32,
    books: GroupBooksForm,
}

impl From<&GroupMemory> for GroupForm {
    fn from(group: &GroupMemory) -> Self {
        Self {
            name: name(&group.name),
            active: group.active.as_ref().map(name),
            started: group.started,
            lost_since: group.lost_since.map(nanos_of),
            exhausted: group.exhausted,
            standbys: group.standbys,
            standby_domains: group.standby_domains,
            books: GroupBooksForm::from(&group.books),
        }
    }
}

impl From<GroupForm> for GroupMemory {
    fn from(form: GroupForm) -> Self {
        Self {
            name: form.name.into(),
            active: form.active.map(Into::into),
            started: form.started,
            lost_since: form.lost_since.map(moment),
            exhausted: form.exhausted,
            standbys: form.standbys,
            standby_domains: form.standby_domains,
            books: form.books.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct UplinkForm {
    canaries_answered: Vec<String>,
    states: [String; 3],
    books: UplinkBooksForm,
}

impl From<&UplinkMemory> for UplinkForm {
    fn from(uplink: &UplinkMemory) -> Self {
        let answered = uplink.canaries_answered.iter();
        Self {
            canaries_answered: answered.map(|family| family.as_str().to_owned()).collect(),
            states: uplink.states.map(|state| state.as_str().to_owned()),
            books: UplinkBooksForm::from(&uplink.books),
        }
    }
}

impl From<UplinkForm> for UplinkMemory {
    fn from(form: UplinkForm) -> Self {
        let answered = form.canaries_answered.iter();
        Self {
            canaries_answered: answered
                .filter_map(|word| Family::parse(word))
                .fold(Families::NONE, Families::with),
            states: form
                .states
                .map(|word| UplinkState::parse(&word).unwrap_or_default()),
            books: form.books.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct CauseForm {
    layer: Option<String>,
    reason: String,
    detail: String,
}

impl From<&Cause> for CauseForm {
    fn from(cause: &Cause) -> Self {
        Self {
            layer: cause.layer.map(|layer| layer.as_str().to_owned()),
            reason: cause.reason.as_str().to_owned(),
            detail: cause.detail.clone().into_owned(),
        }
    }
}

impl CauseForm {
    fn known(self) -> Option<Cause> {
        Some(Cause {
            layer: self.layer(),
            reason: Reason::parse(&self.reason)?,
            detail: self.detail.into(),
        })
    }

    /// An outage must have a cause, or it would be counted again: that of its layer which says
    /// least. The sentence is the one that was told.
    fn known_or_similar(self) -> Cause {
        let layer = self.layer();
        let similar = match layer {
            Some(Layer::Dns) => Reason::DnsMalformed,
            Some(Layer::Tcp) | None => Reason::TcpUnreachable,
            Some(Layer::Tls) => Reason::TlsProtocol,
            Some(Layer::Http) => Reason::HttpProtocol,
            Some(Layer::Content) => Reason::ContentMismatch,
        };
        Cause {
            layer,
            reason: Reason::parse(&self.reason).unwrap_or(similar),
            detail: self.detail.into(),
        }
    }

    fn layer(&self) -> Option<Layer> {
        self.layer.as_deref().and_then(Layer::parse)
    }
}

fn state(word: &str) -> State {
    State::parse(word).unwrap_or_default()
}
