//! What Chromium sees of the page, and what has to be so in every state.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::pictures;
use super::scene::{PAGE, Scene};
use super::tree;
use crate::world::namespace::need;

/// The page in a language.
#[derive(Deserialize)]
struct Seen {
    status: u16,
    bytes: usize,
    title: String,
    /// The accessibility tree.
    tree: String,
    console: Vec<String>,
    requests: Vec<String>,
    /// By size of the screen and scheme of colours.
    looks: BTreeMap<String, Look>,
    narrow: Extent,
    wall: Extent,
}

#[derive(Deserialize)]
struct Look {
    violations: Vec<String>,
    /// What axe cannot decide.
    incomplete: Vec<String>,
    passed: usize,
    overflow: f64,
}

#[derive(Deserialize)]
struct Extent {
    overflow: f64,
}

/// What a program of `tests/browser` has seen of the page with Chromium.
pub(super) fn chromium<T: DeserializeOwned>(
    scene: &Scene,
    program: &str,
    arguments: &[String],
) -> T {
    need("chromium", "chromium");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(
        folder.join("node_modules/axe-core").is_dir(),
        "this test needs the packages of tests/browser: `npm ci --ignore-scripts` there \
         (tests/run does)"
    );
    let own = tempfile::tempdir().expect("a folder can be made");
    let output = scene
        .inside(&need("node", "nodejs"))
        .arg(folder.join(program))
        .arg(PAGE)
        .arg(own.path().join("profile"))
        .args(arguments)
        // What Chromium writes besides its profile goes when this does.
        .env("HOME", own.path())
        .env("TZ", "UTC")
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: Chromium fails: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The page of a state, in both languages.
pub(super) struct Page {
    name: &'static str,
    seen: BTreeMap<String, Seen>,
}

impl Page {
    /// Has Chromium look at the page of a daemon.
    pub(super) fn of(scene: &Scene, name: &'static str) -> Self {
        let seen = chromium(scene, "look.mjs", &pictures::of(name));
        pictures::shrink(name);
        Self { name, seen }
    }

    fn in_language(&self, language: &str) -> &Seen {
        &self.seen[language]
    }

    /// What the tab says, times apart.
    pub(super) fn title(&self, language: &str) -> String {
        tree::timeless(&self.in_language(language).title)
    }

    /// The sentence above all.
    pub(super) fn heading(&self, language: &str) -> String {
        let tree = tree::timeless(&self.in_language(language).tree);
        let mut lines = tree.lines().map(str::trim_start);
        let line =
            lines.find_map(|line| line.strip_prefix("heading \"")?.strip_suffix("\" level=1"));
        line.unwrap_or_else(|| panic!("no heading in\n{tree}"))
            .to_owned()
    }

    /// What has to be so in every state, and what a screen reader reads in this one.
    pub(super) fn is_sound(&self) {
        for (language, seen) in &self.seen {
            let what = format!("{} in {language}", self.name);
            assert_eq!(seen.status, 200, "{what}");
            assert!(seen.bytes < 50_000, "{what}: {} bytes", seen.bytes);
            assert_eq!(seen.console, [""; 0], "{what}: the console");
            let page = format!("{PAGE}?lang={language}&refresh=off");
            let mut requests = seen.requests.clone();
            requests.retain(|it| it != "data:");
            assert_eq!(requests, [page], "{what}: requests");
            assert_eq!(seen.narrow.overflow, 0.0, "{what}: wider than 320 px");
            assert_eq!(seen.wall.overflow, 0.0, "{what}: wider than 1920 px");
            assert_eq!(seen.looks.len(), 4, "{what}");
            for (of, look) in &seen.looks {
                assert_eq!(look.violations, [""; 0], "{what}, {of}: axe");
                assert_eq!(look.incomplete, [""; 0], "{what}, {of}: axe cannot decide");
                assert!(look.passed > 20, "{what}, {of}: {} rules", look.passed);
                assert_eq!(look.overflow, 0.0, "{what}, {of}: wider than the screen");
            }
            tree::compare(&format!("{}.{language}", self.name), &seen.tree);
        }
    }
}
