//! The canaries that are asked unless the configuration names others.
//!
//! Chosen so that a single operator, kind of traffic or family never decides: for each family
//! three operators of public resolvers by TCP and two of root servers by DNS. Networks that block
//! foreign name servers let port 443 pass; networks that block the well-known resolvers let the
//! root servers pass. All of them are anycast, meant to be asked by everybody, and have kept
//! their addresses for many years. They are asked only when probes begin to fail.

/// In the words of `[uplink] canaries`.
pub(crate) const CANARIES: [&str; 10] = [
    // Cloudflare: an own network, close to most places, present at nearly every exchange.
    "tcp://1.1.1.1:443",
    // Google: an own backbone, reached by other ways than Cloudflare.
    "tcp://8.8.8.8:443",
    // Quad9: a foundation in Switzerland, carried by many hosts; what befalls a giant spares it.
    "tcp://9.9.9.9:443",
    // K-root: RIPE NCC in Amsterdam. The addresses of root servers change once in decades.
    "dns://.?type=NS&server=193.0.14.129",
    // A-root: Verisign in the United States, another operator on another continent.
    "dns://.?type=NS&server=198.41.0.4",
    // The same five by IPv6, which can fail alone.
    "tcp://[2606:4700:4700::1111]:443",
    "tcp://[2001:4860:4860::8888]:443",
    "tcp://[2620:fe::fe]:443",
    "dns://.?type=NS&server=2001:7fd::1",
    "dns://.?type=NS&server=2001:503:ba3e::2:30",
];
