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
    NETWORK_TRANSITIONS Counter true "bascule_network_transitions_total" ["network", "to"] "Confirmed state changes by state entered";
    NETWORK_LAST_TRANSITION Gauge true "bascule_network_last_transition_timestamp_seconds" ["network"] "When the confirmed state last changed; 0 before the first change";
    NETWORK_LAYER_DOWN Gauge true "bascule_network_layer_down" ["network", "layer"] "1 if this is the lowest failing layer of the current trouble";
    NETWORK_ENDPOINTS Gauge true "bascule_network_endpoints" ["network", "state"] "Endpoints by confirmed state";
    NETWORK_SPARE_WEIGHT Gauge true "bascule_network_spare_weight" ["network"] "Weight that can still fail before the network goes down";
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
    GROUP_ACTIVATIONS Counter true "bascule_group_activations_total" ["group", "network", "reason"] "Activations by reason; network none when the last usable channel was lost";
    GROUP_STANDBYS Gauge true "bascule_group_standbys" ["group"] "Usable networks besides the active one";
    GROUP_STANDBY_DOMAINS Gauge true "bascule_group_standby_domains" ["group"] "Usable standbys that share no failure domain with the active network or with each other";
    SCHEDULER_LAG Histogram true "bascule_scheduler_lag_seconds" [] "How late rounds start";
    SCHEDULER_SKIPPED Counter true "bascule_scheduler_skipped_rounds_total" ["reason"] "Rounds not run: overlap (the one before still ran), late (missed by an interval), backoff (the network asked)";
    ROUNDS_IN_FLIGHT Gauge true "bascule_rounds_in_flight" [] "Rounds running now";
    ROUND_PANICS Counter true "bascule_round_panics_total" [] "Rounds lost to a bug in bascule; anything but 0 is worth a report";
    WEB_REQUESTS Counter true "bascule_web_requests_total" ["route", "code"] "Requests to this listener by route and status class";
    RELOAD_SUCCESSFUL Gauge true "bascule_config_last_reload_successful" [] "1 if the last (re)load of the configuration was successful";
    RELOAD_SUCCESS_TIMESTAMP Gauge true "bascule_config_last_reload_success_timestamp_seconds" [] "When the configuration was last (re)loaded successfully";
    BUILD_INFO Gauge true "bascule_build_info" ["version"] "1, with the version as a label";
}
