//! What a list does without a proxy.

use super::*;

fn response() -> Headers {
    let pairs = [(":status", "200"), ("Via", "a"), ("x", "1"), ("via", "b")];
    Headers::local(MapKind::ResponseHeaders, pairs.into_iter().collect())
}

#[test]
fn names_compare_without_case_and_all_values_count() {
    let headers = response();
    assert_eq!(headers.get("VIA").unwrap(), "a");
    assert_eq!(headers.get_all("via").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(headers.iter().map(|(name, _)| name).collect::<Vec<_>>(), [":status", "via", "x", "via"]);
    assert!(headers.get("y").is_none() && !headers.contains("y"));
}

#[test]
fn set_leaves_one_copy_where_the_first_stood_and_remove_none() {
    let mut headers = response();
    headers.set("VIA", "c").unwrap();
    assert_eq!(format!("{headers:?}"), r#"{":status": "200", "via": "c", "x": "1"}"#);
    headers.remove("Via").unwrap();
    headers.append("x", "2").unwrap();
    assert_eq!(format!("{headers:?}"), r#"{":status": "200", "x": "1", "x": "2"}"#);
}

#[test]
fn what_would_break_a_message_apart_is_refused() {
    let mut headers = response();
    for name in ["", "a b", "a:b", "ä", "a\n"] {
        assert!(matches!(headers.set(name, ""), Err(HeaderError::Name { .. })), "{name:?}");
    }
    for value in ["a\r\nb", "a\nb", "a\0"] {
        let error = headers.append("x-secret", value).unwrap_err().to_string();
        assert!(error.starts_with("the value for `x-secret` holds byte 0x"), "{error}");
    }
    for status in ["", "99", "600", "20", "0200", "+20", "ok"] {
        assert!(matches!(headers.set(":status", status), Err(HeaderError::Status { .. })), "{status}");
    }
    assert!(headers.set(":status", "204").is_ok());
    assert!(headers.set(":path", "/").is_err() && headers.append(":status", "200").is_err());
    assert!(headers.remove(":status").is_err());
}

#[test]
fn a_value_that_is_not_text_is_still_a_value() {
    let mut headers = response();
    headers.set("x", [b'a', 0xff]).unwrap();
    let value = headers.get("x").unwrap();
    assert_eq!(value.as_bytes(), [b'a', 0xff]);
    assert_eq!(value.as_str(), Err(HeaderError::NotText { valid_up_to: 1 }));
}

#[test]
fn cookies_of_all_headers_are_seen_as_the_client_sent_them() {
    let pairs = [("cookie", "a=1; b=\"x=y\";; lone ; A=2"), ("Cookie", " c = 3 ;d=")];
    let headers = Headers::local(MapKind::RequestHeaders, pairs.into_iter().collect());
    let all: Vec<_> =
        headers.cookies().map(|cookie| format!("{:?} {:?}", cookie.name(), cookie.value())).collect();
    let expected =
        [r#""a" "1""#, r#""b" "\"x=y\"""#, r#""" "lone""#, r#""A" "2""#, r#""c" "3""#, r#""d" """#];
    assert_eq!(all, expected);
    assert_eq!(headers.cookie("A").unwrap(), "2");
    assert!(headers.cookie("C").is_none());
}

#[test]
fn a_media_type_is_told_without_its_parameters() {
    let of = |value: &str| {
        Headers::local(MapKind::RequestHeaders, [("content-type", value)].into_iter().collect())
    };
    assert_eq!(of("Text/HTML; charset=utf-8").content_type().unwrap(), "text/html");
    assert!(["", "text", "text/", "te xt/html", ";"].iter().all(|value| of(value).content_type().is_none()));
    assert!(of("application/grpc").is_grpc() && of("application/grpc+proto; x").is_grpc());
    assert!(!of("application/grpc-web").is_grpc() && !of("application/json").is_grpc());
}
