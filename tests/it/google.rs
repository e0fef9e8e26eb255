//! Google's test files on modules, by way of the CLI: what single host functions answer there.

use std::process::{Command, Output, Stdio};

use crate::support::build::{guest, program, root};

/// The files of a test, which stand in one folder.
const FILES: [(&str, &str); 11] = [
    ("program.textpb", include_str!("google/program.textpb")),
    ("program.txt", include_str!("google/program.txt")),
    ("body.textpb", include_str!("google/body.textpb")),
    ("body.txt", include_str!("google/body.txt")),
    ("headers.textpb", include_str!("google/headers.textpb")),
    ("headers.txt", include_str!("google/headers.txt")),
    ("reply.textpb", include_str!("google/reply.textpb")),
    ("reply.txt", include_str!("google/reply.txt")),
    ("plugins.yaml", include_str!("google/plugins.yaml")),
    ("clock.txt", include_str!("google/clock.txt")),
    ("trap.textpb", include_str!("google/trap.textpb")),
];

/// Plays a test file on a guest.
fn test(name: &str, module: &str, arguments: &[&str]) -> Output {
    let folder = root().join("target/acceptance").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(guest(module), folder.join(module).with_extension("wasm")).unwrap();
    for (file, text) in FILES {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let mut command = Command::new(program("cargo-mesh-filter"));
    command.args(["mesh-filter", "test"]).args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn passes(name: &str, module: &str, arguments: &[&str], count: usize) {
    let output = test(name, module, arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.ends_with(&format!("{count} passed, 0 failed\n")),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn host_functions_answer_as_that_tester_does() {
    passes("google-program", "program", &["program.textpb"], 2);
}

#[test]
fn headers_are_one_map_whatever_their_case() {
    let arguments = ["headers.textpb", "--plugin", "headers.wasm", "--config", "headers.txt"];
    passes("google-headers", "headers", &arguments, 1);
}

#[test]
fn bodies_are_cut_as_the_test_says() {
    passes("google-body", "body", &["body.textpb", "--plugin", "body.wasm", "--config", "body.txt"], 3);
}

#[test]
fn local_replies_are_immediate_responses() {
    let arguments = ["reply.textpb", "--plugin", "local_reply.wasm", "--config", "reply.txt"];
    passes("google-reply", "local_reply", &arguments, 2);
}

#[test]
fn both_clocks_of_a_module_stand_still() {
    let arguments = ["plugins.yaml", "--plugin", "environ.wasm", "--config", "clock.txt"];
    passes("google-clock", "environ", &arguments, 1);
}

#[test]
fn a_module_that_traps_fails_the_phase() {
    let output = test("google-trap", "trap", &["trap.textpb", "--plugin", "trap.wasm"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("trap.textpb:3:19: request_headers: in `proxy_on_request_headers` the plugin trapped"),
        "{text}"
    );
    assert!(text.ends_with("0 passed, 1 failed\n"), "{text}");
}

/// What is imported from a test plays as a whole exchange, and passes too.
#[test]
fn imported_tests_of_modules_pass() {
    for (file, module, config, count) in [
        ("headers.textpb", "headers", "headers.txt", 1),
        ("body.textpb", "body", "body.txt", 3),
        ("reply.textpb", "local_reply", "reply.txt", 2),
    ] {
        let name = format!("google-imported-{module}");
        let module_file = format!("{module}.wasm");
        let arguments = ["--import", file, "--plugin", &module_file, "--config", config];
        let scenarios = test(&name, module, &arguments).stdout;
        let folder = root().join("target/acceptance").join(&name);
        std::fs::write(folder.join("imported.test.yaml"), &scenarios).unwrap();
        let played = test(&name, module, &["imported.test.yaml"]);
        let text = String::from_utf8_lossy(&played.stdout);
        let scenarios = String::from_utf8_lossy(&scenarios);
        assert!(text.ends_with(&format!("{count} passed, 0 failed\n")), "{text}\n{scenarios}\n{played:?}");
    }
}
