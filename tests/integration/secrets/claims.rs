//! Every claim of `docs/security.md` names the test that shows it, and every such test exists: one
//! that is renamed or removed takes its claim with it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The full names of all tests below a folder: `module::path::name`. `root` is what the folder's
/// own module is called, with `::` at its end.
fn tests_below(folder: &Path, root: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            tests_below(&path, &format!("{root}{name}::"), found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let module = match &*name {
                "mod" | "lib" | "main" => root.to_owned(),
                _ => format!("{root}{name}::"),
            };
            let text = fs::read_to_string(&path).expect("the file can be read");
            found.extend(tests_in(&text, &module));
        }
    }
}

/// The tests of a file; those in its `mod tests {` below that name.
fn tests_in(text: &str, module: &str) -> Vec<String> {
    let mut inner = String::new();
    let mut is_test = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix("mod ")
            .and_then(|it| it.strip_suffix(" {"))
        {
            inner = format!("{name}::");
        }
        let line = line.trim();
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let function = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ");
        if let Some(name) = function.and_then(|it| it.split(['(', '<']).next()) {
            if is_test {
                found.push(format!("{module}{inner}{name}"));
            }
            is_test = false;
        }
    }
    found
}

/// All tests of the crate, as `cargo test` names them. Those of the integration tests follow the
/// name of their binary.
fn all() -> BTreeSet<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    tests_below(&root.join("src"), "", &mut found);
    tests_below(&root.join("tests"), "", &mut found);
    assert!(found.len() > 500, "these are all tests");
    found
}

/// The lines of the tables that say what a claim is shown by, with the names in the last column.
fn named(document: &str) -> Vec<(usize, Vec<&str>)> {
    let mut within = false;
    let mut rows = Vec::new();
    for (index, line) in document.lines().enumerate() {
        let cells = line.strip_prefix("| ").and_then(|it| it.strip_suffix(" |"));
        let Some(last) = cells.and_then(|cells| cells.rsplit(" | ").next()) else {
            within = within && line.starts_with("|--");
            continue;
        };
        if within {
            rows.push((index + 1, last.split('`').skip(1).step_by(2).collect()));
        }
        within = within || last == "shown by";
    }
    rows
}

#[test]
fn every_claim_about_security_names_a_test_that_exists() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let document = fs::read_to_string(path).expect("docs/security.md can be read");
    let tests = all();
    let rows = named(&document);
    assert!(rows.len() > 20, "these are all claims");
    let mut faults = Vec::new();
    for (line, names) in rows {
        if names.is_empty() {
            faults.push(format!("docs/security.md:{line}: a claim without a test"));
        }
        for name in names.into_iter().filter(|name| !tests.contains(*name)) {
            faults.push(format!(
                "docs/security.md:{line}: there is no test `{name}`"
            ));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn claims_without_a_test_are_found() {
    let text = "#[test]\nfn one() {}\nfn helper() {}\nmod tests {\n    #[tokio::test]\n    async fn two() {}\n}\n";
    assert_eq!(tests_in(text, "a::"), ["a::one", "a::tests::two"]);
    let rows = "| who | why |\n|---|---|\n| a | b |\n\n| attempt | what stops it | shown by |\n\
                |---|---|---|\n| a | b `x` | `a::one`, `c` |\n| d | e | nothing |\n";
    assert_eq!(named(rows), [(7, vec!["a::one", "c"]), (8, vec![])]);
}
