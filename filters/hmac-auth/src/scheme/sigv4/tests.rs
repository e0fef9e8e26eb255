//! The examples of AWS's documentation: of the S3 API ("Examples: Signature Calculations"), and of the general description
//! of Signature Version 4 with its test suite.

use super::*;
use crate::keys::Secret;
use crate::scheme::tests::head;

const S3_SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn scheme(region: &str, service: &str) -> SigV4 {
    SigV4 {
        region: region.into(),
        service: service.into(),
        normalize: service != "s3",
        headers: Vec::new(),
        digest: DigestRule::WithBody,
        access_key_id: None,
        session_token: None,
    }
}

fn is_valid(scheme: &SigV4, head: &Head<'_>, secret: &[u8], body: &[u8]) -> Result<bool, Refusal> {
    let claim = scheme.claim(head)?;
    let mut mac = Secret::new(secret.to_vec(), None, None, true).mac(claim.hash, claim.scope.as_ref());
    match claim.message {
        Message::Head(bytes) => mac.update(&bytes),
        Message::Canonical(mut canonical) => {
            canonical.payload.update(body);
            mac.update(&canonical.finish());
        }
        Message::Around(..) => panic!("no scheme of AWS"),
    }
    let mut digests = claim.digests;
    digests.update(body);
    Ok(mac.verify(&claim.signatures[0]) && digests.hold())
}

fn s3<'a>(method: &'a str, target: &'a str, fields: &[(&'a str, &'a str)]) -> Head<'a> {
    Head { authority: b"examplebucket.s3.amazonaws.com", ..head(method, target, fields) }
}

const CREDENTIAL: &str =
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

#[test]
fn the_examples_of_s3_are_valid() {
    let date = ("x-amz-date", "20130524T000000Z");
    let empty = ("x-amz-content-sha256", EMPTY);
    let get = format!(
        "{CREDENTIAL},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
    let get = s3("GET", "/test.txt", &[("authorization", &get), ("range", "bytes=0-9"), empty, date]);
    let put = format!(
        "{CREDENTIAL},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
    let fields = [
        ("authorization", put.as_str()),
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
        date,
    ];
    let put = s3("PUT", "/test$file.text", &fields);
    let lifecycle = format!(
        "{CREDENTIAL},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
    let lifecycle = s3("GET", "/?lifecycle", &[("authorization", &lifecycle), empty, date]);
    let list = format!(
        "{CREDENTIAL},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    );
    let list = s3("GET", "/?max-keys=2&prefix=J", &[("authorization", &list), empty, date]);
    let scheme = scheme("us-east-1", "s3");
    for (head, body) in [(&get, &b""[..]), (&put, b"Welcome to Amazon S3."), (&lifecycle, b""), (&list, b"")]
    {
        assert_eq!(is_valid(&scheme, head, S3_SECRET, body), Ok(true), "{head:?}");
        assert_eq!(is_valid(&scheme, head, S3_SECRET, b"other"), Ok(false), "{head:?}");
        assert_eq!(is_valid(&scheme, head, SECRET, body), Ok(false), "{head:?}");
    }
}

#[test]
fn the_general_examples_are_valid() {
    let credential = |region_and_service: &str, signed: &str, signature: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/{region_and_service}/aws4_request, SignedHeaders={signed}, Signature={signature}"
        )
    };
    let date = ("x-amz-date", "20150830T123600Z");
    let users = credential(
        "us-east-1/iam",
        "content-type;host;x-amz-date",
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    );
    let fields = [
        ("authorization", users.as_str()),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        date,
    ];
    let users = Head {
        authority: b"iam.amazonaws.com",
        ..head("GET", "/?Action=ListUsers&Version=2010-05-08", &fields)
    };
    assert_eq!(is_valid(&scheme("us-east-1", "iam"), &users, SECRET, b""), Ok(true));
    assert_eq!(is_valid(&scheme("us-east-1", "iam"), &users, SECRET, b"x"), Ok(false));
    assert_eq!(scheme("us-west-1", "iam").claim(&users).err(), Some(Refusal::KeyUnknown));

    // Of the test suite.
    for (method, target, signature) in [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("GET", "/example/..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ] {
        let authorization = credential("us-east-1/service", "host;x-amz-date", signature);
        let fields = [("authorization", authorization.as_str()), date];
        let head = Head { authority: b"example.amazonaws.com", ..head(method, target, &fields) };
        assert_eq!(
            is_valid(&scheme("us-east-1", "service"), &head, SECRET, b""),
            Ok(true),
            "{method} {target}"
        );
    }
}

#[test]
fn what_is_drafted_is_valid() {
    for service in ["s3", "execute-api"] {
        let scheme = SigV4 { session_token: Some(b"token".to_vec()), ..scheme("eu-west-1", service) };
        let plain =
            head("PUT", "/a%20b//c?x=1&X=%2f", &[("content-type", "a/b"), ("x-amz-meta-a", "  x   y ")]);
        let payload = sha256(b"body");
        let now = Moment::from_secs(1_767_225_600).unwrap();
        let occasion = Occasion { key_id: "AKID", now, nonce: "", payload: Some(&payload) };
        let draft = scheme.draft(&plain, &occasion).unwrap();
        let Message::Head(message) = draft.message else { panic!("all is there") };
        let mut mac = Secret::new(SECRET.to_vec(), None, None, true).mac(draft.hash, draft.scope.as_ref());
        mac.update(&message);
        let authorization = draft.place.value(&mac.finish());
        let mut signed = plain.clone();
        signed.fields.extend(draft.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
        signed.fields.push(("authorization", &authorization));
        assert_eq!(is_valid(&scheme, &signed, SECRET, b"body"), Ok(true));
        assert_eq!(is_valid(&scheme, &signed, SECRET, b"other"), Ok(false));
    }
}

#[test]
fn authorizations_that_are_none_are_refused() {
    let date = ("x-amz-date", "20130524T000000Z");
    let good = format!("{CREDENTIAL},SignedHeaders=host;x-amz-date,Signature=00");
    let claim = |fields: &[(&str, &str)]| scheme("us-east-1", "s3").claim(&s3("GET", "/", fields)).err();
    assert_eq!(claim(&[("authorization", &good), date]), None);
    for (authorization, refusal) in [
        ("Bearer abc".to_owned(), Refusal::Missing),
        ("AWS4-HMAC-SHA256".to_owned(), Refusal::Missing),
        ("AWS4-HMAC-SHA256 abc".to_owned(), Refusal::Malformed),
        (format!("{good},Signature=00"), Refusal::Malformed),
        (format!("{good},Other=00"), Refusal::Malformed),
        (good.replace("host;x-amz-date", "x-amz-date;host"), Refusal::Malformed),
        (good.replace("host;x-amz-date", "host;host;x-amz-date"), Refusal::Malformed),
        (good.replace("host;x-amz-date", "host"), Refusal::Component),
        (good.replace("host;x-amz-date", "x-amz-date"), Refusal::Component),
        (good.replace("host;x-amz-date", "host;x-amz-date;x-other"), Refusal::ComponentUnknown),
        (good.replace("Signature=00", "Signature=0"), Refusal::Malformed),
        (good.replace("aws4_request", "aws4"), Refusal::Malformed),
        (good.replace("20130524/", "20130525/"), Refusal::Malformed),
        (good.replace("us-east-1/s3/", "s3/"), Refusal::Malformed),
    ] {
        assert_eq!(claim(&[("authorization", &authorization), date]), Some(refusal), "{authorization}");
    }
    assert_eq!(claim(&[date]), Some(Refusal::Missing));
    assert_eq!(claim(&[("authorization", &good)]), Some(Refusal::TimeMissing));
    assert_eq!(
        claim(&[("authorization", &good), ("x-amz-date", "2013-05-24T00:00:00Z")]),
        Some(Refusal::Malformed)
    );
    // What AWS's headers say has to be signed.
    assert_eq!(claim(&[("authorization", &good), date, ("x-amz-acl", "public")]), Some(Refusal::Component));
    let streamed = good.replace("host;", "host;x-amz-content-sha256;");
    let claim = claim(&[
        ("authorization", &streamed),
        date,
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    ]);
    assert_eq!(claim, Some(Refusal::DigestUnsupported));
}
