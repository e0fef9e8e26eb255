//! What the fuzz targets do with their bytes. Here with a few bytes each, so that they go on working; see `fuzz/`.

mod configuration;
mod keys;
mod tokens;

use mesh_filter_test::prelude::*;

#[mesh_filter_test::proptest(cases = 512)]
fn any_bytes_are_a_token_or_refused(_sim: &mut Sim, bytes: Vec<u8>) {
    tokens::run(&bytes);
}

#[test]
fn what_is_signed_passes_where_it_says_what_it_should() {
    let pass = |header: &str, payload: &str| tokens::signed(header.as_bytes(), payload.as_bytes());
    assert!(pass(r#"{"alg":"HS256"}"#, r#"{"iss":"i"}"#));
    assert!(!pass(r#"{"alg":"HS512"}"#, r#"{"iss":"i"}"#));
    assert!(!pass(r#"{"alg":"HS256"}"#, r#"{"iss":"j"}"#));
    tokens::run(b"\x02a=b&token=c");
}

#[mesh_filter_test::proptest(cases = 256)]
fn any_bytes_are_keys_or_none(_sim: &mut Sim, bytes: Vec<u8>) {
    keys::run(&bytes);
}

#[test]
fn keys_are_found_among_others() {
    let good = br#"{"keys":[{"kty":"x"},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    assert!(keys::starts(good) && keys::fetched(good));
    let none = br#"{"keys":[{"kty":"x"}]}"#;
    assert!(!keys::starts(none) && !keys::fetched(none));
}

#[mesh_filter_test::proptest(cases = 256)]
fn any_bytes_are_a_configuration_or_refused(_sim: &mut Sim, bytes: Vec<u8>) {
    configuration::run(&bytes);
}

#[test]
fn a_configuration_is_one_and_a_part_of_it_is_not() {
    let good = br#"{"providers":{"p":{"remote_jwks":{"http_uri":{"uri":"https://i/k","cluster":"c"}}}},"rules":[{"match":{"prefix":"/"},"requires":{"provider_name":"p"}}]}"#;
    assert!(configuration::accepted(good));
    for end in 0..good.len() {
        assert!(!configuration::accepted(&good[..end]), "{end}");
    }
}
