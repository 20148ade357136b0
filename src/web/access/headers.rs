//! What stands in the head of every answer so that browsers do with it only what we mean.
//!
//! Nothing here is a page of a web application: no script, no frame, no form. What the operator
//! sets in `http_server_config` wins; what a document says of itself wins over our defaults.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Nothing may be loaded, unless the document says more of itself.
const LOADS: &str = "default-src 'none'";
/// Nothing may be sent.
const SENDS: &str = "base-uri 'none'; form-action 'none'";

/// The headers that the operator sets.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// The names that can be set: those of the exporter-toolkit.
    pub const NAMES: [&str; 5] = [
        "Content-Security-Policy",
        "X-Frame-Options",
        "X-Content-Type-Options",
        "X-XSS-Protection",
        "Strict-Transport-Security",
    ];

    /// Sets one of [`Headers::NAMES`]. A blank value leaves our own.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the name or the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let choices: &[&str] = match name {
            "X-Frame-Options" => &["deny", "sameorigin"],
            "X-Content-Type-Options" => &["nosniff"],
            _ if Self::NAMES.contains(&name) => &[],
            _ => return Err(format!("cannot be set; {} can", Self::NAMES.join(", "))),
        };
        if value.is_empty() {
            return Ok(());
        }
        if !choices.is_empty() && !choices.contains(&value) {
            let choices = choices.join("` or `");
            return Err(format!("must be `{choices}`, in small letters"));
        }
        let value = HeaderValue::from_str(value);
        match (HeaderName::from_bytes(name.as_bytes()), value) {
            (Ok(name), Ok(value)) => self.0.push((name, value)),
            _ => return Err("holds a character that no header can have".to_owned()),
        }
        Ok(())
    }

    fn frames_itself(&self) -> bool {
        let mut own = self.0.iter();
        own.any(|(name, value)| *name == header::X_FRAME_OPTIONS && value == "sameorigin")
    }

    /// Completes the head of an answer.
    pub(in crate::web) fn complete(&self, head: &mut HeaderMap) {
        let framed_by = if self.frames_itself() {
            "'self'"
        } else {
            "'none'"
        };
        let own = head.get(header::CONTENT_SECURITY_POLICY);
        let loads = own.and_then(|it| it.to_str().ok()).unwrap_or(LOADS);
        let policy = format!("{loads}; {SENDS}; frame-ancestors {framed_by}");
        if let Ok(policy) = HeaderValue::try_from(policy) {
            head.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
            (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        ] {
            head.entry(name).or_insert(HeaderValue::from_static(value));
        }
        for (name, value) in &self.0 {
            head.insert(name.clone(), value.clone());
        }
    }
}

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
