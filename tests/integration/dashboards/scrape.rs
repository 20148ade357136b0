//! What a real bascule answers to `GET /metrics`: metrics, their labels and the values of those.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::daemon::{Daemon, ok, server};

/// Metrics by name, their labels by name, and the values of each.
pub(super) type Metrics = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// A daemon on loopback with endpoints of every kind and two groups.
pub(super) fn daemon() -> Daemon {
    let web = server(|_| ok("hello"));
    let config = format!(
        r#"
        [probe]
        interval = "1s"
        recheck_interval = "1s"
        down_interval = "1s"
        families = ["ipv4"]
        [network.x]
        [[network.x.http]]
        name = "web"
        url = "http://{web}/"
        [[network.x.tls]]
        name = "handshake"
        host = "127.0.0.1"
        port = {port}
        [network.y]
        [[network.y.tcp]]
        name = "port"
        address = "{web}"
        [[network.y.dns]]
        name = "names"
        query = "y.example"
        resolvers = ["udp://127.0.0.1:9"]
        [[group]]
        name = "default"
        networks = ["x", "y"]
        [[group]]
        name = "other"
        networks = ["y", "x"]
        [[webhook]]
        name = "banner"
        url = "http://{web}/hook"
        "#,
        port = web.port()
    );
    Daemon::start(&config)
}

/// Reads the text format.
pub(super) fn read(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').expect("a series and its value");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let known = metrics.entry(name.to_owned()).or_default();
        let labels = labels.strip_suffix('}').expect("labels end");
        for pair in labels.split("\",").filter(|pair| !pair.is_empty()) {
            let (label, value) = pair.split_once("=\"").expect("a label and its value");
            let value = value.strip_suffix('"').unwrap_or(value);
            known
                .entry(label.to_owned())
                .or_default()
                .insert(value.to_owned());
        }
    }
    metrics
}
