//! Plays a case in a host and tells what was seen.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use super::case::{Case, Ends, Exchange, Step};
use super::log::{Line, Tail, all_deleted};
use crate::support::client::Connection;
use crate::support::compare::mask;
use crate::support::http2;
use crate::support::message::Message;
use crate::support::world::World;

/// What is seen in one case.
pub(super) fn play(world: &World, log: &mut Tail, case: &Case) -> Value {
    let mut seen = Map::new();
    let texts = |lines: Vec<Line>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
    // A worker may begin to serve before it has told that it configured its plugins.
    let configured = |line: &Line| line.text.contains(" configure ");
    let all = |lines: &[Line]| lines.iter().filter(|line| configured(line)).count() == case.plugins.len();
    let mut start = texts(log.wait(&case.name, 0, all));
    let mut from = start.len();
    let mut exchanges = Vec::new();
    for exchange in &case.exchanges {
        let (mut shown, lines) = play_exchange(world, log, case, exchange, from);
        from += lines.len();
        if !matches!(case.ends, Ends::Line(_)) {
            shown["log"] = lines.into_iter().map(|line| line.text).collect();
        }
        exchanges.push(shown);
    }
    if let Ends::Line(end) = case.ends {
        let said = |lines: &[Line]| lines.iter().any(|line| line.text.ends_with(end));
        log.wait(&case.name, 0, said);
        start = texts(log.lines(&case.name));
        start.truncate(start.iter().position(|line| line.ends_with(end)).map_or(0, |at| at + 1));
    }
    seen.insert("start".to_owned(), json!(start));
    seen.insert("exchanges".to_owned(), json!(exchanges));
    if let Some(prefix) = case.metrics {
        seen.insert("metrics".to_owned(), metrics(world, prefix));
    }
    Value::Object(seen)
}

/// What the client, the upstream and the service for callouts saw of one exchange, and what plugins logged.
pub(super) fn play_exchange(
    world: &World,
    log: &mut Tail,
    case: &Case,
    exchange: &Exchange,
    from: usize,
) -> (Value, Vec<Line>) {
    world.upstream.take();
    world.callee.take();
    world.grpc.take();
    let address = world.host.listener(&case.name);
    let (received, client) = match &exchange.http2 {
        Some(request) => http2::exchange(address, request).expect("the host accepts"),
        None => play_steps(world, log, case, exchange, from),
    };
    let lines = match case.ends {
        Ends::Deleted => log.wait(&case.name, from, all_deleted),
        Ends::Dies(place) => log.wait(&case.name, from, |lines| {
            let dead = &case.plugins[place].name;
            let others: Vec<_> = lines.iter().filter(|line| line.plugin != *dead).cloned().collect();
            !others.is_empty() && all_deleted(&others)
        }),
        Ends::Line(_) => log.lines(&case.name).split_off(from),
    };
    let addresses = [
        (address, "LISTENER"),
        (client, "CLIENT"),
        (world.upstream.address, "UPSTREAM"),
        (world.grpc.address, "GRPC"),
        (world.refusing.address, "REFUSING"),
    ];
    let tidy = |text: &str| {
        let masked = mask(text);
        let named = |text: String, (address, name): &(std::net::SocketAddr, &str)| {
            text.replace(&address.to_string(), name)
        };
        addresses.iter().fold(masked, named)
    };
    let shown = |text: &str| -> Value { tidy(text).lines().collect() };
    let requests = |messages: Vec<Message>| -> Value {
        // How much of a request that was given up came is a race.
        messages.iter().filter(|message| !message.broken).map(|message| shown(&message.shown())).collect()
    };
    let mut seen = json!({ "client": shown(&received) });
    for (name, upstream) in [("upstream", &world.upstream), ("callee", &world.callee)] {
        // What goes on after the response is looked at in the log.
        if matches!(case.ends, Ends::Line(_)) {
            continue;
        }
        let requests = requests(upstream.take());
        if requests != json!([]) {
            seen[name] = requests;
        }
    }
    let calls: Vec<_> = world.grpc.take().iter().map(|request| shown(request)).collect();
    if !calls.is_empty() && !matches!(case.ends, Ends::Line(_)) {
        seen["grpc"] = calls.into();
    }
    let lines = lines.into_iter().map(|line| Line { text: tidy(&line.text), ..line }).collect();
    (seen, lines)
}

/// What a client got that sends bytes as they are, and its address.
fn play_steps(
    world: &World,
    log: &mut Tail,
    case: &Case,
    exchange: &Exchange,
    from: usize,
) -> (String, SocketAddr) {
    let mut connection = Connection::open(world.host.listener(&case.name)).expect("the host accepts");
    let client = connection.address().expect("a connection has an address");
    let mut is_head = false;
    for step in &exchange.steps {
        match step {
            Step::Send(bytes) => {
                is_head |= bytes.starts_with(b"HEAD ");
                connection.send(bytes);
            }
            Step::Await(part) => {
                log.wait(&case.name, from, |lines| lines.iter().any(|line| line.text.contains(part)));
            }
            Step::Release => world.upstream.release(),
        }
    }
    if exchange.hangs_up {
        return ("(went away)".to_owned(), client);
    }
    match connection.receive(is_head) {
        Ok(reply) => (reply.shown(), client),
        Err(error) => (format!("({error})"), client),
    }
}

/// Counters and gauges of plugins; histograms are merged every few seconds.
fn metrics(world: &World, prefix: &str) -> Value {
    let page = world.host.page("/stats").expect("the admin serves /stats");
    let own = page.lines().filter(|line| line.starts_with(prefix));
    let mut lines: Vec<_> = own.filter(|line| !line.contains("P0(")).collect();
    lines.sort_unstable();
    json!(lines)
}
