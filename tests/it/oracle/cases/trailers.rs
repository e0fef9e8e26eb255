//! Trailers of HTTP/2, both ways: read, changed, made, held, and answered.

use super::super::case::{Case, case};
use crate::support::http2::Http2Request;

const READ: &str = "
  get_header_map_pairs MAP &pairs
  get_header_map_size MAP &number
  get_header_map_value MAP 'x-end' &bytes
  get_header_map_value MAP 'X-Trail' &bytes
  get_header_map_value MAP 'x-not-there' &bytes
";

const CHANGE: &str = "
  add_header_map_value MAP 'x-new' '1'
  add_header_map_value MAP 'X-New' '2'
  replace_header_map_value MAP 'x-end' 'changed'
  replace_header_map_value MAP 'x-trail' 'changed'
  remove_header_map_value MAP 'x-two'
  get_header_map_pairs MAP &pairs
";

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (side, map, stream) in [("request", "1", 0), ("response", "3", 1)] {
        let name = |what: &str| format!("trailers/{side}-{what}");
        let of = |calls: &str| calls.replace("MAP", map);
        let resume = "http_call_response:\n  set_effective_context $stream\n";
        all.extend([
            exchange(case(&name("read"), &format!("{side}_trailers:{}", of(READ)))),
            exchange(case(&name("changed"), &format!("{side}_trailers:{}", of(CHANGE))).then("")),
            exchange(case(
                &name("set"),
                &format!("{side}_trailers:\n  set_header_map_pairs {map} {{'x-a'='1', 'x-A'='2'}}\n{}", &of(READ)[1..]),
            )),
            exchange(case(&name("cleared"), &format!("{side}_trailers:\n  set_header_map_pairs {map} ''\n{}", &of(READ)[1..])).then("")),
            exchange(case(&name("read-in-the-body"), &format!("{side}_body:{}", of(READ)))),
            exchange(case(
                &name("made-at-the-end-of-the-body"),
                &format!("{side}_body end:\n  add_header_map_value {map} 'x-made' '1'\n"),
            ).then("")),
            exchange(case(
                &name("held"),
                &format!(
                    "{side}_trailers:\n  CALL\n  return 1\n{resume}{}  continue_stream {stream}\n{}",
                    &of(CHANGE)[1..],
                    &of(READ)[1..]
                ),
            ).then("")),
            exchange(case(
                &name("behind-a-held-body"),
                &format!("{side}_body:\n  return 1\n{side}_body end:\n  return 0\n{side}_trailers:\n  get_buffer_bytes {stream} 0 100 &bytes\n  set_buffer_bytes {stream} 0 0 '<<'\n"),
            ).then("")),
            exchange(case(
                &name("behind-held-headers"),
                &format!("{side}_headers:\n  CALL\n  return 1\n{resume}  continue_stream {stream}\n"),
            ).then("")),
            exchange(case(
                &name("answered-with-a-local-reply"),
                &format!("{side}_trailers:\n  send_local_response 403 '' 'no' '' -1\n  return 1\n"),
            )),
        ]);
        for answer in [2, 3, 4] {
            let program =
                format!("{side}_trailers:\n  CALL\n  return {answer}\n{resume}  continue_stream {stream}\n");
            all.push(exchange(case(&name(&format!("answered-with-{answer}")), &program)));
        }
    }
    all
}

/// Trailers on both sides, and none.
fn exchange(case: Case) -> Case {
    case.http2(Http2Request {
        path: "/a.Service/ok".to_owned(),
        headers: vec![("te", "trailers")],
        chunks: vec!["abc", "de"],
        trailers: vec![("x-end", "1"), ("x-two", "2")],
    })
    .http2(Http2Request {
        path: "/a.Service/no_trailers".to_owned(),
        chunks: vec!["abcde"],
        ..Http2Request::default()
    })
}
