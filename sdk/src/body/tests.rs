//! What mapped bodies do at chunk boundaries, over a buffer that behaves as the proxy's.

use crate::dispatch::Action::{Continue, Pause};
use crate::fake::Run;
use crate::host::Side;
use crate::prelude::*;

const HTML: [(&str, &str); 2] = [(":status", "200"), ("content-length", "9")];

/// Replaces `ab` by `-` across chunk boundaries, and says when the body ends.
struct Dash;

impl Filter for Dash {
    type Config = ();

    fn new((): (), _: &mut Setup) -> Result<Self> {
        Ok(Self)
    }

    async fn handle(&self, request: Request, next: Next) -> Result<Response> {
        let mut response = next.run(request).await?;
        response.map_body(|chunk| {
            let text = String::from_utf8_lossy(chunk.bytes()).into_owned();
            if text.contains("ab") {
                chunk.replace(text.replace("ab", "-"));
            }
            chunk.keep_back(usize::from(text.ends_with('a')));
            Ok(())
        });
        Ok(response)
    }
}

fn started() -> Run {
    let mut run = Run::new::<Dash>();
    run.request(&[(":method", "GET")], true);
    assert_eq!(run.response(&HTML, false), Continue);
    assert_eq!(run.done(), ["remove content-length"]);
    run
}

#[test]
fn unchanged_chunks_are_not_written_back() {
    let mut run = started();
    assert_eq!(run.body(Side::Response, "xyz", false), (Continue, "xyz".to_owned()));
    assert_eq!(run.body(Side::Response, "", true), (Continue, String::new()));
    assert_eq!(run.done(), [""; 0]);
}

#[test]
fn a_kept_back_end_holds_its_chunk_until_the_next_decides() {
    let mut run = started();
    assert_eq!(run.body(Side::Response, "xaba", false), (Pause, String::new()));
    assert_eq!(run.body(Side::Response, "bya", false), (Pause, String::new()));
    assert_eq!(run.body(Side::Response, "z", true), (Continue, "x--yaz".to_owned()));
}

#[test]
fn trailers_flush_what_is_kept_back() {
    let mut run = started();
    assert_eq!(run.body(Side::Response, "xaba", false).0, Pause);
    assert_eq!(run.plugin.response_trailers(2, 1), Continue);
    assert_eq!(run.flush(Side::Response), "x-a");
}

#[test]
fn a_body_whose_every_chunk_ends_undecided_still_streams() {
    let mut run = started();
    let chunk = format!("{}aba", "x".repeat(30_000));
    let (mut sent, mut whole) = (String::new(), String::new());
    for _ in 0..10 {
        sent += &run.body(Side::Response, &chunk, false).1;
        whole += &chunk;
    }
    assert!(sent.len() > 200_000, "only {} bytes were sent", sent.len());
    sent += &run.body(Side::Response, "b", true).1;
    whole += "b";
    assert_eq!(sent, whole.replace("ab", "-"));
}

#[test]
fn bytes_that_trailers_would_cut_off_reset_the_stream() {
    let mut run = started();
    // More than waits in the proxy, so that it has been sent when the trailers come.
    run.body(Side::Response, &format!("{}a", "x".repeat(70_000)), false);
    run.done();
    run.plugin.response_trailers(2, 1);
    assert_eq!(run.done(), ["metric mesh_filter.errors +1", "close Response"]);
    assert!(run.lines()[0].contains("1 bytes of the response body were left when its trailers came"));
}

#[test]
fn a_response_without_body_keeps_its_length() {
    let mut run = Run::new::<Dash>();
    run.request(&[(":method", "HEAD")], true);
    assert_eq!(run.response(&HTML, true), Continue);
    assert_eq!(run.done(), [""; 0]);
}

#[test]
fn a_local_reply_is_mapped_before_it_is_sent() {
    struct Local;
    impl Filter for Local {
        type Config = ();

        fn new((): (), _: &mut Setup) -> Result<Self> {
            Ok(Self)
        }

        async fn handle(&self, _: Request, _: Next) -> Result<Response> {
            let mut response = Response::new(200).with_body("abc");
            response.map_body(|chunk| {
                assert!(chunk.is_last());
                chunk.bytes_mut().reverse();
                Ok(())
            });
            Ok(response)
        }
    }
    let mut run = Run::new::<Local>();
    run.request(&[(":method", "GET")], true);
    assert_eq!(run.done(), ["reply 200 mesh_filter_reply cba"]);
}
