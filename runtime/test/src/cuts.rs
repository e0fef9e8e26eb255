//! Where a body is cut into chunks, as a value: inputs of properties about chunk boundaries.

use bytes::Bytes;

/// Places at which a body is cut into the chunks in which it arrives.
///
/// With the feature `proptest` it is an input of [`proptest`](macro@crate::proptest). A failing input gets smaller by
/// leaving cuts out, then by moving those that are left towards the start: what remains are the
/// boundaries that matter.
///
/// ```
/// use mesh_filter_test::Cuts;
///
/// let chunks = Cuts::at([3, 4]).of("foobar");
/// assert_eq!(chunks, ["foo", "b", "ar"]);
/// assert_eq!(Cuts::none().of("foobar"), ["foobar"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cuts {
    /// In order, without repetition; from 1, because nothing comes of a cut at the start.
    pub(crate) at: Vec<usize>,
}

impl Cuts {
    /// No cut: the body arrives in one chunk.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Cuts before these bytes, counted from 0.
    #[must_use]
    pub fn at(places: impl IntoIterator<Item = usize>) -> Self {
        let mut at: Vec<_> = places.into_iter().filter(|place| *place > 0).collect();
        at.sort_unstable();
        at.dedup();
        Self { at }
    }

    /// The chunks of this body; cuts beyond its end do nothing.
    #[must_use]
    pub fn of(&self, body: impl Into<Bytes>) -> Vec<Bytes> {
        let mut rest: Bytes = body.into();
        let (mut chunks, mut before) = (Vec::new(), 0);
        for place in &self.at {
            if *place - before >= rest.len() {
                break;
            }
            chunks.push(rest.split_to(*place - before));
            before = *place;
        }
        chunks.push(rest);
        chunks
    }

    /// The places.
    #[must_use]
    pub fn places(&self) -> &[usize] {
        &self.at
    }
}

#[cfg(test)]
mod tests {
    use super::Cuts;

    #[test]
    fn chunks_are_the_body_cut_where_it_can_be() {
        assert_eq!(Cuts::at([4, 2, 2, 0, 9]).of("abcdef"), ["ab", "cd", "ef"]);
        assert_eq!(Cuts::at([6, 7]).of("abcdef"), ["abcdef"]);
        assert_eq!(Cuts::at([5]).of("abcdef"), ["abcde", "f"]);
        assert_eq!(Cuts::at([1]).of(""), [""]);
        assert_eq!(Cuts::at([4, 2, 2, 0]).places(), [2, 4]);
    }
}
