//! What a metric must say: `name{label="value"} = number`, also `>=`, `<=`, and `= 7200 +- 60`.

use std::fmt;

use super::figures::Figure;

/// One expectation of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) metric: String,
    /// Series without these labels are not meant; all that are meant are added up.
    labels: Vec<(String, String)>,
    how: How,
    number: f64,
    tolerance: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equal,
    AtLeast,
    AtMost,
}

impl Wanted {
    /// Reads it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shape = || {
            format!("`{text}` is not of the form name{{label=\"value\"}} = number [+- tolerance]")
        };
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .ok_or_else(shape)?;
        let (metric, rest) = text.split_at(end);
        let mut rest = rest.trim_start();
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            let (inner, after) = inner.split_once('}').ok_or_else(shape)?;
            for pair in inner.split(',').filter(|pair| !pair.trim().is_empty()) {
                let (label, value) = pair.split_once('=').ok_or_else(shape)?;
                let value = value.trim().strip_prefix('"');
                let value = value.and_then(|value| value.strip_suffix('"'));
                labels.push((label.trim().to_owned(), value.ok_or_else(shape)?.to_owned()));
            }
            rest = after.trim_start();
        }
        let signs = [("=", How::Equal), (">=", How::AtLeast), ("<=", How::AtMost)];
        let (number, how) = signs
            .into_iter()
            .find_map(|(sign, how)| Some((rest.strip_prefix(sign)?, how)))
            .ok_or_else(shape)?;
        let (number, tolerance) = number.split_once("+-").unwrap_or((number, "0"));
        let parse = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        Ok(Self {
            metric: metric.to_owned(),
            labels,
            how,
            number: parse(number).ok_or_else(shape)?,
            tolerance: parse(tolerance).ok_or_else(shape)?,
        })
    }

    /// What is wrong with the figures; `None` if nothing is.
    pub(super) fn difference(&self, figures: &[Figure]) -> Option<String> {
        let mut found = figures.iter().filter(|it| self.means(it)).peekable();
        if found.peek().is_none() {
            return Some(format!("{self} was expected, and there is no such series"));
        }
        let sum: f64 = found.map(|figure| figure.value).sum();
        // Sums of seconds are not exact in their last bits.
        let slack = self.tolerance + 1e-6;
        let fine = match self.how {
            How::Equal => (sum - self.number).abs() <= slack,
            How::AtLeast => sum >= self.number - slack,
            How::AtMost => sum <= self.number + slack,
        };
        (!fine).then(|| format!("{self} was expected, and it is {}", shown(sum)))
    }

    fn means(&self, figure: &Figure) -> bool {
        figure.name == self.metric
            && self.labels.iter().all(|(label, value)| {
                let mut own = figure.labels.iter();
                own.any(|(name, own)| name == label && own == value)
            })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        if !self.labels.is_empty() {
            let pairs = self.labels.iter();
            let pairs: Vec<String> = pairs.map(|(l, v)| format!("{l}=\"{v}\"")).collect();
            write!(f, "{{{}}}", pairs.join(","))?;
        }
        let sign = match self.how {
            How::Equal => "=",
            How::AtLeast => ">=",
            How::AtMost => "<=",
        };
        write!(f, " {sign} {}", shown(self.number))?;
        if self.tolerance > 0.0 {
            write!(f, " +- {}", shown(self.tolerance))?;
        }
        Ok(())
    }
}

/// A number with as many decimals as are worth reading.
pub(super) fn shown(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_fit_are_added_up_and_compared() {
        let figure = |network: &str, value| Figure {
            name: "bascule_x_total",
            labels: vec![("network", network.to_owned()), ("state", "up".to_owned())],
            value,
        };
        let figures = [figure("x", 2.0), figure("y", 1.25)];
        let difference = |text| Wanted::parse(text).unwrap().difference(&figures);
        assert_eq!(difference("bascule_x_total = 3.25"), None);
        assert_eq!(difference("bascule_x_total{network=\"x\"} = 2"), None);
        assert_eq!(
            difference("bascule_x_total{network=\"y\"} = 1 +- 0.3"),
            None
        );
        assert_eq!(difference("bascule_x_total{state=\"up\"} >= 3"), None);
        assert_eq!(
            difference("bascule_x_total{network=\"y\"} <= 1").unwrap(),
            "bascule_x_total{network=\"y\"} <= 1 was expected, and it is 1.25"
        );
        assert_eq!(
            difference("bascule_x = 1").unwrap(),
            "bascule_x = 1 was expected, and there is no such series"
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for text in [
            "",
            "a",
            "a{b} = 1",
            "a{b=\"c\" = 1",
            "a = x",
            "a == 1",
            "a < 1",
        ] {
            let fault = Wanted::parse(text).unwrap_err();
            assert!(fault.contains("is not of the form name{label"), "{text}");
        }
    }
}
