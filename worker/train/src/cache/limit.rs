//! How much the cache may take.

/// What the cache may take where nobody says otherwise: 20 GiB.
pub const DEFAULT_LIMIT: u64 = 20 << 30;

/// The environment variable that says otherwise.
const VARIABLE: &str = "GLISS_CACHE_LIMIT";

/// What the cache may take, bytes: `GLISS_CACHE_LIMIT` (see [`parse_limit`]), or [`DEFAULT_LIMIT`].
pub fn limit() -> u64 {
    let Some(text) = std::env::var_os(VARIABLE) else { return DEFAULT_LIMIT };
    match text.to_str().and_then(parse_limit) {
        Some(limit) => limit,
        None => {
            tracing::warn!(
                value = %text.display(),
                "{VARIABLE} is not a size such as 500MB, 20GiB or `none`; 20GiB is taken"
            );
            DEFAULT_LIMIT
        }
    }
}

/// Reads a size: a number of bytes, or one with a unit (`kB`, `MB`, `GB`, `TB` of 1000, `KiB`, `MiB`, `GiB`, `TiB` of
/// 1024; a lone `K`, `M`, `G`, `T` is of 1024; case does not matter), or `none` for no limit.
pub fn parse_limit(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    if text == "none" {
        return Some(u64::MAX);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let mut unit = unit.trim().chars();
    let power = match unit.next() {
        None | Some('b') => 0,
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some(_) => return None,
    };
    let base: f64 = match (power, unit.as_str()) {
        (0, "") | (_, "" | "i" | "ib") => 1024.0,
        (1.., "b") => 1000.0,
        _ => return None,
    };
    // Saturates.
    Some((number * base.powi(power)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("1234", 1234),
            ("10 b", 10),
            ("500MB", 500_000_000),
            ("1.5 GiB", 3 << 29),
            ("20g", 20 << 30),
            ("2kb", 2000),
            ("1T", 1 << 40),
            ("none", u64::MAX),
            ("99999999999TB", u64::MAX),
        ] {
            assert_eq!(parse_limit(text), Some(bytes), "{text}");
        }
        for text in ["", "GB", "-1", "5 pots", "1..5", "1e5", "5gbb", "nan", "inf", "3bb"] {
            assert_eq!(parse_limit(text), None, "{text}");
        }
    }
}
