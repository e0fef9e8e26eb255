//! Bodies that are read as a whole.

use super::*;

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
    assert_eq!(run.done()[1..], ["reply 413 mesh_filter_error"]);
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
