//! Gated bodies, bytes at the end, trailers, and what is logged.

use super::*;
use crate::{Gate, call};
use std::cell::RefCell;
use std::rc::Rc;

const POST: [(&str, &str); 3] = [(":method", "POST"), (":path", "/"), ("content-length", "4")];

filter!(Gated, |mut request, next| {
    request.gate_body(4, async |body| match body.as_slice() {
        b"good" => Ok(Gate::Open),
        b"ask?" => {
            let reply = call::get(&bucket(), "/").send().await?;
            Ok(if reply.is_success() { Gate::Open } else { Gate::Reply(Response::new(403)) })
        }
        b"" => Ok(Gate::Reply(Response::new(411))),
        _ => Ok(Gate::Reply(Response::new(400))),
    });
    next.run(request).await
});

#[test]
fn a_gated_body_goes_on_whole_or_not_at_all() {
    let mut run = Run::new::<Gated>();
    assert_eq!(run.request(&POST, false), Continue, "the headers leave");
    assert_eq!(run.body(Side::Request, "go", false).0, Pause);
    assert_eq!(run.body(Side::Request, "od", true), (Continue, "good".to_owned()));
    assert_eq!(run.response(&OK, true), Continue);

    let mut run = Run::new::<Gated>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "bad!", true).0, Pause);
    assert_eq!(run.done(), ["reply 400 mesh_filter_reply"]);

    let mut run = Run::new::<Gated>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.done(), ["reply 411 mesh_filter_reply"], "no body is decided over, too");
}

#[test]
fn a_verdict_may_wait_for_a_call_and_for_trailers() {
    for (status, expected) in [("200", "continue Request"), ("404", "reply 403 mesh_filter_reply")] {
        let mut run = Run::new::<Gated>();
        run.request(&POST, false);
        assert_eq!(run.body(Side::Request, "ask?", false).0, Pause);
        assert_eq!(run.plugin.request_trailers(2, 1), Pause);
        run.done();
        run.answer(4, status, "");
        assert_eq!(run.done(), ["effective 2", expected]);
    }
}

#[test]
fn a_body_beyond_the_limit_is_413_and_an_early_response_comes_back() {
    let mut run = Run::new::<Gated>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "too long", false).0, Pause);
    assert_eq!(run.done(), ["metric mesh_filter.errors +1", "reply 413 mesh_filter_error"]);

    let mut run = Run::new::<Gated>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "go", false).0, Pause);
    assert_eq!(run.response(&OK, true), Continue);
    assert_eq!(run.body(Side::Request, "od", true).0, Pause, "the upstream does not want it any more");
    assert_eq!(run.done(), [""; 0]);
}

/// Looks at at most four bytes of a body.
fn look(seen: &Rc<RefCell<Vec<String>>>) -> impl FnMut(&[u8]) + 'static {
    let seen = Rc::clone(seen);
    move |piece| seen.borrow_mut().push(String::from_utf8_lossy(piece).into_owned())
}

filter!(Watched, |mut request, next| {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let bodiless = !request.has_body();
    request.gate_watched(4, look(&seen), async move |watched| match watched {
        Err(BodyError::TooLarge { .. }) if seen.borrow().first().is_some_and(|piece| piece == "ok") => {
            Ok(Gate::Open)
        }
        Err(error) => Err(error.into()),
        Ok(()) if bodiless => Ok(Gate::Reply(Response::new(411))),
        Ok(()) => {
            log::info!("{}", seen.borrow().join("|"));
            Ok(Gate::Open)
        }
    });
    next.run(request).await
});

#[test]
fn a_gated_body_is_watched_piece_by_piece() {
    let mut run = Run::new::<Watched>();
    assert_eq!(run.request(&POST, false), Continue, "the headers leave");
    assert_eq!(run.body(Side::Request, "go", false).0, Pause);
    assert_eq!(run.body(Side::Request, "", false).0, Pause);
    assert_eq!(run.body(Side::Request, "od", true), (Continue, "good".to_owned()));
    assert_eq!(run.lines(), ["Info: go|od"]);

    let mut run = Run::new::<Watched>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.done(), ["reply 411 mesh_filter_reply"], "no body is decided over, too");
}

#[test]
fn who_decides_over_a_watched_body_decides_over_one_that_is_too_long_as_well() {
    let mut run = Run::new::<Watched>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "no", false).0, Pause);
    run.body(Side::Request, "bad", false);
    assert_eq!(run.done()[1..], ["reply 413 mesh_filter_error"]);

    let mut run = Run::new::<Watched>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "ok", false).0, Pause);
    assert_eq!(run.body(Side::Request, "bad", false), (Continue, "okbad".to_owned()));
    assert_eq!(run.body(Side::Request, "!", true), (Continue, "!".to_owned()));
}

#[test]
fn a_body_is_watched_while_the_headers_wait() {
    filter!(Watch, |mut request, next| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        match request.watch_body(4, look(&seen)).await {
            Err(BodyError::TooLarge { .. }) => request.headers_mut().set("x-seen", "too large")?,
            watched => {
                watched?;
                request.headers_mut().set("x-seen", seen.borrow().join("|"))?;
            }
        }
        next.run(request).await
    });
    let hold = || {
        let fake = Fake::default();
        fake.hold_headers.set(true);
        Run::with::<Watch>(fake, "").unwrap()
    };
    let mut run = hold();
    assert_eq!(run.request(&POST, false), Pause);
    assert_eq!(run.body(Side::Request, "a", false).0, Pause);
    assert_eq!(run.body(Side::Request, "b", true), (Continue, "ab".to_owned()));
    assert_eq!(run.done(), ["set x-seen=a|b"]);

    let mut run = hold();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "abcde", false), (Continue, "abcde".to_owned()));
    assert_eq!(run.done(), ["set x-seen=too large"]);

    let mut run = Run::new::<Watch>();
    assert_eq!(run.request(&POST, false), Pause);
    assert_eq!(run.done()[1..], ["reply 503 mesh_filter_error"], "it would hang until it times out");
}

#[test]
fn a_gated_body_is_mapped_when_it_goes_on() {
    filter!(Both, |mut request, next| {
        request.map_body(|chunk| {
            chunk.bytes_mut().make_ascii_uppercase();
            Ok(())
        });
        request.gate_body(100, async |_| Ok(Gate::Open));
        next.run(request).await
    });
    let mut run = Run::new::<Both>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "ab", false).0, Pause);
    assert_eq!(run.body(Side::Request, "cd", true), (Continue, "ABCD".to_owned()));
}

#[test]
fn bytes_at_the_end_correct_the_length_and_wait_for_trailers() {
    filter!(Appends, |request, next| {
        let mut response = next.run(request).await?;
        response.append_body("!")?;
        response.append_body("?")?;
        response.add_trailer("x-sum", "1")?;
        Ok(response)
    });
    let mut run = Run::new::<Appends>();
    run.request(&GET, true);
    run.done();
    assert_eq!(run.response(&OK, false), Continue);
    assert_eq!(run.done(), ["set content-length=7"]);
    assert_eq!(run.body(Side::Response, "he", false).0, Pause, "it could be the last before trailers");
    run.arrive(MapKind::ResponseTrailers, &[]);
    assert_eq!(run.body(Side::Response, "llo", true), (Continue, "hello!?".to_owned()));
    assert_eq!(run.done(), ["body hello!?", "add x-sum=1"]);

    let mut run = Run::new::<Appends>();
    run.request(&GET, true);
    run.response(&OK, false);
    run.done();
    assert_eq!(run.body(Side::Response, "hello", false).0, Pause);
    run.arrive(MapKind::ResponseTrailers, &[("x-sum", "0")]);
    assert_eq!(run.plugin.response_trailers(2, 1), Continue);
    assert_eq!(run.done(), ["body hello!?", "add x-sum=1"]);
    assert_eq!(run.flush(Side::Response), "hello!?");
}

#[test]
fn trailers_are_changed_when_they_come_and_read_by_nobody_else() {
    filter!(Trailers, |mut request, next| {
        request.map_trailers(|trailers| {
            let sum = trailers.get("x-sum").map(|sum| sum.as_bytes().to_vec()).unwrap_or_default();
            trailers.set("x-sum", [b"sum=".to_vec(), sum].concat())?;
            Ok(())
        });
        next.run(request).await
    });
    let mut run = Run::new::<Trailers>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "body", false), (Continue, "body".to_owned()));
    run.arrive(MapKind::RequestTrailers, &[("x-sum", "7")]);
    assert_eq!(run.plugin.request_trailers(2, 1), Continue);
    assert_eq!(run.done(), ["set x-sum=sum=7"]);

    let mut run = Run::new::<Trailers>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "body", true), (Continue, "body".to_owned()));
    assert_eq!((run.done(), run.fake.reads.get()), (vec![], 0), "without trailers it costs nothing");
}

#[test]
fn trailers_that_come_too_late_are_an_error() {
    filter!(Late, |request, next| {
        let mut response = next.run(request).await?;
        response.body(100).await?;
        call::get(&bucket(), "/").send().await?;
        response.add_trailer("x-sum", "1")?;
        assert!(response.add_trailer(":status", "1").is_err() && response.add_trailer("x", "\n").is_err());
        Ok(response)
    });
    let fake = Fake::default();
    fake.hold_headers.set(true);
    let mut run = Run::with::<Late>(fake, "").unwrap();
    run.request(&GET, true);
    run.response(&OK, false);
    run.body(Side::Response, "hello", true);
    run.done();
    run.answer(4, "200", "");
    assert_eq!(run.done(), ["effective 2", "metric mesh_filter.errors +1", "reply 500 mesh_filter_error"]);
    let lines = run.lines().join("\n");
    assert!(lines.contains("the response ended before its headers left, and without trailers"), "{lines}");
}

#[test]
fn every_exchange_is_logged_also_one_that_was_reset() {
    struct Logs;
    impl Filter for Logs {
        type Config = ();

        fn new((): (), _: &mut Setup) -> Result<Self> {
            Ok(Self)
        }

        async fn handle(&self, request: Request, next: Next) -> Result<Response> {
            call::get(&bucket(), "/").send().await?;
            next.run(request).await
        }

        fn log(&self, ended: &Ended) {
            let status = ended.response().get(":status").map(|status| status.as_bytes().to_vec());
            log::info!("{:?} {status:?}", ended.request().get("x-a"));
            log::info!("{} trailers", ended.response_trailers().len());
        }
    }
    let mut run = Run::new::<Logs>();
    run.request(&GET, true);
    run.plugin.log(2);
    run.plugin.done(2);
    run.plugin.delete(2);
    assert_eq!(run.lines(), ["Info: Some(\"1\") None", "Info: 0 trailers"]);
}

#[test]
fn a_vm_has_one_state_of_a_type_for_all_configurations() {
    struct Shared;
    impl Filter for Shared {
        type Config = ();

        fn new((): (), setup: &mut Setup) -> Result<Self> {
            let count = setup.vm_state(|| std::cell::Cell::new(0));
            count.set(count.get() + 1);
            log::info!("configuration {}", count.get());
            Ok(Self)
        }

        async fn handle(&self, request: Request, next: Next) -> Result<Response> {
            next.run(request).await
        }
    }
    let mut run = Run::new::<Shared>();
    run.plugin.context_create(5, 0);
    assert!(run.plugin.configure(5, 0));
    assert_eq!(run.lines(), ["Info: configuration 1", "Info: configuration 2"]);
    assert_eq!(Run::new::<Shared>().lines(), ["Info: configuration 1"], "another VM has its own");
}

#[test]
fn a_body_is_still_mapped_when_the_upstream_answers_before_its_end() {
    filter!(Upper, |mut request, next| {
        request.map_body(|chunk| {
            chunk.bytes_mut().make_ascii_uppercase();
            Ok(())
        });
        next.run(request).await
    });
    let mut run = Run::new::<Upper>();
    run.request(&POST, false);
    assert_eq!(run.body(Side::Request, "ab", false), (Continue, "AB".to_owned()));
    assert_eq!(run.response(&OK, false), Continue);
    assert_eq!(run.body(Side::Response, "hello", true), (Continue, "hello".to_owned()));
    assert_eq!(run.body(Side::Request, "cd", true), (Continue, "CD".to_owned()));
}

#[test]
fn a_reply_leaves_a_body_in_flight_where_it_is() {
    filter!(Deny, |request, next| {
        drop((request, next));
        Ok(Response::new(403))
    });
    let mut run = Run::new::<Deny>();
    assert_eq!(run.request(&POST, false), Pause);
    assert_eq!(run.done(), ["reply 403 mesh_filter_reply"]);
    assert_eq!(run.body(Side::Request, "body", true).0, Pause, "nothing of it goes on");
    assert_eq!(run.response(&[(":status", "403")], true), Continue, "our own reply passes");
}
