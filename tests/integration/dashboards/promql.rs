//! Expressions: variables put in as Grafana does it, then read with a parser, so that metrics,
//! labels and functions can be told apart.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, MatrixSelector, VectorSelector, parse,
};

use super::model::Dashboard;

/// What stands for `$__rate_interval` where an expression is only read: no other range is as long.
pub(super) const RATE_INTERVAL: &str = "241s";

/// Puts values in for `$name`, `${name}`, `${name:format}` and `[[name]]`.
pub(super) fn expand(
    text: &str,
    value: &dyn Fn(&str, &str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some((inner, length)) = reference(from) else {
            out.push_str(&from[..1]);
            rest = &from[1..];
            continue;
        };
        let (name, format) = inner.split_once(':').unwrap_or((inner, ""));
        let value = value(name, format).ok_or_else(|| format!("there is no variable `{name}`"))?;
        out.push_str(&value);
        rest = &from[length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The inside of a reference to a variable at the beginning of the text, and its whole length.
fn reference(text: &str) -> Option<(&str, usize)> {
    for (open, close) in [("${", "}"), ("[[", "]]")] {
        if let Some(rest) = text.strip_prefix(open) {
            let end = rest.find(close)?;
            return Some((&rest[..end], open.len() + end + close.len()));
        }
    }
    let rest = text.strip_prefix('$')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    let name = &rest[..end.unwrap_or(rest.len())];
    (!name.is_empty()).then(|| (name, 1 + name.len()))
}

/// An expression of a dashboard, read. Variables are replaced by their names.
pub(super) fn read(dashboard: &Dashboard, expr: &str) -> Result<Expr, String> {
    let expanded = expand(expr, &|name, _| {
        let fixed = match name {
            "__rate_interval" => RATE_INTERVAL,
            "__interval" => "61s",
            "__range" => "604801s",
            "__range_s" => "604801",
            "__interval_ms" => "61000",
            _ => "",
        };
        if !fixed.is_empty() {
            return Some(fixed.to_owned());
        }
        let variable = dashboard.variable(name)?;
        match variable.kind.as_str() {
            "textbox" | "constant" => Some(variable.query.clone()),
            _ => Some(format!("${name}")),
        }
    })?;
    understand(&expanded)
}

/// An expression without variables, read.
pub(super) fn understand(expr: &str) -> Result<Expr, String> {
    let expr = parse(expr).map_err(|error| format!("{error} in {expr}"))?;
    let mut alternatives = false;
    walk(&expr, &mut |node, _| {
        if let Node::Selector(selector) = node {
            alternatives |= !selector.matchers.or_matchers.is_empty();
        }
    });
    match alternatives {
        true => Err("`or` between matchers is not known to Prometheus".to_owned()),
        false => Ok(expr),
    }
}

/// A part of an expression that names something.
pub(super) enum Node<'a> {
    Selector(&'a VectorSelector),
    Range(&'a MatrixSelector),
    Call(&'a Call),
    Aggregate(&'a AggregateExpr),
    Binary(&'a BinaryExpr),
}

/// Shows every part of an expression together with the functions around it, the innermost last.
/// A range is followed by its selector, inside of a function called `range`.
pub(super) fn walk<'a>(expr: &'a Expr, see: &mut dyn FnMut(Node<'a>, &[&'a str])) {
    inside(expr, &mut Vec::new(), see);
}

fn inside<'a>(
    expr: &'a Expr,
    around: &mut Vec<&'a str>,
    see: &mut dyn FnMut(Node<'a>, &[&'a str]),
) {
    match expr {
        Expr::Aggregate(aggregate) => {
            see(Node::Aggregate(aggregate), around);
            around.push("aggregate");
            if let Some(parameter) = &aggregate.param {
                inside(parameter, around, see);
            }
            inside(&aggregate.expr, around, see);
            around.pop();
        }
        Expr::Unary(unary) => inside(&unary.expr, around, see),
        Expr::Binary(binary) => {
            see(Node::Binary(binary), around);
            around.push("binary");
            inside(&binary.lhs, around, see);
            inside(&binary.rhs, around, see);
            around.pop();
        }
        Expr::Paren(paren) => inside(&paren.expr, around, see),
        Expr::Subquery(subquery) => {
            around.push("subquery");
            inside(&subquery.expr, around, see);
            around.pop();
        }
        Expr::VectorSelector(selector) => see(Node::Selector(selector), around),
        Expr::MatrixSelector(matrix) => {
            see(Node::Range(matrix), around);
            around.push("range");
            see(Node::Selector(&matrix.vs), around);
            around.pop();
        }
        Expr::Call(call) => {
            see(Node::Call(call), around);
            around.push(call.func.name);
            for argument in &call.args.args {
                inside(argument, around, see);
            }
            around.pop();
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// The selectors of an expression.
pub(super) fn selectors(expr: &Expr) -> Vec<&VectorSelector> {
    let mut all = Vec::new();
    walk(expr, &mut |node, _| {
        if let Node::Selector(selector) = node {
            all.push(selector);
        }
    });
    all
}

/// What a selector is called; also `{__name__="x"}`.
pub(super) fn name(selector: &VectorSelector) -> &str {
    let by_matcher = || {
        let mut matchers = selector.matchers.matchers.iter();
        let matcher = matchers.find(|m| m.name == "__name__" && m.op == MatchOp::Equal)?;
        Some(matcher.value.as_str())
    };
    let own = selector.name.as_deref();
    own.or_else(by_matcher).unwrap_or_default()
}

/// The values that a matcher names one by one; none for a pattern or a variable.
pub(super) fn named_values(matcher: &Matcher) -> Vec<&str> {
    let values: Vec<&str> = match matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => vec![&matcher.value],
        MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').collect(),
    };
    let plain = |value: &&str| {
        let pattern = |c: char| "$.*+?()[]{}^\\".contains(c);
        let whole = matches!(matcher.op, MatchOp::Equal | MatchOp::NotEqual);
        !value.is_empty() && !value.starts_with('$') && (whole || !value.contains(pattern))
    };
    values.into_iter().filter(plain).collect()
}

/// Labels that an expression groups, joins or makes anew.
#[derive(Default)]
pub(super) struct Labels {
    pub(super) used: Vec<String>,
    pub(super) made: Vec<String>,
}

/// The labels of an expression outside of its selectors.
pub(super) fn labels(expr: &Expr) -> Labels {
    let mut labels = Labels::default();
    walk(expr, &mut |node, _| match node {
        Node::Aggregate(aggregate) => {
            labels.used.extend(modifier(aggregate.modifier.as_ref()));
            if aggregate.op.to_string() == "count_values" {
                labels
                    .made
                    .extend(aggregate.param.as_deref().and_then(literal));
            }
        }
        Node::Binary(binary) => {
            let Some(join) = &binary.modifier else { return };
            labels.used.extend(modifier(join.matching.as_ref()));
            let extra = join.card.labels().map(|extra| extra.labels.clone());
            labels.used.extend(extra.unwrap_or_default());
        }
        Node::Call(call) => {
            let texts: Vec<String> = call.args.args.iter().filter_map(|a| literal(a)).collect();
            match (call.func.name, texts.as_slice()) {
                ("label_replace", [made, _, used, _]) => {
                    labels.made.push(made.clone());
                    labels.used.extend((!used.is_empty()).then(|| used.clone()));
                }
                ("label_join", [made, _, used @ ..]) => {
                    labels.made.push(made.clone());
                    labels.used.extend(used.iter().cloned());
                }
                _ => {}
            }
        }
        Node::Selector(_) | Node::Range(_) => {}
    });
    labels
}

fn modifier(modifier: Option<&LabelModifier>) -> Vec<String> {
    modifier.map_or_else(Vec::new, |modifier| modifier.labels().labels.clone())
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(text) => Some(text.val.clone()),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}
