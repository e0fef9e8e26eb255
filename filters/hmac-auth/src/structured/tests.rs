//! What is read, what is refused, and what is written again.

use super::*;

fn again(text: &str) -> Option<String> {
    canonical(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn what_is_read_is_written_in_its_canonical_form() {
    for (text, expected) in [
        ("", ""),
        ("a=1,    b=2;x=1;y=2,   c=(a   b   c)", "a=1, b=2;x=1;y=2, c=(a b c)"),
        ("a, b=?1, c=?0;x", "a, b, c=?0;x"),
        ("sig=:AQ==:", "sig=:AQ==:"),
        ("\"a \\\" \\\\\"", "\"a \\\" \\\\\""),
        ("text/html;q=0.9 ,\t*/*;q=0.10", "text/html;q=0.9, */*;q=0.1"),
        ("-5", "-5"),
        ("-0.050, 1.0, 12.345", "-0.05, 1.0, 12.345"),
        ("(1 2);a=b, ()", "(1 2);a=b, ()"),
        ("1;  a", "1;a"),
    ] {
        assert_eq!(again(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_structured_field_is_refused() {
    for text in [
        "a=1,",
        ",a",
        "a=1 b=2",
        "a=",
        "a=1, a=2",
        "1;x;x",
        "\"open",
        "\"\\x\"",
        "\"é\"",
        ":AQ=:",
        ":AQ",
        "?2",
        "?",
        "-",
        "1.",
        "1.1234",
        "1234567890123456",
        "1234567890123.1",
        "99999999999999999999",
        "(a",
        "(a\tb)",
        "(\"a\"\"b\")",
        "A=1",
        "=1",
        "{}",
        "a==1",
    ] {
        assert_eq!(again(text), None, "{text}");
    }
    assert_eq!(item(b"a;b "), None);
    let many = (0..200).map(|number| format!("a{number}")).collect::<Vec<_>>().join(",");
    assert_eq!(again(&many), None);
}
