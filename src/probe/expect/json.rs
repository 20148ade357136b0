//! A condition over the JSON of a body, in CEL.
//!
//! CEL has no loops but those over the data, and its evaluator has no step limit. So the
//! data is bounded instead: its bytes by `max_body`, its depth by the JSON parser, and here the
//! number of its values and, where loops are nested, the length of its lists. The expression
//! comes from the configuration and is trusted not to be silly; the data is not.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, Env, Program, Value};
use regex::Regex;
use serde_json::Value as Json;

use super::expression::survey;
use crate::model::printable::{QUOTE, printable};

/// Most values in a body that a condition is evaluated over.
const VALUES: usize = 100_000;
/// Most rounds of nested loops.
const STEPS: usize = 250_000;
/// Most bytes that are joined in loops.
const JOINED: usize = 64 << 20;
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
    /// Loops inside loops, in the innermost of which something is joined.
    joins: u32,
    /// What `matches` matches. The library would compile it at each use.
    patterns: Arc<HashMap<String, Regex>>,
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
        if survey.nesting > 1 && survey.longest.saturating_pow(survey.nesting) > STEPS {
            return Err(format!(
                "has loops over {} items inside each other, {} deep",
                survey.longest, survey.nesting
            ));
        }
        let compiled = survey.patterns.into_iter().map(|pattern| {
            let shown = printable(&pattern, 40);
            let regex = Regex::new(&pattern);
            regex
                .map(|regex| (pattern, regex))
                .map_err(|_| format!("`{shown}` is not a regular expression"))
        });
        let patterns = compiled.collect::<Result<_, String>>()?;
        Ok(Self {
            source: source.into(),
            nesting: survey.nesting,
            joins: survey.joins,
            patterns: Arc::new(patterns),
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
        let turns = size.longest.saturating_pow(self.joins);
        if self.joins > 0 && turns.saturating_mul(body.len()) > JOINED {
            return Some(format!(
                "JSON of {} bytes has a list of {} items, too many to join in the loops of `{}`",
                body.len(),
                size.longest,
                self.quoted()
            ));
        }
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        context.add_variable_from_value("body", value);
        let patterns = Arc::clone(&self.patterns);
        let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
            let regex = patterns.get(&*pattern);
            regex.is_some_and(|regex| regex.is_match(&text))
        };
        if context.add_function("matches", matches).is_err() {
            return Some("the library has a function `matches` of its own".to_owned());
        }
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
    }

    #[test]
    fn a_server_can_neither_choose_a_pattern_nor_have_it_compiled_again_and_again() {
        for (condition, why) in [
            (
                "body.s.matches(body.p)",
                "computes the pattern of `matches`: write it down as a text",
            ),
            ("body.s.matches('(')", "`(` is not a regular expression"),
        ] {
            assert_eq!(JsonCheck::compile(condition).unwrap_err(), why);
        }
        // Compiling this pattern takes milliseconds, and so it would take minutes.
        let condition = r"body.all(x, x.matches(r'^[\w-]{1,63}$') && matches(x, '^a'))";
        let list = |last| format!("[{}{last}]", "\"abc\",".repeat(50_000));
        assert_eq!(fault(condition, &list("\"a-b\"")), None);
        assert!(fault(condition, &list("\"a b\"")).is_some());
        assert!(fault(condition, &list("1")).is_some());
    }

    #[test]
    fn a_server_cannot_have_a_list_joined_to_fill_the_memory() {
        let list = format!("[{}0]", "0,".repeat(8_999));
        assert_eq!(
            fault("body.map(x, body + body).size() > 0", &list).unwrap(),
            "JSON of 18001 bytes has a list of 9000 items, too many to join in the loops of \
             `body.map(x, body + body).size() > 0`"
        );
        assert_eq!(fault("body.map(x, x + x).size() > 0", &list), None);
        let few = "[1, 2, 3]";
        assert_eq!(fault("body.map(x, body + body).size() == 3", few), None);
    }

    #[test]
    fn loops_over_what_is_written_down_are_bounded_too() {
        let ten = "[0,0,0,0,0,0,0,0,0,0]";
        let nested = |loops: usize| {
            format!(
                "{}true{}",
                format!("{ten}.all(a, ").repeat(loops),
                ")".repeat(loops)
            )
        };
        assert!(JsonCheck::compile(&nested(5)).is_ok());
        assert_eq!(
            JsonCheck::compile(&nested(6)).unwrap_err(),
            "has loops over 10 items inside each other, 6 deep"
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
