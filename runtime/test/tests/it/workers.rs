//! Work that several VMs of one plugin share, as the workers of a proxy do.

use mesh_filter::cache::{Refresh, Refreshed};
use mesh_filter::clock::{millis, secs};
use mesh_filter::flight::WorkerGroup;
use mesh_filter::prelude::*;
use mesh_filter_test::prelude::*;

#[derive(Deserialize, Clone, Copy)]
#[serde(default)]
struct Config {
    keep_ms: u64,
    max_size: usize,
    flags: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { keep_ms: 0, max_size: 1000, flags: false }
    }
}

/// Asks a service for the path of the request, and tells what it said; panics at `/panic`.
struct Asking {
    answers: WorkerGroup<String>,
    flags: Option<Refreshed<String>>,
}

async fn ask(cluster: &str, path: String) -> Result<String> {
    let reply = call::get(&ClusterName::new(cluster)?, path).timeout(millis(500)).send().await?;
    Ok(reply.text()?.to_owned())
}

#[expect(clippy::panic, reason = "a worker that dies is under test")]
impl Filter for Asking {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let answers =
            WorkerGroup::new("answers", secs(1)).keep(millis(config.keep_ms)).max_size(config.max_size);
        let refresh = Refresh::every(secs(60)).min_interval(secs(5));
        let load = async || ask("flags", "/flags".to_owned()).await;
        let flags = config.flags.then(|| Refreshed::across_workers(setup, "flags", refresh, load));
        Ok(Self { answers, flags })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let path = request.path().and_then(|path| path.as_str().ok()).unwrap_or("/").to_owned();
        if path == "/panic" {
            panic!("a worker dies");
        }
        let answer = match &self.flags {
            Some(flags) if path == "/newer" => flags.refetch().await,
            Some(flags) => flags.get().await,
            None => {
                self.answers
                    .run(&path, {
                        let path = path.clone();
                        async move || ask("who", path).await
                    })
                    .await
            }
        };
        let answer = answer.map_or_else(|error| error.to_string(), |answer| answer.to_string());
        request.headers_mut().set("x-answer", answer)?;
        next.run(request).await
    }
}

/// So many workers.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn workers(sim: &Sim, count: usize, config: &serde_json::Value) -> Vec<TestFilter> {
    (0..count).map(|_| sim.filter::<Asking>(config.clone()).unwrap()).collect()
}

#[test]
fn workers_that_need_the_same_at_the_same_time_ask_once_and_are_told_at_once() {
    let sim = Sim::new();
    let who = sim.cluster("who");
    who.reply(reply(200).body("alice").delay(ms(137)));
    let workers = workers(&sim, 4, &json!({}));
    let mut waiting: Vec<_> = workers.iter().map(|worker| worker.open(get("/a"))).collect();
    sim.advance(ms(40));
    waiting.extend(workers.iter().map(|worker| worker.open(get("/a"))));
    sim.advance(ms(96));
    assert!(!waiting.iter().any(|exchange| exchange.is_done()));
    sim.advance(ms(1));
    assert!(waiting.iter().all(|exchange| exchange.is_done()), "{}", sim.timeline());
    assert_eq!(who.calls(), 1);
    for exchange in waiting {
        exchange.finish().upstream(header("x-answer", "alice"));
    }
    workers[1].request(get("/a")).upstream(header("x-answer", "alice"));
    assert_eq!(who.calls(), 2, "the work was over, so it is done anew");
    let other = workers[0].open(get("/a"));
    workers[1].request(get("/b")).upstream(header("x-answer", "alice"));
    other.finish().upstream(header("x-answer", "alice"));
    assert_eq!(who.calls(), 4, "other keys are other work");
}

#[test]
fn a_worker_that_dies_at_work_is_replaced_when_its_lease_is_over() {
    let sim = Sim::new().allow_traps();
    let who = sim.cluster("who");
    who.reply(reply(200).body("alice").delay(ms(100)));
    let workers = workers(&sim, 3, &json!({}));
    let lost = workers[0].open(get("/a"));
    sim.advance(ms(50));
    workers[0].request(get("/panic")).expect(status(503));
    let waiting: Vec<_> = workers[1..].iter().map(|worker| worker.open(get("/a"))).collect();
    sim.advance(ms(949));
    assert_eq!(who.calls(), 1, "{}", sim.timeline());
    sim.advance(ms(103));
    assert_eq!(who.calls(), 2, "one of those who waited does it");
    for exchange in waiting {
        assert!(exchange.is_done(), "{}", sim.timeline());
        exchange.finish().upstream(header("x-answer", "alice"));
    }
    drop(lost);
}

#[test]
fn failures_are_told_to_those_who_wait_and_not_kept() {
    let sim = Sim::new();
    let who = sim.cluster("who");
    who.fail(Fault::Timeout);
    let workers = workers(&sim, 2, &json!({"keep_ms": 10_000}));
    let waiting: Vec<_> = workers.iter().map(|worker| worker.open(get("/a"))).collect();
    for (exchange, begin) in
        waiting.into_iter().zip(["cluster `who` did not", "another worker: cluster `who` did not"])
    {
        exchange.finish().upstream(header("x-answer", starts(begin)));
    }
    assert_eq!(who.calls(), 1);
    who.reply(reply(200).body("alice"));
    workers[1].request(get("/a")).upstream(header("x-answer", "alice"));
}

#[test]
fn a_result_is_kept_for_all_workers_as_long_as_it_shall_be() {
    let sim = Sim::new();
    let who = sim.cluster("who");
    who.reply(reply(200).body("alice").delay(ms(100)));
    let workers = workers(&sim, 2, &json!({"keep_ms": 1000}));
    workers[0].request(get("/a")).upstream(header("x-answer", "alice"));
    sim.advance(ms(900));
    workers[1].request(get("/a")).upstream(header("x-answer", "alice"));
    assert_eq!(who.calls(), 1);
    sim.advance(ms(1));
    workers[1].request(get("/a")).upstream(header("x-answer", "alice"));
    assert_eq!(who.calls(), 2);
}

#[test]
fn a_result_too_large_to_share_is_got_by_each_worker_itself() {
    let sim = Sim::new();
    let who = sim.cluster("who");
    who.reply(reply(200).body("x".repeat(2000)).delay(ms(100)));
    let workers = workers(&sim, 3, &json!({}));
    let waiting: Vec<_> = workers.iter().map(|worker| worker.open(get("/a"))).collect();
    for exchange in waiting {
        exchange.finish().upstream(header("x-answer", matches("^x{2000}$")));
    }
    assert_eq!(who.calls(), 3);
    assert!(sim.logs().iter().any(|line| line.message.contains("2002 bytes, expected at most 1000")));
}

#[test]
fn a_refreshed_value_is_loaded_by_one_worker_for_all() {
    let sim = Sim::new();
    let flags = sim.cluster("flags");
    flags.reply(reply(200).body("one").delay(ms(100)));
    let workers = workers(&sim, 4, &json!({"flags": true}));
    let waiting: Vec<_> = workers.iter().map(|worker| worker.open(get("/"))).collect();
    for exchange in waiting {
        exchange.finish().upstream(header("x-answer", "one"));
    }
    assert_eq!(flags.calls(), 1);
    sim.advance(secs(600));
    let calls = flags.calls();
    assert!((10..=14).contains(&calls), "about one each minute, and not four: {calls}");
    flags.reply(reply(200).body("two"));
    workers[0].request(get("/")).upstream(header("x-answer", "one"));
    let before = flags.calls();
    sim.advance(secs(5));
    for worker in &workers {
        worker.request(get("/newer")).upstream(header("x-answer", "two"));
    }
    assert!(flags.calls() <= before + 2, "the first asks, the others take its answer");
}
