//! Every metric in one list: name, kind, labels, help. Registration, documentation and tests
//! read this list; nothing else names a metric.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only goes up.
    Counter,
    /// Says how things are now.
    Gauge,
    /// Counts observations by size.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its full name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// Its labels, in order.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    /// Whether `metrics = "lean"` keeps it.
    pub lean: bool,
}

macro_rules! metrics {
    ($($id:ident $kind:ident $lean:literal $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(#[doc = $help] pub const $id: Metric = Metric {
            name: $name, kind: MetricKind::$kind, labels: &[$($label),*], help: $help, lean: $lean,
        };)*
        /// Every metric, in the order of the documentation.
        pub const ALL: &[Metric] = &[$($id,)*];
    };
}

metrics! {
    NETWORK_STATE Gauge true "bascule_network_state" ["network", "state"] "1 for the confirmed state the network is in, 0 for the others";
    NETWORK_STATE_SECONDS Counter true "bascule_network_state_seconds_total" ["network", "state"] "Time the network spent in each confirmed state; the states sum to wall time but for what is not judged yet";
    NETWORK_OUTAGES Counter true "bascule_network_outages_total" ["network", "layer"] "Confirmed outages that started, by lowest failing layer";
    NETWORK_TRANSITIONS Counter true "bascule_network_transitions_total" ["network", "to"] "Confirmed state changes by state entered";
    NETWORK_OUTAGE_DURATION Histogram true "bascule_network_outage_duration_seconds" ["network"] "Length of finished outages, first failed to first good round";
    NETWORK_OUTAGE_DETECTION Histogram true "bascule_network_outage_detection_seconds" ["network"] "Last good round before an outage to its confirmation: at most this long it went unseen";
    NETWORK_OUTAGE_CONFIRMATION Histogram true "bascule_network_outage_confirmation_seconds" ["network"] "First failed round of an outage to its confirmation";
    NETWORK_OUTAGE_START Gauge true "bascule_network_outage_start_timestamp_seconds" ["network"] "Start of the current outage, backdated to its first failed round; 0 if there is none";
    NETWORK_LAST_TRANSITION Gauge true "bascule_network_last_transition_timestamp_seconds" ["network"] "When the confirmed state last changed; 0 before the first change";
    NETWORK_LAYER_DOWN Gauge true "bascule_network_layer_down" ["network", "layer"] "1 if this is the lowest failing layer of the current trouble";
    NETWORK_ENDPOINTS Gauge true "bascule_network_endpoints" ["network", "state"] "Endpoints by confirmed state";
    NETWORK_SPARE_WEIGHT Gauge true "bascule_network_spare_weight" ["network"] "Weight that can still fail before the network goes down";
    NETWORK_FLAPPING Gauge true "bascule_network_flapping" ["network"] "1 while outages of the last six hours lengthen the way back";
    ENDPOINT_STATE Gauge true "bascule_endpoint_state" ["network", "endpoint", "state"] "1 for the confirmed state of the endpoint, 0 for the others";
    ENDPOINT_RESTRICTED Gauge false "bascule_endpoint_restricted" ["network", "endpoint"] "1 while the last conclusive round met a bot wall: reachable, content unknown";
    ENDPOINT_ADDRESSES Gauge false "bascule_endpoint_addresses" ["network", "endpoint", "family", "result"] "Addresses in the last round by result";
    ENDPOINT_LAST_SUCCESS Gauge true "bascule_endpoint_last_success_timestamp_seconds" ["network", "endpoint"] "End of the last good round (pass, slow or restricted); 0 before the first";
    ROUNDS Counter true "bascule_rounds_total" ["network", "endpoint", "verdict"] "Rounds by verdict";
    PROBES Counter false "bascule_probes_total" ["network", "endpoint", "layer", "family", "result"] "Attempts per layer; layers after a failed one are not attempted";
    PROBE_FAILURES Counter false "bascule_probe_failures_total" ["network", "endpoint", "layer", "reason"] "Failed attempts by reason";
    PROBE_DURATION Histogram false "bascule_probe_duration_seconds" ["network", "endpoint", "layer"] "Duration of successful attempts; dns is one query, http the response without connecting";
    DNS_QUERIES Counter false "bascule_dns_queries_total" ["network", "endpoint", "resolver", "result"] "Queries by configured resolver; any well-formed answer but SERVFAIL and REFUSED is a success";
    HTTP_RESPONSES Counter false "bascule_http_responses_total" ["network", "endpoint", "class"] "Last responses of a round by status class";
    NOT_AFTER Gauge true "bascule_tls_certificate_not_after_timestamp_seconds" ["network", "endpoint"] "Earliest expiry in the certificate chain last seen; NaN before the first handshake";
    GROUP_ACTIVE Gauge true "bascule_group_active" ["group", "network"] "1 for the active channel; network none if no channel is usable";
    GROUP_ROLE Gauge true "bascule_group_role" ["group", "network", "role"] "1 for the role the network has in the group, 0 for the others";
    GROUP_ACTIVE_SECONDS Counter true "bascule_group_active_seconds_total" ["group", "network"] "Time each network was the active channel; with network none they sum to wall time";
    GROUP_ACTIVATIONS Counter true "bascule_group_activations_total" ["group", "network", "reason"] "Activations by reason; network none when the last usable channel was lost";
    GROUP_STANDBYS Gauge true "bascule_group_standbys" ["group"] "Usable networks besides the active one";
    GROUP_STANDBY_SECONDS Counter true "bascule_group_standby_seconds_total" ["group", "standbys"] "Time spent with this many standbys; time that cannot be judged is not counted";
    GROUP_STANDBY_DOMAINS Gauge true "bascule_group_standby_domains" ["group"] "Usable standbys that share no failure domain with the active network or with each other";
    GROUP_STANDBY_DOMAINS_SECONDS Counter true "bascule_group_standby_domains_seconds_total" ["group", "domains"] "Time spent with this many independent standby domains; time that cannot be judged is not counted";
    GROUP_EXHAUSTIONS Counter true "bascule_group_exhaustions_total" ["group"] "Times no network was usable";
    GROUP_SWITCH Histogram true "bascule_group_switch_seconds" ["group"] "First failed round of the lost channel to the activation of the next one";
    GROUP_FAILBACK_DUE Gauge true "bascule_group_failback_due_timestamp_seconds" ["group"] "When the pending failback happens if all stays good; 0 if none is pending";
    GROUP_FROZEN Gauge true "bascule_group_frozen" ["group"] "1 while decisions are held for lack of uplink proof";
    UPLINK_UP Gauge true "bascule_uplink_up" ["family"] "1 while our own connection is proven; family any decides whether anything is judged";
    UPLINK_STATE_SECONDS Counter true "bascule_uplink_state_seconds_total" ["family", "state"] "Time our own connection spent in each state; the states sum to wall time";
    SCHEDULER_LAG Histogram true "bascule_scheduler_lag_seconds" [] "How late rounds start";
    SCHEDULER_SKIPPED Counter true "bascule_scheduler_skipped_rounds_total" ["reason"] "Rounds not run: overlap (the one before still ran), late (missed by an interval), backoff (the network asked)";
    ROUNDS_IN_FLIGHT Gauge true "bascule_rounds_in_flight" [] "Rounds running now";
    ROUND_PANICS Counter true "bascule_round_panics_total" [] "Rounds lost to a bug in bascule; anything but 0 is worth a report";
    WEB_REQUESTS Counter true "bascule_web_requests_total" ["route", "code"] "Requests to this listener by route and status class";
    WEBHOOK_DELIVERIES Counter true "bascule_webhook_deliveries_total" ["webhook", "result"] "Attempts to deliver an event that succeeded or failed, and events that were given_up and will not be delivered";
    WEBHOOK_PENDING Gauge true "bascule_webhook_pending" ["webhook"] "Events that wait to be delivered, as far as the next 1000 events of the history have some";
    PERSIST_FAILURES Counter true "bascule_state_persist_failures_total" [] "Times the memory could not be written; a restart would lose what happened since";
    RELOAD_SUCCESSFUL Gauge true "bascule_config_last_reload_successful" [] "1 if the last (re)load of the configuration was successful";
    RELOAD_SUCCESS_TIMESTAMP Gauge true "bascule_config_last_reload_success_timestamp_seconds" [] "When the configuration was last (re)loaded successfully";
    BUILD_INFO Gauge true "bascule_build_info" ["version"] "1, with the version as a label";
}
