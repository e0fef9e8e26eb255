//! The names of a filter's metrics: below the filter's own, and below `stat_prefix` where it is set.

use crate::Problem;

/// The longest prefix, in bytes.
const LONGEST: usize = 64;

/// What the names of metrics begin with: `FILTER.`, or `FILTER.PREFIX.`.
///
/// # Errors
/// Where the prefix has other characters than letters, digits, `_`, `-` and `.`, is empty, or longer than 64 bytes.
pub fn metrics_prefix(filter: &str, stat_prefix: Option<&str>) -> Result<String, Problem> {
    match stat_prefix {
        None => Ok(format!("{filter}.")),
        Some(prefix) if is_name(prefix) => Ok(format!("{filter}.{prefix}.")),
        Some(_) => Err(Problem::new("stat_prefix", "expected up to 64 letters, digits, `_`, `-` and `.`")),
    }
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_stands_between_filter_and_metric() {
        assert_eq!(metrics_prefix("jwt_auth", None).unwrap(), "jwt_auth.");
        assert_eq!(metrics_prefix("jwt_auth", Some("edge")).unwrap(), "jwt_auth.edge.");
        for prefix in ["", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert!(metrics_prefix("jwt_auth", Some(prefix)).is_err(), "{prefix}");
        }
    }
}
