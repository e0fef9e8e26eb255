//! What exchanges do, step by step, over a host that records.

use super::Action::{Continue, Pause};
use crate::body::BodyError;
use crate::call::{self, CallError, ClusterName};
use crate::fake::{Fake, Run};
use crate::host::{MapKind, Side, Status};
use crate::prelude::*;

/// A filter without configuration.
macro_rules! filter {
    ($name:ident, |$request:pat_param, $next:pat_param| $body:block) => {
        filter!($name, |$request, $next| $body, |_failure| Recovery::Reply(_failure.reply()));
    };
    ($name:ident, |$request:pat_param, $next:pat_param| $body:block, |$failure:ident| $recovery:expr) => {
        struct $name;

        impl Filter for $name {
            type Config = ();

            fn new((): (), _: &mut Setup) -> Result<Self> {
                Ok(Self)
            }

            async fn handle(&self, $request: Request, $next: Next) -> Result<Response> {
                $body
            }

            fn on_error(&self, $failure: &Failure<'_>) -> Recovery {
                $recovery
            }
        }
    };
}

const GET: [(&str, &str); 3] = [(":method", "GET"), (":path", "/"), ("x-a", "1")];
const OK: [(&str, &str); 2] = [(":status", "200"), ("content-length", "5")];

fn bucket() -> ClusterName {
    ClusterName::new("bucket").unwrap()
}

#[test]
fn a_filter_that_changes_nothing_costs_no_hostcall() {
    filter!(Idle, |request, next| { next.run(request).await });
    let mut run = Run::new::<Idle>();
    assert_eq!(run.request(&GET, false), Continue);
    assert_eq!(run.body(Side::Request, "abc", true), (Continue, "abc".to_owned()));
    assert_eq!(run.response(&OK, false), Continue);
    assert_eq!(run.body(Side::Response, "hello", true), (Continue, "hello".to_owned()));
    assert_eq!((run.done(), run.fake.reads.get()), (vec![], 0));
}

#[test]
fn headers_are_read_once_and_written_back_as_changes() {
    filter!(Edit, |mut request, next| {
        assert_eq!(request.headers().get("X-A").unwrap(), "1");
        assert_eq!(request.path().unwrap(), "/");
        let headers = request.headers_mut();
        headers.set("x-a", "1")?;
        headers.set("X-B", "old")?;
        headers.append("x-b", "lost")?;
        headers.set("x-b", "new")?;
        headers.append("x-b", "more")?;
        headers.remove("absent")?;
        next.run(request).await
    });
    let mut run = Run::new::<Edit>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.done(), ["set x-b=new", "add x-b=more"]);
    assert_eq!(run.fake.reads.get(), 1);
}

#[test]
fn a_response_without_next_is_a_local_reply() {
    filter!(Deny, |_, _| { Ok(Response::new(403).with_header("x-why", "no token")?.with_body("no")) });
    let mut run = Run::new::<Deny>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["reply 403 mesh_filter_reply x-why=no token no"]);
    // The proxy shows the plugin its own reply.
    assert_eq!(run.response(&[(":status", "403")], false), Continue);
    assert_eq!(run.body(Side::Response, "no", true).0, Continue);
    assert_eq!(run.done(), [""; 0]);
}

#[test]
fn a_call_before_next_holds_the_request_and_one_after_it_the_response() {
    filter!(Ask, |mut request, next| {
        let reply = call::get(&bucket(), "/b").timeout(millis(50)).send().await?;
        request.headers_mut().set("x-cohort", reply.text()?)?;
        let mut response = next.run(request).await?;
        let reply = call::post(&bucket(), "/seen").send().await?;
        response.headers_mut().set("x-seen", reply.status().to_string())?;
        Ok(response)
    });
    let mut run = Run::new::<Ask>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["call bucket GET /b bucket 50"]);
    run.answer(4, "200", "blue");
    assert_eq!(run.done(), ["effective 2", "set x-cohort=blue", "continue Request"]);
    assert_eq!(run.response(&OK, false), Pause);
    assert_eq!(run.done(), ["call bucket POST /seen bucket 5000"]);
    run.answer(8, "204", "");
    assert_eq!(run.done(), ["effective 2", "set x-seen=204", "continue Response"]);
}

#[test]
fn calls_end_in_typed_errors() {
    filter!(Ask, |request, next| {
        match call::get(&bucket(), "/").send().await {
            Err(error) => log::info!("{error}"),
            Ok(reply) => log::info!("{}", reply.status()),
        }
        next.run(request).await
    });
    for (status, body, line) in [
        ("504", "upstream request timeout", "cluster `bucket` did not reply within 5s"),
        ("504", "of its own", "504"),
        ("503", "no healthy upstream", "cluster `bucket` cannot be reached: no healthy upstream"),
        ("503", "of its own", "503"),
        ("", "", "the call to cluster `bucket` was reset before its reply was complete"),
    ] {
        let mut run = Run::new::<Ask>();
        assert_eq!(run.request(&GET, true), Pause);
        run.answer(4, status, body);
        assert_eq!(run.lines(), [format!("Info: {line}")]);
    }
    let mut run = Run::new::<Ask>();
    run.request(&GET, true);
    run.plugin.http_call_response(1, 4, 0, 0, 0);
    assert!(run.lines()[0].contains("was reset"));
    for (status, line) in [
        (Status::BAD_ARGUMENT, "the proxy has no cluster `bucket`"),
        (
            Status::INTERNAL_FAILURE,
            "the proxy did not start the call to cluster `bucket`: InternalFailure (10)",
        ),
    ] {
        let mut run = Run::new::<Ask>();
        run.fake.refuse.borrow_mut().insert("call", status);
        assert_eq!(run.request(&GET, true), Continue, "nothing is waited for");
        assert_eq!(run.lines(), [format!("Info: {line}")]);
    }
}

#[test]
fn a_call_that_cannot_be_made_never_reaches_the_proxy() {
    filter!(Bad, |_, _| {
        let cluster = bucket();
        for bad in [
            call::get(&cluster, "no-slash"),
            call::get(&cluster, "/a b"),
            call::get(&cluster, "/").header("x y", ""),
            call::get(&cluster, "/").header("x", "a\r\nb"),
            call::get(&cluster, "/").header("x", [0xff]),
            call::get(&cluster, "/").timeout(millis(0)),
            call::get(&cluster, "/").timeout(secs(10_000_000)),
            call::request("G T", &cluster, "/"),
        ] {
            assert!(matches!(bad.send().await, Err(CallError::Invalid { .. })));
        }
        Ok(Response::new(200))
    });
    let mut run = Run::new::<Bad>();
    run.request(&GET, true);
    assert_eq!(run.done(), ["reply 200 mesh_filter_reply"]);
}

#[test]
fn an_error_before_next_is_503_and_one_at_the_response_is_500() {
    filter!(Before, |_, _| { Err(Error::new("no luck")) });
    let mut run = Run::new::<Before>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["metric mesh_filter.errors +1", "reply 503 mesh_filter_error"]);
    assert_eq!(run.lines(), ["Warn: no luck"]);

    filter!(After, |request, next| {
        next.run(request).await?;
        Err(Error::new("no luck"))
    });
    let mut run = Run::new::<After>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.response(&OK, true), Pause);
    assert_eq!(run.done(), ["metric mesh_filter.errors +1", "reply 500 mesh_filter_error"]);
}

#[test]
fn on_error_can_reply_otherwise_or_let_the_exchange_pass() {
    filter!(
        Pass,
        |mut request, _| {
            request.headers_mut().set("x-lost", "1")?;
            Err(Error::new("no luck"))
        },
        |_failure| Recovery::Pass
    );
    let mut run = Run::new::<Pass>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.response(&OK, true), Continue);
    assert_eq!(run.done(), ["metric mesh_filter.errors +1"]);

    filter!(Other, |_, _| { Err(Error::new("no luck")) }, |failure| {
        assert_eq!(failure.phase(), Phase::Request);
        Recovery::Reply(Response::new(429).with_body(failure.error().to_string()))
    });
    let mut run = Run::new::<Other>();
    run.request(&GET, true);
    assert_eq!(run.done()[1..], ["reply 429 mesh_filter_reply no luck"]);

    filter!(Impossible, |_, _| { Ok(Response::new(99)) });
    let mut run = Run::new::<Impossible>();
    run.request(&GET, true);
    assert_eq!(run.done()[1..], ["reply 503 mesh_filter_error"]);
    assert_eq!(run.lines(), ["Warn: `99` is not a status: expected a number from 200 to 599"]);
}

#[test]
fn an_error_of_a_body_function_resets_the_stream() {
    filter!(Break, |request, next| {
        let mut response = next.run(request).await?;
        response.map_body(|_| Err(Error::new("bad bytes")));
        Ok(response)
    });
    let mut run = Run::new::<Break>();
    run.request(&GET, true);
    assert_eq!(run.response(&OK, false), Continue);
    run.body(Side::Response, "hel", false);
    run.body(Side::Response, "lo", true);
    assert_eq!(run.done(), ["remove content-length", "metric mesh_filter.errors +1", "close Response"]);
}

#[test]
fn a_refused_change_fails_the_exchange_instead_of_sending_it_half_changed() {
    filter!(Edit, |mut request, next| {
        request.headers_mut().set("x-b", "2")?;
        next.run(request).await
    });
    let mut run = Run::new::<Edit>();
    run.fake.refuse.borrow_mut().insert("set", Status(77));
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done()[1..], ["reply 503 mesh_filter_error"]);
    assert!(
        run.lines()[0].contains("`proxy_replace_header_map_value` with `x-b` answered unknown status (77)")
    );

    filter!(Read, |request, next| {
        log::info!("{}", request.headers().contains("x-a"));
        next.run(request).await
    });
    let mut run = Run::new::<Read>();
    run.fake.refuse.borrow_mut().insert("pairs", Status::BAD_ARGUMENT);
    assert_eq!(run.request(&GET, true), Pause, "a decision on headers that could not be read");
    assert_eq!(run.done()[1..], ["reply 503 mesh_filter_error"]);
}

#[test]
fn an_answer_of_the_proxy_ends_a_filter_that_still_thinks() {
    filter!(Think, |request, next| {
        call::get(&bucket(), "/").send().await?;
        next.run(request).await
    });
    let mut run = Run::new::<Think>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.response(&[(":status", "408")], true), Continue);
    run.done();
    run.answer(4, "200", "");
    assert_eq!(run.done(), [""; 0], "the call was forgotten with the future");
}

#[test]
fn the_end_of_a_stream_drops_its_future() {
    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {
            log::info!("dropped");
        }
    }
    filter!(Wait, |request, next| {
        let _dropped = Dropped;
        next.run(request).await
    });
    let mut run = Run::new::<Wait>();
    run.request(&GET, true);
    run.plugin.log(2);
    assert!(run.lines().is_empty());
    assert!(run.plugin.done(2));
    assert_eq!(run.lines(), ["Info: dropped"]);
    run.plugin.delete(2);
    assert_eq!(run.response(&OK, true), Continue, "an unknown context is let through");
}

#[test]
fn headers_kept_beyond_their_phase_do_not_reach_the_proxy() {
    use std::cell::RefCell;
    thread_local! {
        static KEPT: RefCell<Option<Request>> = const { RefCell::new(None) };
    }
    filter!(Store, |request, _| {
        KEPT.set(Some(request));
        Ok(Response::new(204))
    });
    let mut run = Run::new::<Store>();
    run.request(&GET, true);
    let kept = KEPT.take().unwrap();
    assert!(kept.headers().get("x-a").is_none());
    assert_eq!(run.fake.reads.get(), 0);
}

#[test]
fn a_body_is_read_whole_only_where_the_proxy_holds_headers() {
    filter!(Sign, |mut request, next| {
        let body = request.body(10).await?;
        request.headers_mut().set("x-size", body.len().to_string())?;
        request.set_body("other")?;
        next.run(request).await
    });
    let mut run = Run::new::<Sign>();
    assert_eq!(run.request(&GET, false), Pause);
    assert_eq!(run.done()[1..], ["reply 503 mesh_filter_error"]);
    assert!(run.lines()[0].contains("MESH_FILTER_HOLD_HEADERS=1"));

    let hold = || {
        let fake = Fake::default();
        fake.hold_headers.set(true);
        Run::with::<Sign>(fake, "").unwrap()
    };
    let mut run = hold();
    assert_eq!(run.request(&GET, false), Pause);
    assert_eq!(run.body(Side::Request, "abc", false), (Pause, String::new()));
    assert_eq!(run.body(Side::Request, "def", true), (Continue, "other".to_owned()));
    assert_eq!(run.done(), ["set x-size=6", "set content-length=5", "body other"]);

    let mut run = hold();
    run.request(&GET, false);
    assert_eq!(run.body(Side::Request, "12345678901", false).0, Pause);
    assert_eq!(run.done()[1..], ["reply 503 mesh_filter_error"]);
    assert!(run.lines()[0].contains("longer than the 10 bytes"));

    let mut run = hold();
    assert_eq!(run.request(&GET, true), Pause, "no body to replace");
    assert!(run.lines()[0].contains(&BodyError::None { message: crate::body::Message::Request }.to_string()));
}

#[test]
fn bytes_that_came_while_headers_waited_are_mapped_too() {
    filter!(Both, |mut request, next| {
        call::get(&bucket(), "/").send().await?;
        request.map_body(|chunk| {
            chunk.bytes_mut().make_ascii_uppercase();
            Ok(())
        });
        next.run(request).await
    });
    let fake = Fake::default();
    fake.hold_headers.set(true);
    let mut run = Run::with::<Both>(fake, "").unwrap();
    run.request(&GET, false);
    assert_eq!(run.body(Side::Request, "ab", false).0, Pause);
    run.done();
    run.answer(4, "200", "");
    assert_eq!(run.done(), ["effective 2", "remove content-length", "body AB", "continue Request"]);
    assert_eq!(run.flush(Side::Request), "AB");
    assert_eq!(run.body(Side::Request, "c", true), (Continue, "C".to_owned()));
}

#[test]
fn jobs_run_when_they_are_due_and_may_call() {
    struct Jobs;
    impl Filter for Jobs {
        type Config = ();

        fn new((): (), setup: &mut Setup) -> Result<Self> {
            setup.every(secs(5), async || {
                let reply = call::get(&bucket(), "/flags").send().await?;
                log::info!("flags {}", reply.text()?);
                Ok(())
            })?;
            setup.every(secs(2), async || Err(Error::new("job two")))?;
            assert!(setup.every(millis(0), async || Ok(())).is_err());
            Ok(Self)
        }

        async fn handle(&self, request: Request, next: Next) -> Result<Response> {
            next.run(request).await
        }
    }
    let mut run = Run::new::<Jobs>();
    assert_eq!(run.done(), ["tick 2000"]);
    let mut tick = |at_ms: u64| {
        run.fake.now_ms.set(at_ms);
        run.plugin.tick(1);
        run.done()
    };
    assert_eq!(tick(2000), ["metric mesh_filter.errors +1"]);
    assert_eq!(tick(4000), ["metric mesh_filter.errors +1", "tick 1000"]);
    assert_eq!(tick(5000), ["call bucket GET /flags bucket 5000"]);
    run.answer(4, "200", "on");
    let job = "Warn: a job failed: job two";
    assert_eq!(run.lines(), [job, job, "Info: flags on"]);
    assert_eq!(run.done(), [""; 0], "the root context is effective already");
}

#[test]
fn a_wrong_configuration_is_refused_with_its_reason() {
    #[derive(Deserialize)]
    struct Config {
        #[expect(dead_code, reason = "only reading is tested")]
        cluster: ClusterName,
    }
    struct Typed;
    impl Filter for Typed {
        type Config = Config;

        fn new(_: Config, _: &mut Setup) -> Result<Self> {
            Err(Error::new("the cluster is too old"))
        }

        async fn handle(&self, request: Request, next: Next) -> Result<Response> {
            next.run(request).await
        }
    }
    assert!(Run::with::<Typed>(Fake::default(), r#"{"cluster": 7}"#).is_none());
    assert!(Run::with::<Typed>(Fake::default(), r#"{"cluster": "a"}"#).is_none());
}

#[test]
fn a_local_reply_at_the_response_takes_the_place_of_the_upstreams() {
    filter!(Hide, |request, next| {
        let response = next.run(request).await?;
        if response.status() >= 500 {
            return Ok(Response::new(502).with_body("sorry").with_details("hidden"));
        }
        Ok(response)
    });
    let mut run = Run::new::<Hide>();
    run.request(&GET, true);
    assert_eq!(run.response(&[(":status", "500")], false), Pause);
    assert_eq!(run.done(), ["reply 502 hidden sorry"]);
    assert_eq!(run.fake.map(MapKind::ResponseHeaders), [(":status".to_owned(), "500".to_owned())]);
}
