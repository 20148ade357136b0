//! The rules of Grafana's dashboard linter that are about Prometheus, each a function from a
//! dashboard to its faults. Where ours is stricter than the linter's, the rule says so.

use promql_parser::label::MatchOp;

use super::model::{Dashboard, Panel, Target, Variable};
use super::promql::{self, Node};

/// Something that breaks a rule, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) rule: &'static str,
    /// The title of the dashboard, as the linter's exceptions name it.
    pub(super) dashboard: String,
    pub(super) panel: Option<String>,
    pub(super) target: Option<usize>,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn told(&self) -> String {
        let mut place = format!("`{}`", self.dashboard);
        if let Some(panel) = &self.panel {
            place += &format!(", panel `{panel}`");
        }
        if let Some(target) = self.target {
            place += &format!(", target {target}");
        }
        format!("{place}: {} ({})", self.what, self.rule)
    }
}

/// A name, and the function that finds what is against it.
pub(super) type Rule = (&'static str, fn(&Dashboard) -> Vec<Place>);

/// Where, and what.
pub(super) struct Place {
    pub(super) panel: Option<String>,
    pub(super) target: Option<usize>,
    pub(super) what: String,
}

/// A fault of the whole dashboard.
pub(super) fn whole(what: impl Into<String>) -> Place {
    Place {
        panel: None,
        target: None,
        what: what.into(),
    }
}

/// A fault of a panel.
pub(super) fn at_panel(panel: &Panel, what: impl Into<String>) -> Place {
    Place {
        panel: Some(panel.title.clone()),
        ..whole(what)
    }
}

fn at_target(panel: &Panel, target: &Target, what: impl Into<String>) -> Place {
    Place {
        target: Some(target.number),
        ..at_panel(panel, what)
    }
}

/// The linter's rules, by the names that it gives them.
pub(super) const RULES: [Rule; 15] = [
    ("template-datasource-rule", template_datasource),
    ("template-job-rule", template_job),
    ("template-instance-rule", template_instance),
    ("template-label-promql-rule", template_label_promql),
    ("template-on-time-change-reload-rule", template_reload),
    ("panel-datasource-rule", panel_datasource),
    ("panel-title-description-rule", panel_description),
    ("panel-units-rule", panel_units),
    ("panel-no-targets-rule", panel_no_targets),
    ("target-promql-rule", target_promql),
    ("target-rate-interval-rule", target_rate_interval),
    ("target-job-rule", target_job),
    ("target-instance-rule", target_instance),
    ("target-counter-agg-rule", target_counter_agg),
    ("uneditable-dashboard", uneditable),
];

/// What a dashboard has against some rules.
pub(super) fn check(dashboard: &Dashboard, rules: &[Rule]) -> Vec<Fault> {
    let faults = rules.iter().flat_map(|(rule, find)| {
        find(dashboard).into_iter().map(|place| Fault {
            rule,
            dashboard: dashboard.title.clone(),
            panel: place.panel,
            target: place.target,
            what: place.what,
        })
    });
    faults.collect()
}

/// Whether this is the data source that the reader has chosen.
pub(super) fn is_chosen(datasource: &str) -> bool {
    ["$datasource", "${datasource}"].contains(&datasource)
}

fn template_datasource(dashboard: &Dashboard) -> Vec<Place> {
    let sources: Vec<&Variable> = dashboard
        .variables
        .iter()
        .filter(|variable| variable.kind == "datasource")
        .collect();
    let [source] = sources.as_slice() else {
        return vec![whole(format!(
            "{} data source variables, it needs one",
            sources.len()
        ))];
    };
    let mut faults = Vec::new();
    for (what, is, should) in [
        ("named", &source.name, "datasource"),
        ("labelled", &source.label, "Data source"),
        ("of the type", &source.query, "prometheus"),
    ] {
        if is != should {
            faults.push(whole(format!(
                "the data source variable is {what} `{is}`, not `{should}`"
            )));
        }
    }
    faults
}

fn template_job(dashboard: &Dashboard) -> Vec<Place> {
    template(dashboard, "job", "Job")
}

fn template_instance(dashboard: &Dashboard) -> Vec<Place> {
    template(dashboard, "instance", "Instance")
}

/// A variable over whose values every query can be restricted.
pub(super) fn template(dashboard: &Dashboard, name: &str, label: &str) -> Vec<Place> {
    let Some(variable) = dashboard.variable(name) else {
        return vec![whole(format!("there is no variable `{name}`"))];
    };
    let mut faults = Vec::new();
    let mut claim = |holds: bool, what: String| {
        if !holds {
            faults.push(whole(format!("the variable `{name}` {what}")));
        }
    };
    claim(
        is_chosen(&variable.datasource),
        format!("asks `{}`, not `${{datasource}}`", variable.datasource),
    );
    claim(variable.kind == "query", "is not a query".to_owned());
    claim(variable.multi, "takes one value only".to_owned());
    claim(
        variable.all_value == ".+",
        format!("has `{}` for all, not `.+`", variable.all_value),
    );
    claim(
        variable.label == label,
        format!("is labelled `{}`, not `{label}`", variable.label),
    );
    faults
}

/// The expression and the label of `label_values(expression, label)`.
pub(super) fn label_values(query: &str) -> Option<(&str, &str)> {
    let inside = query.strip_prefix("label_values(")?.strip_suffix(')')?;
    let (expr, label) = inside.rsplit_once(',')?;
    Some((expr.trim(), label.trim()))
}

/// The linter takes any function of a query; ours are all `label_values` of an expression.
fn template_label_promql(dashboard: &Dashboard) -> Vec<Place> {
    let queries = dashboard.variables.iter().filter(|v| v.kind == "query");
    let faults = queries.filter_map(|variable| {
        let name = &variable.name;
        let Some((expr, _)) = label_values(&variable.query) else {
            let query = &variable.query;
            return Some(format!(
                "the variable `{name}` is not label_values: {query}"
            ));
        };
        let error = promql::read(dashboard, expr).err()?;
        Some(format!("the variable `{name}`: {error}"))
    });
    faults.map(whole).collect()
}

fn template_reload(dashboard: &Dashboard) -> Vec<Place> {
    let queries = dashboard.variables.iter().filter(|v| v.kind == "query");
    let stale = queries.filter(|variable| variable.refresh != 2);
    stale
        .map(|variable| {
            whole(format!(
                "the variable `{}` is not asked again when the time range changes",
                variable.name
            ))
        })
        .collect()
}

/// The linter looks at some kinds of panels; here at all, at their targets and annotations too.
fn panel_datasource(dashboard: &Dashboard) -> Vec<Place> {
    let mut faults = Vec::new();
    for panel in dashboard.drawn().filter(|panel| panel.is_asking()) {
        if !is_chosen(&panel.datasource) {
            faults.push(at_panel(panel, format!("asks `{}`", panel.datasource)));
        }
        for target in &panel.targets {
            let inherits = target.datasource.is_empty();
            if !inherits && !is_chosen(&target.datasource) {
                let what = format!("asks `{}`", target.datasource);
                faults.push(at_target(panel, target, what));
            }
        }
    }
    for annotation in &dashboard.annotations {
        if !is_chosen(&annotation.datasource) {
            let (name, source) = (&annotation.name, &annotation.datasource);
            faults.push(whole(format!("the annotation `{name}` asks `{source}`")));
        }
    }
    faults
}

/// The linter asks it of some kinds of panels; here of all.
fn panel_description(dashboard: &Dashboard) -> Vec<Place> {
    let silent = dashboard
        .drawn()
        .filter(|panel| panel.title.is_empty() || panel.description.is_empty());
    silent
        .map(|panel| at_panel(panel, "without a title or a description"))
        .collect()
}

/// Units that our panels use, all of which Grafana knows.
pub(super) const UNITS: [&str; 20] = [
    "bytes",
    "cps",
    "d",
    "dateTimeAsIso",
    "dateTimeAsIsoNoDateIfToday",
    "dateTimeAsLocal",
    "dateTimeAsSystem",
    "dateTimeFromNow",
    "dtdhms",
    "dtdurations",
    "dthms",
    "none",
    "ops",
    "percent",
    "percentunit",
    "reqps",
    "rps",
    "s",
    "short",
    "string",
];

fn panel_units(dashboard: &Dashboard) -> Vec<Place> {
    let mut faults = Vec::new();
    for panel in dashboard.drawn() {
        let units = panel.units();
        let needs = [
            "stat",
            "table",
            "timeseries",
            "gauge",
            "bargauge",
            "barchart",
        ];
        let fields = panel.json.pointer("/options/reduceOptions/fields");
        let text_only = panel.kind == "stat" && fields.is_some_and(|f| f != "" && f != "/.*/");
        let excused = text_only || !panel.mappings().is_empty();
        if units.is_empty() && needs.contains(&panel.kind.as_str()) && !excused {
            faults.push(at_panel(panel, "has no unit"));
        }
        for unit in units.iter().filter(|unit| !UNITS.contains(&unit.as_str())) {
            faults.push(at_panel(panel, format!("has the unknown unit `{unit}`")));
        }
    }
    faults
}

fn panel_no_targets(dashboard: &Dashboard) -> Vec<Place> {
    let asking = dashboard.panels.iter().filter(|panel| panel.is_asking());
    asking
        .filter(|panel| panel.targets.is_empty())
        .map(|panel| at_panel(panel, "asks nothing"))
        .collect()
}

/// Faults of every expression that can be read.
fn each(
    dashboard: &Dashboard,
    find: &mut dyn FnMut(&promql_parser::parser::Expr) -> Vec<String>,
) -> Vec<Place> {
    let mut faults = Vec::new();
    for panel in &dashboard.panels {
        for target in &panel.targets {
            let Ok(expr) = promql::read(dashboard, &target.expr) else {
                continue;
            };
            let found = find(&expr).into_iter();
            faults.extend(found.map(|what| at_target(panel, target, what)));
        }
    }
    faults
}

/// The linter reads targets of some kinds of panels; here all, and the annotations.
fn target_promql(dashboard: &Dashboard) -> Vec<Place> {
    let mut faults = Vec::new();
    for panel in &dashboard.panels {
        for target in &panel.targets {
            if let Err(error) = promql::read(dashboard, &target.expr) {
                faults.push(at_target(panel, target, error));
            }
        }
    }
    for annotation in &dashboard.annotations {
        if let Err(error) = promql::read(dashboard, &annotation.expr) {
            faults.push(whole(format!(
                "the annotation `{}`: {error}",
                annotation.name
            )));
        }
    }
    faults
}

/// The linter lets `increase` have any range; here that is an exception with a reason.
fn target_rate_interval(dashboard: &Dashboard) -> Vec<Place> {
    each(dashboard, &mut |expr| {
        let mut faults = Vec::new();
        promql::walk(expr, &mut |node, around| {
            let Node::Range(range) = node else { return };
            let function = around.last().copied().unwrap_or_default();
            let span = format!("{}s", range.range.as_secs());
            if ["rate", "irate", "increase"].contains(&function) && span != promql::RATE_INTERVAL {
                faults.push(format!("{function} of another range than $__rate_interval"));
            }
        });
        faults
    })
}

fn target_job(dashboard: &Dashboard) -> Vec<Place> {
    each(dashboard, &mut |expr| lacks(expr, "job"))
}

fn target_instance(dashboard: &Dashboard) -> Vec<Place> {
    each(dashboard, &mut |expr| lacks(expr, "instance"))
}

/// Selectors that cannot be restricted by this variable.
pub(super) fn lacks(expr: &promql_parser::parser::Expr, variable: &str) -> Vec<String> {
    let value = format!("${variable}");
    let free = promql::selectors(expr).into_iter().filter(|selector| {
        let mut matchers = selector.matchers.matchers.iter();
        !matchers.any(|matcher| {
            matcher.name == variable
                && matcher.value == value
                && matches!(matcher.op, MatchOp::Re(_))
        })
    });
    free.map(|selector| {
        let name = promql::name(selector);
        format!("`{name}` without {variable}=~\"{value}\"")
    })
    .collect()
}

fn target_counter_agg(dashboard: &Dashboard) -> Vec<Place> {
    each(dashboard, &mut |expr| {
        let mut faults = Vec::new();
        promql::walk(expr, &mut |node, around| {
            let Node::Selector(selector) = node else {
                return;
            };
            let name = promql::name(selector);
            let counted = matches!(around, [.., "rate" | "irate" | "increase", "range"]);
            if name.ends_with("_total") && !counted {
                faults.push(format!(
                    "the counter `{name}` is not in rate, irate or increase"
                ));
            }
        });
        faults
    })
}

fn uneditable(dashboard: &Dashboard) -> Vec<Place> {
    match dashboard.json["editable"] == false {
        true => Vec::new(),
        false => vec![whole(
            "can be edited in place, so it says what no file says",
        )],
    }
}
