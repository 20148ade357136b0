//! What the words after `bascule probe` mean: a network, one of its endpoints, or a URL.

use super::{Common, Trouble};
use crate::config::{EndpointSettings, Settings, adhoc, did_you_mean, is_url};
use crate::probe::mask::links;

/// Endpoints to probe, in the order in which they are told.
pub(super) struct Chosen {
    /// What to probe and what it is called.
    pub(super) endpoints: Vec<(String, EndpointSettings)>,
    /// The configuration, if it was needed.
    pub(super) settings: Option<Settings>,
}

/// Finds what the words mean. Without any word it is everything that is configured; with nothing
/// but URLs no configuration is read, so that a broken one is not in the way.
pub(super) fn choose(common: &Common, words: &[String]) -> Result<Chosen, Trouble> {
    let settings = if !words.is_empty() && words.iter().all(|word| is_url(word)) {
        None
    } else {
        Some(common.load()?.1.settings)
    };
    let mut endpoints: Vec<(String, EndpointSettings)> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if is_url(word) && !words[..index].contains(word) {
            let endpoint = adhoc(word).map_err(Trouble::new)?;
            endpoints.push((links(word).into_owned(), endpoint));
        }
    }
    let mut add = |name: String, endpoint: EndpointSettings| {
        if endpoints.iter().all(|(known, _)| *known != name) {
            endpoints.push((name, endpoint));
        }
    };
    if let Some(settings) = &settings {
        let names: Vec<&String> = words.iter().filter(|word| !is_url(word)).collect();
        for word in &names {
            known(settings, word).map_err(Trouble::new)?;
        }
        for endpoint in &settings.endpoints {
            let name = endpoint.key.to_string();
            let wanted =
                |word: &&&String| ***word == name || *word.as_str() == *endpoint.key.network;
            if words.is_empty() || names.iter().any(|word| wanted(&word)) {
                add(name, endpoint.clone());
            }
        }
    }
    Ok(Chosen {
        endpoints,
        settings,
    })
}

/// Whether the word names something, else a sentence with the nearest names.
fn known(settings: &Settings, word: &str) -> Result<(), String> {
    let keys = || settings.endpoints.iter().map(|endpoint| &endpoint.key);
    if keys().any(|key| *key.network == *word || key.to_string() == word) {
        return Ok(());
    }
    let of_network = |network: &str| -> Vec<String> {
        let of = keys().filter(|key| *key.network == *network);
        of.map(ToString::to_string).collect()
    };
    let siblings = word.split_once('/').map(|(network, _)| of_network(network));
    if let Some(siblings) = siblings.filter(|it| !it.is_empty()) {
        return Err(format!(
            "there is no endpoint `{word}`; the network has {}",
            siblings.join(", ")
        ));
    }
    let mut networks: Vec<&str> = Vec::new();
    for key in keys() {
        if !networks.contains(&&*key.network) {
            networks.push(&key.network);
        }
    }
    let asked = word.split('/').next().unwrap_or(word);
    let near = did_you_mean(asked, networks.iter().copied());
    let hint = if word.contains('.') {
        format!("for a web page write https://{word}")
    } else if let Some(name) = near {
        format!("did you mean `{name}`?")
    } else {
        format!("there are {}", networks.join(", "))
    };
    Err(format!("there is no network `{asked}`; {hint}"))
}
