//! The example that runs a plugin without a proxy, as a reader would run it.

use std::process::{Command, Stdio};

use crate::support::build::{example_program, guest};

#[test]
fn the_example_sends_a_request_through_a_plugin() {
    let program =
        "request_headers:\n  add_header_map_value 0 'x-new' 'made'\n  get_property 'request\\0method' &bytes";
    let mut command = Command::new(example_program("embed"));
    let output = command.arg(guest("program")).arg(program).stdin(Stdio::null()).output().unwrap();
    let (out, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{log}");
    let expected = "Request headers
  :method: GET
  :path: /
  :authority: example.com
  :scheme: http
  x-new: made
";
    assert_eq!(out, expected);
    assert!(log.contains("get_property 'request\\0method' &bytes = 0 'GET'"), "{log}");
}

#[test]
fn the_example_says_what_it_needs() {
    let output = Command::new(example_program("embed")).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: usage: embed PLUGIN.wasm [CONFIGURATION]\n");
}
