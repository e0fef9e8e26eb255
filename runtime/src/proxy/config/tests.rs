//! What configurations are read as and written as.

use super::*;

/// A module of eight bytes, inline, so that no file is needed.
const INLINE: &str = "AGFzbQEAAAA=";

#[test]
fn what_flags_say_becomes_a_configuration_that_reads_back_equal() {
    let mut plugin = Plugin::from_file("hello", "Cargo.toml");
    plugin.configuration = b"{\n  \"header\": \"x-a: b\"\n}\n".to_vec();
    plugin.allow_on_headers_stop_iteration = true;
    plugin.failure_policy = FailurePolicy::FailOpen;
    plugin.vm.vm_id = "yes".to_owned();
    plugin.vm.environment = vec![("MESH_FILTER_HOLD_HEADERS".to_owned(), "1".to_owned())];
    let mut inline = Plugin::from_file("0x1f", "unused");
    inline.vm.code = Code::Inline(base64::decode(INLINE).unwrap());
    inline.configuration = vec![0xff, 0, 1];
    inline.allowed_capabilities = vec!["proxy_log".to_owned()];
    let setup = Setup {
        listen: "127.0.0.1:10000".parse().unwrap(),
        admin: Some("[::1]:9901".parse().unwrap()),
        plugins: vec![plugin, inline],
        upstream: Cluster { http2: true, ..Cluster::of("upstream", "127.0.0.1", 8080) },
        clusters: vec![Cluster::of("buckets", "localhost", 9090)],
    };
    let bootstrap = setup.bootstrap();
    let yaml = bootstrap.to_yaml();
    assert_eq!(
        Bootstrap::parse("generated.yaml", &yaml).map_err(|error| error.render()),
        Ok(bootstrap),
        "{yaml}"
    );
}
