//! What a rate limit service is asked, and what it answers.

use super::wire::{Fields, number, text};
use crate::limit::Standing;
use std::borrow::Cow;

const SECOND: u64 = 1_000_000_000;

/// One rule's part of a question: names and values, and for how many it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) entries: Vec<(String, Vec<u8>)>,
    pub(crate) hits: u32,
}

/// `RateLimitRequest`.
pub(super) fn request(domain: &str, descriptors: &[&Descriptor]) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    text(&mut message, 1, domain.as_bytes());
    let hits = descriptors.first().map_or(1, |descriptor| descriptor.hits);
    // Where all count for the same the whole request says so, which services of any age understand.
    let same = descriptors.iter().all(|descriptor| descriptor.hits == hits);
    for descriptor in descriptors {
        let mut inner = Vec::new();
        for (key, value) in &descriptor.entries {
            let mut entry = Vec::new();
            text(&mut entry, 1, key.as_bytes());
            // Protobuf's strings are text; what is none on the wire is told by replacement characters.
            text(&mut entry, 2, String::from_utf8_lossy(value).as_bytes());
            text(&mut inner, 1, &entry);
        }
        if !same {
            let mut wrapped = Vec::new();
            number(&mut wrapped, 1, descriptor.hits.into());
            text(&mut inner, 3, &wrapped);
        }
        text(&mut message, 2, &inner);
    }
    if same {
        number(&mut message, 3, hits.into());
    }
    message
}

/// `RateLimitResponse`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) over_limit: bool,
    /// One for each descriptor, in their order; or none at all.
    pub(crate) statuses: Vec<Status>,
    pub(crate) response_headers: Vec<(String, Vec<u8>)>,
    pub(crate) request_headers: Vec<(String, Vec<u8>)>,
    /// The body of refusals.
    pub(crate) body: Vec<u8>,
}

/// `DescriptorStatus`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) over_limit: bool,
    quota: Option<(u64, u64)>,
    remaining: u64,
    /// Nanoseconds.
    pub(crate) reset: Option<u64>,
}

const OK: u64 = 1;
const OVER_LIMIT: u64 = 2;

impl Answer {
    /// `None` where the service says neither that it is too much nor that it is not.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let mut answer = Self::default();
        let mut code = 0;
        for (field, value) in Fields(message) {
            match (field, value.bytes()) {
                (1, None) => code = value.number(),
                (2, Some(status)) => answer.statuses.push(Status::read(status)),
                (3, Some(header)) => answer.response_headers.push(header_of(header)),
                (4, Some(header)) => answer.request_headers.push(header_of(header)),
                (5, Some(body)) => answer.body = body.to_vec(),
                _ => {}
            }
        }
        answer.over_limit = code == OVER_LIMIT;
        matches!(code, OK | OVER_LIMIT).then_some(answer)
    }
}

impl Status {
    fn read(message: &[u8]) -> Self {
        let mut status = Self::default();
        for (field, value) in Fields(message) {
            match (field, value.bytes()) {
                (1, None) => status.over_limit = value.number() == OVER_LIMIT,
                (2, Some(limit)) => status.quota = Some(quota(limit)),
                (3, None) => status.remaining = value.number(),
                (4, Some(duration)) => status.reset = Some(nanoseconds(duration)),
                _ => {}
            }
        }
        status
    }

    /// Whether nothing is left, not even for one.
    pub(super) fn is_empty(&self) -> bool {
        self.over_limit && self.remaining == 0
    }

    /// What clients are told of it, where the service tells its limit.
    pub(crate) fn standing(&self) -> Option<Standing> {
        let (quota, window) = self.quota?;
        Some(Standing { quota, remaining: self.remaining, reset: self.reset.unwrap_or(window), window })
    }
}

/// `HeaderValue`.
fn header_of(message: &[u8]) -> (String, Vec<u8>) {
    let (mut name, mut content) = (Cow::Borrowed(""), Vec::new());
    for (field, value) in Fields(message) {
        match (field, value.bytes()) {
            (1, Some(bytes)) => name = String::from_utf8_lossy(bytes),
            (2 | 3, Some(bytes)) if !bytes.is_empty() => content = bytes.to_vec(),
            _ => {}
        }
    }
    (name.into_owned(), content)
}

/// `RateLimit`: how many, in how many nanoseconds.
fn quota(message: &[u8]) -> (u64, u64) {
    let (mut requests, mut seconds) = (0, 1);
    for (field, value) in Fields(message) {
        match (field, value.number()) {
            (1, number) => requests = number,
            (2, unit) => {
                seconds = match unit {
                    2 => 60,
                    3 => 3600,
                    4 => 86_400,
                    5 => 30 * 86_400,
                    6 => 365 * 86_400,
                    7 => 7 * 86_400,
                    _ => 1,
                }
            }
            _ => {}
        }
    }
    (requests, seconds * SECOND)
}

/// `google.protobuf.Duration`.
fn nanoseconds(message: &[u8]) -> u64 {
    let (mut seconds, mut nanos) = (0_u64, 0);
    for (field, value) in Fields(message) {
        match (field, value.number()) {
            (1, number) => seconds = number,
            (2, number) => nanos = number.min(SECOND),
            _ => {}
        }
    }
    // A negative time is a number beyond all others.
    if i64::try_from(seconds).is_err() { 0 } else { seconds.saturating_mul(SECOND).saturating_add(nanos) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_filter_test::proptest::prelude::*;

    fn descriptor(value: &[u8], hits: u32) -> Descriptor {
        Descriptor { entries: vec![("user".to_owned(), value.to_vec())], hits }
    }

    #[test]
    fn a_question_says_for_how_many_it_counts() {
        let (one, two) = (descriptor(b"a", 2), descriptor(b"\xff", 2));
        let entry = |value: &str| {
            let mut inner = b"\x0a\x04user\x12".to_vec();
            inner.push(u8::try_from(value.len()).unwrap());
            inner.extend_from_slice(value.as_bytes());
            let mut outer = vec![0x0a, u8::try_from(inner.len()).unwrap()];
            outer.extend_from_slice(&inner);
            outer
        };
        let mut expected = b"\x0a\x04edge".to_vec();
        for value in ["a", "\u{fffd}"] {
            let entry = entry(value);
            expected.extend_from_slice(&[0x12, u8::try_from(entry.len()).unwrap()]);
            expected.extend_from_slice(&entry);
        }
        expected.extend_from_slice(&[0x18, 2]);
        assert_eq!(request("edge", &[&one, &two]), expected);
        // `hits_addend` of each descriptor, as `UInt64Value`.
        let each = request("edge", &[&one, &descriptor(b"b", 3)]);
        assert!(each.windows(4).any(|part| part == [0x1a, 2, 8, 2]) && each.ends_with(&[0x1a, 2, 8, 3]));
    }

    #[test]
    fn an_answer_tells_of_each_descriptor() {
        let message = b"\x08\x02\x12\x0e\x08\x02\x12\x04\x08\x0a\x10\x02\x22\x04\x08\x05\x10\x01\x12\x04\x08\x01\x18\x07\
            \x1a\x08\x0a\x03x-a\x12\x01b\x2a\x02no";
        let answer = Answer::read(message).unwrap();
        assert!(answer.over_limit && answer.statuses[0].is_empty() && !answer.statuses[1].over_limit);
        let standing = answer.statuses[0].standing().unwrap();
        assert_eq!((standing.quota, standing.window, standing.reset), (10, 60 * SECOND, 5 * SECOND + 1));
        assert_eq!(answer.response_headers, [("x-a".to_owned(), b"b".to_vec())]);
        assert_eq!(answer.body, b"no");
        assert_eq!(Answer::read(b""), None, "neither yes nor no");
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_not(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(answer) = Answer::read(&bytes) {
                for status in answer.statuses {
                    status.standing();
                }
            }
        }
    }
}
