//! What exchanges do, step by step, over a host that records.

use super::Action::{Continue, Pause};
use crate::body::BodyError;
use crate::call::{self, CallError, ClusterName};
use crate::fake::{Fake, Run};
use crate::host::{MapKind, Side, Status};
use crate::prelude::*;

mod bodies;
mod calls;
mod failures;
mod flights;
mod messages;
mod queues;
mod refreshed;
mod retries;
mod several;
mod tasks;

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

use filter;

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
    assert_eq!(run.lines(), ["Info: dropped"], "before `log` sees the exchange");
    assert!(run.plugin.done(2));
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
