//! Conditions on a header, which may be there once, several times or not at all.

use super::{Matcher, Mismatch, shown};
use mesh_filter_runtime::headers::Headers;

/// A condition on all values of a header.
#[derive(Debug, Clone)]
pub(crate) enum HeaderMatcher {
    /// The header is there once, and its value fulfils the condition.
    One(Matcher),
    /// The header is there so many times, with these values in this order.
    Each(Vec<Matcher>),
    /// The number of its values fulfils a condition, and so does each of them.
    Count { count: Matcher, each: Option<Matcher> },
    /// The header is there, with whatever values.
    Present,
    /// The header is not there.
    Absent,
}

impl HeaderMatcher {
    pub(crate) fn check(&self, headers: &Headers, name: &str) -> Result<(), Mismatch> {
        let values: Vec<&[u8]> = headers.get_all(name.as_bytes()).map(AsRef::as_ref).collect();
        match (self, values.as_slice()) {
            (Self::Absent, []) => Ok(()),
            (Self::Absent, values) => Err(Mismatch::new(format!("expected none, got {}", listed(values)))),
            (Self::Present, []) => Err(Mismatch::new("expected any value, but it is absent")),
            (Self::Present, _) => Ok(()),
            (Self::Count { count, each }, values) => {
                count.check(values.len().to_string().as_bytes()).map_err(|mismatch| {
                    let mut mismatch = mismatch.of("number of values");
                    if !values.is_empty() {
                        mismatch.problem.push_str(&format!(": {}", listed(values)));
                    }
                    mismatch
                })?;
                each.iter().try_for_each(|each| values.iter().try_for_each(|value| each.check(value)))
            }
            (Self::One(matcher), [value]) => matcher.check(value),
            (Self::One(matcher), []) => {
                Err(Mismatch::new(format!("expected {}, but it is absent", matcher.describe())))
            }
            (Self::One(_), values) => Err(Mismatch::new(format!(
                "expected one value, got {}: {} (write a list to expect several)",
                values.len(),
                listed(values)
            ))),
            (Self::Each(matchers), values) => {
                if matchers.len() != values.len() {
                    let counts = format!("expected {} values, got {}", matchers.len(), values.len());
                    let problem =
                        if values.is_empty() { counts } else { format!("{counts}: {}", listed(values)) };
                    return Err(Mismatch::new(problem));
                }
                matchers.iter().zip(values).try_for_each(|(matcher, value)| matcher.check(value))
            }
        }
    }
}

fn listed(values: &[&[u8]]) -> String {
    values.iter().map(|value| shown(value)).collect::<Vec<_>>().join(", ")
}
