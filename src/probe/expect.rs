//! Does a response meet the expectation? Pure.

/// A compiled CEL condition over `body`, the parsed JSON.
#[derive(Clone)]
pub struct JsonCheck {
    source: String,
}

impl JsonCheck {
    /// Compiles a condition.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn compile(source: &str) -> Result<Self, String> {
        Ok(Self {
            source: source.to_owned(),
        })
    }
}

impl std::fmt::Debug for JsonCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("JsonCheck").field(&self.source).finish()
    }
}
