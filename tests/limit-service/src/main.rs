//! A rate limit service for acceptance tests: limits of the crate `limitador` behind Envoy's gRPC service, on a server of `tonic`.
//!
//! `limit-service ADDRESS REQUESTS SECONDS` gives each user so many requests in so many seconds, in the domain `edge`. It writes where
//! it listens to standard output. A line on standard input, `delay MILLISECONDS`, makes it slower; each is answered by `ok`.

mod codec;
mod messages;
mod service;

use limitador::RateLimiter;
use limitador::limit::{Expression, Limit};
use service::Limits;
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, BufReader};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// Counters that are kept.
const COUNTERS: u64 = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, requests, seconds] = arguments.as_slice() else {
        return Err("expected ADDRESS REQUESTS SECONDS".into());
    };
    let limiter = RateLimiter::new(COUNTERS);
    let user = Expression::parse("descriptors[0].user")?;
    limiter.add_limit(Limit::new("edge", requests.parse()?, seconds.parse()?, [], [user]));
    let delay_ms = Arc::new(AtomicU64::new(0));
    let incoming = TcpIncoming::bind(address.parse()?)?;
    tell(&incoming.local_addr()?.to_string())?;
    let limits = Limits { limiter: Arc::new(limiter), delay_ms: Arc::clone(&delay_ms) };
    tokio::select! {
        served = Server::builder().serve_with_incoming(limits, incoming) => Ok(served?),
        obeyed = obey(&delay_ms) => obeyed,
    }
}

/// Does what stands on standard input, to its end.
async fn obey(delay_ms: &AtomicU64) -> Result<(), Box<dyn Error>> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let Some(("delay", milliseconds)) = line.split_once(' ') else {
            return Err(format!("expected `delay MILLISECONDS`, got `{line}`").into());
        };
        delay_ms.store(milliseconds.parse()?, Ordering::SeqCst);
        tell("ok")?;
    }
    Ok(())
}

fn tell(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}")?;
    out.flush()
}
