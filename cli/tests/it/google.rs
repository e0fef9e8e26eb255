//! `test` with files of Google's: how the plugin is found, what is told, what is converted.

use crate::folder::Folder;
use crate::module::PASSING;
use std::process::Output;

const PASSES: &str = "test {
  name: 'it passes'
  request_headers { input { header { key: ':path' value: '/' } } result { has_header { key: ':path' value: '/' } } }
}
";

fn run(folder: &Folder, arguments: &[&str]) -> Output {
    folder.command("").arg("test").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_file_plays_on_the_named_plugin_or_on_its_own() {
    let folder = Folder::new("google");
    folder.write("p.wasm", PASSING).write("named/tests.textpb", PASSES);
    let env = "env { wasm_path: '../p.wasm' config_path: 'c.json' log_path: 'log.txt' num_additional_streams: 2 }\n";
    folder
        .write("own/tests.txtpb", format!("{env}{PASSES}test {{ benchmark: true }}"))
        .write("own/c.json", "{}");
    let yaml = "test:\n  - name: it passes\n    request_headers: {input: {content: \"GET / HTTP/1.1\\n\"}}\n";
    folder.write("yaml/tests.yaml", yaml);

    let named = run(&folder, &["named/tests.textpb", "--plugin", "p.wasm"]);
    assert_eq!(text(&named.stdout), "ok     it passes (named/tests.textpb:1, wasm)\n1 passed, 0 failed\n");
    assert_eq!(named.status.code(), Some(0), "{named:?}");

    let own = run(&folder, &["own/tests.txtpb", "yaml/tests.yaml", "--plugin", "p.wasm"]);
    assert!(text(&own.stdout).ends_with("3 passed, 0 failed\n"), "{own:?}");
    let own = run(&folder, &["own/tests.txtpb"]);
    assert!(text(&own.stdout).ends_with("2 passed, 0 failed\n"), "{own:?}");
    let warning = "warning: own/tests.txtpb: 1 benchmarks are only tested: `bench` times them\n";
    assert_eq!(text(&own.stderr), warning);
    assert_eq!(folder.read("own/log.txt"), b"");

    let list = run(&folder, &["own/tests.txtpb", "--list"]);
    assert_eq!(text(&list.stdout), "own/tests.txtpb:2: it passes\nown/tests.txtpb:6: test 2\n");
}

#[test]
fn a_failure_points_to_line_and_column_in_all_reports() {
    let folder = Folder::new("google-fails");
    folder.write("p.wasm", PASSING).write("c.json", "{}");
    folder.write("tests.textpb", PASSES.replace("value: '/' } } }\n", "value: '/x' } } }\n"));
    let arguments = ["tests.textpb", "--plugin", "p.wasm", "--config", "c.json", "--profile", "envoy"];
    let shown = run(&folder, &arguments);
    let shown_text = text(&shown.stdout);
    assert_eq!(shown.status.code(), Some(1), "{shown:?}");
    for part in [
        "tests.textpb:3:108: request_headers header `:path`: expected `/x`, got `/`\n",
        "  3 |   request_headers {",
        "rerun: cargo mesh-filter test tests.textpb --filter 'it passes' --plugin p.wasm --config c.json --profile envoy\n",
        "0 passed, 1 failed\n",
    ] {
        assert!(shown_text.contains(part), "{part}\n{shown_text}");
    }
    let report = |kind: &str| {
        let output = run(&folder, &[&arguments[..3], &["--report", kind]].concat());
        text(&output.stdout)
    };
    assert!(
        report("github").contains("::error file=tests.textpb,line=3,col=108,title=it passes failed (wasm)::")
    );
    assert!(report("tap").contains("at: {file: \"tests.textpb\", line: 3, column: 108}"));
    assert!(report("junit").contains("<testcase name=\"it passes\" classname=\"tests.textpb\""));
    assert!(report("json").contains("\"column\": 108"));
}

#[test]
fn what_cannot_be_played_is_explained() {
    let folder = Folder::new("google-broken");
    folder
        .write("p.wasm", PASSING)
        .write("tests.textpb", PASSES)
        .write("broken.textpb", "test {\n  nam: 'x'\n}\n");
    folder
        .write("a.test.yaml", "version: 1\nfilter: p.wasm\nscenarios: [{name: a, steps: [{request: {}}]}]\n");
    for (arguments, expected) in [
        (
            &["tests.textpb"][..],
            "error: `tests.textpb` does not say which plugin it tests\nhelp: name its module: --plugin FILE.wasm, or `wasm_path` in the file's `env`\n",
        ),
        (
            &["broken.textpb", "--plugin", "p.wasm"],
            "error: broken.textpb:2:3: test.nam: unknown field `nam`\n  |\n2 |   nam: 'x'\n  |   ^\nhelp: did you mean `name`?",
        ),
        (
            &["tests.textpb", "--plugin", "q.wasm"],
            "error: `tests.textpb` tests `q.wasm`, which cannot be read\n",
        ),
        (
            &["tests.textpb", "--plugin", "p.wasm", "--config", "c.json"],
            "error: cannot read the configuration `c.json`\n",
        ),
        (
            &["a.test.yaml", "--plugin", "p.wasm"],
            "error: `a.test.yaml` is a scenario file, which names its filter itself\n",
        ),
        (&["--plugin", "p.wasm"], "error: no test file is named that --plugin or --config could be for\n"),
        (&["--import", "missing.textpb"], "error: missing.textpb:1:1: cannot read the file"),
    ] {
        let output = run(&folder, arguments);
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(shown.starts_with(expected), "{shown}");
    }
}

#[test]
fn what_is_imported_plays() {
    let folder = Folder::new("google-import");
    folder.write("p.wasm", PASSING).write("tests/tests.textpb", PASSES);
    let output = run(&folder, &["--import", "tests/tests.textpb", "--plugin", "p.wasm"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let scenarios = text(&output.stdout);
    assert!(scenarios.starts_with("# From tests/tests.textpb.\n"), "{scenarios}");
    folder.write("tests/imported.test.yaml", &scenarios);
    let played = run(&folder, &["tests/imported.test.yaml"]);
    assert!(text(&played.stdout).ends_with("1 passed, 0 failed\n"), "{played:?}\n{scenarios}");
}
