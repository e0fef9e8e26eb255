//! Several workers: what each has for itself, what they share, and in which order they run.

use crate::scenarios_of::problems;
use mesh_filter::prelude::*;
use mesh_filter::shared;
use mesh_filter_test::prelude::{Sim, get, header, json, ms, post, reply, status};
use std::cell::Cell;
use std::rc::Rc;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Config {
    name: String,
    /// A timer that counts.
    ticks: bool,
}

/// Counts requests in its VM and in shared data; does what the path says.
struct Tally {
    name: String,
    here: Cell<u64>,
    vm: Rc<Cell<u64>>,
    all: shared::Cell<u64>,
    queue: Option<shared::Queue>,
}

impl Filter for Tally {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let taken = setup.counter("tally.taken")?;
        if config.name == "nobody" {
            return Err(Error::new("nobody cannot count"));
        }
        let ticks = setup.counter("tally.ticks")?;
        if config.ticks {
            setup.every(mesh_filter::clock::secs(1), async move || {
                ticks.increment(1);
                Ok(())
            })?;
        }
        // The worker that started last owns it.
        let queue = shared::Queue::register("tally")?;
        setup.spawn(async move {
            loop {
                let message = queue.next().await?;
                log::info!("took {}", String::from_utf8_lossy(&message));
                taken.increment(1);
            }
        });
        let queue = shared::Queue::open("tally")?;
        let vm = setup.vm_state(|| Cell::new(0));
        Ok(Self { name: config.name, here: Cell::new(0), vm, all: shared::Cell::new("all"), queue })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        self.here.set(self.here.get() + 1);
        self.vm.set(self.vm.get() + 1);
        let path = request.path().and_then(|path| path.as_str().ok()).unwrap_or("/").to_owned();
        let all = if path == "/careless" {
            // What another worker writes in between is lost.
            let all = self.all.get()?.unwrap_or(0) + 1;
            self.all.set(&all)?;
            all
        } else {
            self.all.update(|all| all.unwrap_or(0) + 1)?
        };
        if let (Some(message), Some(queue)) = (path.strip_prefix("/push/"), &self.queue) {
            queue.push(message)?;
        }
        request.headers_mut().set("x-here", self.here.get().to_string())?;
        request.headers_mut().set("x-vm", self.vm.get().to_string())?;
        request.headers_mut().set("x-all", all.to_string())?;
        request.headers_mut().set("x-name", &self.name)?;
        next.run(request).await
    }
}

mesh_filter_test::scenarios!(
    "tests/tally/*.test.yaml",
    crate::tally::Tally,
    "../other" => crate::probe::Probe,
);

#[test]
fn each_worker_has_a_vm_and_requests_go_to_them_in_turn() {
    let sim = Sim::new().workers(2);
    let filter = sim.filter::<Tally>(json!({})).unwrap();
    for (all, here) in [("1", "1"), ("2", "1"), ("3", "2")] {
        filter.request(get("/")).upstream(header("x-all", all)).upstream(header("x-here", here));
    }
    filter.on(0).request(get("/")).upstream(header("x-here", "3"));
    filter.request(get("/")).upstream(header("x-here", "2"));
    filter.on(0).request(post("/push/now")).expect(status(200));
    // Tasks go on with the next tick.
    sim.advance(ms(1));
    assert_eq!(sim.metric("tally.taken"), 1, "{}", sim.timeline());
    assert!(sim.timeline().contains(" 1: on_queue_ready\n"), "{}", sim.timeline());
}

#[test]
#[should_panic(expected = "there is no worker 2: there are 2, counted from 0")]
fn a_worker_that_is_not_there_cannot_be_chosen() {
    let sim = Sim::new().workers(2);
    drop(sim.filter::<Tally>(json!({})).unwrap().on(2));
}

#[test]
#[should_panic(expected = "the number of workers is set before the first filter starts")]
fn workers_do_not_come_later() {
    let sim = Sim::new();
    let _filter = sim.filter::<Tally>(json!({})).unwrap();
    sim.workers(2);
}

#[test]
fn exchanges_that_are_open_go_on_with_the_configuration_with_which_they_began() {
    let sim = Sim::new();
    let filter = sim.filter::<Tally>(json!({"name": "old"})).unwrap();
    filter.upstream(reply(200).delay(ms(10)));
    let open = filter.open(get("/"));
    filter.reload(json!({"name": "new"})).unwrap();
    filter.request(get("/")).upstream(header("x-name", "new")).upstream(header("x-vm", "2"));
    open.finish().upstream(header("x-name", "old")).expect(status(200));
    let callbacks = sim.timeline();
    // Two exchanges, then the root of the old configuration.
    assert_eq!(callbacks.matches("on_delete").count(), 3, "{callbacks}");
    let error = filter.reload(json!({"name": "nobody"})).unwrap_err();
    assert!(error.to_string().contains("nobody cannot count"), "{error}");
    filter.request(get("/")).upstream(header("x-name", "new"));
    filter.restart_vm().unwrap();
    filter.request(get("/")).upstream(header("x-name", "new")).upstream(header("x-vm", "1"));
}

#[test]
fn a_lost_update_is_found_and_its_schedule_plays_alone() {
    let step = |interleave: &str| {
        format!(
            "{{interleave: {interleave}, repeat: 4, request: {{path: /careless}}, \
             expect: {{shared_data: {{mesh-filter/filter//all: \"4\"}}}}}}"
        )
    };
    let (problem, text) = problems::<Tally>("workers: 2", &step("{schedules: all, max: 50}"));
    assert_eq!(problem.len(), 1, "{text}");
    assert!(
        problem[0].contains("shared value `mesh-filter/filter//all`: expected `4`, got `"),
        "{problem:?}"
    );
    let (_, rest) = text.split_once("which `schedules: \"").unwrap();
    let schedule = rest.split_once('"').unwrap().0.to_owned();
    let alone = problems::<Tally>("workers: 2", &step(&format!("{{schedules: \"{schedule}\"}}")));
    // The step is written at greater length.
    let told = |problem: &str| problem.split_once(": ").map(|(_, told)| told.to_owned());
    assert_eq!(told(&alone.0[0]), told(&problem[0]), "{schedule}");
    assert_eq!(
        problems::<Tally>("workers: 2", &step("{schedules: all, max: 50}")).1,
        text,
        "two runs are the same"
    );
    let (none, text) = problems::<Tally>("workers: 2", &step("{schedules: \"0x99\"}"));
    assert!(none.is_empty(), "{text}");
}

#[test]
fn a_filter_that_the_test_target_does_not_name_cannot_be_in_a_chain() {
    let failed = problems::<Tally>("chain: [self, ../other]", "{request: {}}").0;
    let expected = "4:5: there is no filter `../other` for the chain: a test target plays the filters that it names: \
                    `scenarios!(\"..\", MyFilter, \"../other\" => Other)`";
    assert_eq!(failed, [expected]);
}

#[test]
fn failures_name_the_line_and_the_worker() {
    let text = problems::<Tally>("workers: 2", "{request: {}, worker: 1, expect: {upstream: not_called}}").1;
    let failed = problems::<Tally>("", "{reload: {name: nobody}}").0;
    assert_eq!(
        failed[0],
        "6:18: plugin `filter` refused its configuration (`proxy_on_configure` returned false)"
    );
    let failed = problems::<Tally>("", "{reload: {name: b}, refused: present}").0;
    assert_eq!(failed, ["6:38: expected that the filter refuses its configuration, but it started"]);
    assert!(text.contains("    +0ms      1: on_request_headers (4 headers, end of stream)\n"), "{text}");
}
