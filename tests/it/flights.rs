//! A callout that the workers of a running proxy make once for all of them, here and in Envoy.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{guest, program};
use crate::support::client::Connection;
use crate::support::host::{self, Host};
use crate::support::message::Message;
use crate::support::upstream::{Answer, Then, Upstream};
use crate::support::world::folder;

/// Far more than a busy machine needs, and less than the callout's timeout.
const BOUND: Duration = Duration::from_secs(15);

/// Each connection goes to either worker; that all go to the same one does not happen.
const FOLLOWERS: usize = 32;

/// An answer whose end waits until the test lets it go.
fn held(_path: &str, _request: &Message) -> Answer {
    let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbl".to_vec();
    Answer { bytes, then: Then::More(b"ue".to_vec()) }
}

fn waiting(host: &Host) -> usize {
    let stats = host.page("/stats").unwrap_or_default();
    stats.lines().find_map(|line| line.split_once("flights.waiting: ")?.1.parse().ok()).unwrap_or(0)
}

/// Looks again and again until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < BOUND, "{what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn one_worker_calls_for_all_and_a_leader_that_is_reset_takes_nothing_from_the_others() {
    let ours = ("ours", program("mesh-filter-proxy"));
    for (name, binary) in host::envoy().map(|envoy| ("envoy", envoy)).into_iter().chain([ours]) {
        let callee = Upstream::start(held);
        let routes = json!([{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
        ]}]);
        let file = folder("flights").join(format!("{name}.json"));
        let listener = listener("main", &[Filter::new("main", &guest("flights"), "")], &routes, &json!({}));
        bootstrap::write(&file, &[listener], &[bootstrap::cluster("callee", &[callee.address])]);
        let host = Host::start_with(&binary, &file, name, 2);
        let open = || {
            let mut connection = Connection::open(host.listener("main")).unwrap();
            connection.send(b"GET /workers HTTP/1.1\r\nhost: a\r\n\r\n");
            connection
        };

        let leader = open();
        until("the leader calls", || !callee.take().is_empty());
        let followers: Vec<_> = (0..FOLLOWERS).map(|_| open()).collect();
        until("all wait", || waiting(&host) == FOLLOWERS + 1);
        drop(leader);
        until("the leader has gone", || waiting(&host) == FOLLOWERS);
        callee.release();

        let begun = Instant::now();
        let mut workers = BTreeSet::new();
        for follower in followers {
            let reply = follower.receive(false).unwrap();
            let message = reply.messages.last().unwrap();
            assert_eq!((message.status(), message.header("x-answer")), (200, Some("blue")), "{name}");
            workers.extend(message.header("x-vm").map(str::to_owned));
        }
        println!("{name}: all were answered after {:?}", begun.elapsed());
        assert_eq!(workers.len(), 2, "{name}: both workers had exchanges that waited");
        assert!(callee.take().is_empty(), "{name}: no other call was made");
    }
}
