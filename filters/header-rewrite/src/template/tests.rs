//! Templates, read and rendered.

use super::{Phase, Template};
use crate::fields::Fields;
use crate::testing::{List, compiled, template, with_look};
use regex_lite::Regex;

fn request() -> List {
    List::new(&[
        (":path", "/a/b?q=x%20y&q=z&e="),
        (":scheme", "https"),
        ("x-user", "alice"),
        ("x-user", "bob"),
        ("x-empty", ""),
        ("cookie", "sid=1; theme=dark"),
        ("x-request-id", "r1"),
    ])
}

fn rendered(text: &str) -> Option<String> {
    let template = template(text, None).unwrap();
    with_look(&[], |look| template.render(&look.over(&request())))
        .map(|text| String::from_utf8(text).unwrap())
}

#[test]
fn operators_give_what_envoys_give() {
    for (text, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("100%%", "100%"),
        ("%REQ(x-user)%", "alice"),
        ("%REQ(X-User):3%!", "ali!"),
        ("%REQ(x-none?X-USER)%", "alice"),
        ("%REQ(x-empty)%", ""),
        ("%REQ(:path)%", "/a/b?q=x%20y&q=z&e="),
        ("%PATH%", "/a/b?q=x%20y&q=z&e="),
        ("%PATH(NQ)%", "/a/b"),
        ("%QUERY_PARAM(q)%|%QUERY(e)%", "x y|"),
        ("%COOKIE(theme)%", "dark"),
        ("%DOWNSTREAM_REMOTE_ADDRESS%", "10.0.0.7:4711"),
        ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "10.0.0.7"),
        ("%PROTOCOL% %CONNECTION_ID%", "HTTP/2 7"),
        ("%REQUEST_ID% %STREAM_ID%", "r1 r1"),
        ("%START_TIME%", "1994-11-06T08:49:37.005Z"),
        ("%START_TIME(%s)%", "784111777"),
        ("%UNIQUE_ID%", "00000000-0000-4000-8000-000000000000"),
        ("%ENVIRONMENT(TEAM):2% %ENV(TEAM)%", "bl blue"),
        (
            "%PROPERTY(request.protocol)% %PROPERTY(metadata:filter_metadata:com.example:weight)%",
            "HTTP/2 1.5",
        ),
        ("%DYNAMIC_METADATA(com.example:weight)% %METADATA(DYNAMIC:com.example:weight)%", "1.5 1.5"),
    ] {
        assert_eq!(rendered(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn of_alternatives_the_first_counts_that_is_there() {
    let first = |operators: &str| rendered(&format!("%COALESCE({{\"operators\": [{operators}]}})%"));
    let req = |name: &str| format!(r#"{{"command": "REQ", "param": "{name}"}}"#);
    for (operators, expected) in [
        (format!("{}, {}", req("x-none"), req("x-user")), Some("alice")),
        (format!("{}, {}", req("x-user"), req("x-request-id")), Some("alice")),
        // A header without a value is there, as in Envoy.
        (format!("{}, {}", req("x-empty"), req("x-user")), Some("")),
        (format!("{}, {}", req("x-none"), req("x-none")), None),
        (r#""ROUTE_NAME", "PROTOCOL""#.to_owned(), Some("HTTP/2")),
        (r#"{"command": "REQ", "param": "x-user", "max_length": 2}"#.to_owned(), Some("al")),
        (r#"{"command": "ENV", "param": "NONE"}, "PROTOCOL""#.to_owned(), Some("HTTP/2")),
        (r#"{"command": "ENV", "param": "TEAM", "max_length": 2}"#.to_owned(), Some("bl")),
        (r#"{"command": "START_TIME", "param": "%Y (x)"}"#.to_owned(), Some("1994 (x)")),
        (
            r#"{"command": "COALESCE", "param": "{\"operators\": [\"ROUTE_NAME\"]}"}, "PROTOCOL""#.to_owned(),
            Some("HTTP/2"),
        ),
    ] {
        assert_eq!(first(&operators).as_deref(), expected, "{operators}");
    }
    let shortened =
        r#"%COALESCE({"operators": [{"command": "REQ", "param": "x-user", "max_length": 4}]}):3%!"#;
    assert_eq!(rendered(shortened).unwrap(), "ali!");
    let unset =
        template(r#"%COALESCE({"operators": [{"command": "ENV", "param": "NONE"}]})%"#, None).unwrap();
    assert_eq!(unset.unset(), Some("NONE"));
}

#[test]
fn values_are_written_and_read_in_base64() {
    for (text, expected) in [
        ("Basic %BASE64(REQ(x-user))%", Some("Basic YWxpY2U=")),
        ("%BASE64(REQ(x-user)):3%", Some("YWx")),
        ("%BASE64(REQ(x-user):2)%", Some("YWw=")),
        ("%BASE64URL(REQ(x-user))%", Some("YWxpY2U")),
        ("%BASE64_DECODE(BASE64(PROTOCOL))%", Some("HTTP/2")),
        ("%BASE64_DECODE(BASE64URL(REQ(x-user)))%", Some("alice")),
        ("%BASE64(REQ(x-none))%", None),
        ("%BASE64_DECODE(REQ(x-user))%", None),
        (r#"%BASE64(COALESCE({"operators": ["ROUTE_NAME", "PROTOCOL"]}))%"#, Some("SFRUUC8y")),
    ] {
        assert_eq!(rendered(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_missing_value_makes_the_whole_missing() {
    for text in [
        "a%REQ(x-none)%b",
        "%REQ(x-none?x-other)%",
        "%COOKIE(x)%",
        "%QUERY(x)%",
        "%ROUTE_NAME%",
        "%CLAIM(sub)%",
        "%PROPERTY(a.b)%",
        "%FILTER_STATE(x)%",
    ] {
        assert_eq!(rendered(text), None, "{text}");
    }
    let unset = template("%ENV(NONE)%", None).unwrap();
    assert_eq!(unset.unset(), Some("NONE"));
}

#[test]
fn groups_of_the_expression_have_numbers_and_names() {
    let expression = Regex::new("/t/(?P<tenant>[^/]+)(/.*)?").unwrap();
    let captures = [Some("/t/a".to_owned()), Some("a".to_owned()), None];
    let value = |text: &str| {
        let template = template(text, Some(&expression)).unwrap();
        with_look(&captures, |look| template.render(&look.over(&request())))
    };
    assert_eq!(value("%CAPTURE(tenant)% %CAPTURE(1)% %CAPTURE(0)%").unwrap(), b"a a /t/a");
    assert_eq!(value("%CAPTURE(2)%"), None);
    assert!(template("%CAPTURE(3)%", Some(&expression)).is_err());
    assert!(template("%CAPTURE(other)%", Some(&expression)).is_err());
    assert!(template("%CAPTURE(1)%", None).is_err());
}

#[test]
fn values_cannot_change_the_shape_of_a_path() {
    let expression = Regex::new("(.*)").unwrap();
    let captures = [None, Some("a/%2e%zz?b".to_owned())];
    let template = template("/v/%CAPTURE(1)%/%QUERY(q)%", Some(&expression)).unwrap();
    let path = with_look(&captures, |look| template.render_path(&look.over(&request())));
    assert_eq!(path.unwrap(), b"/v/a/%2e%25zz%3Fb/x%20y");
}

#[test]
fn values_within_others_cannot_change_the_shape_of_a_path() {
    let expression = Regex::new("(.*)").unwrap();
    let captures = [None, Some("a/%2eb?".to_owned())];
    let path = |text: &str| {
        let template = template(text, Some(&expression)).unwrap();
        let path = with_look(&captures, |look| template.render_path(&look.over(&request())));
        String::from_utf8(path.unwrap()).unwrap()
    };
    let first = |operator: &str| path(&format!("/%COALESCE({{\"operators\": [{operator}]}})%"));
    assert_eq!(first(r#"{"command": "CAPTURE", "param": "1"}"#), "/a/%2eb%3F");
    assert_eq!(first(r#"{"command": "REQ", "param": ":path"}"#), "/%2Fa%2Fb%3Fq%3Dx%2520y%26q%3Dz%26e%3D");
    assert_eq!(path("/%BASE64(CAPTURE(1))%"), "/YS8lMmViPw%3D%3D");
}

#[test]
fn what_is_about_the_request_is_saved_for_the_response() {
    let mut saved = Vec::new();
    let text = r#"%REQ(x-user)% %RESP(server)% %PROTOCOL% %COOKIE(sid)% %BASE64(REQ(x-user))% %COALESCE({"operators": [{"command": "RESP", "param": "x-none"}, {"command": "REQ", "param": "x-user"}]})%"#;
    let template = compiled(text, Phase::Response, None, &mut saved).unwrap();
    assert_eq!(saved.len(), 4);
    let values = with_look(&[], |look| {
        let request = request();
        saved.iter().map(|operator| look.over(&request).value(operator)).collect::<Vec<_>>()
    });
    let response = List::new(&[("server", "up")]);
    let text = with_look(&[], |look| {
        template.render(&super::Look { saved: &values, ..look }.over(&response as &dyn Fields))
    });
    assert_eq!(text.unwrap(), b"alice up HTTP/2 1 YWxpY2U= alice");
}

#[test]
fn templates_that_cannot_be_are_refused() {
    let problem = |text: &str| template(text, None).map(|_: Template| ()).unwrap_err();
    for text in [
        "%",
        "a%b",
        "%REQ%",
        "%REQ()%",
        "%REQ(x y)%",
        "%REQ(x)",
        "%REQ(x)%%REQ",
        "%REQ(x):z%",
        "%NONE%",
        "%req(x)%",
        "%RESP(x)%",
        "%RESPONSE_CODE%",
        "%UPSTREAM_HOST%",
        "%PROTOCOL(x)%",
        "%PATH(x)%",
        "%START_TIME(%Q)%",
        "%FILTER_STATE(x:TYPED)%",
        "%METADATA(NOBODY:a:b)%",
        "%DYNAMIC_METADATA(a)%",
        "a\nb",
        "%UNIQUE_ID(x)%",
    ] {
        assert!(!problem(text).is_empty(), "{text}");
    }
    assert_eq!(problem("%NONE%"), "there is no operator `%NONE%`");
    assert!(problem("50% off").contains("`%%` for a percent sign"));
    assert!(template(&"a".repeat(4097), None).is_err());
}
