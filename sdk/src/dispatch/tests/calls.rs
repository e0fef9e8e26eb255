//! Calls to other services, from exchanges and from jobs.

use super::*;

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
