//! What can be known of a CEL expression before it meets any data: which variables it wants,
//! and how deep its loops are nested.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

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
}

/// Looks at the whole expression. Its own depth is bounded by the parser.
pub(super) fn survey(expression: &IdedExpr) -> Survey {
    let mut survey = Survey::default();
    walk(expression, &mut vec!["body"], 0, &mut survey);
    survey
}

fn walk<'a>(expression: &'a IdedExpr, bound: &mut Vec<&'a str>, depth: u32, survey: &mut Survey) {
    match &expression.expr {
        Expr::Unspecified | Expr::Literal(_) => {}
        Expr::Ident(name) => {
            if !bound.contains(&name.as_str()) && !TYPES.contains(&name.as_str()) {
                survey.unknown.get_or_insert_with(|| name.clone());
            }
        }
        Expr::Select(select) => walk(&select.operand, bound, depth, survey),
        Expr::Call(call) => {
            for part in call.target.as_deref().into_iter().chain(&call.args) {
                walk(part, bound, depth, survey);
            }
        }
        Expr::List(list) => {
            for part in &list.elements {
                walk(part, bound, depth, survey);
            }
        }
        Expr::Map(map) => entries(&map.entries, bound, depth, survey),
        Expr::Struct(made) => entries(&made.entries, bound, depth, survey),
        Expr::Comprehension(looped) => {
            walk(&looped.iter_range, bound, depth, survey);
            walk(&looped.accu_init, bound, depth, survey);
            let outer = bound.len();
            bound.push(&looped.iter_var);
            bound.push(&looped.accu_var);
            bound.extend(looped.iter_var2.as_deref());
            survey.nesting = survey.nesting.max(depth + 1);
            for part in [&looped.loop_cond, &looped.loop_step, &looped.result] {
                walk(part, bound, depth + 1, survey);
            }
            bound.truncate(outer);
        }
    }
}

fn entries<'a>(
    entries: &'a [cel::common::ast::IdedEntryExpr],
    bound: &mut Vec<&'a str>,
    depth: u32,
    survey: &mut Survey,
) {
    for entry in entries {
        match &entry.expr {
            EntryExpr::StructField(field) => walk(&field.value, bound, depth, survey),
            EntryExpr::MapEntry(pair) => {
                walk(&pair.key, bound, depth, survey);
                walk(&pair.value, bound, depth, survey);
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
