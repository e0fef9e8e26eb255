//! What documents are read as, and what is refused where.

use std::time::Duration;

use serde_json::json;

use super::*;

fn parse(text: &str) -> Node {
    Document::parse("file.yaml", text).unwrap().root().clone()
}

fn problem(text: &str) -> String {
    Document::parse("file.yaml", text).unwrap_err().to_string()
}

#[test]
fn scalars_are_text_until_somebody_types_them() {
    let root = parse("[no, 1.10, 0123, \"7\", y]");
    let texts: Vec<&str> = root.list().unwrap().iter().map(|node| node.string().unwrap()).collect();
    assert_eq!(texts, ["no", "1.10", "0123", "7", "y"]);
}

#[test]
fn empty_tilde_and_null_are_absent_fields_but_quoted_ones_are_not() {
    let root = parse("a:\nb: ~\nc: null\nd: \"\"\n");
    let fields = root.mapping(&["a", "b", "c", "d"]).unwrap();
    assert!(fields.get("a").is_none() && fields.get("b").is_none() && fields.get("c").is_none());
    assert_eq!(fields.required("d").unwrap().string().unwrap(), "");
    assert_eq!(fields.required("a").unwrap_err().to_string(), "file.yaml:1:1: missing field `a`");
}

#[test]
fn an_error_names_file_line_column_and_path() {
    let root = parse("listeners:\n  - name: a\n    \"odd key\": [x]\n");
    let fields = root.mapping(&["listeners"]).unwrap();
    let entry = &fields.required("listeners").unwrap().list().unwrap()[0].entries().unwrap()[1];
    let error = entry.value.list().unwrap()[0].bool().unwrap_err();
    assert_eq!(
        error.to_string(),
        "file.yaml:3:17: listeners[0][\"odd key\"][0]: expected `true` or `false`, got `x`"
    );
}

#[test]
fn an_error_renders_with_its_line_a_caret_and_help() {
    let error = parse("a: 1\nlisteners: 2\n").mapping(&["a", "listener"]).unwrap_err();
    assert_eq!(
        error.render(),
        "file.yaml:2:1: listeners: unknown field `listeners`\n  |\n2 | listeners: 2\n  | ^\n\
         help: did you mean `listener`? known here: `a`, `listener`"
    );
}

#[test]
fn malformed_documents_are_refused_with_their_place() {
    assert!(problem("a: [1, 2\nb: 3\n").starts_with("file.yaml:2:"), "{}", problem("a: [1, 2\nb: 3\n"));
    assert_eq!(problem("a: 1\nb: 2\na: 3\n"), "file.yaml:3:1: a: duplicate key `a`");
    assert_eq!(problem("a: 1\n---\nb: 2\n"), "file.yaml:2:1: a second document begins here, expected one");
    assert_eq!(problem("x: !!int 3\n"), "file.yaml:1:4: the tag `tag:yaml.org,2002:!int` is not supported");
    assert_eq!(problem("x:\n  <<: {a: 1}\n"), "file.yaml:2:3: x[\"<<\"]: merge keys are not supported");
    assert_eq!(problem("? [a]\n: b\n"), "file.yaml:1:3: expected a scalar as key");
    assert!(problem("a: *b\n").contains("not well-formed YAML"));
}

#[test]
fn several_documents_of_one_file_know_their_lines() {
    let text = "a: &x 1\n---\n# nothing\n---\nb: [2, c]\n...\n";
    let documents = Document::parse_all("file.yaml", text).unwrap();
    assert_eq!(documents.len(), 2);
    let error = documents[1].root().mapping(&["b"]).unwrap().required("b").unwrap().expected("a mapping");
    assert_eq!(error.to_string(), "file.yaml:5:4: b: expected a mapping, got a list");
    assert!(Document::parse_all("file.yaml", "").unwrap().is_empty());
    let anchor = Document::parse_all("file.yaml", "a: &x 1\n---\nb: *x\n").unwrap_err().to_string();
    assert!(anchor.starts_with("file.yaml:3:4: "), "{anchor}");
}

#[test]
fn what_readers_of_yaml_disagree_about_is_refused() {
    assert_eq!(
        problem("a: {b: c?d}\n"),
        "file.yaml:1:8: `?` in an unquoted scalar between braces or brackets"
    );
    assert!(problem("a: {b: |\n  x\n}\n").starts_with("file.yaml:1:8: "));
    assert_eq!(problem("a:\n  \tb: c\n"), "file.yaml:2:4: a tab in the indentation");
    assert_eq!(problem("a: b\rc: d\n"), "file.yaml:1:1: a carriage return without a line feed");
    assert_eq!(parse("a: c?d\r\n").to_json().unwrap(), json!({"a": "c?d"}));
}

#[test]
fn aliases_copy_what_they_name_under_the_path_of_the_copy() {
    let root = parse("a: &x {k: 1}\nb: *x\n");
    let copy = &root.entries().unwrap()[1].value;
    assert_eq!(copy.to_json().unwrap(), json!({"k": 1}));
    let error = copy.mapping(&[]).unwrap_err();
    assert_eq!(error.to_string(), "file.yaml:1:8: b.k: unknown field `k`");
}

#[test]
fn expansion_depth_and_size_are_bounded() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let previous = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    assert!(problem(&bomb).contains("more than 200000 nodes"));
    assert!(
        problem(&format!("{}{}", "[".repeat(100), "]".repeat(100))).contains("nested deeper than 64 levels")
    );
    assert!(problem(&"#".repeat(MAX_BYTES + 1)).contains("the limit is 4194304"));
}

#[test]
fn integers_are_decimal_and_in_range() {
    let read = |text: &str| parse(text).integer(1..=65535).map_err(|error| error.problem().to_owned());
    assert_eq!(read("8080"), Ok(8080));
    assert_eq!(read("\"8080\""), Ok(8080));
    for wrong in ["0", "65536", "0123", "0x10", "1.0", "1e3", "+1", "-", "99999999999999999999", "[1]"] {
        assert!(read(wrong).unwrap_err().starts_with("expected an integer from 1 to 65535, got "), "{wrong}");
    }
}

#[test]
fn durations_have_protobufs_form_and_spans_have_units() {
    let seconds = |text: &str| parse_duration(text);
    assert_eq!(seconds("15s"), Some(Duration::from_secs(15)));
    assert_eq!(seconds("0.25s"), Some(Duration::from_millis(250)));
    for wrong in ["15", "s", "-1s", "1.s", ".5s", "1ms", "1 s", "315576000001s", "0.1234567890s"] {
        assert_eq!(seconds(wrong), None, "{wrong}");
    }
    assert_eq!(parse_span("1m30s"), Some(Duration::from_secs(90)));
    assert_eq!(parse_span("1.5s"), Some(Duration::from_millis(1500)));
    assert_eq!(parse_span("1h2ms3us"), Some(Duration::from_micros(3_600_002_003)));
    for wrong in ["", "5", "s", "1s1m", "1s1s", "-1s", "1 s", "1x", "99999999999999999999s"] {
        assert_eq!(parse_span(wrong), None, "{wrong}");
    }
    for text in ["15s", "0.25s", "0s", "0.000000001s"] {
        assert_eq!(format_duration(parse_duration(text).unwrap()), text);
    }
}

#[test]
fn json_types_plain_scalars_by_the_core_schema() {
    let root = parse("[true, no, 12, -3, 0x1f, 0o17, 1.5, 1e3, 1.10.2, \"12\", ~, 0123]");
    let expected = json!([true, "no", 12, -3, 31, 15, 1.5, 1000.0, "1.10.2", "12", null, 123]);
    assert_eq!(root.to_json().unwrap(), expected);
    assert!(parse("99999999999999999999").to_json().is_err());
    assert!(parse("-.inf").to_json().is_err());
}

#[test]
fn json_documents_are_read_and_yaml_in_them_is_refused() {
    let text = "{\n\t\"a\": \"\\u00e9\\ud83d\\ude00\\/\",\n\t\"b\": [1, true, null]\n}\n";
    let document = Document::parse_json("file.json", text).unwrap();
    assert_eq!(document.root().to_json().unwrap(), json!({"a": "\u{e9}\u{1f600}/", "b": [1, true, null]}));
    let error = Document::parse_json("file.json", "a: 1\n").unwrap_err();
    assert_eq!(error.to_string(), "file.json:1:1: not valid JSON: expected value");
}

#[test]
fn no_text_makes_the_reader_panic() {
    let seeds =
        ["a: {b: [1, 'x', \"\\u00e9\"]}\n", "- &a |\n  t\n- *a\n", "? a\n: >-\n  b\n...\n---\n%TAG\n"];
    for seed in seeds {
        for at in 0..=seed.len() {
            for insert in
                ["", "\t", "\0", ":", "- ", "'", "\"", "{", "&", "*", "!", "|", "\u{feff}", "%", "\r", "é"]
            {
                let (head, tail) = seed.split_at_checked(at).unwrap_or((seed, ""));
                let _ = Document::parse("file.yaml", &format!("{head}{insert}{tail}"));
                let _ = Document::parse("file.yaml", &format!("{head}{insert}"));
            }
        }
    }
}
