//! What the upstreams behind both hosts answer, chosen by the path of the request.

use super::message::Message;
use super::upstream::{Answer, Then};

fn answer(head: &str, body: &[u8]) -> Answer {
    let mut bytes = head.replace('\n', "\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
    Answer { bytes, then: Then::KeepAlive }
}

fn closing(answer: Answer) -> Answer {
    Answer { then: Then::Close, ..answer }
}

/// Two hundred kilobytes that show a shift by a byte.
fn large() -> Vec<u8> {
    (0..200_000_u32).map(|index| b'a' + u8::try_from(index % 23).unwrap()).collect()
}

const PAGE: &[u8] = b"<a href=https://foo.com>https://foo.com, https://foo.co</a> https://foo.com";

/// The upstream that routes lead to.
pub(crate) fn upstream(path: &str, request: &Message) -> Answer {
    let many: String = (0..105).map(|index| format!("\nx-{index}: 1")).collect();
    match path {
        "/chunked" => {
            answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n")
        }
        "/until-close" => closing(answer("HTTP/1.1 200 OK\nx-a: 1", b"until close")),
        "/no-content" => answer("HTTP/1.1 204 No Content\nx-a: 1", b""),
        "/no-content-length" => answer("HTTP/1.1 204 No Content\ncontent-length: 0", b""),
        "/not-modified" => answer("HTTP/1.1 304 Not Modified\netag: \"x\"\ncontent-length: 77", b""),
        "/hop-by-hop" => answer(
            "HTTP/1.1 200 OK\nConnection: x-drop, keep-alive\nKeep-Alive: timeout=5\nProxy-Connection: keep-alive\nX-Drop: me\nTE: \
             trailers\nTrailer: x-t\nUpgrade: foo\nProxy-Authenticate: Basic\nVia: 1.1 up\ncontent-length: 2",
            b"ok",
        ),
        "/case" => answer(
            "HTTP/1.1 200 Fine Thanks\nX-UPPER-Case: Mixed Value\nSet-Cookie: a=1\nx-other:    spaced   \nSet-Cookie: \
             b=2\nX-Empty:\nContent-Length: 2",
            b"ok",
        ),
        "/own" => answer(
            "HTTP/1.1 200 OK\nserver: mine\ndate: Mon, 01 Jan 2001 00:00:00 GMT\nx-envoy-upstream-service-time: \
             77\nx-request-id: fromup\nx-envoy-foo: 1\ncontent-length: 2",
            b"ok",
        ),
        "/trailers" => answer(
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\ntrailer: x-t",
            b"3\r\nabc\r\n0\r\nx-t: 1\r\nX-Two: 2\r\n\r\n",
        ),
        "/early-hints" => {
            answer("HTTP/1.1 103 Early Hints\nlink: </a>\n\nHTTP/1.1 200 OK\ncontent-length: 2", b"ok")
        }
        "/old" => closing(answer("HTTP/1.0 200 OK\nx-a: 1", b"ten")),
        "/closing" => closing(answer("HTTP/1.1 200 OK\nconnection: close\ncontent-length: 2", b"ok")),
        "/error" => answer("HTTP/1.1 500 Internal Server Error\ncontent-length: 4", b"oops"),
        "/unavailable" => answer("HTTP/1.1 503 Service Unavailable\ncontent-length: 0", b""),
        "/three-kilobytes" => answer("HTTP/1.1 200 OK\ncontent-length: 3000", &[b'a'; 3000]),
        "/two-parts" => Answer {
            then: Then::More(b"def".to_vec()),
            ..answer("HTTP/1.1 200 OK\ncontent-length: 6", b"abc")
        },
        "/large" => {
            let body = large();
            answer(&format!("HTTP/1.1 200 OK\ncontent-length: {}", body.len()), &body)
        }
        "/page" => answer(
            &format!("HTTP/1.1 200 OK\ncontent-type: text/html\netag: \"1\"\ncontent-length: {}", PAGE.len()),
            PAGE,
        ),
        "/page-in-chunks" => answer(
            "HTTP/1.1 200 OK\ncontent-type: text/html; charset=utf-8\ntransfer-encoding: chunked",
            b"b\r\n<a href=htt\r\n1d\r\nps://foo.com>https://foo.com<\r\n3\r\n/a>\r\n0\r\n\r\n",
        ),
        "/page-until-close" => closing(answer("HTTP/1.1 200 OK\ncontent-type: text/html", PAGE)),
        "/page-compressed" => answer(
            "HTTP/1.1 200 OK\ncontent-type: text/html\ncontent-encoding: gzip\ncontent-length: 3",
            b"zip",
        ),
        "/reset" => Answer { bytes: Vec::new(), then: Then::Close },
        "/silent" => Answer { bytes: Vec::new(), then: Then::Wait },
        "/broken" => closing(answer("HTTP/1.1 200 OK\ncontent-length: 100", b"0123456789")),
        "/broken-chunks" => closing(answer("HTTP/1.1 200 OK\ntransfer-encoding: chunked", b"5\r\nabcde\r\n")),
        "/garbage" => closing(answer("not http at all", b"")),
        "/many-headers" => answer(&format!("HTTP/1.1 200 OK{many}\ncontent-length: 2"), b"ok"),
        "/two-lengths" => {
            answer("HTTP/1.1 200 OK\ncontent-length: 3\ntransfer-encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n")
        }
        "/bad-length" => answer("HTTP/1.1 200 OK\ncontent-length: abc", b"abc"),
        _ if request.head[0].starts_with("HEAD ") => {
            answer("HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-length: 5", b"")
        }
        _ => answer("HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-length: 5", b"hello"),
    }
}

/// The service that filters ask.
pub(crate) fn callee(path: &str, _request: &Message) -> Answer {
    match path {
        "/error" => answer("HTTP/1.1 500 Internal Server Error\ncontent-length: 4", b"oops"),
        "/silent" => Answer { bytes: Vec::new(), then: Then::Wait },
        "/hold" => Answer { bytes: Vec::new(), then: Then::Ignore },
        "/broken" => closing(answer("HTTP/1.1 200 OK\ncontent-length: 100", b"0123456789")),
        "/reset" => Answer { bytes: Vec::new(), then: Then::Close },
        "/bucket" => answer("HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-length: 4", b"blue"),
        "/chunked" => answer("HTTP/1.1 200 OK\ntransfer-encoding: chunked", b"4\r\nblue\r\n0\r\n\r\n"),
        "/json" => answer(
            "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 17",
            b"{\"cohort\":\"blue\"}",
        ),
        _ => answer("HTTP/1.1 200 OK\ncontent-length: 4", b"blue"),
    }
}
