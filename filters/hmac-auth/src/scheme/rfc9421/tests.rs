//! The examples of RFC 9421: values of components, signature bases, and the one signature by HMAC.

use super::*;
use crate::mac::{Hash, Mac};
use crate::scheme::tests::head;

const DIGEST: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

/// The request of appendix B.2.
fn test_request() -> Head<'static> {
    let fields = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-digest", DIGEST),
        ("content-length", "18"),
    ];
    head("POST", "/foo?param=Value&Pet=dog", &fields)
}

/// The value of a component, by its identifier.
fn value(head: &Head<'_>, identifier: &str) -> Option<String> {
    let mut value = Vec::new();
    Component::named(identifier)?.write(head, &mut value).ok()?;
    Some(String::from_utf8(value).unwrap())
}

/// The signature base for a member of `signature-input`.
fn base(head: &Head<'_>, input: &str) -> Option<String> {
    let mut inputs = dictionary(format!("sig={input}").as_bytes())?;
    let (_, Member::Inner(items, parameters)) = inputs.pop()? else { return None };
    let components: Result<Vec<_>, _> = items.into_iter().map(Component::of).collect();
    let base = base::signature_base(head, &unique(components.ok()?).ok()?, &parameters).ok()?;
    Some(String::from_utf8(base).unwrap())
}

#[test]
fn fields_have_the_values_of_section_2_1() {
    let fields = [
        ("date", "Tue, 20 Apr 2021 02:07:56 GMT"),
        ("x-ows-header", "   Leading and trailing whitespace.   "),
        ("x-obs-fold-header", "Obsolete\r\n    line folding."),
        ("cache-control", "max-age=60"),
        ("cache-control", "   must-revalidate"),
        ("example-dict", " a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("x-empty-header", ""),
    ];
    let head = Head { authority: b"www.example.com", ..head("GET", "/", &fields) };
    for (identifier, expected) in [
        ("host", "www.example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:56 GMT"),
        ("x-ows-header", "Leading and trailing whitespace."),
        ("x-obs-fold-header", "Obsolete line folding."),
        ("cache-control", "max-age=60, must-revalidate"),
        ("example-dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("\"example-dict\";sf", "a=1, b=2;x=1;y=2, c=(a b c)"),
        ("x-empty-header", ""),
    ] {
        assert_eq!(value(&head, identifier).as_deref(), Some(expected), "{identifier}");
    }
    assert_eq!(value(&head, "x-not-there"), None);
}

#[test]
fn members_of_dictionaries_have_the_values_of_section_2_1_2() {
    let head = head("GET", "/", &[("example-dict", " a=1, b=2;x=1;y=2, c=(a   b    c), d")]);
    for (key, expected) in [("a", "1"), ("d", "?1"), ("b", "2;x=1;y=2"), ("c", "(a b c)")] {
        assert_eq!(
            value(&head, &format!("\"example-dict\";key=\"{key}\"")).as_deref(),
            Some(expected),
            "{key}"
        );
    }
    assert_eq!(value(&head, "\"example-dict\";key=\"e\""), None);
}

#[test]
fn wrapped_bytes_have_the_values_of_section_2_1_3() {
    let two = head("GET", "/", &[("example-header", "value, with, lots"), ("example-header", "of, commas")]);
    let one = head("GET", "/", &[("example-header", "value, with, lots, of, commas")]);
    let wrapped = |head: &Head<'_>| value(head, "\"example-header\";bs");
    assert_eq!(wrapped(&two).as_deref(), Some(":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"));
    assert_eq!(wrapped(&one).as_deref(), Some(":dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:"));
}

#[test]
fn derived_components_have_the_values_of_section_2_2() {
    let request = |target| Head { authority: b"www.example.com", ..head("POST", target, &[]) };
    let plain = |target| Head { scheme: b"http", ..request(target) };
    for (head, component, expected) in [
        (request("/path?param=value"), "@method", "POST"),
        (request("/path?param=value"), "@target-uri", "https://www.example.com/path?param=value"),
        (request("/path?param=value"), "@authority", "www.example.com"),
        (plain("/path?param=value"), "@scheme", "http"),
        (request("/path?param=value"), "@request-target", "/path?param=value"),
        (request("*"), "@request-target", "*"),
        (request("/path?param=value"), "@path", "/path"),
        (request(""), "@path", "/"),
        (request("/path?param=value&foo=bar&baz=bat%2Dman"), "@query", "?param=value&foo=bar&baz=bat%2Dman"),
        (request("/path?queryString"), "@query", "?queryString"),
        (request("/path"), "@query", "?"),
        // What is equal for HTTP is equal here.
        (Head { authority: b"Example.COM:443", ..request("/") }, "@authority", "example.com"),
        (Head { authority: b"example.com:80", ..plain("/") }, "@authority", "example.com"),
        (Head { authority: b"example.com:80", ..request("/") }, "@authority", "example.com:80"),
        (Head { method: b"get", ..request("/") }, "@method", "get"),
    ] {
        assert_eq!(value(&head, component).as_deref(), Some(expected), "{component} of {head:?}");
    }
}

#[test]
fn parameters_have_the_values_of_section_2_2_8() {
    let one = head("GET", "/path?param=value&foo=bar&baz=batman&qux=", &[]);
    let other = "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something";
    let other = head("GET", other, &[]);
    for (head, name, expected) in [
        (&one, "baz", "batman"),
        (&one, "qux", ""),
        (&one, "param", "value"),
        (&other, "var", "this%20is%20a%20big%0Amultiline%20value"),
        (&other, "bar", "with%20plus%20whitespace"),
        (&other, "fa%C3%A7ade%22%3A%20", "something"),
    ] {
        assert_eq!(
            value(head, &format!("\"@query-param\";name=\"{name}\"")).as_deref(),
            Some(expected),
            "{name}"
        );
    }
    let twice = head("GET", "/?a=1&a=2", &[]);
    assert_eq!(value(&twice, "\"@query-param\";name=\"a\""), None);
    assert_eq!(value(&twice, "\"@query-param\";name=\"b\""), None);
}

#[test]
fn signature_bases_are_those_of_the_rfc() {
    let created = "created=1618884473";
    for (input, lines) in [
        // Section 2.5.
        (
            format!("(\"@method\" \"@authority\" \"@path\" \"content-digest\" \"content-length\" \"content-type\");{created};keyid=\"test-key-rsa-pss\""),
            format!("\"@method\": POST\n\"@authority\": example.com\n\"@path\": /foo\n\"content-digest\": {DIGEST}\n\"content-length\": 18\n\"content-type\": application/json\n"),
        ),
        // Appendix B.2.1.
        (format!("();{created};keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp.yemd\""), String::new()),
        // Appendix B.2.2.
        (
            format!("(\"@authority\" \"content-digest\" \"@query-param\";name=\"Pet\");{created};keyid=\"test-key-rsa-pss\";tag=\"header-example\""),
            format!("\"@authority\": example.com\n\"content-digest\": {DIGEST}\n\"@query-param\";name=\"Pet\": dog\n"),
        ),
        // Appendix B.2.3.
        (
            format!("(\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" \"content-digest\" \"content-length\");{created};keyid=\"test-key-rsa-pss\""),
            format!("\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n\"@authority\": example.com\n\"content-type\": application/json\n\"content-digest\": {DIGEST}\n\"content-length\": 18\n"),
        ),
        // Appendix B.2.6.
        (
            format!("(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\");{created};keyid=\"test-key-ed25519\""),
            "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\"@authority\": example.com\n\"content-type\": application/json\n\"content-length\": 18\n".to_owned(),
        ),
    ] {
        let expected = format!("{lines}\"@signature-params\": {input}");
        assert_eq!(base(&test_request(), &input).as_deref(), Some(expected.as_str()));
    }
}

/// Appendix B.2.5. The other examples are by public keys.
#[test]
fn the_signature_of_appendix_b_2_5_is_valid() {
    let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let mut head = test_request();
    head.fields.extend([
        (
            "signature-input",
            &b"sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""[..],
        ),
        ("signature", b"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
    ]);
    let scheme = Rfc9421 {
        components: vec![Component::field("date"), Component::field("@authority")],
        label: None,
        tag: None,
        digest: DigestRule::IfPresent,
        lifetime: None,
        nonce: false,
    };
    let claim = scheme.claim(&head).unwrap();
    assert_eq!(claim.key_id.as_deref(), Some(&b"test-shared-secret"[..]));
    assert_eq!(claim.created, Moment::from_secs(1_618_884_473));
    let Message::Head(message) = claim.message else { panic!("there is no body in it") };
    let mut mac = Mac::new(Hash::Sha256, &Encoding::Base64.decode(secret.as_bytes()).unwrap());
    mac.update(&message);
    assert!(mac.verify(&claim.signatures[0]));
}

#[test]
fn what_cannot_be_covered_is_refused() {
    for identifier in [
        "@status",
        "@nothing",
        "\"@method\";req",
        "\"@query-param\"",
        "\"@query-param\";name=1",
        "\"date\";tr",
        "\"date\";req",
        "\"date\";sf;bs",
        "\"date\";sf=?0",
        "\"Date\"",
        "\"a b\"",
        "\"\"",
    ] {
        assert_eq!(Component::named(identifier), None, "{identifier}");
    }
    assert_eq!(base(&test_request(), "(\"date\" \"date\");created=1"), None, "no component stands twice");
    assert_eq!(base(&test_request(), "(date);created=1"), None, "identifiers are texts");
    let broken = head("GET", "/", &[("a", "x\"\n\"@method\": POST")]);
    // A folded line is one line: what stands in a value is never another component.
    assert_eq!(value(&broken, "a").as_deref(), Some("x\" \"@method\": POST"));
}
