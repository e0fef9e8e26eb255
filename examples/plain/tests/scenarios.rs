//! The scenarios beside this file, played natively on the plugin as it is.

mesh_filter_test::scenarios!("tests/*.test.yaml", proxy_wasm = plain);
