//! What becomes of an exchange that cannot be handled.

use super::*;
use crate::host::{Refusing, install};
use crate::testing;
use std::rc::Rc;

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
fn no_status_from_any_hostcall_makes_a_filter_panic() {
    filter!(Everything, |mut request, next| {
        let hits: shared::Cell<u64> = shared::Cell::new("hits");
        log::info!("{:?} {:?}", hits.get().is_ok(), property::request().size().is_ok());
        log::info!("{:?}", hits.update(|hits| hits.unwrap_or(0) + 1).is_ok());
        log::info!("{:?} {:?}", clock::now(), request.headers().get("x-a"));
        drop(call::get(&bucket(), "/").send().await);
        request.map_body(|_| Ok(()));
        let mut response = next.run(request).await?;
        response.map_body(|_| Ok(()));
        Ok(response)
    });
    for status in (0..=255).map(Status) {
        let _installed = install(Rc::new(Refusing(status)));
        let mut plugin = testing::plugin::<Everything>();
        plugin.context_create(1, 0);
        assert!(plugin.configure(1, 0), "nothing that failed is needed");
        assert!(!plugin.configure(1, 9), "the configuration could not be read");
        plugin.context_create(2, 1);
        plugin.request_headers(2, 1, false);
        plugin.http_call_response(1, 4, 1, 1, 0);
        plugin.request_body(2, 5, true);
        plugin.response_headers(2, 1, false);
        plugin.response_body(2, 5, false);
        plugin.response_trailers(2, 1);
        plugin.tick(1);
        for context in [2, 1, 7] {
            plugin.log(context);
            assert!(plugin.done(context));
            plugin.delete(context);
            plugin.response_body(context, 1, true);
        }
    }
}
