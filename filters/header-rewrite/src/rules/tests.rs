//! Rules over headers whose bytes are no text, which scenario files cannot hold.

use super::Policy;
use crate::Config;
use crate::testing::{List, Still};
use serde_json::{Value, json};

/// Names of the headers of drawn requests; operations mean those with `m`.
const NAMES: [&str; 6] = ["a", "b", "c", "m1", "m2", "m3"];

fn policy(config: Value) -> Policy {
    let config: Config = serde_json::from_value(config).unwrap();
    config.build(&|_| None).unwrap()
}

/// Numbers that look like chance, the same in each run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    /// A value as peers may send it: any bytes but CR, LF and NUL.
    fn value(&mut self) -> Vec<u8> {
        let bytes = (0..self.below(6)).map(|_| b"\x80\xff\xc3\xa9a, 1"[self.below(8)]).collect::<Vec<u8>>();
        bytes.trim_ascii().to_vec()
    }

    fn headers(&mut self) -> Vec<(String, Vec<u8>)> {
        (0..self.below(8)).map(|_| (NAMES[self.below(NAMES.len())].to_owned(), self.value())).collect()
    }
}

fn operations() -> Value {
    json!([
        {"rename": {"from": "m1", "to": "m2", "append_action": "APPEND_IF_EXISTS_OR_ADD"}},
        {"regex_rewrite": {"header": "m2", "pattern": {"regex": "[0-9]+"}, "substitution": "<\\0>"}},
        {"dedupe": {"header": "m2"}},
        {"upper": "m3"},
        {"append": {"header": {"key": "m3", "value": "%REQ(m2):1%"}}},
        {"dedupe": {"header": "m3", "separator": ","}},
        {"remove_on_match": {"key_matcher": {"suffix": "1"}}},
    ])
}

#[test]
fn bytes_that_are_no_text_stay_where_no_operation_means_them_and_stop_none() {
    let policy = policy(json!({"rules": [{"request_mutations": operations()}]}));
    let mut draw = Draw(1);
    for _ in 0..5000 {
        let sent = draw.headers();
        let mut list = List(sent.clone());
        let passed = policy.request(&mut list, &Still);
        assert!(passed.outcome.is_ok() && passed.rejected == 0);
        let unnamed = |headers: &[(String, Vec<u8>)]| {
            headers.iter().filter(|(name, _)| !name.starts_with('m')).cloned().collect::<Vec<_>>()
        };
        assert_eq!(unnamed(&list.0), unnamed(&sent));
        assert!(!list.0.iter().any(|(name, value)| name == "m1" || value.iter().any(u8::is_ascii_control)));
    }
}

#[test]
fn a_part_of_a_character_is_a_value_too() {
    let policy = policy(json!({"rules": [{"request_mutations": [
        {"append": {"header": {"key": "m2", "value": "%REQ(m1):1%"}}},
    ]}]}));
    let mut list = List(vec![("m1".to_owned(), "\u{e9}".as_bytes().to_vec())]);
    assert!(policy.request(&mut list, &Still).outcome.is_ok());
    assert_eq!(list.0[1], ("m2".to_owned(), b"\xc3".to_vec()));
}
