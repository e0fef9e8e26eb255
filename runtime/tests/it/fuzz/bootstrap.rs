//! The parser of the proxy's configuration: what it accepts it writes, and reads back as the same.

use mesh_filter_runtime::proxy::config::Bootstrap;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Bootstrap::parse("fuzz.yaml", text) {
        Ok(bootstrap) => {
            let written = bootstrap.to_yaml();
            let again = Bootstrap::parse("again.yaml", &written);
            assert_eq!(again.expect("what is written can be read"), bootstrap, "{written}");
        }
        Err(error) => assert!(error.to_string().starts_with("fuzz.yaml"), "{error}"),
    }
}
