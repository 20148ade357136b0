//! A dashboard as Grafana's file has it, of which the tests need: panels with their queries,
//! variables, annotations and links. Panels of a collapsed row are there too, and say so.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where the dashboards are.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/dashboards")
}

/// Every dashboard that is shipped.
pub(super) fn all() -> Vec<Dashboard> {
    let entries = fs::read_dir(folder()).expect("grafana/dashboards can be read");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("grafana/dashboards can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    let dashboards = paths.iter().map(|path| {
        let text = fs::read_to_string(path).expect("a dashboard can be read");
        let json = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        Dashboard::read(stem.expect("a name of plain letters"), json)
    });
    dashboards.collect()
}

/// One dashboard.
pub(super) struct Dashboard {
    /// The name of its file, without the ending.
    pub(super) file: String,
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) variables: Vec<Variable>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) panels: Vec<Panel>,
    pub(super) json: Value,
}

/// A panel, or the header of a row.
pub(super) struct Panel {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) datasource: String,
    pub(super) targets: Vec<Target>,
    /// The title of the row that it is in.
    pub(super) row: Option<String>,
    /// Whether it is hidden until somebody opens its row.
    pub(super) collapsed: bool,
    /// The variable for whose values it, or its row, is drawn one by one.
    pub(super) repeat: Option<String>,
    pub(super) json: Value,
}

/// A query of a panel.
pub(super) struct Target {
    /// From 0, as the linter counts.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) expr: String,
    /// Over a range of time, or at its end only.
    pub(super) range: bool,
    pub(super) legend: String,
    pub(super) datasource: String,
}

/// A variable.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) kind: String,
    pub(super) query: String,
    pub(super) datasource: String,
    pub(super) multi: bool,
    pub(super) include_all: bool,
    pub(super) all_value: String,
    pub(super) refresh: u64,
}

/// Marks that are drawn into every panel.
pub(super) struct Annotation {
    pub(super) name: String,
    pub(super) expr: String,
    pub(super) step: String,
    pub(super) datasource: String,
    /// What is written next to the mark.
    pub(super) texts: Vec<String>,
}

impl Dashboard {
    pub(super) fn read(file: &str, json: Value) -> Self {
        let list = |pointer: &str| -> Vec<Value> {
            let list = json.pointer(pointer).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        Self {
            file: file.to_owned(),
            uid: text(&json, "/uid"),
            title: text(&json, "/title"),
            variables: list("/templating/list").iter().map(variable).collect(),
            annotations: list("/annotations/list")
                .iter()
                .filter(|json| text(json, "/datasource/uid") != "-- Grafana --")
                .map(annotation)
                .collect(),
            panels: panels(&list("/panels")),
            json,
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Panels without the headers of rows.
    pub(super) fn drawn(&self) -> impl Iterator<Item = &Panel> {
        self.panels.iter().filter(|panel| panel.kind != "row")
    }
}

impl Panel {
    /// Panels that only say something need no query.
    pub(super) fn is_asking(&self) -> bool {
        !["row", "text", "dashlist"].contains(&self.kind.as_str())
    }

    /// Left, right, top and bottom on the grid.
    pub(super) fn place(&self) -> Option<[u64; 4]> {
        let number = |name: &str| self.json.pointer(&format!("/gridPos/{name}"))?.as_u64();
        let (x, y) = (number("x")?, number("y")?);
        Some([x, x + number("w")?, y, y + number("h")?])
    }

    /// All mappings of values to texts and colours, its own and those of its overrides.
    pub(super) fn mappings(&self) -> Vec<&Value> {
        let mut lists: Vec<&Value> = Vec::new();
        lists.extend(self.json.pointer("/fieldConfig/defaults/mappings"));
        lists.extend(self.overridden("mappings"));
        lists
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .collect()
    }

    /// The values that overrides give to a property.
    pub(super) fn overridden(&self, property: &str) -> Vec<&Value> {
        let overrides = self.json.pointer("/fieldConfig/overrides");
        let overrides = overrides.and_then(Value::as_array).into_iter().flatten();
        let properties = overrides
            .filter_map(|one| one["properties"].as_array())
            .flatten();
        properties
            .filter(|one| one["id"] == property)
            .map(|one| &one["value"])
            .collect()
    }

    /// Every unit that it shows numbers in.
    pub(super) fn units(&self) -> Vec<String> {
        let own = self.json.pointer("/fieldConfig/defaults/unit");
        let units = own.into_iter().chain(self.overridden("unit"));
        units
            .filter_map(|unit| unit.as_str().map(str::to_owned))
            .collect()
    }
}

/// Panels of a file in order, those of rows after the row's header.
fn panels(list: &[Value]) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut row: Option<(String, Option<String>)> = None;
    for json in list {
        if json["type"] != "row" {
            panels.push(panel(json, row.as_ref(), false));
            continue;
        }
        let header = panel(json, None, false);
        row = Some((header.title.clone(), header.repeat.clone()));
        panels.push(header);
        let inside = json["panels"].as_array().into_iter().flatten();
        panels.extend(inside.map(|json| panel(json, row.as_ref(), true)));
    }
    panels
}

fn panel(json: &Value, row: Option<&(String, Option<String>)>, collapsed: bool) -> Panel {
    let own = Some(text(json, "/repeat")).filter(|name| !name.is_empty());
    let targets = json["targets"].as_array().into_iter().flatten();
    Panel {
        kind: text(json, "/type"),
        title: text(json, "/title"),
        description: text(json, "/description"),
        datasource: text(json, "/datasource/uid"),
        targets: targets.enumerate().map(target).collect(),
        row: row.map(|(title, _)| title.clone()),
        collapsed,
        repeat: own.or_else(|| row.and_then(|(_, repeat)| repeat.clone())),
        json: json.clone(),
    }
}

fn target((number, json): (usize, &Value)) -> Target {
    Target {
        number,
        name: text(json, "/refId"),
        expr: text(json, "/expr"),
        range: json["range"] == true || json["instant"] != true,
        legend: text(json, "/legendFormat"),
        datasource: text(json, "/datasource/uid"),
    }
}

fn variable(json: &Value) -> Variable {
    let query = match &json["query"] {
        Value::Object(_) => text(json, "/query/query"),
        _ => text(json, "/query"),
    };
    Variable {
        name: text(json, "/name"),
        label: text(json, "/label"),
        kind: text(json, "/type"),
        query,
        datasource: text(json, "/datasource/uid"),
        multi: json["multi"] == true,
        include_all: json["includeAll"] == true,
        all_value: text(json, "/allValue"),
        refresh: json["refresh"].as_u64().unwrap_or(0),
    }
}

fn annotation(json: &Value) -> Annotation {
    let own = text(json, "/expr");
    let expr = match own.is_empty() {
        true => text(json, "/target/expr"),
        false => own,
    };
    let texts = ["/titleFormat", "/textFormat", "/tagKeys"];
    Annotation {
        name: text(json, "/name"),
        expr,
        step: text(json, "/step"),
        datasource: text(json, "/datasource/uid"),
        texts: texts.iter().map(|pointer| text(json, pointer)).collect(),
    }
}

/// A text of a file; empty if it is not there.
pub(super) fn text(json: &Value, pointer: &str) -> String {
    let text = json.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
