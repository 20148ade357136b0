//! The units: what systemd itself says of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::world::namespace::need;

/// What systemd-analyze says of a service, at most (10 is a service without any protection).
const EXPOSURE: f64 = 1.2;

fn unit(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("systemd")
        .join(name);
    fs::read_to_string(&path).expect("the unit can be read")
}

/// What systemd-analyze prints, errors too.
fn analyze(arguments: &[&str]) -> String {
    let program = need("systemd-analyze", "systemd");
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("systemd-analyze runs");
    let mut told = String::from_utf8_lossy(&output.stdout).into_owned();
    told.push_str(&String::from_utf8_lossy(&output.stderr));
    told
}

#[test]
fn systemd_rates_the_exposure_of_the_service_at_1_2_or_less() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/bascule.service");
    let path = path.to_str().expect("a path in UTF-8");
    let told = analyze(&["security", "--offline=true", "--no-pager", path]);
    let (_, figure) = told
        .split_once("Overall exposure level for bascule.service: ")
        .unwrap_or_else(|| panic!("a figure in:\n{told}"));
    let figure = figure.split(' ').next().expect("a word");
    let exposure: f64 = figure.parse().expect("a number");
    assert!(exposure <= EXPOSURE, "{told}");
}

#[test]
fn systemd_finds_nothing_to_complain_about_in_the_units() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    // Where the package has not been installed there is neither the program nor its pages.
    let service =
        unit("bascule.service").replace("ExecStart=/usr/bin/bascule", "ExecStart=/bin/true");
    let units = [
        ("bascule.service", service),
        ("bascule.socket", unit("bascule.socket")),
    ];
    let mut arguments = vec!["verify".to_owned(), "--man=no".to_owned()];
    for (name, text) in units {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("the unit is written");
        arguments.push(path.display().to_string());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = analyze(&arguments);
    // What it says of other units of this machine is not ours.
    let ours: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("bascule"))
        .collect();
    assert_eq!(ours, [""; 0]);
}

#[test]
fn the_socket_listens_where_the_default_configuration_does() {
    let socket = unit("bascule.socket");
    let mut lines = socket.lines();
    let address = lines
        .find_map(|line| line.strip_prefix("ListenStream="))
        .expect("an address");
    let default = bascule::config::load(&bascule::config::Source::BuiltIn)
        .expect("the default configuration has no fault");
    let listen = default.settings.web.listen;
    assert_eq!(listen, [address.parse().expect("an address")]);
}
