//! What several worlds did is compared, and what differs is shown.

use mesh_filter::prelude::*;
use mesh_filter_test::report::{Report, Verdict};
use mesh_filter_test::scenario::{self, Batch, Options};
use mesh_filter_test::{World, scenario::Suite};
use std::path::Path;

/// Answers `/deny` itself, calls out for `/ask` and counts; on the day that is not `SUNNY` it does so otherwise.
struct Weather<const SUNNY: bool> {
    requests: Counter,
}

impl<const SUNNY: bool> Filter for Weather<SUNNY> {
    type Config = ();

    fn new((): (), setup: &mut Setup) -> Result<Self> {
        Ok(Self { requests: setup.counter("weather.requests")? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let path = request.path().and_then(|path| path.as_str().ok()).unwrap_or("/").to_owned();
        let odd = !SUNNY && path.starts_with("/odd");
        self.requests.increment(if odd { 2 } else { 1 });
        if path == "/odd-log" {
            log::info!("it {}", if odd { "rains" } else { "shines" });
        }
        request.headers_mut().set("x-weather", if odd && path == "/odd" { "rain" } else { "sun" })?;
        if path == "/ask" {
            call::get(&ClusterName::new("sky")?, "/").send().await?;
        }
        next.run(request).await
    }
}

const FILE: &str = "version: 1
mocks: {sky: {reply: {}}}
scenarios:
  - {name: the same, steps: [{repeat: 3, request: {path: /ask}}]}
  - {name: a header, steps: [{request: {}}, {repeat: 2, request: {path: /odd}}]}
  - {name: a log line, steps: [{request: {path: /odd-log}}]}
  - {name: not here, requires: wasm, steps: [{request: {}}]}
  - {name: found out, steps: [{request: {path: /odd}, expect: {upstream: {headers: {x-weather: sun}}}}]}
";

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn suite() -> Suite {
    scenario::parse(Path::new("tests/x.test.yaml"), FILE).unwrap()
}

fn compared(recorded: bool) -> Report {
    let suite = suite();
    let worlds = [World::native::<Weather<true>>(), World::native::<Weather<false>>().labelled("rainy")];
    let mut batch = Batch::default();
    worlds.iter().for_each(|world| batch.add(&suite, world, |_| true));
    batch.play(Options { recorded, ..Options::default() }, &|_, _| {})
}

#[test]
fn cases_that_do_the_same_and_cases_that_do_not_are_told_apart() {
    let report = compared(true);
    let verdicts: Vec<_> = report.compared().into_iter().map(|one| (one.name, one.verdict)).collect();
    let differs = |lines: &[&str]| Verdict::Differs {
        one: "native".to_owned(),
        other: "rainy".to_owned(),
        difference: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(verdicts[0], ("the same", Verdict::Same));
    let header = [
        "step 2",
        "  upstream saw GET /odd",
        "-     x-weather: sun",
        "+     x-weather: rain",
        "step 2, exchange 1",
        "  upstream saw GET /odd",
        "-     x-weather: sun",
        "+     x-weather: rain",
        "-   metric weather.requests: 2",
        "+   metric weather.requests: 4",
    ];
    assert_eq!(verdicts[1], ("a header", differs(&header)));
    let log = [
        "step 1",
        "-   log info: `it shines`",
        "-   metric weather.requests: 1",
        "+   log info: `it rains`",
        "+   metric weather.requests: 2",
    ];
    assert_eq!(verdicts[2], ("a log line", differs(&log)));
    let lacking =
        |verdict: &Verdict| matches!(verdict, Verdict::NotPortable { world, .. } if world == "native");
    assert!(verdicts[3].0 == "not here" && lacking(&verdicts[3].1), "{verdicts:?}");
    // Its failure in one world is a difference too.
    assert!(matches!(verdicts[4], ("found out", Verdict::Differs { .. })), "{verdicts:?}");
    assert_eq!(report.tally().unwrap().to_string(), "1 same, 3 differ, 1 not portable");
}

#[test]
fn each_form_of_the_report_has_the_differences() {
    let report = compared(true);
    let text = report.to_string();
    assert!(
        text.ends_with("\n7 passed, 1 failed, 2 not portable\nworlds: 1 same, 3 differ, 1 not portable\n"),
        "{text}"
    );
    let differs = "\ndiffers a log line (tests/x.test.yaml:6): - native, + rainy\n  step 1\n  -   log info: `it shines`\n";
    assert!(text.contains(differs), "{text}");
    assert!(report.to_tap().ends_with("# worlds: 1 same, 3 differ, 1 not portable\n"));
    assert!(report.to_tap().contains("\n# differs a log line (tests/x.test.yaml:6): - native, + rainy\n# "));
    let warning = "::warning file=tests/x.test.yaml,line=6,title=a log line differs%3A - native%2C + rainy::step 1%0A-   log";
    assert!(report.to_github().contains(warning), "{}", report.to_github());
    let json = report.to_json();
    assert_eq!(json["worlds"]["differ"], 3);
    assert_eq!(json["worlds"]["cases"][0]["verdict"], "same");
    assert_eq!(json["worlds"]["cases"][2]["detail"]["difference"][0], "step 1");
}

#[test]
fn one_world_alone_is_not_compared() {
    let suite = suite();
    let world = World::native::<Weather<true>>();
    let report = suite.run(&world);
    assert_eq!(report.tally(), None);
    assert!(!report.to_string().contains("worlds:"), "{report}");
    assert!(report.to_json()["worlds"].is_null());
    // Nor is what nobody has written down, but for what cannot be played.
    let worlds = compared(false);
    assert_eq!(worlds.tally().unwrap().to_string(), "0 same, 0 differ, 1 not portable");
}
