//! The tokens of RFC 7519, and those of RFC 7515 that nobody may accept.
//!
//! Left out: the token of RFC 7519, appendix A.2, which is encrypted as that of A.1 is. The form of JSON in RFC 7515,
//! appendices A.6 and A.7, is refused as those of RFC 7520 are.

use super::{EXAMPLES, verify};
use crate::claims::Claims;
use crate::refusal::Refusal;
use crate::token::Jws;
use serde_json::json;
use std::time::Duration;

/// RFC 7519, section 3.1: the token of RFC 7515, appendix A.1.
fn example() -> Jws<'static> {
    Jws::read(EXAMPLES[0].token.as_bytes()).unwrap()
}

#[test]
fn the_claims_of_the_example_are_read() {
    let claims = Claims::read(&example().payload).unwrap();
    assert_eq!(claims.text("iss"), Some("joe"));
    assert_eq!(claims.expires, Some(Duration::from_secs(1_300_819_380)));
    assert_eq!(claims.get("http://example.com/is_root"), Some(&json!(true)));
    assert_eq!((claims.not_before, claims.audiences().count()), (None, 0));
}

#[test]
fn what_the_rfcs_have_and_nobody_may_accept_is_refused() {
    let cases = [
        // RFC 7519, section 6.1, and RFC 7515, appendix A.5.
        (
            "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
            Refusal::Algorithm,
        ),
        // RFC 7515, appendix E: a header that must be understood and is not.
        (
            "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.",
            Refusal::Header,
        ),
        // RFC 7519, appendix A.1.
        (
            "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8qDcjiHnSJflSdv1iNqhWXaKH4MqAkQtMoNfABIPJaZm0HaA415sv3aeuBWnD8J-Ui7Ah6cWafs3ZwwFKDFUUsWHSK-IPKxLGTkND09XyjORj_CHAgOPJ-Sd8ONQRnJvWn_hXV1BNMHzUjPyYwEsRhDhzjAD26imasOTsgruobpYGoQcXUwFDn7moXPRfDE8-NoQX7N7ZYMmpUDkR-Cx9obNGwJQ3nM52YCitxoQVPzjbl7WBuB7AohdBoZOdZ24WlN1lVIeh8v1K4krB8xgKvRU8kgFrEn_a1rZgN5TiysnmzTROF869lQ.AxY8DCtDaGlsbGljb3RoZQ.MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeWnDYvpIAeZ72deHxz3roJDXQyhxx0wKaMHDjUEOKIwrtkHthpqEanSBNYHZgmNOV7sln1Eu9g3J8.fiK51VwhsxJ-siBMR-YFiA",
            Refusal::Encrypted,
        ),
    ];
    for (token, refusal) in cases {
        assert_eq!(verify(EXAMPLES[0].key, token), Err(refusal), "{token}");
    }
}
