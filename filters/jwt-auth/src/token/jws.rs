//! A token in its compact form (RFC 7515, section 3.1), taken apart and not yet believed.

use super::base64url::decode;
use super::header::Header;
use crate::refusal::Refusal;

/// No longer token is read. Proxies take 60 KiB of headers; tokens with everything in them have about 8.
const LONGEST: usize = 16 * 1024;

/// The parts of a token.
#[derive(Debug)]
pub(crate) struct Jws<'t> {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// What is signed: header and payload as they stand in the token.
    pub(crate) signed: &'t [u8],
}

impl<'t> Jws<'t> {
    pub(crate) fn read(token: &'t [u8]) -> Result<Self, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::TooLarge);
        }
        let is_of_tokens = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !token.iter().all(is_of_tokens) {
            return Err(Refusal::Malformed);
        }
        let parts: Vec<&[u8]> = token.splitn(6, |byte| *byte == b'.').collect();
        let &[header, payload, signature] = parts.as_slice() else {
            return Err(if parts.len() == 5 { Refusal::Encrypted } else { Refusal::Malformed });
        };
        let signed = token.get(..header.len() + 1 + payload.len()).unwrap_or_default();
        Ok(Self {
            header: Header::read(&decode(header).ok_or(Refusal::Malformed)?)?,
            payload: decode(payload).ok_or(Refusal::Malformed)?,
            signature: decode(signature).ok_or(Refusal::Malformed)?,
            signed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515, appendix A.1.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn a_token_has_three_parts() {
        let jws = Jws::read(TOKEN.as_bytes()).unwrap();
        assert_eq!(jws.header.kind.as_deref(), Some("jwt"));
        assert!(jws.payload.starts_with(b"{\"iss\":\"joe\",\r\n"));
        assert_eq!(jws.signature.len(), 32);
        assert_eq!(jws.signed, &TOKEN.as_bytes()[..TOKEN.rfind('.').unwrap()]);
    }

    #[test]
    fn everything_else_is_refused() {
        let header = TOKEN.split('.').next().unwrap();
        let cases = [
            (String::new(), Refusal::Malformed),
            ("a.b".into(), Refusal::Malformed),
            ("a.b.c.d".into(), Refusal::Malformed),
            ("a.b.c.d.e".into(), Refusal::Encrypted),
            ("a.b.c.d.e.f".into(), Refusal::Malformed),
            (format!("{TOKEN} "), Refusal::Malformed),
            (format!("{TOKEN}="), Refusal::Malformed),
            (format!(".{TOKEN}"), Refusal::Malformed),
            (format!("{header}.?."), Refusal::Malformed),
            (format!("{header}..\u{e9}"), Refusal::Malformed),
            ("a".repeat(LONGEST + 1), Refusal::TooLarge),
        ];
        for (token, refusal) in cases {
            assert_eq!(Jws::read(token.as_bytes()).unwrap_err(), refusal, "{token}");
        }
    }
}
