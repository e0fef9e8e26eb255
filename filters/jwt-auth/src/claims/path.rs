//! The name of a claim, which may lie inside of others: `realm_access.roles`.

use super::Claims;
use serde_json::Value;

/// Where a claim is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimPath(String);

impl ClaimPath {
    pub(crate) fn new(name: String) -> Self {
        Self(name)
    }

    /// The claim. One whose whole name has points (`https://example.com/roles`) comes before one inside of others.
    pub(crate) fn find<'c>(&self, claims: &'c Claims) -> Option<&'c Value> {
        claims.get(&self.0).or_else(|| {
            let mut steps = self.0.split('.');
            let first = claims.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.get(step))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_points_is_a_name_first_and_a_way_then() {
        let payload = br#"{"a":{"b":{"c":1},"d.e":2},"a.b":3,"https://x.example/roles":4}"#;
        let claims = Claims::read(payload).unwrap();
        let find = |name: &str| ClaimPath::new(name.to_owned()).find(&claims).and_then(Value::as_u64);
        assert_eq!(find("a.b"), Some(3));
        assert_eq!(find("a.b.c"), Some(1));
        assert_eq!(find("https://x.example/roles"), Some(4));
        for name in ["a.d.e", "a.b.c.d", "b", "", ".", "a."] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
