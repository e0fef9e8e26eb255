//! What the fuzz targets do with their bytes. Here with a few bytes each, so that they go on working; see `fuzz/`.

mod configuration;
mod headers;
mod signing;

use mesh_filter_test::prelude::*;

#[mesh_filter_test::proptest(cases = 512)]
fn any_headers_are_refused_that_nobody_has_signed(_sim: &mut Sim, bytes: Vec<u8>) {
    headers::run(&bytes);
}

#[test]
fn headers_that_look_like_those_of_each_scheme_are_refused() {
    for text in [
        "\0sig=(\"@method\" \"@path\";x);created=1767225600;keyid=\"k\"\nsig=:AAAA:\nsha-256=:AAAA:\na",
        "\x01AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, SignedHeaders=host;x-amz-date, Signature=00\n20260101T000000Z\n",
        "\x02sha256=00",
        "\x03t=1767225600,v1=00,v1=01",
        "\x04v0=00\n1767225600",
        "\x05msg\n1767225600\nv1,AAAA v1,AAAB",
    ] {
        headers::run(text.as_bytes());
    }
}

#[mesh_filter_test::proptest(cases = 256)]
fn what_the_filter_signs_it_verifies(_sim: &mut Sim, bytes: Vec<u8>) {
    signing::run(&bytes);
}

#[test]
fn a_request_is_signed_by_each_scheme() {
    for scheme in 0..3 {
        assert!(signing::verifies(scheme, "a%20b/../%2f?b=c&a", "  x  y "), "{scheme}");
    }
}

#[mesh_filter_test::proptest(cases = 256)]
fn any_bytes_are_a_configuration_or_refused(_sim: &mut Sim, bytes: Vec<u8>) {
    configuration::run(&bytes);
}

#[test]
fn a_configuration_is_one_and_a_part_of_it_is_not() {
    let good = br#"{"keys":[{"id":"k","secrets":[{"inline_string":"a secret for tests only"}]}],"rules":[{"match":{"prefix":"/"},"verify":{"scheme":"rfc9421"}}]}"#;
    assert!(configuration::accepted(good));
    for end in 0..good.len() {
        assert!(!configuration::accepted(&good[..end]), "{end}");
    }
}
