//! The earlier specs of a resource, kept in an annotation of the resource itself.
//!
//! An annotation changes together with the spec, goes when the resource goes, and needs no further rights. All annotations
//! of an object may have 256 KiB together, so this one has a bound, and the oldest specs go first.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The annotation with the earlier specs, newest first, as JSON.
pub const HISTORY: &str = "mesh-filter.dev/history";
/// The annotation with the number of the present spec.
pub const REVISION: &str = "mesh-filter.dev/revision";
/// Most specs that are kept.
pub const MOST: usize = 10;
/// Most bytes of the annotation: half of what Kubernetes allows to all of an object.
pub const MOST_BYTES: usize = 128 * 1024;

/// An earlier spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1.
    pub revision: u64,
    /// The spec.
    pub spec: Value,
}

/// An annotation that is no history.
#[derive(Debug, thiserror::Error)]
#[error("the annotation `{HISTORY}` cannot be read")]
pub struct Unreadable(#[from] serde_json::Error);

/// The number of an object's present spec.
#[must_use]
pub fn revision(object: &Value) -> u64 {
    annotation(object, REVISION).and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The earlier specs of an object, newest first.
///
/// # Errors
/// If the annotation is not as it is written here.
pub fn read(object: &Value) -> Result<Vec<Entry>, Unreadable> {
    annotation(object, HISTORY).map_or(Ok(Vec::new()), |text| Ok(serde_json::from_str(text)?))
}

/// The history with one more entry, within its bounds, and how many entries had to go for their size.
#[must_use]
pub fn with(entry: Entry, mut earlier: Vec<Entry>) -> (String, usize) {
    earlier.insert(0, entry);
    earlier.truncate(MOST);
    let mut dropped = 0;
    loop {
        // Numbers, texts and values of JSON: each has a form in JSON.
        let text = serde_json::to_string(&earlier).unwrap_or_default();
        if text.len() <= MOST_BYTES {
            return (text, dropped);
        }
        earlier.pop();
        dropped += 1;
    }
}

fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(revision: u64, size: usize) -> Entry {
        Entry { revision, spec: json!({"url": "x".repeat(size)}) }
    }

    #[test]
    fn a_history_is_read_as_it_was_written() {
        let (text, dropped) = with(entry(2, 1), vec![entry(1, 1)]);
        let object = json!({"metadata": {"annotations": {HISTORY: text, REVISION: "3"}}});
        assert_eq!((read(&object).unwrap(), dropped), (vec![entry(2, 1), entry(1, 1)], 0));
        assert_eq!((revision(&object), revision(&json!({}))), (3, 1));
        let broken = json!({"metadata": {"annotations": {HISTORY: "[1]"}}});
        assert!(read(&broken).is_err());
    }

    #[test]
    fn the_oldest_go_first() {
        let earlier: Vec<Entry> = (1..=10).rev().map(|revision| entry(revision, 1)).collect();
        let (text, dropped) = with(entry(11, 1), earlier);
        let kept: Vec<Entry> = serde_json::from_str(&text).unwrap();
        assert_eq!((kept.len(), kept[0].revision, kept[9].revision, dropped), (10, 11, 2, 0));
        let (text, dropped) = with(entry(3, 60_000), vec![entry(2, 60_000), entry(1, 60_000)]);
        assert_eq!((text.len() <= MOST_BYTES, dropped), (true, 1));
    }
}
