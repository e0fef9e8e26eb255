//! Compared with `serde_json`, which reads the same and says as much.

use super::{read, write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    limits: BTreeMap<u32, i8>,
    #[serde(default)]
    act: Option<Act>,
    #[serde(default)]
    share: f64,
    #[serde(default)]
    pair: (u8, Option<bool>),
    #[serde(default)]
    long: i128,
    #[serde(default)]
    either: Option<Either>,
    #[serde(default)]
    nothing: (),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Rule {
    weight: u8,
    #[serde(default)]
    mark: char,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Pass,
    Wait(u64),
    Share(u8, u8),
    Call { cluster: String },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(f64),
    Text(String),
}

/// What `serde_json` makes of it, with the path of an error.
fn theirs<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        if path == "." {
            error.into_inner().to_string()
        } else {
            format!("at `{path}`: {}", error.into_inner())
        }
    })?;
    json.end().map_err(|error| error.to_string())?;
    Ok(value)
}

fn ours<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    read(text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn values_are_read_as_serde_json_reads_them() {
    for rest in [
        r#""rules": [{"weight": 255}, {"weight": 0, "mark": "é", "more": [1, -2, 3.5e2, null, {"a": {}}, []]}]"#,
        r#""limits": {"1": -128, "4294967295": 127}"#,
        r#""act": "pass""#,
        r#""act": {"pass": null}"#,
        r#""act": {"wait": 18446744073709551615}"#,
        r#""act": {"share": [1, 2]}"#,
        r#""act": {"call": {"cluster": "a"}}"#,
        r#""act": null"#,
        r#""share": 0.25"#,
        r#""share": -7"#,
        r#""share": 1E-3"#,
        r#""pair": [1, null]"#,
        r#""pair": [1, true]"#,
        r#""long": -170141183460469231731687303715884105728"#,
        r#""either": 1.5"#,
        r#""either": 2"#,
        r#""either": "x""#,
        r#""nothing": null"#,
    ] {
        let text =
            format!("\n{{\"name\": \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é\",\t{rest} }}\r\n");
        assert_eq!(ours::<Config>(&text).unwrap(), theirs(&text).unwrap(), "{text}");
    }
}

/// Texts whose errors are the same to the letter.
const SAME: &[&str] = &[
    r#"{"name": 1}"#,
    r#"{"name": -1}"#,
    r#"{"name": 1.5}"#,
    r#"{"name": null}"#,
    r#"{"name": true}"#,
    r#"{}"#,
    r#"{"name": "a", "nam": 1}"#,
    "{\n  \"name\": \"a\",\n  \"rules\": [{\"weight\": 256}]\n}",
    r#"{"name": "a", "rules": [{"weight": 1}, {"weight": "much"}]}"#,
    r#"{"name": "a", "rules": [{"weight": 1}, {"weight": "say \"much\"\n"}]}"#,
    r#"{"name": "a", "rules": [{"weight": -1}]}"#,
    r#"{"name": "a", "rules": [{}]}"#,
    r#"{"name": "a", "limits": {"1": 128}}"#,
    r#"{"name": "a", "act": "pas"}"#,
    r#"{"name": "a", "act": {"wait": true}}"#,
    r#"{"name": "a", "act": {"call": {}}}"#,
    r#"{"name": "a", "act": {"call": {"cluster": 1}}}"#,
    r#"{"name": "a", "act": {"share": [1, "b"]}}"#,
    r#"{"name": "a", "share": "b"}"#,
    r#"{"name": "a", "pair": [1, 2]}"#,
    r#"{"name": "a", "nothing": 1}"#,
    r#"{"name": "a"} x"#,
    r#"{"name" "a"}"#,
    r#"{"name": a}"#,
    r#"{"name": "a", "share": 1.}"#,
    r#"{"name": "a", "share": 1e999}"#,
    r#"{"name": "a\x"}"#,
];

#[test]
fn errors_have_the_text_that_serde_json_gives() {
    for text in SAME {
        assert_eq!(ours::<Config>(text).unwrap_err(), theirs::<Config>(text).unwrap_err(), "{text}");
    }
}

/// Texts whose errors say more than those of `serde_json`, or say it elsewhere.
const OTHER: &[(&str, &str)] = &[
    ("[]", "invalid type: sequence, expected struct Config at line 1 column 1"),
    ("", "the text ends too early: expected value at line 1 column 0"),
    (
        r#"{"name": 18446744073709551616}"#,
        "at `name`: invalid type: integer `18446744073709551616`, expected a string at line 1 column 29",
    ),
    (
        r#"{"name": 2.50}"#,
        "at `name`: invalid type: floating point `2.50`, expected a string at line 1 column 13",
    ),
    (
        r#"{"name": "a", "rules": {}}"#,
        "at `rules`: invalid type: map, expected a sequence at line 1 column 24",
    ),
    (
        r#"{"name": "a", "act": 5}"#,
        "at `act`: invalid type: integer `5`, expected enum Act at line 1 column 22",
    ),
    (r#"{"name": "a", "act": {}}"#, "at `act`: expected the name of a variant at line 1 column 23"),
    (r#"{"name": "a", "act": {"pass": null, "wait": 1}}"#, "at `act`: expected `}` at line 1 column 37"),
    (
        r#"{"name": "a", "limits": {"x": 1}}"#,
        "at `limits.x`: invalid type: string \"x\", expected u32 at line 1 column 28",
    ),
    (
        r#"{"name": "a", "pair": [1, null, 2]}"#,
        "at `pair`: invalid length: expected no more than 2 elements at line 1 column 32",
    ),
    (
        r#"{"name": "a", "rules": [{"weight": 1}"#,
        "at `rules`: the text ends too early: expected `,` or `]` at line 1 column 37",
    ),
    (r#"{"name": "a",}"#, "trailing comma at line 1 column 14"),
    (r#"{"name": "a" "rules": []}"#, "expected `,` or `}` at line 1 column 14"),
    (r#"{name: "a"}"#, "key must be a string at line 1 column 2"),
    (r#"{"name": "a", "share": 01}"#, "at `share`: invalid number at line 1 column 26"),
    ("{\"name\": \"a\n\"}", "at `name`: control character in a string at line 1 column 11"),
    (r#"{"name": "\ud800"}"#, "at `name`: half of a character in an escape at line 1 column 17"),
    (r#"{"name": "\ud800\ud800"}"#, "at `name`: half of a character in an escape at line 1 column 23"),
    (r#"{"name": "\u+123"}"#, "at `name`: invalid escape at line 1 column 13"),
];

#[test]
fn errors_say_where_what_and_what_was_expected() {
    for (text, problem) in OTHER {
        assert!(theirs::<Config>(text).is_err(), "{text}");
        assert_eq!(ours::<Config>(text).unwrap_err(), *problem, "{text}");
    }
    let problem = read::<Config>(b"{\"name\": \"\xff\"}").unwrap_err();
    assert_eq!(problem.to_string(), "the text is not UTF-8 at line 1 column 11");
}

#[test]
fn a_number_that_a_visitor_refuses_is_shown() {
    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only reading is tested")]
    enum Tagged {
        Count { number: u8 },
    }
    for (number, shown) in [
        ("1.5", "floating point `1.5`"),
        ("-0.000000001", "floating point `-0.000000001`"),
        ("2.0", "floating point `2.0`"),
        ("0.1", "floating point `0.1`"),
        ("1e300", "floating point number"),
    ] {
        let text = format!(r#"{{"kind": "count", "number": {number}}}"#);
        let problem = ours::<Tagged>(&text).unwrap_err();
        assert!(problem.contains(&format!("invalid type: {shown}, expected u8")), "{problem}");
    }
}

#[test]
fn arrays_within_arrays_are_read_to_a_depth_that_the_stack_has() {
    for (depth, fits) in [(127, true), (128, false), (100_000, false)] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(ours::<serde_json::Value>(&text).is_ok(), fits, "{depth}");
        assert_eq!(ours::<serde::de::IgnoredAny>(&text).is_ok(), fits, "{depth}");
        assert_eq!(theirs::<serde_json::Value>(&text).is_ok(), fits, "{depth}");
    }
}

#[test]
fn any_bytes_are_read_or_refused_as_serde_json_does() {
    // Texts of pieces, so that most are nearly JSON.
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", ",", ":", " ", "\n", "\"a\"", "\"\\n\"", "\"", "\\", "0", "1", "-", ".5", "e3",
        "12", "true", "null", "fals", "\"é\"", "\\u00e9", "\u{0}",
    ];
    let mut state = 1_u64;
    let mut accepted = 0;
    for _ in 0..200_000 {
        let mut text = String::new();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let length = (state >> 60) as usize;
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        }
        match (ours::<serde_json::Value>(&text), theirs::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => {
                accepted += 1;
                // Minus nought is an integer here, and numbers with exponents are rounded right.
                assert!(
                    ours == theirs || text.contains("-0") || text.contains('e'),
                    "{text}: {ours} {theirs}"
                );
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text:?}: {ours:?} {theirs:?}"),
        }
        // What is passed over may be a number that no type has.
        let passed = ours::<serde::de::IgnoredAny>(&text).is_ok();
        assert!(passed == ours::<serde_json::Value>(&text).is_ok() || text.contains('e'), "{text}");
    }
    assert!(accepted > 100, "{accepted}");
}

#[derive(Serialize)]
struct Written<'a> {
    text: &'a str,
    nothing: (),
    unit: Unit,
    number: f64,
    half: f32,
    long: i128,
    pair: (i8, Option<char>),
    wrapped: Wrapper,
    #[serde(with = "as_bytes")]
    bytes: &'a [u8],
    kinds: Vec<Kind>,
    none: Vec<u8>,
    empty: BTreeMap<String, u8>,
    numbers: BTreeMap<i64, bool>,
    flags: BTreeMap<bool, u64>,
    letters: BTreeMap<char, Value>,
}

mod as_bytes {
    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Wrapper(u16);

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Plain,
    Of(u8),
    Two(u8, bool),
    Named { a: u32, b: Option<String> },
}

#[test]
fn values_are_written_as_serde_json_writes_them() {
    for (text, number) in [
        ("", 0.0),
        ("\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f} !\"\\/\u{7f}é\u{2028}😀", -0.1),
        ("a", 1e300),
        ("b", 5e-324),
        ("c", f64::NAN),
        ("d", 100.0),
    ] {
        let written = Written {
            text,
            number,
            nothing: (),
            unit: Unit,
            half: 0.1,
            long: i128::MIN,
            pair: (-1, Some('"')),
            wrapped: Wrapper(7),
            bytes: b"\x00\xff",
            kinds: vec![
                Kind::Plain,
                Kind::Of(1),
                Kind::Two(2, true),
                Kind::Named { a: 3, b: None },
                Kind::Named { a: 4, b: Some("x".to_owned()) },
            ],
            none: Vec::new(),
            empty: BTreeMap::new(),
            numbers: [(-1, true), (2, false)].into(),
            flags: [(true, 1), (false, u64::MAX)].into(),
            letters: [('k', serde_json::json!({"a": [1, -2, 1.5, null, {}], "b": ""}))].into(),
        };
        assert_eq!(write(&written).unwrap(), serde_json::to_string(&written).unwrap());
    }
}

#[test]
fn keys_that_are_no_text_are_refused() {
    let refused = |problem: super::JsonError| problem.to_string();
    for problem in [
        write(&BTreeMap::from([(vec![1], 1)])).map_err(refused),
        write(&BTreeMap::from([((), 1)])).map_err(refused),
        write(&BTreeMap::from([(Kind::Of(1), 1)])).map_err(refused),
    ] {
        assert_eq!(problem.unwrap_err(), "key must be a string");
    }
    assert_eq!(write(&BTreeMap::from([(Kind::Plain, 1)])).unwrap(), r#"{"Plain":1}"#);
}
