//! Rules of our own: what the linter does not ask, and people do. Exceptions there are none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lint::{self, Place, Rule, at_panel, whole};
use super::model::{Annotation, Dashboard, Panel, text};
use super::promql;

/// Most queries before somebody opens a row.
const MOST_QUERIES: usize = 12;

/// The colours of the states, told apart by the colour-blind, and of the active channel.
pub(super) const PALETTE: [(&str, &str); 6] = [
    ("up", "#009e73"),
    ("degraded", "#f0e442"),
    ("down", "#d55e00"),
    ("maintenance", "#56b4e9"),
    ("unknown", "#999999"),
    ("active", "#0072b2"),
];

/// Rules that look at one dashboard.
pub(super) const RULES: [Rule; 9] = [
    ("uid", uid),
    ("tag", tag),
    ("panel-ids", panel_ids),
    ("grid", grid),
    ("first-paint", first_paint),
    ("colours", colours),
    ("vantage", vantage),
    ("annotations", annotations),
    ("target-names", target_names),
];

fn uid(dashboard: &Dashboard) -> Vec<Place> {
    match dashboard.uid == dashboard.file {
        true => Vec::new(),
        false => vec![whole(format!(
            "the uid is `{}`, the file is `{}`",
            dashboard.uid, dashboard.file
        ))],
    }
}

fn tag(dashboard: &Dashboard) -> Vec<Place> {
    let tags = dashboard.json["tags"].as_array().into_iter().flatten();
    match tags.into_iter().any(|tag| tag == "bascule") {
        true => Vec::new(),
        false => vec![whole("is not tagged `bascule`")],
    }
}

fn panel_ids(dashboard: &Dashboard) -> Vec<Place> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for panel in &dashboard.panels {
        match panel.json["id"].as_u64() {
            None | Some(0) => faults.push(at_panel(panel, "has no id")),
            Some(id) if !seen.insert(id) => {
                faults.push(at_panel(panel, format!("has the id {id} of another panel")));
            }
            Some(_) => {}
        }
    }
    faults
}

/// Panels lie within 24 columns and on nothing. What is in a closed row is laid out by itself.
fn grid(dashboard: &Dashboard) -> Vec<Place> {
    let mut faults = Vec::new();
    let mut layers: BTreeMap<Option<&String>, Vec<(&Panel, [u64; 4])>> = BTreeMap::new();
    for panel in &dashboard.panels {
        let Some(place) = panel.place() else {
            faults.push(at_panel(panel, "has no place on the grid"));
            continue;
        };
        let [left, right, top, bottom] = place;
        if right > 24 || left >= right || top >= bottom {
            faults.push(at_panel(panel, "does not fit into 24 columns"));
        }
        let layer = panel.row.as_ref().filter(|_| panel.collapsed);
        let others = layers.entry(layer).or_default();
        for (other, [l, r, t, b]) in others.iter() {
            if left < *r && *l < right && top < *b && *t < bottom {
                faults.push(at_panel(panel, format!("lies on `{}`", other.title)));
            }
        }
        others.push((panel, place));
    }
    faults
}

fn first_paint(dashboard: &Dashboard) -> Vec<Place> {
    let open = dashboard.panels.iter().filter(|panel| !panel.collapsed);
    let queries: usize = open.map(|panel| panel.targets.len()).sum();
    match queries <= MOST_QUERIES {
        true => Vec::new(),
        false => vec![whole(format!(
            "asks {queries} questions at first, at most {MOST_QUERIES}; close a row"
        ))],
    }
}

/// Words that a panel gives a colour to, and the colours.
pub(super) fn coloured(panel: &Panel) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |word: &Value, colour: &Value| {
        if let (Some(word), Some(colour)) = (word.as_str(), colour.as_str()) {
            found.push((word.trim().to_lowercase(), colour.to_lowercase()));
        }
    };
    for mapping in panel.mappings() {
        match mapping["type"].as_str() {
            Some("value") => {
                let options = mapping["options"].as_object();
                for (value, result) in options.into_iter().flatten() {
                    let own = Value::from(value.as_str());
                    let word = if result["text"].is_string() {
                        &result["text"]
                    } else {
                        &own
                    };
                    add(word, &result["color"]);
                }
            }
            _ => {
                let result = &mapping["options"]["result"];
                add(&result["text"], &result["color"]);
            }
        }
    }
    let overrides = panel.json.pointer("/fieldConfig/overrides");
    for one in overrides.and_then(Value::as_array).into_iter().flatten() {
        let properties = one["properties"].as_array().into_iter().flatten();
        let colours = properties.filter(|property| property["id"] == "color");
        for colour in colours {
            add(&one["matcher"]["options"], &colour["value"]["fixedColor"]);
        }
    }
    found
}

/// A state has its colour, wherever it is shown.
fn colours(dashboard: &Dashboard) -> Vec<Place> {
    let mut faults = Vec::new();
    for panel in dashboard.drawn() {
        for (word, colour) in coloured(panel) {
            let expected = PALETTE.iter().find(|(state, _)| *state == word);
            if let Some((_, expected)) = expected.filter(|(_, expected)| *expected != colour) {
                let what = format!("`{word}` is {colour}, everywhere else {expected}");
                faults.push(at_panel(panel, what));
            }
        }
    }
    faults
}

/// As the linter's rule of `instance`, for the name that people know it by.
fn vantage(dashboard: &Dashboard) -> Vec<Place> {
    lint::template(dashboard, "instance", "Vantage")
}

/// Annotations are restricted like targets, and all that they say is known.
fn annotations(dashboard: &Dashboard) -> Vec<Place> {
    let faults = |annotation: &Annotation| {
        let expr = promql::read(dashboard, &annotation.expr).ok();
        let expr = expr.as_ref();
        let lacks = |variable| expr.map_or_else(Vec::new, |expr| lint::lacks(expr, variable));
        let mut faults = lacks("job");
        faults.extend(lacks("instance"));
        if annotation.step.is_empty() {
            faults.push("has no step".to_owned());
        }
        let name = annotation.name.clone();
        faults
            .into_iter()
            .map(move |what| whole(format!("the annotation `{name}`: {what}")))
    };
    let mut all: Vec<Place> = dashboard.annotations.iter().flat_map(faults).collect();
    if dashboard.annotations.is_empty() {
        all.push(whole("marks no switches and no outages"));
    }
    all
}

/// Queries of a panel are told apart by their letters.
fn target_names(dashboard: &Dashboard) -> Vec<Place> {
    let mut faults = Vec::new();
    for panel in &dashboard.panels {
        let names: BTreeSet<&str> = panel.targets.iter().map(|t| t.name.as_str()).collect();
        if names.len() < panel.targets.len() || names.contains("") {
            faults.push(at_panel(panel, "has targets without a name of their own"));
        }
    }
    faults
}

/// What the dashboards have against each other: uids, links, and colours of words.
pub(super) fn together(dashboards: &[Dashboard]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut uids = BTreeSet::new();
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for dashboard in dashboards {
        if !uids.insert(dashboard.uid.as_str()) {
            faults.push(format!("two dashboards have the uid `{}`", dashboard.uid));
        }
        for (code, state) in dashboard.drawn().flat_map(state_codes) {
            codes.entry(code).or_default().insert(state);
        }
        links(&dashboard.json, &mut |url| {
            let found = broken(url, dashboards).into_iter();
            faults.extend(found.map(|what| format!("`{}`: {what}", dashboard.title)));
        });
        let lists = dashboard.json["links"].as_array().into_iter().flatten();
        for list in lists.filter(|list| list["type"] == "dashboards") {
            if list["tags"] != serde_json::json!(["bascule"]) {
                let title = text(list, "/title");
                faults.push(format!(
                    "`{}`: the link `{title}` lists dashboards by other tags than `bascule`",
                    dashboard.title
                ));
            }
        }
    }
    let ambiguous = codes.iter().filter(|(_, states)| states.len() > 1);
    faults.extend(ambiguous.map(|(code, states)| format!("{code} means {states:?}")));
    faults
}

/// Codes of a panel that shows states as numbers.
fn state_codes(panel: &Panel) -> Vec<(String, String)> {
    let mut codes = Vec::new();
    for mapping in panel.mappings() {
        for (code, result) in mapping["options"].as_object().into_iter().flatten() {
            let word = text(result, "/text").trim().to_lowercase();
            let is_state = PALETTE[..5].iter().any(|(state, _)| *state == word);
            if is_state && code.parse::<f64>().is_ok() {
                codes.push((code.clone(), word));
            }
        }
    }
    let states: BTreeSet<&str> = codes.iter().map(|(_, state)| state.as_str()).collect();
    // Two words may well be a yes and a no.
    if states.len() > 2 { codes } else { Vec::new() }
}

/// Shows every text with the address of a dashboard.
fn links(json: &Value, see: &mut dyn FnMut(&str)) {
    match json {
        Value::String(text) if text.contains("/d/") => see(text),
        Value::Array(items) => items.iter().for_each(|item| links(item, see)),
        Value::Object(fields) => fields.values().for_each(|value| links(value, see)),
        _ => {}
    }
}

/// What is wrong with the address of a dashboard: there is none, or it lacks a variable.
fn broken(url: &str, dashboards: &[Dashboard]) -> Vec<String> {
    let mut faults = Vec::new();
    for link in url.split("/d/").skip(1) {
        let end = link.find(|c: char| !c.is_alphanumeric() && c != '-');
        let uid = &link[..end.unwrap_or(link.len())];
        let Some(target) = dashboards.iter().find(|dashboard| dashboard.uid == uid) else {
            faults.push(format!("a link leads to `{uid}`, which is not there"));
            continue;
        };
        for parameter in link.split(['?', '&']).skip(1) {
            let Some(rest) = parameter.strip_prefix("var-") else {
                continue;
            };
            let (name, _) = rest.split_once('=').unwrap_or((rest, ""));
            if target.variable(name).is_none() {
                faults.push(format!("a link gives `{uid}` the variable `{name}`"));
            }
        }
    }
    faults
}
