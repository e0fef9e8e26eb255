//! Memory that a test lets grow no further: what modules see of it, and what becomes of them.

use crate::folder::Folder;

/// A plugin that begins with two pages and needs one more for each request; without it, it answers by header or traps.
const GROWING: &str = r#"(module
  (memory (export "memory") 2)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 8))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
    (i32.const 0)))"#;

/// The report of a file with these cases, and the exit code.
fn play(folder: &Folder, cases: &str, engine: &str) -> (String, Option<i32>) {
    folder.write("a.wasm", wat::parse_str(GROWING).unwrap());
    folder.write("a.test.yaml", format!("version: 1\nfilter: a.wasm\nscenarios:\n{cases}"));
    let output = folder.command("").args(["test", "a.test.yaml", "--engine", engine]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (text, output.status.code())
}

#[test]
fn a_filter_that_gets_no_more_memory_fails_as_its_policy_says() {
    let folder = Folder::new("memory-limit");
    let cases = "
  - name: it has what it has, and gets one page more
    failure_policy: reload
    steps:
      - fault: {memory_limit: 192KiB}
      - {request: {}, expect: {response: {status: 200}}}
      - {request: {}, expect: {trap: {message: {contains: more than its 196608 bytes of memory}}, response: {status: 503}}}
      - advance: 1s
      - {request: {}, expect: {response: {status: 200}, budget: {memory: {max: 192KiB}}}}
  - name: of several limits the smallest counts, whatever there is already
    fail_open: true
    steps:
      - fault: [{memory_limit: 1GiB}, {memory_limit: 0}]
      - {request: {}, expect: {trap: present, response: {status: 503}}}
      - {request: {}, expect: {response: {status: 200}}}
";
    let (text, code) = play(&folder, cases, "wasm");
    // The limit that was never reached.
    assert_eq!(code, Some(1), "{text}");
    let unmet = "a.test.yaml:16:17: the fault was never met: no VM has asked for more than 1GiB since\n";
    assert!(text.contains(unmet), "{text}");
    assert!(text.contains("+0ms        the test lets memory grow no further than 0\n"), "{text}");
    let (text, code) = play(&folder, &cases.replace("{memory_limit: 1GiB}, ", ""), "wasm");
    assert_eq!((code, text.contains("2 passed, 0 failed")), (Some(0), true), "{text}");
}
