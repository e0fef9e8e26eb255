//! Shared queues between the workers of a running proxy, here and in Envoy.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{guest, program};
use crate::support::client::exchange;
use crate::support::host::{self, Host};
use crate::support::world::folder;

/// Far more than a worker needs to be woken.
const BOUND: Duration = Duration::from_secs(20);

/// Each connection goes to either worker; that all go to the same one does not happen.
const REQUESTS: usize = 64;

/// The VM gives itself a number. Gauges bring it into the log: one when it puts a value in, one when it is told of one.
const PROGRAM: &str = "quiet
configure:
  random_get &number=vm 4
  define_metric 1 'asked' &number=asked
  define_metric 1 'told' &number=told
  register_shared_queue 'jobs' &number=queue
request_headers:
  record_metric $asked $vm
  get_metric $asked &long
  enqueue_shared_queue $queue 'a job'
queue_ready:
  record_metric $told $vm
  get_metric $told &long
  dequeue_shared_queue $queue &bytes";

/// What the calls that begin so answered.
fn answers(log: &str, call: &str) -> Vec<String> {
    let answer = |line: &str| Some(line.split_once(call)?.1.split_once(" = ")?.1.to_owned());
    log.lines().filter_map(answer).collect()
}

#[test]
fn the_worker_that_registered_a_queue_is_told_of_values_from_all_workers() {
    let ours = ("ours", program("mesh-filter-proxy"));
    for (name, binary) in host::envoy().map(|envoy| ("envoy", envoy)).into_iter().chain([ours]) {
        let routes = json!([{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
        ]}]);
        let file = folder("queues").join(format!("{name}.json"));
        let filter = Filter::new("main", &guest("program"), PROGRAM);
        bootstrap::write(&file, &[listener("main", &[filter], &routes, &json!({}))], &[]);
        let host = Host::start_with(&binary, &file, name, 2);
        for _ in 0..REQUESTS {
            let reply = exchange(host.listener("main"), b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            assert_eq!(reply.messages.last().map(|message| message.status()), Some(200));
        }
        let begun = Instant::now();
        let log = loop {
            let log = std::fs::read_to_string(&host.log).unwrap();
            if answers(&log, "dequeue_shared_queue").len() >= REQUESTS {
                break log;
            }
            assert!(begun.elapsed() < BOUND, "{name}: {log}");
            std::thread::park_timeout(Duration::from_millis(5));
        };
        let asked: BTreeSet<_> = answers(&log, "get_metric $asked").into_iter().collect();
        let told: BTreeSet<_> = answers(&log, "get_metric $told").into_iter().collect();
        assert_eq!(asked.len(), 2, "{name}: both workers put values in");
        assert_eq!(told.len(), 1, "{name}: one worker is told of them");
        assert!(told.is_subset(&asked), "{name}");
        assert_eq!(answers(&log, "dequeue_shared_queue"), vec!["0 'a job'"; REQUESTS], "{name}");
    }
}
