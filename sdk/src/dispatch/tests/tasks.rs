//! Sleeping, background tasks, and wakers of other crates' making.

use super::*;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

#[test]
fn a_sleep_holds_the_request_until_the_tick_that_it_asked_for() {
    filter!(Sleeper, |request, next| {
        task::sleep(millis(50)).await;
        next.run(request).await
    });
    let mut run = Run::new::<Sleeper>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["tick 50"]);
    run.fake.now_ms.set(20);
    run.plugin.tick(1);
    assert_eq!(run.done(), ["tick 30"], "a tick too early is followed by one in time");
    run.fake.now_ms.set(50);
    run.plugin.tick(1);
    assert_eq!(run.done(), ["effective 2", "continue Request", "tick 0"]);
}

#[test]
fn a_stream_that_ends_takes_its_sleep_along() {
    filter!(Sleeper, |request, next| {
        task::sleep(secs(60)).await;
        next.run(request).await
    });
    let mut run = Run::new::<Sleeper>();
    run.request(&GET, true);
    run.plugin.done(2);
    run.plugin.delete(2);
    run.done();
    run.fake.now_ms.set(60_000);
    run.plugin.tick(1);
    assert_eq!(run.done(), ["tick 0"]);
}

#[test]
fn a_spawned_task_outlives_its_stream_and_hears_of_its_call() {
    filter!(Audit, |request, next| {
        task::spawn(async {
            let reply = call::post(&bucket(), "/audit").send().await;
            log::info!("audited: {:?}", reply.map(|reply| reply.status()));
        });
        next.run(request).await
    });
    let mut run = Run::new::<Audit>();
    assert_eq!(run.request(&GET, true), Continue);
    assert_eq!(run.done(), ["effective 1", "call bucket POST /audit bucket 5000", "effective 2"]);
    run.plugin.done(2);
    run.plugin.delete(2);
    run.answer(4, "202", "");
    assert_eq!(run.lines(), ["Info: audited: Ok(202)"]);
}

#[test]
fn a_task_of_the_configuration_begins_with_the_first_tick() {
    struct Background;
    impl Filter for Background {
        type Config = ();

        fn new((): (), setup: &mut Setup) -> Result<Self> {
            setup.spawn(async {
                log::info!("begun");
                task::sleep(secs(1)).await;
                Err(Error::new("ended"))
            });
            Ok(Self)
        }

        async fn handle(&self, request: Request, next: Next) -> Result<Response> {
            next.run(request).await
        }
    }
    let mut run = Run::new::<Background>();
    assert_eq!((run.lines(), run.done()), (vec![], vec!["tick 1".to_owned()]));
    run.plugin.tick(1);
    assert_eq!(run.lines(), ["Info: begun"]);
    run.fake.now_ms.set(1001);
    run.plugin.tick(1);
    assert_eq!(run.lines(), ["Warn: a task failed: ended"]);
    assert_eq!(run.done(), ["tick 1000", "metric mesh_filter.errors +1", "tick 0"]);
}

#[test]
fn one_stream_can_wake_another() {
    thread_local! {
        static OPEN: Cell<bool> = const { Cell::new(false) };
        static WAITING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    }
    filter!(Turn, |request, next| {
        if request.path() == Some("/open".into()) {
            OPEN.set(true);
            WAITING.take().into_iter().for_each(Waker::wake);
        }
        let opened = Rc::new(());
        poll_fn(|context| {
            WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
            if OPEN.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(opened);
        next.run(request).await
    });
    let mut run = Run::new::<Turn>();
    assert_eq!(run.request(&GET, true), Pause);
    run.plugin.context_create(3, 1);
    run.arrive(MapKind::RequestHeaders, &[(":method", "GET"), (":path", "/open")]);
    assert_eq!(run.plugin.request_headers(3, 2, true), Continue);
    assert_eq!(run.done(), ["effective 2", "continue Request", "effective 3"]);
}
