//! Everything that is written in PromQL: dashboards, rules with what their texts ask, and the
//! examples of the documentation.

use std::collections::BTreeSet;

use promql_parser::parser::Expr;

use super::lint::label_values;
use super::model::Dashboard;
use super::promql;
use crate::rules::files;

/// An expression, where it stands, and labels of its answer that are shown beside it.
pub(super) struct Source {
    pub(super) place: String,
    pub(super) expr: Expr,
    pub(super) shown: BTreeSet<String>,
}

/// A rule that records or alerts.
pub(super) struct Rule {
    /// The name of the metric that it makes; none for an alert.
    pub(super) record: Option<String>,
    /// Its expression, then what its texts ask.
    pub(super) sources: Vec<Source>,
}

/// The words of a text between `{{` and `}}`, without blanks.
fn braced(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("{{").skip(1);
    parts.filter_map(|part| part.split_once("}}").map(|(inside, _)| inside.trim()))
}

/// All that the dashboards ask.
pub(super) fn of_dashboards(dashboards: &[Dashboard]) -> Vec<Source> {
    dashboards.iter().flat_map(of_dashboard).collect()
}

fn of_dashboard(dashboard: &Dashboard) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut add = |place: String, expr: &str, texts: &[&str], more: Option<&str>| {
        let place = format!("{}, {place}", dashboard.file);
        let expr = promql::read(dashboard, expr).unwrap_or_else(|e| panic!("{place}: {e}"));
        let shown = texts.iter().flat_map(|text| braced(text)).chain(more);
        let shown = shown.filter(|label| !label.is_empty()).map(str::to_owned);
        sources.push(Source {
            place,
            expr,
            shown: shown.collect(),
        });
    };
    for panel in &dashboard.panels {
        for target in &panel.targets {
            let place = format!("`{}` {}", panel.title, target.name);
            add(place, &target.expr, &[&target.legend], None);
        }
    }
    for annotation in &dashboard.annotations {
        let [title, text, tags] = annotation.texts.as_slice() else {
            unreachable!("an annotation has three texts");
        };
        let place = format!("annotation `{}`", annotation.name);
        for tag in tags.split(',') {
            add(place.clone(), &annotation.expr, &[title, text], Some(tag));
        }
    }
    for variable in dashboard.variables.iter().filter(|v| v.kind == "query") {
        let place = format!("variable `{}`", variable.name);
        let (expr, label) = label_values(&variable.query).expect("label_values");
        add(place, expr, &[], Some(label));
    }
    sources
}

/// All rules that are shipped.
pub(super) fn rules() -> Vec<Rule> {
    files::rules().iter().map(rule).collect()
}

fn rule(rule: &files::Rule) -> Rule {
    let name = &rule.name;
    let mut asked = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for text in rule.says.values() {
        asked.extend(quoted(text));
        let named = text.split("$labels.").skip(1);
        shown.extend(named.map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        }));
    }
    let read = |expr: &str| {
        promql::understand(expr).unwrap_or_else(|error| panic!("rule {name}: {error}"))
    };
    let mut sources = vec![Source {
        place: format!("rule {name}"),
        expr: read(&rule.expr),
        shown,
    }];
    sources.extend(asked.iter().map(|expr| Source {
        place: format!("texts of rule {name}"),
        expr: read(expr),
        shown: BTreeSet::new(),
    }));
    Rule {
        record: (rule.kind == files::Kind::Record).then(|| name.clone()),
        sources,
    }
}

/// The questions that a template asks: quoted, and handed to `query`. `%q` stands for a value.
fn quoted(template: &str) -> Vec<String> {
    let mut questions = Vec::new();
    for action in braced(template).filter(|action| action.contains("query")) {
        let texts = texts(action).into_iter();
        let found = texts.filter(|text| text.contains("bascule") || text.contains('('));
        questions.extend(found.map(|text| text.replace("%q", "\"$value\"")));
    }
    questions
}

/// What stands in quotes.
fn texts(action: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open: Option<String> = None;
    let mut chars = action.chars();
    while let Some(c) = chars.next() {
        match (c, &mut open) {
            ('\\', Some(text)) => text.extend(chars.next()),
            ('"', None) => open = Some(String::new()),
            ('"', text) => texts.extend(text.take()),
            (c, Some(text)) => text.push(c),
            _ => {}
        }
    }
    texts
}

/// The examples of the documentation. A block is one expression, or has one in each line.
pub(super) fn documented() -> Vec<Source> {
    let mut sources = Vec::new();
    for path in files::files("docs", "md") {
        let text = files::read(&path);
        for block in text.split("```promql\n").skip(1) {
            let (block, _) = block.split_once("```").expect("a block ends");
            let parts = match promql::understand(block) {
                Ok(_) => vec![block],
                Err(_) => block.lines().collect(),
            };
            let place = path.display();
            sources.extend(parts.into_iter().map(|part| Source {
                place: place.to_string(),
                expr: promql::understand(part).unwrap_or_else(|e| panic!("{place}: {e}")),
                shown: BTreeSet::new(),
            }));
        }
    }
    sources
}

/// The names in the first column of `docs/metrics.md`, and the patterns `name_*` in its text.
pub(super) fn reference() -> (BTreeSet<String>, Vec<String>) {
    let text = files::read("docs/metrics.md");
    let (_, table) = text.split_once("<!-- metrics: begin -->").expect("a table");
    let (table, _) = table.split_once("<!-- metrics: end -->").expect("its end");
    let names = table.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some(name.to_owned())
    });
    let code = text.split('`').skip(1).step_by(2);
    let patterns = code.filter_map(|code| code.strip_suffix("_*"));
    (
        names.collect(),
        patterns.map(|start| format!("{start}_")).collect(),
    )
}
