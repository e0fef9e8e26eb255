//! What a plugin of any kind sees of this tester: a guest that asks the host itself.

use super::{Subject, parse};
use crate::world::{Kind, World};
use bytes::Bytes;
use mesh_filter_runtime::abi::{LogLevel, MapKind, Status};
use mesh_filter_runtime::exchange::LocalReply;
use mesh_filter_runtime::guest::{Callback, Guest, Trap};
use mesh_filter_runtime::host::{Host, SharedHost};
use std::path::Path;

/// Logs what the host answers.
struct Asker(SharedHost);

impl Asker {
    fn say(host: &Host, what: &str, answer: Result<Vec<u8>, Status>) {
        let answer = match answer {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(status) => status.name().to_owned(),
        };
        host.log(LogLevel::Info, format!("{what}: {answer}").as_bytes());
    }
}

impl Guest for Asker {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        let mut host = self.0.borrow_mut();
        host.log(LogLevel::Info, callback.export().as_bytes());
        host.log(LogLevel::Debug, b"at length");
        let value = |host: &Host, map| host.map_value(map, b"X-mixed").map(|value| value.to_vec());
        let (request, response) = (MapKind::RequestHeaders, MapKind::ResponseHeaders);
        match callback {
            Callback::RequestHeaders { end_of_stream, .. } => {
                Self::say(&host, "own", value(&host, request));
                Self::say(&host, "other", value(&host, response));
                Self::say(&host, "other pairs", host.encoded_map(response));
                Self::say(&host, "host", host.map_value(request, b"host").map(|value| value.to_vec()));
                Self::say(&host, "end", Ok(end_of_stream.to_string().into_bytes()));
                Self::say(&host, "property", host.property(b"request\0me\0").map(|value| value.to_vec()));
                Self::say(&host, "missing", host.property(b"request\0path").map(|value| value.to_vec()));
                host.add_map_value(request, b"x-MIXED", b"added").ok();
                host.replace_map_value(request, b"New-One", b"1").ok();
                host.remove_map_value(request, b"GONE").ok();
            }
            Callback::RequestBody { .. } => {
                Self::say(&host, "in the body", host.encoded_map(request));
                let call = host.http_call(b"c", Vec::new(), b"", Vec::new(), 1).map(|_| Vec::new());
                Self::say(&host, "a call", call);
            }
            Callback::ResponseHeaders { .. } => {
                host.set_map_pairs(
                    response,
                    vec![("b".into(), "1".into()), ("A".into(), "2".into()), ("B".into(), "3".into())],
                )
                .ok();
                let reply = |status| LocalReply {
                    status,
                    details: "for_a_reason".to_owned(),
                    body: Bytes::from_static(b"no"),
                    headers: vec![("X-Why".into(), "a".into()), ("x-why".into(), "b".into())],
                    grpc_status: Some(7),
                };
                if value(&host, response).is_ok() {
                    return Ok(Some(0));
                }
                if host.property(b"reply").is_ok() {
                    host.send_local_response(reply(500)).ok();
                    // Whatever it answers now.
                    host.send_local_response(reply(403)).ok();
                }
            }
            Callback::Configure { size, .. } => {
                let name = host.property(b"plugin_root_id").map(|value| value.to_vec());
                Self::say(&host, "outside of streams", name);
                return Ok(Some(u32::from(size < 5)));
            }
            _ => {}
        }
        Ok(Some(u32::from(
            !matches!(callback, Callback::ContextCreate { .. })
                && matches!(callback, Callback::VmStart { .. }),
        )))
    }
}

fn played(text: &str, configuration: &[u8]) -> (Vec<String>, String) {
    let world = World::new(Kind::Native, |host| Ok(Box::new(Asker(host))));
    let suite = parse(Path::new("x.textpb"), text).map_err(|error| error.render()).unwrap();
    let mut problems = Vec::new();
    let mut log = String::new();
    for index in 0..suite.cases().count() {
        let played = suite.play(index, Subject { world: &world, configuration, options: "" }).unwrap();
        let failed = played.report.failure.into_iter().flat_map(|failure| failure.problems);
        problems.extend(failed.map(|problem| problem.text));
        log.push_str(&played.log);
    }
    (problems, log)
}

#[test]
fn a_plugin_sees_one_map_at_a_time_and_the_properties_that_the_test_gives() {
    let text = r#"
env { log_level: DEBUG }
test {
  properties { path: "request.me" value: "it is" }
  request_headers {
    input { header { key: "x-Mixed" value: "1" } header { key: "host" value: "h" } header { key: "gone" value: "" } }
    result {
      has_header { key: "X-MIXED" value: "1, added" } no_header { key: "Gone" }
      headers { exact: "x-Mixed: 1, added" } headers { exact: "New-One: 1" } headers { exact: "host: h" }
      log { exact: "own: 1" }
      log { exact: "other: BadArgument" } log { exact: "other pairs: BadArgument" }
      log { exact: "host: h" } log { exact: "end: false" }
      log { exact: "property: it is" } log { exact: "missing: NotFound" }
      log { regex: "proxy_on_.*" } log { exact: "proxy_on_context_create" invert: true }
    }
  }
  request_body { result { log { exact: "in the body: BadArgument" } log { exact: "a call: BadArgument" } } }
  response_headers { result { headers { exact: "A: 2" } headers { exact: "b: 1, 3" } } }
  response_body { input { content: "abc" } result { body { exact: "abc" } no_header { key: "b" } } }
  plugin_init { log { exact: "proxy_on_configure" } log { exact: "outside of streams: " } log { exact: "at length" } }
  stream_init { log { exact: "proxy_on_context_create" } log { exact: "proxy_on_configure" invert: true } }
  stream_destroy { log { exact: "proxy_on_done" } log { exact: "proxy_on_delete" } log { exact: "proxy_on_log" invert: true } }
}"#;
    let (problems, log) = played(text, b"");
    assert_eq!(problems, Vec::<String>::new());
    let order: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("info: proxy_on_")).collect();
    let expected = [
        "context_create",
        "vm_start",
        "configure",
        "context_create",
        "request_headers",
        "request_body",
        "response_headers",
        "response_body",
        "done",
        "delete",
        "done",
        "delete",
    ];
    assert_eq!(order, expected);
    assert!(log.contains("debug: at length\n"), "{log}");
}

#[test]
fn the_last_local_reply_counts_whatever_the_callback_answers() {
    let text = r#"
test {
  properties { path: "reply" }
  response_headers {
    result {
      immediate { http_status: 403 grpc_status: 7 details: "for a reason" }
      has_header { key: "x-WHY" value: "a, b" } headers { exact: "X-Why: a, b" } no_header { key: ":status" }
      body { exact: "no" }
    }
  }
}"#;
    assert_eq!(played(text, b"").0, Vec::<String>::new());
}

#[test]
fn a_plugin_that_refuses_its_configuration_fails() {
    let (problems, log) = played("test {}", b"too long");
    let expected = "plugin_init: the plugin refused to start (`proxy_on_configure` returned false)";
    assert_eq!(problems, [expected]);
    assert!(!log.contains("at length"), "{log}");
}
