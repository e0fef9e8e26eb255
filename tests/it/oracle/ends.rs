//! Calls in the last callbacks of a stream: what they do, and whether the host lives on.
//!
//! Some of them end Envoy, so each is played in a process of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Seen;
use super::case::case;
use super::log::Tail;
use crate::support::bootstrap::{self, listener};
use crate::support::client::exchange;
use crate::support::compare::mask;
use crate::support::host::Host;
use crate::support::world::folder;

const CALLBACKS: [&str; 3] = ["log", "done", "delete"];

/// What each call is named after, the call, and the row of the table of differences.
const CALLS: [(&str, &str, Option<&str>); 5] = [
    ("local-reply", "send_local_response 403 'why not' 'no entry' {'x-why'='rule'} -1", Some(LATE)),
    ("continue-request", "continue_stream 0", None),
    ("continue-response", "continue_stream 1", None),
    ("close-request", "close_stream 0", Some(LATE)),
    ("close-response", "close_stream 1", Some(LATE)),
];
const LATE: &str = "reply-at-the-end";

/// How long a host may take to come to an end, or to the end of the exchange.
const PATIENCE: Duration = Duration::from_secs(60);

struct EndCase {
    name: String,
    program: String,
    /// The row of the table of differences, where it differs.
    row: Option<&'static str>,
}

fn cases() -> impl Iterator<Item = EndCase> {
    let of = |callback: &'static str| {
        CALLS.map(|(what, call, row)| EndCase {
            name: format!("ends/{what}-in-{callback}"),
            program: format!("{callback}:\n  {call}\n  log goes on\n"),
            row,
        })
    };
    CALLBACKS.into_iter().flat_map(of).filter(|case| super::is_wanted(&case.name))
}

/// What is seen of all of them, by name.
pub(super) fn play(host: &Path, name: &str) -> Seen {
    cases().map(|case| (case.name.clone(), seen(host, name, &case))).collect()
}

/// Each case in which this proxy does something else than Envoy, with its row of the table.
pub(super) fn known_differences() -> impl Iterator<Item = (String, &'static str)> {
    cases().filter_map(|case| Some((case.name, case.row?)))
}

fn seen(host: &Path, name: &str, of: &EndCase) -> Value {
    let filters = case(&of.name, &of.program).plugins;
    let routes = json!([{"name": "all", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "served"}}}
    ]}]);
    let listener = listener(&of.name, &filters, &routes, &json!({}));
    let file = folder("oracle-ends").join(format!("{name}.json"));
    bootstrap::write(&file, &[listener], &[]);
    let mut host = Host::start(host, &file, name);
    let mut log = Tail::new(&host);
    let replies = [(); 2].map(|()| exchange(host.listener(&of.name), b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    let begun = Instant::now();
    loop {
        if host.has_ended() {
            // How far it came before that is a race.
            return json!("(the host ends)");
        }
        // Once the second exchange is over, all is there that the first has caused.
        let texts: Vec<_> = log.lines(&of.name).into_iter().map(|line| line.text).collect();
        if texts.iter().any(|text| text == "3 delete") {
            let of_first: Vec<_> = texts.into_iter().filter(|text| text.starts_with("2 ")).collect();
            let [reply, _] = replies;
            let shown = reply.map_or_else(|error| format!("({error})"), |reply| reply.shown());
            return json!({"client": mask(&shown).lines().collect::<Vec<_>>(), "log": of_first});
        }
        assert!(begun.elapsed() < PATIENCE, "{}: neither the exchange nor the host ends", of.name);
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
