//! A test of the tester: each of these small breakages of an example's scenarios is found, at its line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::build::{example, program, root};

/// In the file of `example` (or in one beside it), `from` becomes `to`; then a line that begins with `at` is named, and so is
/// `problem`.
struct Breakage {
    example: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    at: &'static str,
    problem: &'static str,
}

const fn breakage(
    example: &'static str,
    from: &'static str,
    to: &'static str,
    at: &'static str,
    problem: &'static str,
) -> Breakage {
    Breakage { example, file: "", from, to, at, problem }
}

const BREAKAGES: [Breakage; 28] = [
    breakage(
        "body-rewrite",
        "{content-length: absent, etag: absent}",
        "{content-length: \"45\", etag: absent}",
        "headers: {content-length",
        "response header `content-length`: expected `45`, but it is absent",
    ),
    breakage(
        "body-rewrite",
        "bar.example/x\">x</a></p>.'",
        "bar.example/x\">x</a></p>'",
        "body: '<p><a href=\"https://bar",
        "response body: expected",
    ),
    breakage(
        "body-rewrite",
        "expect: {response: {body: 'https://https://bar.examplehttps://foo.co/ https://bar.example'}}",
        "expect: {response: {body: 'https://https://bar.examplehttps://foo.co/ https://foo.com'}}",
        "expect: {response: {body: 'https://https",
        "in the run with chunks of one byte",
    ),
    breakage(
        "body-rewrite",
        "action: pause, end: false",
        "action: continue, end: false",
        "- {on: response_body, in: '<a href=\"https://fo'",
        "`response_body` action: expected `continue`, got `pause`",
    ),
    breakage(
        "body-rewrite",
        "            - {on: response_body, in: '</a>', out: '</a>', action: continue, end: false}\n",
        "",
        "- {on: response_trailers",
        "expected a call of `response_trailers`, got one of `response_body`",
    ),
    breakage(
        "body-rewrite",
        "hostcalls: {max: 2}",
        "hostcalls: {max: 1}",
        "expect: {budget: {hostcalls",
        "hostcalls of an exchange: expected at most 1, got 2",
    ),
    Breakage {
        example: "body-rewrite",
        file: "fixtures/page.rewritten.html",
        from: "item/77\"",
        to: "item/78\"",
        at: "expect: {response: {body: {golden",
        problem: "--bless",
    },
    breakage(
        "token-bucket",
        "advance: 99ms",
        "advance: 100ms",
        "expect: {response: {status: 429}}",
        "response status: expected `429`, got `200`",
    ),
    breakage(
        "token-bucket",
        "advance: 1ms",
        "advance: 0ms",
        "expect: {count: {status: {200: 1, 429: 1}}}",
        "statuses: expected {200: 1, 429: 1}, got {429: 2}",
    ),
    breakage(
        "token-bucket",
        "{200: 10, 429: 1}",
        "{200: 11}",
        "expect: {count: {status: {200: 11}}}",
        "statuses: expected {200: 11}, got {200: 10, 429: 1}",
    ),
    breakage(
        "token-bucket",
        "retry-after: \"1\"",
        "retry-after: \"2\"",
        "response: {status: 429, headers",
        "response header `retry-after`: expected `2`, got `1`",
    ),
    breakage(
        "token-bucket",
        "metrics: {ratelimit.denied: 1}",
        "metrics: {ratelimit.denied: 2}",
        "metrics: {ratelimit.denied",
        "metric `ratelimit.denied`: expected `2`, got `1`",
    ),
    breakage(
        "token-bucket",
        "nth: 2, return: CasMismatch",
        "return: CasMismatch",
        "- name: a lost race",
        "plugin `filter` refused its configuration",
    ),
    breakage(
        "token-bucket",
        "nth: 2, return: CasMismatch",
        "nth: 9, return: CasMismatch",
        "faults:",
        "the fault was never met: `proxy_set_shared_data` was called",
    ),
    breakage(
        "token-bucket",
        "fuel: {max: 40000}",
        "fuel: {max: 400}",
        "budget: {fuel",
        "fuel of an exchange: expected at most 400, got",
    ),
    breakage(
        "token-bucket",
        "memory: {max: 16MiB}",
        "memory: {max: 64KiB}",
        "budget: {fuel",
        "memory: expected at most 64KiB",
    ),
    breakage(
        "token-bucket",
        "config: {max_tokens: 20,",
        "config: {max_token: 20,",
        "- name: burst",
        "unknown field `max_token`",
    ),
    breakage(
        "token-bucket",
        "at `fill_interval`: less than a nanosecond",
        "at `fill_interval`: less than a second",
        "refused:",
        "expected a log line",
    ),
    breakage(
        "variant-split",
        "shares: {a: 0.90, b: 0.10}",
        "shares: {a: 0.80, b: 0.20}",
        "of: upstream.headers.x-variant",
        "chi-squared",
    ),
    breakage(
        "variant-split",
        "upstream: {path: {one_of: [/v1/pay, /v2/pay]}}",
        "upstream: {path: /v1/pay}",
        "upstream: {path: /v1/pay}",
        "upstream path: expected `/v1/pay`, got `/v2/pay`",
    ),
    breakage(
        "variant-split",
        "SameSite=Lax$",
        "SameSite=Strict$",
        "response: {headers: {set-cookie",
        "response header `set-cookie`: expected a match of",
    ),
    breakage(
        "jwt-check",
        "callouts: {jwks: 0}, response: {status: 200}}\n      - advance",
        "callouts: {jwks: 1}, response: {status: 200}}\n      - advance",
        "expect: {callouts: {jwks: 1}, response: {status: 200}}",
        "callouts to `jwks`: expected `1`, got `0`",
    ),
    breakage(
        "jwt-check",
        "          callouts: {jwks: 1}\n          upstream: {headers",
        "          callouts: {jwks: 0}\n          upstream: {headers",
        "callouts: {jwks: 0}",
        "callouts to `jwks`: expected `0`, got `1`",
    ),
    breakage(
        "jwt-check",
        "mocks:\n  jwks:",
        "mocks:\n  jwkz:",
        "upstream: {headers: {x-user: alice",
        "the plugin called out to cluster `jwks`, for which there is no mock (mocked: `jwkz`)",
    ),
    breakage(
        "jwt-check",
        "advance: 5m1s",
        "advance: 4m59s",
        "upstream: not_called",
        "expected no upstream request, got GET /cart",
    ),
    breakage(
        "jwt-check",
        "log: [{level: warn, message: {regex: jwks}}]",
        "log: [{level: warn, message: {regex: jwks, starts: yes}}]",
        "log: [{level: warn",
        "expected such a log line, got none",
    ),
    breakage(
        "jwt-check",
        "case: expired, headers: {authorization: \"Bearer {{stale}}\"}",
        "case: expired, headers: {authorization: \"Bearer {{alice}}\"}",
        "expect: {upstream: not_called, response: {status: 401, body",
        "expected no upstream request, got GET /",
    ),
    breakage(
        "jwt-check",
        "{jwks: [keys/k1.pem, keys/es.pem, keys/ed.pem]}",
        "{jwks: [keys/k2.pem, keys/es.pem, keys/ed.pem]}",
        "upstream: {headers: {x-user: alice",
        "expected an upstream request, but the upstream was not called",
    ),
];

#[test]
fn each_breakage_of_an_example_is_found_at_its_line() {
    let folder = root().join("target/acceptance/breakages");
    let mut missed = Vec::new();
    for (number, breakage) in BREAKAGES.iter().enumerate() {
        if let Err(output) = breakage.found(&folder.join(number.to_string())) {
            missed.push(format!(
                "{}: `{}` became `{}`\n{output}",
                breakage.example, breakage.from, breakage.to
            ));
        }
    }
    assert!(missed.is_empty(), "{} of {} were missed\n{}", missed.len(), BREAKAGES.len(), missed.join("\n"));
}

impl Breakage {
    /// Plays the broken scenarios; what they printed is the error where that does not name the breakage.
    fn found(&self, folder: &Path) -> Result<(), String> {
        copy(&root().join("examples").join(self.example).join("tests"), folder);
        let scenarios = folder.join(self.example).with_extension("test.yaml");
        let text = fs::read_to_string(&scenarios).unwrap();
        fs::write(
            &scenarios,
            text.replace("filter: ../", &format!("filter: '{}'", example(self.example).display())),
        )
        .unwrap();
        let broken = if self.file.is_empty() { scenarios.clone() } else { folder.join(self.file) };
        let text = fs::read_to_string(&broken).unwrap();
        assert!(text.contains(self.from), "`{}` stands in {}", self.from, broken.display());
        fs::write(&broken, text.replacen(self.from, self.to, 1)).unwrap();

        let mut test = Command::new(program("cargo-mesh-filter"));
        test.args(["mesh-filter", "test", "--engine", "wasm"]).arg(&scenarios).stdin(Stdio::null());
        let output = test.output().unwrap();
        let printed =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let lines = fs::read_to_string(&scenarios).unwrap();
        let named = lines.lines().enumerate().any(|(index, line)| {
            line.trim_start().starts_with(self.at) && printed.contains(&format!("test.yaml:{}:", index + 1))
        });
        let found = output.status.code() == Some(1) && named && printed.contains(self.problem);
        if found { Ok(()) } else { Err(printed) }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
        }
    }
}
