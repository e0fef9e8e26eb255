//! Work that is shared by exchanges of one VM.

use super::*;
use crate::flight::{FlightError, Group};

/// Looks a cohort up, once for all exchanges that ask for the same path.
struct Shared {
    cohorts: Group<String, String>,
}

impl Filter for Shared {
    type Config = ();

    fn new((): (), _: &mut Setup) -> Result<Self> {
        Ok(Self { cohorts: Group::new() })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let path =
            request.path().map(|path| path.as_str().map(str::to_owned)).transpose()?.unwrap_or_default();
        let ask = call::get(&bucket(), path.clone());
        let cohort = self.cohorts.run(path, async move || Ok(ask.send().await?.text()?.to_owned()));
        match cohort.await {
            Ok(cohort) => request.headers_mut().set("x-cohort", &*cohort)?,
            Err(error) => log::info!("{error}"),
        }
        next.run(request).await
    }
}

/// Sends a request on a further stream.
fn send(run: &mut Run, context: u32, path: &str) -> super::super::Action {
    if context != 2 {
        run.plugin.context_create(context, 1);
    }
    run.arrive(MapKind::RequestHeaders, &[(":method", "GET"), (":path", path)]);
    run.plugin.request_headers(context, 2, true)
}

fn calls(run: &Run) -> usize {
    run.done().iter().filter(|done| done.starts_with("call ")).count()
}

#[test]
fn all_who_ask_the_same_at_the_same_time_wait_for_one_call() {
    let mut run = Run::new::<Shared>();
    for context in 2..10 {
        assert_eq!(send(&mut run, context, "/a"), Pause);
    }
    assert_eq!(send(&mut run, 10, "/b"), Pause);
    assert_eq!(calls(&run), 2);
    run.answer(4, "200", "blue");
    let done = run.done();
    assert_eq!(done.iter().filter(|done| *done == "set x-cohort=blue").count(), 8);
    assert_eq!(done.iter().filter(|done| *done == "continue Request").count(), 8);
    assert_eq!(send(&mut run, 11, "/a"), Pause);
    assert_eq!(calls(&run), 1, "the work was over, so it is done anew");
}

#[test]
fn a_leader_that_is_reset_neither_loses_the_reply_nor_hangs_the_others() {
    let mut run = Run::new::<Shared>();
    send(&mut run, 2, "/a");
    send(&mut run, 3, "/a");
    send(&mut run, 4, "/a");
    for context in [2, 4] {
        run.plugin.done(context);
        run.plugin.delete(context);
    }
    run.done();
    run.answer(4, "200", "blue");
    assert_eq!(run.done(), ["effective 3", "set x-cohort=blue", "continue Request"]);
}

#[test]
fn an_error_is_told_to_all_and_not_kept() {
    let mut run = Run::new::<Shared>();
    send(&mut run, 2, "/a");
    send(&mut run, 3, "/a");
    run.answer(4, "503", "no healthy upstream");
    let line = "Info: cluster `bucket` cannot be reached: no healthy upstream";
    assert_eq!(run.lines(), [line, line]);
    run.done();
    send(&mut run, 4, "/a");
    assert_eq!(calls(&run), 1);
}

#[test]
fn work_that_is_given_up_is_an_error_and_not_a_hang() {
    let mut run = Run::new::<Shared>();
    send(&mut run, 2, "/a");
    // The configuration goes first, as proxies do it with a VM that failed.
    run.plugin.delete(1);
    run.plugin.context_create(9, 0);
    run.plugin.tick(9);
    assert_eq!(run.lines(), ["Info: the shared work was given up before it had a result"]);

    // Outside a filter there is nothing that could do the work.
    let group: Group<u8, u8> = Group::new();
    let asked = std::pin::pin!(group.run(1, async || Ok(1)));
    let polled = asked.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(polled, std::task::Poll::Ready(Err(FlightError::Abandoned))));
    assert_eq!(format!("{group:?}"), "{}");
}
