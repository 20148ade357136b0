//! The dashboards are what the code in `grafana/src` makes, and what Grafana's own types allow:
//! `npm run check` says so.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::lint;
use crate::world::namespace::need;

/// The folder of the code, with the packages that it needs.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("grafana");
    assert!(
        folder.join("node_modules").is_dir(),
        "grafana/node_modules is missing: run tests/run, it installs them, or `npm ci` in grafana/"
    );
    folder
}

#[test]
fn the_dashboards_are_what_the_code_makes_and_grafana_allows() {
    let output = Command::new(need("npm", "npm"))
        .args(["run", "--silent", "check"])
        .current_dir(folder())
        .output()
        .expect("npm starts");
    let [out, err] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    assert!(
        output.status.success(),
        "npm run check in grafana/:\n{out}\n{err}"
    );
}

#[test]
fn every_unit_that_a_panel_may_have_is_known_to_grafana() {
    let units = folder().join("node_modules/@grafana/grafana-foundation-sdk/dist/units");
    let known = fs::read_to_string(units.join("types.gen.d.ts")).expect("Grafana's units");
    for unit in lint::UNITS {
        assert!(known.contains(&format!(" = \"{unit}\";")), "{unit}");
    }
}
