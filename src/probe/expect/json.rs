//! A condition over the JSON of a body, in CEL.
//!
//! CEL has no loops but those over the data, and its evaluator has no step limit. So the
//! data is bounded instead: its bytes by `max_body`, its depth by the JSON parser, and here the
//! number of its values and, where loops are nested, the length of its lists. The expression
//! comes from the configuration and is trusted not to be silly; the data is not.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, Program, Value};
use serde_json::Value as Json;

use super::expression::survey;
use crate::model::printable::{QUOTE, printable};

/// Most values in a body that a condition is evaluated over.
const VALUES: usize = 100_000;
/// Most rounds of nested loops.
const STEPS: usize = 250_000;
/// Most values in a body if a loop matches patterns: each turn compiles one.
const VALUES_TO_MATCH: usize = 1_000;
/// Longest condition, in bytes. Parser and evaluator go as deep as it is long.
const LONGEST: usize = 4096;
/// Most operations inside operations: each is some kilobytes of the evaluator's stack.
const DEEPEST: u32 = 128;

/// The standard functions, built once.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled CEL condition over `body`, the parsed JSON.
#[derive(Clone)]
pub struct JsonCheck {
    source: Arc<str>,
    program: Arc<Program>,
    /// Loops inside loops.
    nesting: u32,
    /// `matches` stands in a loop.
    matches_in_loop: bool,
}

impl JsonCheck {
    /// Compiles a condition.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.len() > LONGEST {
            return Err(format!(
                "is {} bytes, at most {LONGEST} are evaluated",
                source.len()
            ));
        }
        let program = STANDARD.compile(source).map_err(|errors| {
            let text = errors.to_string();
            // The crate draws the source below its sentence.
            let line = text.lines().next().unwrap_or_default();
            let line = line.strip_prefix("ERROR: <input>:").unwrap_or(line);
            format!("not a CEL expression: {}", printable(line, 200))
        })?;
        let survey = survey(program.expression());
        if let Some(name) = survey.unknown {
            return Err(format!(
                "unknown variable `{}`: the only one is `body`",
                printable(&name, 40)
            ));
        }
        if survey.depth > DEEPEST {
            return Err(format!(
                "has {} operations inside each other, at most {DEEPEST} are evaluated",
                survey.depth
            ));
        }
        if survey.computed_pattern {
            return Err("computes the pattern of `matches`: write it down as a text".to_owned());
        }
        Ok(Self {
            source: source.into(),
            nesting: survey.nesting,
            matches_in_loop: survey.matches_in_loop,
            program: Arc::new(program),
        })
    }

    /// Why the body does not meet the condition; `None` if it does.
    pub(super) fn fault(&self, body: &[u8]) -> Option<String> {
        let json: Json = match serde_json::from_slice(body) {
            Ok(json) => json,
            Err(error) => return Some(not_json(body, &error)),
        };
        let mut size = Size::default();
        let Some(value) = convert(json, &mut size) else {
            return Some(format!("JSON has more than {VALUES} values"));
        };
        if self.nesting > 1 && size.longest.saturating_pow(self.nesting) > STEPS {
            return Some(format!(
                "JSON has a list of {} items, too many for the nested loops of `{}`",
                size.longest,
                self.quoted()
            ));
        }
        if self.matches_in_loop && size.values > VALUES_TO_MATCH {
            return Some(format!(
                "JSON has {} values, too many to match patterns in the loops of `{}`",
                size.values,
                self.quoted()
            ));
        }
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        context.add_variable_from_value("body", value);
        match self.program.execute(&context) {
            Ok(Value::Bool(true)) => None,
            Ok(Value::Bool(false)) => Some(format!("JSON does not meet `{}`", self.quoted())),
            Ok(_) => Some(format!("`{}` is neither true nor false", self.quoted())),
            Err(error) => Some(format!(
                "`{}` cannot be evaluated: {}",
                self.quoted(),
                printable(&error.to_string(), QUOTE)
            )),
        }
    }

    fn quoted(&self) -> String {
        printable(&self.source, QUOTE)
    }
}

impl std::fmt::Debug for JsonCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("JsonCheck").field(&self.source).finish()
    }
}

fn not_json(body: &[u8], error: &serde_json::Error) -> String {
    match body.trim_ascii_start().first() {
        None => "body is empty, not JSON".to_owned(),
        Some(b'<') => "body is HTML, not JSON".to_owned(),
        Some(_) => format!("body is not JSON: {}", printable(&error.to_string(), QUOTE)),
    }
}

/// How much there is of a JSON text.
#[derive(Default)]
struct Size {
    values: usize,
    longest: usize,
}

/// JSON in CEL's types; whole numbers are `int`, so that arithmetic with literals works.
fn convert(json: Json, size: &mut Size) -> Option<Value> {
    size.values += 1;
    if size.values > VALUES {
        return None;
    }
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Arc::new(text)),
        Json::Array(items) => {
            size.longest = size.longest.max(items.len());
            let items = items.into_iter().map(|item| convert(item, size));
            Value::List(Arc::new(items.collect::<Option<_>>()?))
        }
        Json::Object(fields) => {
            size.longest = size.longest.max(fields.len());
            let fields = fields.into_iter().map(|(name, field)| {
                let key = Key::String(Arc::new(name));
                convert(field, size).map(|field| (key, field))
            });
            let map: HashMap<Key, Value> = fields.collect::<Option<_>>()?;
            Value::Map(Map { map: Arc::new(map) })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(condition: &str, body: &str) -> Option<String> {
        JsonCheck::compile(condition)
            .unwrap()
            .fault(body.as_bytes())
    }

    #[test]
    fn conditions_see_every_kind_of_json() {
        let body = r#"{"status": "ok", "n": 3, "f": 0.5, "big": 18446744073709551615,
                       "list": [1, 2, 3], "none": null, "deep": {"yes": true}}"#;
        for condition in [
            "body.status == 'ok'",
            "body.n == 3 && body.n + 1 == 4 && body.n >= 2",
            "body.f < 1.0",
            "body.big > 1.0",
            "size(body.list) == 3 && body.list.all(x, x > 0)",
            "body.list.exists(x, x == 2) && 2 in body.list",
            "body.none == null",
            "body.deep.yes",
            "has(body.status) && !has(body.other)",
            "body.status.matches('^o.$') && body.status.startsWith('o')",
        ] {
            assert_eq!(fault(condition, body), None, "{condition}");
        }
    }

    #[test]
    fn what_is_not_met_is_told_in_a_sentence() {
        assert_eq!(
            fault("body.status == 'ok'", r#"{"status": "down"}"#).unwrap(),
            "JSON does not meet `body.status == 'ok'`"
        );
        assert_eq!(
            fault("body.n", r#"{"n": 3}"#).unwrap(),
            "`body.n` is neither true nor false"
        );
        assert_eq!(
            fault("body.status == 'ok'", "[]")
                .unwrap()
                .split(':')
                .next(),
            Some("`body.status == 'ok'` cannot be evaluated")
        );
        assert_eq!(fault("true", " <html>").unwrap(), "body is HTML, not JSON");
        assert_eq!(fault("true", "").unwrap(), "body is empty, not JSON");
        assert_eq!(
            fault("true", "hello").unwrap(),
            "body is not JSON: expected value at line 1 column 1"
        );
    }

    #[test]
    fn hostile_json_is_refused_without_harm() {
        let deep = "[".repeat(100_000);
        assert!(
            fault("true", &deep)
                .unwrap()
                .starts_with("body is not JSON: recursion limit")
        );
        let wide = format!("[{}0]", "0,".repeat(VALUES));
        assert_eq!(
            fault("true", &wide).unwrap(),
            "JSON has more than 100000 values"
        );
        let overflow = r#"{"n": 9223372036854775807}"#;
        assert!(
            fault("body.n + 1 > 0", overflow)
                .unwrap()
                .contains("cannot be evaluated")
        );
        assert!(
            fault("1 / body.n > 0", r#"{"n": 0}"#)
                .unwrap()
                .contains("cannot be evaluated")
        );
        assert!(
            fault("body.s.matches('(')", r#"{"s": "("}"#)
                .unwrap()
                .contains("cannot be evaluated")
        );
    }

    #[test]
    fn a_server_can_neither_choose_a_pattern_nor_have_it_compiled_without_end() {
        assert_eq!(
            JsonCheck::compile("body.s.matches(body.p)").unwrap_err(),
            "computes the pattern of `matches`: write it down as a text"
        );
        let condition = "body.all(x, x.matches('^[a-z]+$'))";
        let list = |length: usize| format!("[{}\"a\"]", "\"a\",".repeat(length - 1));
        assert_eq!(fault(condition, &list(999)), None);
        assert_eq!(
            fault(condition, &list(1000)).unwrap(),
            "JSON has 1001 values, too many to match patterns in the loops of \
             `body.all(x, x.matches('^[a-z]+$'))`"
        );
    }

    #[test]
    fn conditions_that_are_too_long_or_too_deep_are_refused() {
        let sum = |terms: usize| format!("{}1 > 0", "1+".repeat(terms - 1));
        assert!(JsonCheck::compile(&sum(120)).is_ok());
        for (terms, why) in [
            (
                2000,
                "has 2001 operations inside each other, at most 128 are evaluated",
            ),
            (500_000, "is 1000003 bytes, at most 4096 are evaluated"),
        ] {
            assert_eq!(JsonCheck::compile(&sum(terms)).unwrap_err(), why);
        }
    }

    #[test]
    fn nested_loops_over_long_lists_are_refused() {
        let list = format!("[{}0]", "0,".repeat(99_990));
        for condition in [
            "body.all(x, x == 0)",
            "body.map(x, x + 1).size() > 0",
            "body.filter(x, x == 0).size() > 0",
        ] {
            assert_eq!(fault(condition, &list), None, "{condition}");
        }
        assert_eq!(
            fault("body.all(x, body.all(y, x == y))", &list).unwrap(),
            "JSON has a list of 99991 items, too many for the nested loops of \
             `body.all(x, body.all(y, x == y))`"
        );
        let short = format!("[{}0]", "0,".repeat(499));
        assert_eq!(fault("body.all(x, body.all(y, x == y))", &short), None);
    }

    #[test]
    fn faults_of_expressions_are_sentences() {
        let error = JsonCheck::compile("body.status ==").unwrap_err();
        assert!(error.starts_with("not a CEL expression: "), "{error}");
        assert!(!error.contains('\n'));
        assert_eq!(
            JsonCheck::compile("bdy.status == 'ok'").unwrap_err(),
            "unknown variable `bdy`: the only one is `body`"
        );
    }
}
