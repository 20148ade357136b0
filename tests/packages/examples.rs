//! Configurations in the documentation are read as they stand.

use std::fs;

use super::documents::{all, read};
use super::told;

#[test]
fn every_configuration_in_the_documentation_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let names = ["configuration", "catalog", "coming-from"];
    let mut documents: Vec<_> = names.iter().map(|it| format!("docs/{it}.md")).collect();
    documents.push("README.md".to_owned());
    assert!(all("docs", ".md").contains(&documents[0]));
    for document in documents {
        let text = read(&document);
        let blocks = text.split("```toml\n").skip(1);
        let blocks: Vec<_> = blocks.filter_map(|it| it.split("```").next()).collect();
        assert!(!blocks.is_empty(), "{document}");
        for block in blocks {
            fs::write(&file, block).unwrap();
            let check = ["check", "--config", file.to_str().unwrap()];
            let said = told(env!("CARGO_BIN_EXE_bascule"), "bascule", &check);
            assert!(said.contains(": fine, "), "{document}: {said}");
        }
    }
}
