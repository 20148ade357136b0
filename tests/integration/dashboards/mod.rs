//! The dashboards: rules that they keep, names that they use, and what their queries answer.

mod asking;
mod exceptions;
mod execute;
mod expected;
mod generated;
mod good;
mod house;
mod lint;
mod live;
mod model;
mod names;
mod promql;
mod scrape;
mod sources;
mod tried;
mod truth;

use std::collections::BTreeSet;
use std::fs;

use lint::Fault;

#[test]
fn every_dashboard_keeps_the_rules() {
    let dashboards = model::all();
    let text = fs::read_to_string(model::folder().join(".lint"));
    let text = text.expect("grafana/dashboards/.lint can be read");
    let (exceptions, mut faults) = exceptions::read(&text);
    let against: Vec<Fault> = dashboards
        .iter()
        .flat_map(|dashboard| lint::check(dashboard, &lint::RULES))
        .collect();
    faults.extend(exceptions::judge(&against, &exceptions));
    let ours = dashboards
        .iter()
        .flat_map(|dashboard| lint::check(dashboard, &house::RULES));
    faults.extend(ours.map(|fault| fault.told()));
    faults.extend(house::together(&dashboards));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn all_seven_dashboards_are_there() {
    let dashboards = model::all();
    let files: Vec<&str> = dashboards.iter().map(|d| d.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "bascule-dns",
            "bascule-network",
            "bascule-now",
            "bascule-self",
            "bascule-slo",
            "bascule-tls",
            "bascule-vantage"
        ]
    );
}

/// Otherwise the rule of the colours would hold because nothing has any.
#[test]
fn every_state_is_shown_in_its_colour() {
    let dashboards = model::all();
    let panels = dashboards.iter().flat_map(|dashboard| dashboard.drawn());
    let shown: BTreeSet<(String, String)> = panels.flat_map(house::coloured).collect();
    for (state, colour) in house::PALETTE {
        let pair = (state.to_owned(), colour.to_owned());
        assert!(shown.contains(&pair), "{state} is nowhere {colour}");
    }
}
