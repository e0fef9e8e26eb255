//! `kubectl exec`, as the API server and a kubelet carry it: a WebSocket whose messages begin with the number of a channel.
//!
//! The one program that pods have is `pilot-agent request GET PATH`, which asks the pod's own Envoy. Other words fail as an
//! unknown program does.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::http::{Answer, Request};
use super::sha1::sha1;

/// The protocol of messages.
const PROTOCOL: &str = "v5.channel.k8s.io";
/// What a server adds to the client's key (RFC 6455, section 1.3).
const HANDSHAKE: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
/// How the program ended.
const ERROR: u8 = 3;

/// Runs a program of a pod whose Envoy has its admin there.
pub(super) fn answer(request: &Request, namespace: &str, admin: Option<String>) -> Answer {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    if header("upgrade") != "websocket" || !header("sec-websocket-protocol").contains(PROTOCOL) {
        let message = "unable to upgrade: this server carries exec over WebSockets only";
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "BadRequest", "code": 400, "message": message,
        });
        return Answer::Json(400, status);
    }
    let words: Vec<_> =
        request.query.iter().filter(|(key, _)| key == "command").map(|(_, value)| value.clone()).collect();
    let container = request.parameter("container").unwrap_or_default().to_owned();
    let accept = base64(&sha1(format!("{}{HANDSHAKE}", header("sec-websocket-key")).as_bytes()));
    let namespace = namespace.to_owned();
    Answer::Upgrade(Box::new(move |mut stream| {
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-accept: {accept}\r\nsec-websocket-protocol: {PROTOCOL}\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let (channel, output, status) = match (words.as_slice(), container.as_str(), admin) {
            (["pilot-agent", "request", "GET", path], "istio-proxy", Some(admin)) => {
                match get(&admin, path) {
                    Ok(body) => (STDOUT, body, json!({"status": "Success"})),
                    Err(error) => (STDERR, format!("Error: {error}\n").into_bytes(), exit(1)),
                }
            }
            _ => (STDERR, format!("no such program in {namespace}\n").into_bytes(), exit(127)),
        };
        // In pieces, as pipes give it.
        for piece in output.chunks(30_000) {
            send(&mut stream, channel, piece);
        }
        send(&mut stream, ERROR, status.to_string().as_bytes());
        // A frame that closes; then what the client still says is read, so that nothing is lost in a reset.
        let _ = stream.write_all(&[0x88, 2, 0x03, 0xE8]);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    }))
}

/// How a program with another exit code than 0 is told of.
fn exit(code: u8) -> Value {
    json!({
        "status": "Failure", "reason": "NonZeroExitCode", "message": format!("command terminated with exit code {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

/// A binary message (RFC 6455, section 5.2).
fn send(stream: &mut TcpStream, channel: u8, bytes: &[u8]) {
    let length = bytes.len() + 1;
    let mut frame = vec![0x82];
    match u16::try_from(length) {
        Ok(short @ 0..=125) => frame.push(u8::try_from(short).unwrap()),
        Ok(length) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => panic!("a message of {length} bytes"),
    }
    frame.push(channel);
    frame.extend(bytes);
    let _ = stream.write_all(&frame);
}

/// What Envoy's admin answers.
fn get(admin: &str, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(admin)?;
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(reply[..end].to_vec()).unwrap().to_ascii_lowercase();
    let body = reply[end..].to_vec();
    Ok(if head.contains("transfer-encoding: chunked") { dechunked(&body) } else { body })
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
