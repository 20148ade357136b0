//! What can be known of a CEL expression before it meets any data: which variables it wants,
//! how deep it and its loops are nested, and what it matches patterns with.

use cel::IdedExpr;
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
    /// `matches` stands in a loop: the evaluator compiles its pattern at each turn.
    pub(super) matches_in_loop: bool,
    /// The pattern of some `matches` is not written down but computed, perhaps from the body.
    pub(super) computed_pattern: bool,
}

/// Looks at the whole expression. How deep it goes is bounded by the length of its source.
pub(super) fn survey(expression: &IdedExpr) -> Survey {
    let mut walk = Walk {
        bound: vec!["body"],
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
            Expr::List(list) => self.all(&list.elements),
            Expr::Map(map) => self.entries(&map.entries),
            Expr::Struct(made) => self.entries(&made.entries),
            Expr::Comprehension(looped) => {
                self.enter(&looped.iter_range);
                self.enter(&looped.accu_init);
                let outer = self.bound.len();
                self.bound.push(&looped.iter_var);
                self.bound.push(&looped.accu_var);
                self.bound.extend(looped.iter_var2.as_deref());
                self.loops += 1;
                self.survey.nesting = self.survey.nesting.max(self.loops);
                for part in [&looped.loop_cond, &looped.loop_step, &looped.result] {
                    self.enter(part);
                }
                self.loops -= 1;
                self.bound.truncate(outer);
            }
        }
        self.depth -= 1;
    }

    fn call(&mut self, call: &'a CallExpr) {
        if call.func_name == "matches" {
            self.survey.matches_in_loop |= self.loops > 0;
            let pattern = call.args.last().map(|pattern| &pattern.expr);
            let is_written = matches!(pattern, Some(Expr::Literal(LiteralValue::String(_))));
            self.survey.computed_pattern |= !is_written;
        }
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            self.enter(part);
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
    fn patterns_in_loops_and_patterns_that_are_computed_are_found() {
        for (source, expected) in [
            ("body.a.matches('x')", (false, false)),
            ("body.a.all(x, x.matches('x'))", (true, false)),
            ("body.a.matches(body.b)", (false, true)),
            ("matches(body.a, 'x' + 'y')", (false, true)),
            ("body.a.all(x, matches('x', x))", (true, true)),
        ] {
            let program = cel::Program::compile(source).unwrap();
            let survey = survey(program.expression());
            let found = (survey.matches_in_loop, survey.computed_pattern);
            assert_eq!(found, expected, "{source}");
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
