//! The harness on modules, by way of the CLI: what only guests of other SDKs do.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::support::build::{guest, program, root};

/// Scenarios about the guest that runs programs.
const GRPC: &str = include_str!("harness/grpc.test.yaml");

/// Plays a scenario file about a guest.
fn play(name: &str, module: &str, text: &str) -> Output {
    let folder: PathBuf = root().join("target/acceptance").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(guest(module), folder.join(module).with_extension("wasm")).unwrap();
    std::fs::write(folder.join("a.test.yaml"), text).unwrap();
    let mut command = Command::new(program("cargo-mesh-filter"));
    command.args(["mesh-filter", "test", "a.test.yaml"]).current_dir(folder);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn grpc_callouts_of_modules_are_answered_by_mocks() {
    let output = play("harness-grpc", "program", GRPC);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("passed, 0 failed"), "{text}");
}

/// A call and a message that no mock is for, and an expectation that does not hold.
#[test]
fn grpc_callouts_that_nobody_answers_fail_the_case() {
    let head = "version: 1\nfilter: program.wasm\n";
    let step = "steps: [{request: {path: /}, expect: {callouts: {authz: [{grpc: {message: other, cancelled: true}}]}}}]";
    let text = format!(
        "{head}scenarios:
  - name: unary
    config: {{text: \"request_headers:\\n  grpc_call 'authz' 'a.Auth' 'Check' '' 'abc' 100 &number\"}}
    mocks: {{authz: {{grpc: {{method: Check, message: other}}, reply: {{}}}}}}
    {step}
  - name: stream
    config: {{text: \"request_headers:\\n  grpc_stream 'authz' 'a.Auth' 'Watch' '' &number=call\\n  grpc_send $call 'abc' 0\"}}
    mocks: {{authz: {{grpc: {{message: other}}, reply: {{}}}}}}
    {step}
  - name: http only
    config: {{text: \"request_headers:\\n  grpc_stream 'authz' 'a.Auth' 'Watch' '' &number\"}}
    mocks: {{authz: {{reply: {{}}}}}}
    {step}
  - name: nothing
    config: {{text: \"request_headers:\\n  grpc_stream 'authz' 'a.Auth' 'Watch' '' &number\"}}
    {step}
"
    );
    let output = play("harness-grpc-failing", "program", &text);
    let text = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "callout to `authz` message: expected `other`, got `abc`",
        "callout to `authz` cancelled: expected true, got false",
        "the plugin called out to cluster `authz` by gRPC (`a.Auth/Check`, message `abc`), and no mock of it is for this call",
        "the plugin sent the message `abc` to cluster `authz` on the gRPC stream `a.Auth/Watch`, and no mock of it is for this message",
        "the plugin called out to cluster `authz` by gRPC (`a.Auth/Watch`), and no mock of it is for this stream",
        "the plugin called out to cluster `authz`, for which there is no mock (no cluster is mocked)",
        "callout to `authz`: POST /a.Auth/Check",
        "message `abc`",
        "gRPC stream to `authz`: `a.Auth/Watch`",
        "0 passed, 4 failed",
    ] {
        assert!(text.contains(expected), "expected {expected:?} in\n{text}");
    }
}
