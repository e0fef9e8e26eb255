//! gRPC calls and streams, step by step, over a host that records.

use super::{GrpcError, InvalidGrpc};
use crate::dispatch::Action::{Continue, Pause};
use crate::fake::Run;
use crate::host::{MapKind, Status};
use crate::prelude::*;
use std::time::Duration;

const GET: [(&str, &str); 2] = [(":method", "GET"), (":path", "/")];

/// A filter that does something with the cluster `bucket` before it lets the request go on.
macro_rules! asks {
    ($name:ident, |$bucket:ident| $body:block) => {
        struct $name;

        impl Filter for $name {
            type Config = ();

            fn new((): (), _: &mut Setup) -> Result<Self> {
                Ok(Self)
            }

            async fn handle(&self, request: Request, next: Next) -> Result<Response> {
                let $bucket = bucket();
                $body
                next.run(request).await
            }
        }
    };
}

fn bucket() -> ClusterName {
    ClusterName::new("bucket").unwrap()
}

asks!(Unary, |bucket| {
    let call = grpc::call(&bucket, "a.S", "M").metadata("X-Key", "v").metadata("x-bin", [b'a', 7]);
    match call.timeout(millis(50)).max_message(10).send_bytes("ask").await {
        Ok(reply) => log::info!("{} {:?}", String::from_utf8_lossy(reply.message()), reply.metadata()),
        Err(error) => log::info!("{error}"),
    }
});

fn unary() -> Run {
    let mut run = Run::new::<Unary>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["grpc bucket a.S/M x-key=v x-bin=a\u{7} ask 50"]);
    run
}

#[test]
fn a_unary_call_holds_the_request_until_its_message_is_there() {
    let mut run = unary();
    run.grpc_message(5, "answer");
    assert_eq!(run.lines(), ["Info: answer {}"]);
    assert_eq!(run.done(), ["effective 2", "continue Request"]);
    // What comes late disturbs nobody.
    run.grpc_close(5, 0, "");
    assert_eq!(run.done(), [""; 0]);
}

#[test]
fn metadata_that_a_proxy_tells_of_a_unary_call_is_there() {
    let mut run = unary();
    run.arrive(MapKind::GrpcInitialMetadata, &[("x-a", "1")]);
    run.plugin.grpc_initial_metadata(1, 5, 1);
    run.grpc_message(5, "answer");
    assert_eq!(run.lines(), ["Info: answer {\"x-a\": \"1\"}"]);
}

#[test]
fn a_unary_call_fails_with_the_status_that_it_gets() {
    for (status, message, line) in [
        (5, "not%20there{via_upstream}", "ended with NOT_FOUND: not there"),
        (
            14,
            "no healthy upstream{no_healthy_upstream}",
            "is unavailable: no healthy upstream{no_healthy_upstream}",
        ),
        (14, "upstream request timeout{response_timeout}", "was not over within 50ms"),
        (0, "", "broke off: the status is OK, without a message"),
    ] {
        let mut run = unary();
        run.grpc_close(5, status, message);
        assert_eq!(run.lines(), [format!("Info: `a.S/M` of cluster `bucket` {line}")]);
        assert_eq!(run.done(), ["effective 2", "continue Request"], "nothing is left to cancel");
    }
}

#[test]
fn a_message_that_is_too_long_is_not_read() {
    let mut run = unary();
    run.plugin.grpc_message(1, 5, 11);
    let line = "Info: `a.S/M` of cluster `bucket` sent a message of 11 bytes: expected at most 10";
    assert_eq!(run.lines(), [line]);
}

#[test]
fn a_call_that_does_not_start_says_why() {
    for (status, line) in [
        (
            Status::PARSE_FAILURE,
            "`a.S/M` of cluster `bucket` cannot be called: the proxy has no such cluster",
        ),
        (
            Status::INTERNAL_FAILURE,
            "the proxy did not start `a.S/M` of cluster `bucket`: InternalFailure (10)",
        ),
    ] {
        let mut run = Run::new::<Unary>();
        run.fake.refuse.borrow_mut().insert("grpc", status);
        assert_eq!(run.request(&GET, true), Continue);
        assert_eq!(run.lines(), [format!("Info: {line}")]);
    }
}

#[test]
fn a_call_is_cancelled_with_its_exchange() {
    let mut run = unary();
    assert!(run.plugin.done(2));
    assert_eq!(run.done(), ["cancel 5"]);
    run.plugin.delete(2);
    run.grpc_message(5, "late");
    assert_eq!(run.done(), [""; 0]);
}

#[test]
fn a_call_that_cannot_be_made_never_reaches_the_proxy() {
    asks!(Bad, |bucket| {
        let call = || grpc::call(&bucket, "a.S", "M");
        for bad in [
            grpc::call(&bucket, "", "M"),
            grpc::call(&bucket, "a/b", "M"),
            grpc::call(&bucket, "a..b", "M"),
            grpc::call(&bucket, "a.S", "M/"),
            call().metadata("x y", ""),
            call().metadata("x!", ""),
            call().metadata(":path", "/"),
            call().metadata("grpc-timeout", "1S"),
            call().metadata("Content-Type", "text/plain"),
            call().metadata("x", "a\r\nb"),
            call().metadata("x", "\u{e9}"),
            call().timeout(Duration::ZERO),
            call().timeout(secs(10_000_000)),
        ] {
            let error = bad.send_bytes("").await.unwrap_err();
            assert!(matches!(error, GrpcError::Invalid { .. }), "{error}");
        }
        assert!(grpc::stream(&bucket, "a.S", "").open().is_err());
    });
    let mut run = Run::new::<Bad>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.done(), [""; 0]);
    let outside = grpc::stream(&bucket(), "a.S", "M").open().unwrap_err();
    assert!(matches!(outside, GrpcError::Invalid { source: InvalidGrpc::Outside, .. }));
    assert_eq!(run.done(), [""; 0]);
}

asks!(Stream, |bucket| {
    let mut stream = grpc::stream(&bucket, "a.S", "M").metadata("x-bin", "?").timeout(secs(1)).open()?;
    stream.send_bytes("one")?;
    let first = stream.initial_metadata().await.binary("x-first-bin");
    log::info!("{first:?}");
    stream.finish();
    log::info!("{}", stream.send_bytes("two").unwrap_err());
    loop {
        match stream.next_bytes().await {
            Ok(Some(message)) => log::info!("{}", String::from_utf8_lossy(&message)),
            Ok(None) => break log::info!("end {:?}", stream.trailing_metadata()),
            Err(error) => {
                assert_eq!(stream.next_bytes().await.as_ref(), Err(&error));
                break log::info!("{error}");
            }
        }
    }
});

fn stream() -> Run {
    let mut run = Run::new::<Stream>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["stream bucket a.S/M x-bin=?", "send 6 one", "tick 1000"]);
    run
}

#[test]
fn a_stream_gives_messages_until_its_trailing_metadata() {
    let mut run = stream();
    run.arrive(MapKind::GrpcInitialMetadata, &[("x-first-bin", "AP8, Pw==")]);
    run.plugin.grpc_initial_metadata(1, 6, 1);
    run.grpc_message(6, "a");
    run.grpc_message(6, "b");
    run.arrive(MapKind::GrpcTrailingMetadata, &[("x-last", "1")]);
    run.plugin.grpc_trailing_metadata(1, 6, 1);
    assert_eq!(run.done(), ["effective 2", "close 6", "effective 2", "effective 2", "effective 2"]);
    run.grpc_close(6, 0, "");
    let finished = "Info: nothing more can be sent to `a.S/M` of cluster `bucket`: its stream is finished";
    let lines =
        ["Info: Ok([[0, 255], [63]])", finished, "Info: a", "Info: b", "Info: end {\"x-last\": \"1\"}"];
    assert_eq!(run.lines(), lines);
    assert_eq!(run.done(), ["effective 2", "continue Request"], "both sides have ended it");
}

#[test]
fn a_stream_without_initial_metadata_keeps_its_messages() {
    let mut run = stream();
    run.grpc_message(6, "a");
    run.grpc_close(6, 9, "why{via_upstream}");
    let failed = "Info: `a.S/M` of cluster `bucket` ended with FAILED_PRECONDITION: why";
    let lines = run.lines();
    assert_eq!(
        (lines[0].as_str(), &lines[2..]),
        ("Info: Ok([])", &["Info: a".to_owned(), failed.to_owned()][..])
    );
}

#[test]
fn a_stream_that_the_service_ends_first_is_ended_here_too() {
    let mut run = stream();
    run.grpc_close(6, 14, "down");
    let unavailable = "Info: `a.S/M` of cluster `bucket` is unavailable: down";
    assert_eq!(run.lines(), ["Info: Ok([])", unavailable, unavailable]);
    assert_eq!(run.done(), ["effective 2", "close 6", "continue Request"]);
}

#[test]
fn a_stream_that_lasts_too_long_is_cancelled() {
    let mut run = stream();
    run.plugin.grpc_initial_metadata(1, 6, 0);
    run.done();
    run.lines();
    run.fake.now_ms.set(1000);
    run.plugin.tick(1);
    assert_eq!(run.lines(), ["Info: `a.S/M` of cluster `bucket` was not over within 1s"]);
    assert_eq!(run.done()[..3], ["effective 2", "cancel 6", "continue Request"]);
}

#[test]
fn a_stream_is_cancelled_with_its_exchange() {
    let mut run = stream();
    assert!(run.plugin.done(2));
    assert_eq!(run.done(), ["cancel 6"]);
}

#[test]
fn a_proxy_that_gives_an_event_which_is_none_breaks_the_stream_off() {
    let mut run = stream();
    run.plugin.http_call_response(1, 6, 0, 0, 0);
    assert!(run.lines().last().unwrap().ends_with("broke off"));
    assert_eq!(run.done()[..2], ["effective 2", "cancel 6"]);
}

#[cfg(feature = "prost")]
mod messages {
    use super::*;

    asks!(Typed, |bucket| {
        let ask = "ask".to_owned();
        let reply: Result<grpc::Reply<String>, _> = grpc::call(&bucket, "a.S", "M").send(&ask).await;
        match reply {
            Ok(reply) => log::info!("{}", reply.into_message()),
            Err(error) => log::info!("{error}"),
        }
        let mut stream = grpc::stream(&bucket, "a.S", "M").open()?;
        stream.send(&ask)?;
        while let Some(message) = stream.next::<String>().await? {
            log::info!("{message}");
        }
    });

    #[test]
    fn messages_of_prost_are_written_and_read() {
        let mut run = Run::new::<Typed>();
        run.request(&GET, true);
        assert_eq!(run.done(), ["grpc bucket a.S/M \n\u{3}ask 5000"]);
        run.grpc_message(5, "\n\u{2}ok");
        run.grpc_message(10, "\n\u{4}more");
        run.grpc_close(10, 0, "");
        assert_eq!(run.lines(), ["Info: ok", "Info: more"]);
        let mut run = Run::new::<Typed>();
        run.request(&GET, true);
        run.grpc_message(5, "\n\u{9}ok");
        assert!(
            run.lines()[0]
                .starts_with("Info: `a.S/M` of cluster `bucket` sent a message that cannot be decoded: ")
        );
    }
}
