//! Every query of every panel, every variable and every annotation, on the week: never an error, and
//! never nothing but where `expected.rs` says why. What matters most is what `truth.rs` says.

use std::collections::BTreeMap;

use super::asking::{Answer, Asked, View};
use super::expected::{self, Expect, Moment};
use super::lint::label_values;
use super::model::{self, Dashboard, Panel, Target, Variable};
use super::truth;
use crate::week;

const HOUR: i64 = 3600;

/// What is looked at beside everything: one value of each variable.
const ONE: [(&str, &str); 5] = [
    ("job", "bascule"),
    ("instance", "north"),
    ("group", "crisis"),
    ("network", "x"),
    ("endpoint", "web"),
];

/// The week, and a Prometheus that knows it.
struct Stage {
    asked: Asked,
    start: i64,
    end: i64,
}

impl Stage {
    fn week() -> Self {
        let week = week::prometheus();
        Self {
            asked: Asked(week.address()),
            start: week.start(),
            end: week.end(),
        }
    }

    /// Seconds of the whole week.
    fn whole(&self) -> i64 {
        self.end - self.start
    }

    /// What is seen by somebody who looks back from a moment, and has chosen nothing yet: where not
    /// all can be shown, that is the first value.
    fn view<'a>(&self, dashboard: &'a Dashboard, back: i64, to: i64) -> View<'a> {
        let mut view = View {
            dashboard,
            from: to - back,
            to,
            scrape: week::APART,
            chosen: BTreeMap::new(),
        };
        let queries = dashboard.variables.iter().filter(|v| v.kind == "query");
        for variable in queries.filter(|variable| !variable.include_all) {
            let first = self.values(&view, variable).into_iter().next();
            view = view.choosing(&variable.name, &first.expect("a value"));
        }
        view
    }

    /// The values of a variable in the week, in order.
    fn values(&self, view: &View<'_>, variable: &Variable) -> Vec<String> {
        let (expr, label) = label_values(&variable.query).expect("label_values");
        let expr = view.expand(expr, HOUR).expect("its variables are there");
        let values = self.asked.values(label, &expr, (self.start, self.end));
        values.expect("an answer").into_iter().collect()
    }

    /// The answers to a target, one view after the other: a panel that is repeated is asked for
    /// each value of its variable.
    fn answers(
        &self,
        view: &View<'_>,
        panel: &Panel,
        target: &Target,
    ) -> Result<Vec<Answer>, String> {
        let repeated = panel.repeat.as_deref();
        let repeated = repeated.and_then(|name| view.dashboard.variable(name));
        let views: Vec<View<'_>> = match repeated {
            Some(variable) if !ONE.iter().any(|one| view.has(one)) => {
                let values = self.values(view, variable).into_iter();
                values
                    .map(|value| view.clone().choosing(&variable.name, &value))
                    .collect()
            }
            _ => vec![view.clone()],
        };
        let mut answers = Vec::new();
        for view in views {
            let step = view.step(panel);
            let expr = view.expand(&target.expr, step)?;
            let answer = match target.range {
                true => self.asked.range(&expr, (view.from, view.to, step)),
                false => self.asked.instant(&expr, view.to),
            };
            answers.extend(answer.map_err(|error| format!("{error}\n{expr}"))?);
        }
        Ok(answers)
    }
}

/// One network, seen from one place.
fn one(view: View<'_>) -> View<'_> {
    ONE.iter()
        .fold(view, |view, (name, value)| view.choosing(name, value))
}

#[test]
fn every_target_answers_on_the_week() {
    let stage = Stage::week();
    let mut faults = Vec::new();
    let mut used = Vec::new();
    for (dashboard, panel, target) in targets(&model::all()) {
        let key = key(dashboard, panel, target);
        let expect = expected::of(key);
        used.extend(expect.is_some().then(|| format!("{key:?}")));
        let found = judge(&stage, (dashboard, panel, target), expect);
        faults.extend(found.into_iter().map(|fault| format!("{key:?}: {fault}")));
    }
    let table = expected::TABLE.iter().map(|(key, _)| format!("{key:?}"));
    let idle = table.filter(|key| !used.contains(key));
    faults.extend(idle.map(|key| format!("{key}: there is no such target")));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// All targets of all dashboards.
pub(super) fn targets(dashboards: &[Dashboard]) -> Vec<(&Dashboard, &Panel, &Target)> {
    let of_panel = |dashboard, panel| {
        let panel: &Panel = panel;
        panel
            .targets
            .iter()
            .map(move |target| (dashboard, panel, target))
    };
    let of_dashboard = |dashboard| {
        let dashboard: &Dashboard = dashboard;
        dashboard
            .panels
            .iter()
            .flat_map(move |panel| of_panel(dashboard, panel))
    };
    dashboards.iter().flat_map(of_dashboard).collect()
}

/// How the tables call a target.
pub(super) fn key<'a>(
    dashboard: &'a Dashboard,
    panel: &'a Panel,
    target: &'a Target,
) -> (&'a str, &'a str, &'a str) {
    (&dashboard.file, &panel.title, &target.name)
}

/// What a target should not have answered: at the end of the week or over its last six hours, and
/// at a moment that tells or over all of it; for everything and for one network.
fn judge(
    stage: &Stage,
    (dashboard, panel, target): (&Dashboard, &Panel, &Target),
    expect: Option<&Expect>,
) -> Vec<String> {
    let back = if target.range {
        6 * HOUR
    } else {
        stage.whole()
    };
    let telling = match expect {
        Some(Expect::EmptyAtEnd(moment, _)) => *moment,
        _ => Moment::Monday,
    };
    let telling = match target.range {
        true => stage.end,
        false => stage.start + telling.seconds(),
    };
    let (at_end, in_week) = match expect {
        None => (true, true),
        Some(Expect::EmptyAtEnd(..)) => (false, true),
        Some(Expect::NothingYet(_)) => (true, false),
        Some(Expect::Live | Expect::LiveQuiet(_) | Expect::Empty(_)) => (false, false),
    };
    let mut faults = Vec::new();
    for (name, something, back, to) in [
        ("at the end", at_end, back, stage.end),
        ("in the week", in_week, stage.whole(), telling),
    ] {
        let view = stage.view(dashboard, back, to);
        for (which, view) in [("all", view.clone()), ("one", one(view))] {
            // What is told only sometimes need not be told of one network.
            let must = which == "all" || expect.is_none();
            match stage.answers(&view, panel, target) {
                Err(error) => faults.push(format!("{which} {name}: {error}")),
                Ok(answers) if something && must && answers.is_empty() => {
                    faults.push(format!("{which} {name}: answers nothing"));
                }
                Ok(answers) if !something && !answers.is_empty() => {
                    let names: Vec<String> = answers.iter().map(Answer::name).collect();
                    let why = expect.map_or("", Expect::why);
                    faults.push(format!("{which} {name}: answers {names:?}, although {why}"));
                }
                Ok(_) => {}
            }
        }
    }
    faults
}

#[test]
fn what_is_read_at_three_in_the_morning_is_true() {
    let stage = Stage::week();
    let dashboards = model::all();
    let targets = targets(&dashboards);
    let mut faults = Vec::new();
    for truth in truth::ALL {
        let found = targets.iter().find(|(d, p, t)| key(d, p, t) == truth.key);
        let Some((dashboard, panel, target)) = found else {
            faults.push(format!("{:?}: there is no such target", truth.key));
            continue;
        };
        let back = match truth.moment {
            Moment::Month => 30 * 24 * HOUR,
            _ => stage.whole(),
        };
        let view = stage.view(dashboard, back, stage.start + truth.moment.seconds());
        let answers = stage.answers(&view, panel, target).expect("an answer");
        let found = truth.compare(&answers);
        faults.extend(found.map(|fault| format!("{:?}: {fault}", truth.key)));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_variable_has_the_values_of_the_week() {
    let stage = Stage::week();
    for dashboard in &model::all() {
        let view = stage.view(dashboard, stage.whole(), stage.end);
        for variable in dashboard.variables.iter().filter(|v| v.kind == "query") {
            let values = stage.values(&view, variable);
            let place = format!("{}: `{}`", dashboard.file, variable.name);
            let expected: &[&str] = match variable.name.as_str() {
                "job" => &["bascule"],
                "instance" => &week::VANTAGES,
                "group" => &["crisis", "press"],
                "network" => &["bluesky", "mastodon", "threads", "x"],
                // Of the first network, where not all are shown.
                "endpoint" => &["dns", "web"],
                other => panic!("{place}: a variable `{other}`"),
            };
            assert_eq!(values, expected, "{place}");
        }
    }
}

/// In the six hours around the outage of Monday, and in the whole week, of which Grafana asks for a
/// hundred points.
#[test]
fn every_annotation_marks_what_happened() {
    let stage = Stage::week();
    let evening = stage.start + Moment::Monday.seconds() + 3 * HOUR;
    for dashboard in &model::all() {
        for annotation in &dashboard.annotations {
            let place = format!("{}, `{}`", dashboard.file, annotation.name);
            let marks = |back: i64, to: i64| -> Vec<String> {
                let view = stage.view(dashboard, back, to);
                let step = view.step_of_marks(&annotation.step);
                let expr = view.expand(&annotation.expr, step).expect("its variables");
                let answers = stage.asked.range(&expr, (view.from, view.to, step));
                let answers = answers.unwrap_or_else(|error| panic!("{place}: {error}"));
                answers.iter().map(Answer::name).collect()
            };
            let (_, on_monday, in_week) = truth::MARKS
                .iter()
                .find(|(name, _, _)| *name == annotation.name)
                .unwrap_or_else(|| panic!("{place}: what does it mark in the week?"));
            // One network is chosen there, the first, and the marks are of it.
            let of_page = |all: &[&'static str]| -> Vec<&str> {
                let one = dashboard.file == "bascule-network";
                let shown = all.iter().filter(|mark| !one || mark.contains("bluesky"));
                shown.copied().collect()
            };
            let monday = marks(6 * HOUR, evening);
            assert_eq!(monday, of_page(on_monday), "{place} on Monday");
            let week = marks(stage.whole(), stage.end);
            assert_eq!(week, of_page(in_week), "{place}");
        }
    }
}
