//! The pages that tell what the proxy is and what it is configured to be.

use super::super::config::Discovery;
use super::super::levels::LOGGERS;
use super::super::server::{Overview, Stage};
use super::super::stats::Counter;
use super::{Page, parameters};
use crate::abi::LogLevel;
use http::StatusCode;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Paths with what they do, in Envoy's words for what they are.
const COMMANDS: [(&str, &str); 11] = [
    ("/", "Admin home page"),
    ("/clusters", "upstream cluster status"),
    ("/config_dump", "dump current configuration"),
    ("/listeners", "print listener info"),
    ("/logging (POST)", "query/change logging levels"),
    ("/quitquitquit (POST)", "exit the server"),
    ("/ready", "print server state, return 200 if LIVE, otherwise return 503"),
    ("/server_info", "print server version/status information"),
    ("/stats", "print server stats"),
    ("/stats?format=json", "print server stats as JSON"),
    ("/stats/prometheus", "print server stats in prometheus format"),
];

pub(super) fn home() -> Page {
    let mut list = String::new();
    for (path, meaning) in COMMANDS {
        let link = path.trim_end_matches(" (POST)");
        let _infallible = writeln!(list, "<li><a href=\"{link}\">{path}</a>: {meaning}</li>");
    }
    Page::html(format!(
        "<!DOCTYPE html>\n<html lang='en'>\n<title>admin</title>\n<ul>\n{list}</ul>\n</html>\n"
    ))
}

pub(super) fn unknown() -> Page {
    let mut text = "invalid path. admin commands are:\n".to_owned();
    for (path, meaning) in COMMANDS {
        let _infallible = writeln!(text, "  {path}: {meaning}");
    }
    Page::text(text).with_status(StatusCode::NOT_FOUND)
}

pub(super) fn ready(overview: &Overview) -> Page {
    let state = state(overview);
    let status = if state == "LIVE" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Page::text(format!("{state}\n")).with_status(status)
}

fn state(overview: &Overview) -> &'static str {
    match *overview.stage.borrow() {
        Stage::Running => "LIVE",
        Stage::Draining | Stage::Stopped => "DRAINING",
    }
}

pub(super) fn clusters(overview: &Overview) -> Page {
    let mut text = String::new();
    for (index, cluster) in overview.bootstrap.clusters.iter().enumerate() {
        let name = &cluster.name;
        let sum = |pick: fn(&super::super::stats::ClusterStats) -> &Counter| -> u64 {
            let each = overview.stats.iter().filter_map(|worker| worker.clusters.get(index));
            each.map(|stats| pick(stats).value()).sum()
        };
        let mut line = |rest: String| {
            let _infallible = writeln!(text, "{name}::{rest}");
        };
        line(format!("observability_name::{name}"));
        line("added_via_api::false".to_owned());
        for endpoint in &cluster.endpoints {
            let address = format!("{}:{}", endpoint.host, endpoint.port);
            let hostname = if cluster.discovery == Discovery::Static { "" } else { &endpoint.host };
            if let [_] = cluster.endpoints.as_slice() {
                line(format!("{address}::cx_connect_fail::{}", sum(|stats| &stats.connection_failures)));
                line(format!("{address}::cx_total::{}", sum(|stats| &stats.connections)));
                line(format!("{address}::rq_active::{}", sum(|stats| &stats.requests_active)));
                line(format!("{address}::rq_timeout::{}", sum(|stats| &stats.timeouts)));
                line(format!("{address}::rq_total::{}", sum(|stats| &stats.requests)));
            }
            line(format!("{address}::hostname::{hostname}"));
            line(format!("{address}::health_flags::healthy"));
            line(format!("{address}::weight::1"));
        }
    }
    Page::text(text)
}

pub(super) fn listeners(overview: &Overview, as_json: bool) -> Page {
    let pairs = overview.bootstrap.listeners.iter().zip(&overview.addresses);
    if !as_json {
        let lines = pairs.map(|(listener, address)| format!("{}::{address}\n", listener.name));
        return Page::text(lines.collect::<String>());
    }
    let statuses: Vec<Value> = pairs
        .map(|(listener, address)| {
            let socket = json!({ "address": address.ip().to_string(), "port_value": address.port() });
            json!({ "name": listener.name, "local_address": { "socket_address": socket } })
        })
        .collect();
    Page::json(pretty(&json!({ "listener_statuses": statuses })))
}

/// The configuration as it was understood, as text: it is a file that Envoy takes too.
pub(super) fn config_dump(overview: &Overview) -> Page {
    let kind = "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump";
    let yaml = overview.bootstrap.to_yaml();
    Page::json(pretty(&json!({ "configs": [{ "@type": kind, "bootstrap_yaml": yaml }] })))
}

pub(super) fn server_info(overview: &Overview) -> Page {
    let uptime = format!("{}s", overview.started.elapsed().as_secs());
    Page::json(pretty(&json!({
        "version": concat!("mesh-filter/", env!("CARGO_PKG_VERSION")),
        "state": state(overview),
        "uptime_current_epoch": uptime,
        "uptime_all_epochs": uptime,
        "command_line_options": { "concurrency": overview.workers },
        "node": { "id": overview.bootstrap.node_id, "cluster": overview.bootstrap.node_cluster },
    })))
}

pub(super) fn logging(overview: &Overview, query: &str) -> Page {
    let mut problem = None;
    for (name, value) in parameters(query) {
        let changes: Vec<(&str, &str)> = if name == "paths" {
            value.split(',').map(|pair| pair.split_once(':').unwrap_or((pair, ""))).collect()
        } else {
            vec![(name, value)]
        };
        for (logger, level) in changes {
            match LogLevel::from_name(level) {
                None => problem = Some("unknown logger level"),
                Some(level) if logger == "level" => overview.levels.set_all(level),
                Some(level) if overview.levels.set(logger, level) => {}
                Some(_) => problem = Some("unknown logger name"),
            }
        }
    }
    let mut text = String::new();
    if let Some(problem) = problem {
        text = format!(
            "error: {problem}\n\nusage: /logging?<name>=<level> (change single level)\n\
             usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\n\
             usage: /logging?level=<level> (change all levels)\n\
             levels: trace debug info warning error critical\n"
        );
    }
    text.push_str("active loggers:\n");
    for logger in LOGGERS {
        let level = overview.levels.level(logger).map_or("off", LogLevel::name);
        let _infallible = writeln!(text, "  {logger}: {level}");
    }
    text.push('\n');
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Page::text(text).with_status(status)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
