//! What a plain scalar means. serde_yaml decides, so that a sweep file reads as any other program would read it.

use serde_json::{Number, Value};

/// Why a plain scalar has no meaning in a sweep file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// `.nan`, `.inf`.
    NotFinite,
    /// A whole number beyond 64 bits.
    TooLarge,
}

/// The value of an unquoted scalar.
pub(crate) fn resolve(text: &str) -> Result<Value, Unreadable> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if !may_mean_something(text) {
        return Ok(Value::String(text.to_owned()));
    }
    match serde_yaml::from_str::<serde_yaml::Value>(text) {
        Ok(serde_yaml::Value::Null) => Ok(Value::Null),
        Ok(serde_yaml::Value::Bool(value)) => Ok(Value::Bool(value)),
        Ok(serde_yaml::Value::Number(number)) => {
            let whole = number.as_u64().map(Number::from).or_else(|| number.as_i64().map(Number::from));
            let number = whole.or_else(|| number.as_f64().and_then(Number::from_f64));
            number.map(Value::Number).ok_or(Unreadable::NotFinite)
        }
        Ok(_) => Ok(Value::String(text.to_owned())),
        // serde_yaml reads whole numbers of up to 128 bits and then has no value for them.
        Err(_) => Err(Unreadable::TooLarge),
    }
}

/// Whether a scalar could be anything but a text. Saves a parser run for every word, and keeps out of serde_yaml what
/// it would take for more than one scalar.
fn may_mean_something(text: &str) -> bool {
    let narrow = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'~');
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    let content = text == "~" || text.bytes().any(|b| b.is_ascii_alphanumeric());
    content && (numeric || text.len() <= 5) && text.bytes().all(narrow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_mean_what_yaml_says() {
        for (text, value) in [
            ("1", json!(1)),
            ("-3", json!(-3)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1e-4", json!(1e-4)),
            (".5", json!(0.5)),
            ("0x10", json!(16)),
            ("true", json!(true)),
            ("~", json!(null)),
            ("", json!(null)),
            ("Null", json!(null)),
            ("no", json!("no")),
            ("012", json!("012")),
            ("1_000", json!("1_000")),
            ("2026-01-01", json!("2026-01-01")),
            ("1e999", json!("1e999")),
            ("adam", json!("adam")),
            ("/music/GTZAN", json!("/music/GTZAN")),
            ("...", json!("...")),
            ("-", json!("-")),
        ] {
            assert_eq!(resolve(text), Ok(value), "{text}");
        }
        for text in [".nan", ".inf", "-.inf", "+.INF"] {
            assert_eq!(resolve(text), Err(Unreadable::NotFinite), "{text}");
        }
        assert_eq!(resolve("99999999999999999999"), Err(Unreadable::TooLarge));
    }
}
