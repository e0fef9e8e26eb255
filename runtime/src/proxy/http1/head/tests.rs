//! What is taken as a head, and what is refused.

use super::*;

const BOUNDS: Bounds = Bounds { bytes: 60 << 10, headers: 100 };

fn parse(text: &[u8]) -> Result<Option<RequestHead>, Refusal> {
    Parser::default().request(&mut BytesMut::from(text), BOUNDS)
}

#[test]
fn headers_keep_their_order_and_repeated_ones_their_place() {
    let head = parse(b"GET /a?b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nB:  2 \r\nx-a: 3\r\n\r\n").unwrap().unwrap();
    let pairs: Vec<_> = head.headers.iter().collect();
    let expected: [(&[u8], &[u8]); 6] = [
        (b":authority", b"h"),
        (b":path", b"/a?b"),
        (b":method", b"GET"),
        (b"x-a", b"1"),
        (b"b", b"2"),
        (b"x-a", b"3"),
    ];
    assert_eq!(pairs, expected);
    assert_eq!((head.framing, head.keep_alive), (Framing::Empty, true));
}

#[test]
fn what_envoy_refuses_is_refused_with_the_same_status() {
    let big = [b"GET / HTTP/1.1\r\nHost: h\r\nx: ", vec![b'a'; 62_000].as_slice(), b"\r\n\r\n"].concat();
    let many = ["GET / HTTP/1.1\r\nHost: h\r\n", &"x: 1\r\n".repeat(100), "\r\n"].concat();
    let cases: [(&[u8], u16); 18] = [
        (b"hello world\r\n\r\n", 400),
        (b"BREW /a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /é HTTP/1.1\r\nHost: h\r\n\r\n".as_bytes(), 400),
        (b"GET /a\r\n\r\n", 426),
        (b"GET /a HTTP/1.0\r\n\r\n", 426),
        (b"GET /a HTTP/2.0\r\n\r\n", 426),
        (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nx : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nx: a\0b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: host\r\n\r\n", 400),
        (&big, 431),
        (many.as_bytes(), 431),
    ];
    for (text, status) in cases {
        let shown = String::from_utf8_lossy(text.get(..60.min(text.len())).unwrap()).into_owned();
        assert_eq!(parse(text).map_err(|refusal| refusal.answer().0), Err(status), "{shown}");
    }
}

#[test]
fn a_continued_line_is_joined() {
    let head = parse(b"GET / HTTP/1.1\r\nHost: h\r\nx-a: 1\r\n  folded\r\nb: 2\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.headers.get(b"x-a").unwrap(), "1  folded");
    assert_eq!(head.headers.get(b"b").unwrap(), "2");
}

#[test]
fn an_absolute_target_gives_authority_and_path() {
    let head = parse(b"GET http://abs:81?q HTTP/1.1\r\nHost: h\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.headers.get(b":authority").unwrap(), "abs:81");
    assert_eq!(head.headers.get(b":path").unwrap(), "/?q");
}

#[test]
fn a_head_that_is_not_complete_waits() {
    let text = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
    for cut in 0..text.len() {
        assert_eq!(parse(&text[..cut]), Ok(None), "{cut}");
    }
    assert_eq!(parse(text).unwrap().unwrap().framing, Framing::Length(3));
}
