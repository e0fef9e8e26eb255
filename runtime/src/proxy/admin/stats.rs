//! The numbers: as text, JSON and for Prometheus, by Envoy's names.

use super::super::server::{Overview, Stage};
use super::super::stats::{ClusterStats, Counter, ListenerStats, StatusClasses};
use super::{Page, is_json, parameters};
use crate::abi::MetricKind;
use crate::host::metrics::{BUCKETS, MetricSnapshot};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A counter or gauge.
struct Number {
    name: String,
    kind: MetricKind,
    value: u64,
    /// Name and labels for Prometheus.
    metric: String,
    labels: String,
}

pub(super) fn stats(overview: &Overview, query: &str) -> Page {
    if parameters(query).any(|(name, value)| name == "format" && value == "prometheus") {
        return prometheus(overview, query);
    }
    let wanted = wanted(query);
    let mut numbers: Vec<Number> =
        numbers(overview).into_iter().filter(|number| wanted(&number.name, number.value)).collect();
    numbers.sort_by(|one, other| one.name.cmp(&other.name));
    let histograms: Vec<MetricSnapshot> = overview.metrics.snapshot();
    let histograms = histograms
        .into_iter()
        .map(|metric| MetricSnapshot { name: plugin_metric(&metric.name), ..metric })
        .filter(|metric| metric.kind == MetricKind::Histogram && wanted(&metric.name, metric.value));
    if is_json(query) {
        let mut list: Vec<Value> =
            numbers.iter().map(|number| json!({ "name": number.name, "value": number.value })).collect();
        let computed: Vec<Value> = histograms
            .map(|metric| json!({ "name": metric.name, "count": metric.value, "sum": metric.sum }))
            .collect();
        if !computed.is_empty() {
            list.push(json!({ "histograms": computed }));
        }
        return Page::json(json!({ "stats": list }).to_string());
    }
    let mut text = String::new();
    for number in &numbers {
        let _infallible = writeln!(text, "{}: {}", number.name, number.value);
    }
    for metric in histograms {
        let _infallible = writeln!(text, "{}: {}", metric.name, summary(&metric));
    }
    Page::text(text)
}

pub(super) fn prometheus(overview: &Overview, query: &str) -> Page {
    let wanted = wanted(query);
    let mut by_metric: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    for number in numbers(overview).into_iter().filter(|number| wanted(&number.name, number.value)) {
        let kind = if number.kind == MetricKind::Gauge { "gauge" } else { "counter" };
        let line = format!("{}{{{}}} {}", number.metric, number.labels, number.value);
        by_metric.entry((number.metric, kind)).or_default().push(line);
    }
    let mut text = String::new();
    for ((metric, kind), lines) in by_metric {
        let _infallible = writeln!(text, "# TYPE {metric} {kind}\n{}\n", lines.join("\n"));
    }
    for metric in overview.metrics.snapshot() {
        if metric.kind == MetricKind::Histogram && wanted(&metric.name, metric.value) {
            histogram(&mut text, &metric);
        }
    }
    Page::text(text)
}

/// `filter=` and `usedonly`, as far as they need no regular expressions.
fn wanted(query: &str) -> impl Fn(&str, u64) -> bool {
    let used_only = parameters(query).any(|(name, _)| name == "usedonly");
    let filter: Vec<String> = parameters(query)
        .filter(|(name, _)| *name == "filter")
        .flat_map(|(_, pattern)| pattern.split('|').map(|part| part.replace("%7C", "|").replace('\\', "")))
        .collect();
    move |name, value| {
        let fits = |pattern: &String| match (pattern.strip_prefix('^'), pattern.strip_suffix('$')) {
            (Some(start), None) => name.starts_with(start),
            (None, Some(end)) => name.ends_with(end),
            (Some(rest), Some(_)) => rest.strip_suffix('$') == Some(name),
            (None, None) => name.contains(pattern.as_str()),
        };
        (!used_only || value > 0) && (filter.is_empty() || filter.iter().any(fits))
    }
}

fn numbers(overview: &Overview) -> Vec<Number> {
    let mut all = server(overview);
    for (index, (listener, address)) in
        overview.bootstrap.listeners.iter().zip(&overview.addresses).enumerate()
    {
        let each: Vec<_> = overview.stats.iter().filter_map(|worker| worker.listeners.get(index)).collect();
        let sum = |pick: fn(&ListenerStats) -> &Counter| each.iter().map(|stats| pick(stats).value()).sum();
        let prefix = &listener.http.stat_prefix;
        let mut http = Group::new(&mut all, "http", prefix, "envoy_http_conn_manager_prefix");
        http.counter("downstream_cx_total", sum(|stats| &stats.connections));
        http.gauge("downstream_cx_active", sum(|stats| &stats.connections_active));
        http.counter("downstream_cx_protocol_error", sum(|stats| &stats.protocol_errors));
        http.counter("downstream_rq_total", sum(|stats| &stats.requests));
        http.gauge("downstream_rq_active", sum(|stats| &stats.requests_active));
        http.counter("downstream_rq_rx_reset", sum(|stats| &stats.requests_reset));
        http.counter("no_route", sum(|stats| &stats.no_route));
        http.classes("downstream_rq", each.iter().map(|stats| &stats.responses));
        let address = address.to_string().replace(':', "_");
        let mut socket = Group::new(&mut all, "listener", &address, "envoy_listener_address");
        socket.counter("downstream_cx_total", sum(|stats| &stats.connections));
        socket.gauge("downstream_cx_active", sum(|stats| &stats.connections_active));
    }
    for (index, cluster) in overview.bootstrap.clusters.iter().enumerate() {
        let each: Vec<_> = overview.stats.iter().filter_map(|worker| worker.clusters.get(index)).collect();
        let sum = |pick: fn(&ClusterStats) -> &Counter| each.iter().map(|stats| pick(stats).value()).sum();
        let mut group = Group::new(&mut all, "cluster", &cluster.name, "envoy_cluster_name");
        group.counter("upstream_cx_total", sum(|stats| &stats.connections));
        group.counter("upstream_cx_connect_fail", sum(|stats| &stats.connection_failures));
        group.counter("upstream_cx_none_healthy", sum(|stats| &stats.no_endpoint));
        group.counter("upstream_rq_total", sum(|stats| &stats.requests));
        group.gauge("upstream_rq_active", sum(|stats| &stats.requests_active));
        group.counter("upstream_rq_timeout", sum(|stats| &stats.timeouts));
        group.gauge("membership_total", cluster.endpoints.len() as u64);
        group.classes("upstream_rq", each.iter().map(|stats| &stats.responses));
    }
    for MetricSnapshot { name, kind, value, .. } in overview.metrics.own_snapshot() {
        let metric = format!("envoy_{}", sanitized(&name));
        all.push(Number { metric, labels: String::new(), name, kind, value });
    }
    for metric in overview.metrics.snapshot() {
        if metric.kind != MetricKind::Histogram {
            let name = plugin_metric(&metric.name);
            let (kind, value, metric) = (metric.kind, metric.value, sanitized(&metric.name));
            all.push(Number { metric, labels: String::new(), name, kind, value });
        }
    }
    all
}

/// A plugin's metric as the text and JSON pages name it; Prometheus pages leave the prefix out.
fn plugin_metric(name: &str) -> String {
    format!("wasmcustom.{name}")
}

fn server(overview: &Overview) -> Vec<Number> {
    let live = u64::from(*overview.stage.borrow() == Stage::Running);
    let numbers = [
        ("concurrency", overview.workers as u64),
        ("live", live),
        ("state", 1 - live),
        ("uptime", overview.started.elapsed().as_secs()),
    ];
    let gauge = |(name, value): (&str, u64)| Number {
        name: format!("server.{name}"),
        kind: MetricKind::Gauge,
        value,
        metric: format!("envoy_server_{name}"),
        labels: String::new(),
    };
    numbers.into_iter().map(gauge).collect()
}

/// Numbers of one thing: `kind.name.*`.
struct Group<'a> {
    all: &'a mut Vec<Number>,
    kind: &'static str,
    name: &'a str,
    label: String,
}

impl<'a> Group<'a> {
    fn new(all: &'a mut Vec<Number>, kind: &'static str, name: &'a str, label: &str) -> Self {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        Self { all, kind, name, label: format!("{label}=\"{escaped}\"") }
    }

    fn counter(&mut self, what: &str, value: u64) {
        self.add(what, MetricKind::Counter, value);
    }

    fn gauge(&mut self, what: &str, value: u64) {
        self.add(what, MetricKind::Gauge, value);
    }

    fn classes<'s>(&mut self, what: &str, each: impl Iterator<Item = &'s StatusClasses>) {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (class, value) in each.flat_map(StatusClasses::each) {
            *sums.entry(class).or_default() += value;
        }
        for (class, value) in sums {
            let digit = class.trim_end_matches('x');
            self.all.push(Number {
                name: format!("{}.{}.{what}_{class}", self.kind, self.name),
                kind: MetricKind::Counter,
                value,
                metric: format!("envoy_{}_{what}_xx", self.kind),
                labels: format!("envoy_response_code_class=\"{digit}\",{}", self.label),
            });
        }
    }

    fn add(&mut self, what: &str, kind: MetricKind, value: u64) {
        self.all.push(Number {
            name: format!("{}.{}.{what}", self.kind, self.name),
            kind,
            value,
            metric: format!("envoy_{}_{what}", self.kind),
            labels: self.label.clone(),
        });
    }
}

/// A plugin's name as Prometheus allows it.
fn sanitized(name: &str) -> String {
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | ':');
    name.chars().map(|character| if allowed(character) { character } else { '_' }).collect()
}

fn histogram(text: &mut String, metric: &MetricSnapshot) {
    let name = sanitized(&metric.name);
    let _infallible = writeln!(text, "# TYPE {name} histogram");
    for (bound, count) in BUCKETS.iter().zip(&metric.buckets) {
        let bound = if *bound == 0 { "0.5".to_owned() } else { bound.to_string() };
        let _infallible = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
    }
    let (count, sum) = (metric.value, metric.sum);
    let _infallible = writeln!(
        text,
        "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum{{}} {sum}\n{name}_count{{}} {count}\n"
    );
}

/// A histogram in a line: the bounds below which its quantiles lie.
fn summary(metric: &MetricSnapshot) -> String {
    if metric.value == 0 {
        return "No recorded values".to_owned();
    }
    let quantile = |percent: u64| {
        let rank = (metric.value * percent).div_ceil(100).max(1);
        let bound = BUCKETS.iter().zip(&metric.buckets).find(|(_, count)| **count >= rank);
        bound.map_or_else(|| "inf".to_owned(), |(bound, _)| bound.to_string())
    };
    let quantiles = [0, 25, 50, 75, 90, 95, 99, 100];
    let parts = quantiles.map(|percent| format!("P{percent}(nan,{})", quantile(percent)));
    parts.join(" ")
}
