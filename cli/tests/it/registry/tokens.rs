//! A registry that takes tokens only, and the server that gives them (distribution's token authentication).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde_json::json;

use super::server::Server;
use super::{authority, end, has, packed, run, sign_in};
use crate::folder::Folder;

/// `ann:secret`, as clients send it.
const ANN: &str = "Basic YW5uOnNlY3JldA==";
const BUSY: &str =
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\nretry-after: 0\r\ncontent-length: 4\r\nconnection: close\r\n\r\nours";

/// Gives tokens: all that is asked for to `ann`, to others what reads.
struct Tokens {
    port: u16,
    over: Arc<AtomicBool>,
    /// The scopes that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

/// What signs tokens, and what says whose it is.
struct Signs {
    key: SigningKey,
    certificate: String,
}

impl Tokens {
    /// Begins; the first requests get these answers in place of tokens.
    fn start(folder: &Folder, answers: &'static [&'static str]) -> Self {
        let text = |file: &str| String::from_utf8(folder.read(file)).unwrap();
        let key = SigningKey::from_pkcs8_pem(&text("key.pem")).unwrap();
        let certificate = text("cert.pem").lines().filter(|line| !line.starts_with('-')).collect();
        let signs = Signs { key, certificate };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (stop, scopes) = (Arc::clone(&over), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            let mut answers = answers.iter();
            for client in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                answer(client, answers.next().copied(), &signs, &scopes);
            }
        });
        Self { port, over, asked, thread: Some(thread) }
    }

    /// The registry that trusts it.
    fn registry(&self, folder: &Folder) -> Server {
        let (port, root) = (self.port, folder.path().join("ca.pem"));
        let token = format!(
            "{{realm: \"http://127.0.0.1:{port}/token\", service: registry, issuer: test, rootcertbundle: {}}}",
            root.display()
        );
        Server::start(folder, "", &format!("auth: {{token: {token}}}"))
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Answers one request, and ends the connection.
fn answer(mut client: TcpStream, instead: Option<&str>, signs: &Signs, scopes: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(client.try_clone().unwrap()).lines().map_while(Result::ok);
    let target = lines.next().unwrap_or_default();
    let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let scope = target.split(['?', '&', ' ']).find_map(|field| field.strip_prefix("scope="));
    let scope = scope.unwrap_or_default().replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
    scopes.lock().unwrap().push(scope.clone());
    let credentials = head.iter().find_map(|line| line.strip_prefix("authorization: "));
    let reply = match (instead, credentials) {
        (Some(instead), _) => instead.to_owned(),
        (None, Some(other)) if other != ANN => refusal("401 Unauthorized", "unknown user"),
        (None, known) => {
            let token = json!({"token": signs.token(&scope, known.is_some())}).to_string();
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{token}", token.len())
        }
    };
    let _ = client.write_all(reply.as_bytes());
    let _ = client.shutdown(std::net::Shutdown::Write);
    // What is still under way is read, so that the answer is not lost in a reset.
    let _ = client.read_to_end(&mut Vec::new());
}

fn refusal(status: &str, text: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
}

impl Signs {
    /// A JWT with ES256 for a scope; who is not known may read only.
    fn token(&self, scope: &str, known: bool) -> String {
        let mut parts = scope.split(':');
        let (kind, name, wanted) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        let actions: Vec<_> = wanted.split(',').filter(|action| known || *action == "pull").collect();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": "test", "sub": "", "aud": "registry", "jti": "1",
            "nbf": now - 60, "iat": now, "exp": now + 600,
            "access": [{"type": kind, "name": name, "actions": actions}],
        });
        let encoded = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn folder_of(test: &str) -> Option<Folder> {
    has(&["docker-registry", "openssl"]).then(|| {
        let folder = packed(test);
        authority::make(&folder);
        folder
    })
}

#[test]
fn a_token_is_asked_for_what_is_done_and_asked_again_where_its_server_stumbles() {
    let Some(folder) = folder_of("image-tokens") else { return };
    // The third connection breaks off.
    let tokens = Tokens::start(&folder, &[BUSY, BROKEN, ""]);
    let server = tokens.registry(&folder);
    let place = format!("{}/team/counting:1", server.address());
    sign_in(&folder, &server.address(), "YW5uOnNlY3JldA==");
    run(&folder, &["push", "--image", "plugin.oci", &place]);
    let asked = std::mem::take(&mut *tokens.asked.lock().unwrap());
    assert!(asked.len() >= 4 && asked.len() <= 6, "{asked:?}");
    assert!(asked.iter().any(|scope| scope == "repository:team/counting:pull,push"), "{asked:?}");

    folder.write("docker/config.json", "{}");
    run(&folder, &["pull", &place, "--out", "pulled.wasm"]);
    assert_eq!(folder.read("pulled.wasm"), folder.read("plugin.wasm"));
    let asked = std::mem::take(&mut *tokens.asked.lock().unwrap());
    assert_eq!(asked, ["repository:team/counting:pull"], "one token is good for all that is pulled");
}

#[test]
fn who_gets_no_token_learns_why() {
    let Some(folder) = folder_of("image-no-tokens") else { return };
    let tokens = Tokens::start(&folder, &[]);
    let server = tokens.registry(&folder);
    let place = format!("{}/counting:1", server.address());
    let push = ["push", "--image", "plugin.oci", &place];
    // Anybody may read.
    let (code, _, said) = end(&folder, &push);
    assert!(code == 1 && said.contains("401") && said.contains("docker login"), "{said}");
    sign_in(&folder, &server.address(), "YW5uOndyb25n");
    let (code, _, said) = end(&folder, &push);
    assert!(code == 1 && said.contains("get a token") && said.contains("unknown user"), "{said}");
    assert!(!said.contains("wrong"), "{said}");
}

#[test]
fn a_token_server_that_stays_broken_is_given_up() {
    let Some(folder) = folder_of("image-broken-tokens") else { return };
    let tokens = Tokens::start(&folder, &[BROKEN; 40]);
    let server = tokens.registry(&folder);
    let place = format!("{}/counting:1", server.address());
    let (code, _, said) = end(&folder, &["pull", &place, "--out", "pulled.wasm"]);
    assert!(
        code == 1 && said.contains("500") && said.contains("get a token") && said.contains("ours"),
        "{said}"
    );
    assert_eq!(tokens.asked.lock().unwrap().len(), 4);
}
