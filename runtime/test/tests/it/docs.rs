//! The examples of `docs/scenarios.md` are files that the reader takes, those of the guide hold.

use mesh_filter::prelude::*;
use mesh_filter_test::scenario::Suite;
use mesh_filter_test::{World, scenario};
use std::path::Path;

/// The scenario files on a page, read.
#[expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests")]
fn suites(page: &str) -> Vec<Suite> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let read = |block| scenario::parse(&path, block).unwrap_or_else(|error| panic!("{}", error.render()));
    blocks.map(read).collect()
}

#[test]
fn the_documented_files_are_well_formed() {
    assert!(!suites("scenarios.md").is_empty());
}

#[test]
fn the_scenarios_of_the_guide_hold() {
    #[derive(Deserialize)]
    struct Config {
        value: String,
    }
    struct Hello(Config);
    impl Filter for Hello {
        type Config = Config;

        fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
            Ok(Self(config))
        }

        async fn handle(&self, request: Request, next: Next) -> Result<Response> {
            let mut response = next.run(request).await?;
            response.headers_mut().set("x-hello", &self.0.value)?;
            Ok(response)
        }
    }
    let suites = suites("guide.md");
    assert!(!suites.is_empty());
    for suite in suites {
        let report = suite.run(&World::native::<Hello>());
        assert!(report.cases.iter().all(|case| case.failure.is_none()), "{report}");
    }
}

/// Every key that the reader knows stands in the tables: it lists the keys when it refuses one.
#[test]
fn every_key_is_documented() {
    let text = include_str!("../../../../docs/scenarios.md");
    let step = |step: &str| format!("version: 1\nscenarios: [{{name: a, steps: [{step}]}}]");
    let files = [
        "x: 1".to_owned(),
        "version: 1\nscenarios: [{x: 1}]".to_owned(),
        "version: 1\nscenarios: []\nplugin: {x: 1}".to_owned(),
        "version: 1\nscenarios: []\nchunking: {x: 1}".to_owned(),
        "version: 1\nscenarios: []\nchunking: {random: {x: 1}}".to_owned(),
        step("{request: {}, x: 1}"),
        step("{request: {x: 1}}"),
        step("{request: {body: {x: 1}}}"),
        step("{request: {properties: {a: {x: 1}}}}"),
        step("{reload: {}, x: 1}"),
        step("{request: {}, interleave: {x: 1}}"),
        "version: 1\nscenarios: []\nchain: [{x: 1}]".to_owned(),
        step("{parallel: {x: 1}}"),
        step("{parallel: {count: 1, request: {}}, x: 1}"),
        step("{request: {}, expect: {set_properties: {a: {int: 1, x: 1}}}}"),
        step("{request: {}, upstream: {x: 1}}"),
        step("{mock: {a: {x: 1}}}"),
        step("{mock: {a: {when: {x: 1}, reply: {}}}}"),
        step("{mock: {a: {fail: x}}}"),
        step("{fault: {x: 1}}"),
        step("{fault: {trap_at: {x: 1}}}"),
        step("{mock: {a: {grpc: {x: 1}, reply: {}}}}"),
        step("{mock: {a: {grpc: {}, reply: {x: 1}}}}"),
        step("{mock: {a: {grpc: {at: x}, reply: {}}}}"),
        step("{request: {}, expect: {callouts: {a: [{grpc: {x: 1}}]}}}"),
        step("{request: {}, expect: {x: 1}}"),
        step("{request: {}, expect: {upstream: {x: 1}}}"),
        step("{request: {}, expect: {response: {x: 1}}}"),
        step("{request: {}, expect: {response: {body: {x: 1}}}}"),
        step("{request: {}, expect: {log: [{x: 1}]}}"),
        step("{request: {}, expect: {log: [{level: x}]}}"),
        step("{request: {}, expect: {trap: {x: 1}}}"),
        step("{request: {}, soak: {x: 1}}"),
        step("{request: {body: {jwks: [{x: 1}]}}}"),
        "version: 1\nvars: {a: {jwt: {x: 1}}, b: \"{{a}}\"}\nscenarios: []".to_owned(),
        step("{request: {}, expect: {budget: {x: 1}}}"),
        step("{request: {}, expect: {budget: {fuel: {x: 1}}}}"),
        step("{request: {}, expect: {calls: [{x: 1}]}}"),
        step("{request: {}, expect: {distribution: {x: 1}}}"),
        step("{request: {}, expect: {distribution: {of: upstream.path, shares: {a: 1}, test: {x: 1}}}}"),
        step("{request: {}, expect: {transitions: {x: 1}}}"),
    ];
    for file in files {
        let error = scenario::parse(Path::new("x.test.yaml"), &file).unwrap_err();
        let help = error.help().unwrap_or_default();
        let (_, known) =
            help.split_once("known here: ").unwrap_or_else(|| panic!("{file}\n{}", error.render()));
        for key in known.split(", ") {
            let bare = key.trim_matches('`');
            let found = text.contains(key)
                || text.contains(&format!("`{bare}:"))
                || text.contains(&format!("`{{{bare}"));
            assert!(found, "{key} is not documented ({file})");
        }
    }
}

/// Where blocks come from that need a crate of their own around them: tests that run.
const SOURCES: &[&str] = &[
    "body-rewrite/tests/chunks.rs",
    "cohort-callout/tests/slow.rs",
    "hello-header/tests/scenarios.rs",
    "plain/tests/native.rs",
];

#[test]
fn blocks_that_do_not_compile_alone_stand_in_tests_of_the_examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = SOURCES
        .iter()
        .map(|file| std::fs::read_to_string(folder.join("examples").join(file)).unwrap())
        .collect::<Vec<_>>();
    for page in ["guide.md", "scenarios.md"] {
        let text = std::fs::read_to_string(folder.join("docs").join(page)).unwrap();
        for block in text.split("```rust,ignore\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            assert!(sources.iter().any(|source| source.contains(block)), "{page}: in no test:\n{block}");
        }
    }
}
