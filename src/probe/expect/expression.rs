//! What can be known of a CEL expression before it meets any data: which variables it wants,
//! how deep it and its loops are nested, and what it matches patterns with.

use cel::IdedExpr;
use cel::common::ast::operators::{ADD, CONDITIONAL};
use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};

/// Names of types, which are written like variables.
const TYPES: [&str; 13] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
];

/// What was found out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// The first variable that is neither `body` nor bound by a loop.
    pub(super) unknown: Option<String>,
    /// Loops inside loops; 0 = none at all.
    pub(super) nesting: u32,
    /// Operations inside operations.
    pub(super) depth: u32,
    /// The longest list or map that is written in it.
    pub(super) longest: usize,
    /// How often, in loops around each other, something is joined that grows with the body.
    pub(super) joins: u32,
    /// What `matches` matches.
    pub(super) patterns: Vec<String>,
    /// The pattern of some `matches` is not written down but computed, perhaps from the body.
    pub(super) computed_pattern: bool,
}

/// Looks at the whole expression. How deep it goes is bounded by the length of its source.
pub(super) fn survey(expression: &IdedExpr) -> Survey {
    let mut walk = Walk {
        bound: vec!["body"],
        inner: Vec::new(),
        loops: 0,
        depth: 0,
        survey: Survey::default(),
    };
    walk.enter(expression);
    walk.survey
}

/// A way through an expression.
struct Walk<'a> {
    /// Variables that are known here.
    bound: Vec<&'a str>,
    /// Where those of the innermost loop begin among them, for each loop.
    inner: Vec<usize>,
    /// Loops around here.
    loops: u32,
    /// Operations around here.
    depth: u32,
    survey: Survey,
}

impl<'a> Walk<'a> {
    fn enter(&mut self, expression: &'a IdedExpr) {
        self.depth += 1;
        self.survey.depth = self.survey.depth.max(self.depth);
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => {
                if !self.bound.contains(&name.as_str()) && !TYPES.contains(&name.as_str()) {
                    self.survey.unknown.get_or_insert_with(|| name.clone());
                }
            }
            Expr::Select(select) => self.enter(&select.operand),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                self.survey.longest = self.survey.longest.max(list.elements.len());
                self.all(&list.elements);
            }
            Expr::Map(map) => {
                self.survey.longest = self.survey.longest.max(map.entries.len());
                self.entries(&map.entries);
            }
            Expr::Struct(made) => self.entries(&made.entries),
            Expr::Comprehension(looped) => {
                self.enter(&looped.iter_range);
                self.enter(&looped.accu_init);
                let outer = self.bound.len();
                self.bound.push(&looped.iter_var);
                self.bound.push(&looped.accu_var);
                self.bound.extend(looped.iter_var2.as_deref());
                self.inner.push(outer);
                self.loops += 1;
                self.survey.nesting = self.survey.nesting.max(self.loops);
                self.enter(&looped.loop_cond);
                self.step(&looped.loop_step, &looped.accu_var);
                self.enter(&looped.result);
                self.loops -= 1;
                self.inner.pop();
                self.bound.truncate(outer);
            }
        }
        self.depth -= 1;
    }

    fn call(&mut self, call: &'a CallExpr) {
        match (call.func_name.as_str(), call.args.last()) {
            ("matches", Some(pattern)) => match &pattern.expr {
                Expr::Literal(LiteralValue::String(text)) => {
                    self.survey.patterns.push(text.inner().to_owned());
                }
                _ => self.survey.computed_pattern = true,
            },
            (ADD, _) if self.loops > 0 => {
                let own = self
                    .inner
                    .last()
                    .map_or(&[][..], |begin| &self.bound[*begin..]);
                // All parts of a list together are no longer than the list; anything else may be
                // as long as the body at each turn.
                let joins = if call.args.iter().all(|part| is_made_of(part, own)) {
                    self.loops - 1
                } else {
                    self.loops
                };
                self.survey.joins = self.survey.joins.max(joins);
            }
            _ => {}
        }
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            self.enter(part);
        }
    }

    /// The step of a loop that collects what it finds: a sum of all so far and a list of one.
    fn step(&mut self, step: &'a IdedExpr, sum: &str) {
        match &step.expr {
            Expr::Call(call) if call.func_name == ADD => match call.args.as_slice() {
                [all, one] if matches!(&all.expr, Expr::Ident(name) if name == sum) => {
                    self.enter(one);
                }
                _ => self.enter(step),
            },
            Expr::Call(call) if call.func_name == CONDITIONAL => {
                for part in &call.args {
                    self.step(part, sum);
                }
            }
            _ => self.enter(step),
        }
    }

    fn all(&mut self, parts: &'a [IdedExpr]) {
        for part in parts {
            self.enter(part);
        }
    }

    fn entries(&mut self, entries: &'a [cel::common::ast::IdedEntryExpr]) {
        for entry in entries {
            match &entry.expr {
                EntryExpr::StructField(field) => self.enter(&field.value),
                EntryExpr::MapEntry(pair) => {
                    self.enter(&pair.key);
                    self.enter(&pair.value);
                }
            }
        }
    }
}

/// Whether nothing is used but these variables and what is written down.
fn is_made_of(expression: &IdedExpr, variables: &[&str]) -> bool {
    let all = |parts: &[IdedExpr]| parts.iter().all(|part| is_made_of(part, variables));
    match &expression.expr {
        Expr::Literal(_) => true,
        Expr::Ident(name) => variables.contains(&name.as_str()),
        Expr::Select(select) => is_made_of(&select.operand, variables),
        Expr::List(list) => all(&list.elements),
        Expr::Call(call) => {
            let target = call.target.as_deref();
            target.is_none_or(|target| is_made_of(target, variables)) && all(&call.args)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> (Option<String>, u32) {
        let program = cel::Program::compile(source).unwrap();
        let survey = survey(program.expression());
        (survey.unknown, survey.nesting)
    }

    #[test]
    fn loops_bind_their_variables_and_are_counted_by_depth() {
        for (source, nesting) in [
            ("body.ok", 0),
            ("type(body.n) == int", 0),
            ("body.a.all(x, x > 0) && body.b.exists(y, y == 'z')", 1),
            ("body.a.map(x, x + 1).filter(y, y > 1).size() > 0", 1),
            ("body.a.all(x, body.a.exists(y, y == x))", 2),
            ("body.a.all(x, [x].all(y, {'k': y}.all(z, z == 'k')))", 3),
        ] {
            assert_eq!(of(source), (None, nesting), "{source}");
        }
    }

    #[test]
    fn patterns_are_collected_and_those_that_are_computed_found() {
        for (source, patterns, computed) in [
            ("body.a.matches('x')", &["x"][..], false),
            ("body.a.all(x, matches(x, 'y'))", &["y"], false),
            ("body.a.matches(body.b)", &[], true),
            ("matches(body.a, 'x' + 'y')", &[], true),
        ] {
            let program = cel::Program::compile(source).unwrap();
            let survey = survey(program.expression());
            assert_eq!(survey.patterns, patterns, "{source}");
            assert_eq!(survey.computed_pattern, computed, "{source}");
        }
    }

    #[test]
    fn what_is_joined_again_and_again_is_found() {
        for (source, joins) in [
            ("body.a + body.b == 'ab'", 0),
            ("body.map(x, x)", 0),
            ("body.map(x, x > 1, x)", 0),
            ("body.filter(x, x + 1 > 0)", 0),
            ("body.map(x, x.a + x.b + 'c')", 0),
            ("body.map(x, body + body)", 1),
            ("body.map(x, x > 1, [x] + body)", 1),
            ("body.exists(x, [1].all(y, x + y > 0))", 2),
            ("body.exists(x, body.all(y, y + 1 > 0))", 1),
        ] {
            let program = cel::Program::compile(source).unwrap();
            assert_eq!(survey(program.expression()).joins, joins, "{source}");
        }
    }

    #[test]
    fn variables_that_nobody_binds_are_found() {
        for source in [
            "x",
            "body.a.all(y, x)",
            "body.a.all(x, true) && x",
            "{'a': [x]}",
            "f(x)",
        ] {
            assert_eq!(of(source).0.as_deref(), Some("x"), "{source}");
        }
    }
}
