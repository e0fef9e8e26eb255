//! Futures that wait for messages of a queue.

use super::*;
use crate::shared::Queue;

/// Its task takes messages; its exchanges wait for one.
struct Events(Queue);

impl Filter for Events {
    type Config = ();

    fn new((): (), setup: &mut Setup) -> Result<Self> {
        let queue = Queue::register("events")?;
        let events = queue.clone();
        setup.spawn(async move {
            loop {
                log::info!("task {}", String::from_utf8_lossy(&events.next().await?));
            }
        });
        Ok(Self(queue))
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        request.headers_mut().set("x-event", self.0.next().await?)?;
        next.run(request).await
    }
}

#[test]
fn a_task_takes_what_was_put_in_before_and_after_it_began_to_wait() {
    let mut run = Run::new::<Events>();
    let queue = Queue::open("events").unwrap().unwrap();
    queue.push("one").unwrap();
    run.plugin.queue_ready(1, 1);
    assert_eq!(run.lines(), [""; 0], "nobody waits yet");
    run.fake.now_ms.set(1);
    run.plugin.tick(1);
    assert_eq!(run.lines(), ["Info: task one"]);
    queue.push("two").unwrap();
    queue.push("three").unwrap();
    run.plugin.queue_ready(1, 1);
    run.plugin.queue_ready(1, 1);
    run.plugin.queue_ready(1, 7);
    assert_eq!(run.lines(), ["Info: task two", "Info: task three"]);
}

#[test]
fn an_exchange_that_waits_for_a_message_goes_on_in_its_own_context() {
    let mut run = Run::new::<Events>();
    assert_eq!(run.request(&GET, true), Pause);
    run.done();
    Queue::open("events").unwrap().unwrap().push("go").unwrap();
    run.plugin.queue_ready(1, 1);
    assert_eq!(run.done(), ["effective 2", "set x-event=go", "continue Request"]);
}

#[test]
fn an_exchange_that_has_gone_takes_no_message() {
    let mut run = Run::new::<Events>();
    run.request(&GET, true);
    run.plugin.done(2);
    run.plugin.delete(2);
    run.done();
    let queue = Queue::open("events").unwrap().unwrap();
    queue.push("left").unwrap();
    run.plugin.queue_ready(1, 1);
    assert_eq!(run.done(), [""; 0]);
    assert_eq!(queue.take().unwrap(), Some(b"left".to_vec()));
}

#[test]
fn a_queue_cannot_be_waited_for_where_nobody_is_woken() {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    let _run = Run::new::<Events>();
    let queue = Queue::open("events").unwrap().unwrap();
    let polled = pin!(queue.next()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("it waits") };
    assert!(error.to_string().starts_with("the queue `mesh-filter///events` can be waited for"));
}
