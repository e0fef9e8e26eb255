//! The examples of RFC 7515, RFC 7519, RFC 7520 and RFC 8037.

mod rfc7519;
mod rfc7520;

use crate::keys::KeySet;
use crate::refusal::Refusal;
use crate::token::Jws;

/// A token, the keys that it is for, and where it stands.
struct Example {
    place: &'static str,
    key: &'static str,
    token: &'static str,
}

const EXAMPLES: &[Example] = &[
    Example {
        place: "RFC 7515, A.1: HS256",
        key: r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
        token: "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    },
    Example {
        place: "RFC 7515, A.2: RS256",
        key: r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
        token: "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    },
    Example {
        place: "RFC 7515, A.3: ES256",
        key: r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        token: "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    },
    Example {
        place: "RFC 7515, A.4: ES512",
        key: r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#,
        token: "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
    },
    Example {
        place: "RFC 8037, A.4: EdDSA",
        key: r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        token: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    },
];

/// Those here and those of RFC 7520.
fn examples() -> impl Iterator<Item = &'static Example> {
    EXAMPLES.iter().chain(rfc7520::EXAMPLES)
}

fn verify(key: &str, token: &str) -> Result<(), Refusal> {
    let set = KeySet::read(format!("{{\"keys\":[{key}]}}").as_bytes()).unwrap();
    assert!(set.unused.is_empty(), "{:?}", set.unused);
    set.verify(&Jws::read(token.as_bytes())?)
}

#[test]
fn examples_of_the_rfcs_verify() {
    for Example { place, key, token } in examples() {
        assert_eq!(verify(key, token), Ok(()), "{place}");
    }
}

#[test]
fn a_token_of_which_one_character_is_another_is_refused() {
    for Example { place, key, token } in examples() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for place_in_token in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            // Another character each time, also one that is no base64url and the point.
            let all = alphabet.iter().chain(b".=+").cycle().skip(place_in_token);
            let other = all.copied().find(|byte| *byte != changed[place_in_token]).unwrap();
            changed[place_in_token] = other;
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(key, &changed).is_err(), "{place}: {changed}");
        }
    }
}

#[test]
fn a_signature_of_which_one_bit_is_another_is_refused() {
    for Example { place, key, token } in examples() {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = crate::token::decode(signature).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let token = format!("{signed}.{}", crate::token::encode(&changed));
            assert_eq!(verify(key, &token), Err(Refusal::Signature), "{place}: bit {bit}");
        }
        for length in [0, 1, signature.len() - 1] {
            let token = format!("{signed}.{}", crate::token::encode(&signature[..length]));
            assert_eq!(verify(key, &token), Err(Refusal::Signature), "{place}: {length} bytes");
        }
        let longer = [&signature[..], &[0]].concat();
        let token = format!("{signed}.{}", crate::token::encode(longer));
        assert_eq!(verify(key, &token), Err(Refusal::Signature), "{place}: one byte more");
    }
}
