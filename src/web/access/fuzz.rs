//! What the fuzzer demands of passwords.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;

use super::guard::credentials;

/// An `Authorization` header has a name and a password, or nobody is let in.
pub(crate) fn web_authorization(bytes: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(bytes)
        && let Some((name, password)) = credentials(&value)
    {
        assert!(name.len() <= 255 && !name.contains(':'));
        assert!(!(name + &password).chars().any(char::is_control));
    }
    let packed = format!("bAsIc {}", STANDARD.encode(bytes));
    let value = HeaderValue::from_str(&packed).expect("base64 is visible");
    if let Some((name, password)) = credentials(&value) {
        assert_eq!(format!("{name}:{password}").as_bytes(), bytes);
    }
}
