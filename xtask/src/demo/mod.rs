//! `cargo xtask demo`: an example filter in the proxy, before and after.
//!
//! The filter asks a bucket service to which cohort a request belongs, and tells the upstream by a header.

mod services;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::host::{Host, page};
use crate::workspace::{self, target};
use crate::{bootstrap, demo::services::Services};

const EXAMPLE: &str = "cohort-callout";
const CONFIGURATION: &str =
    r#"{"cluster": "bucket", "header": "x-test-cohort", "timeout_ms": 50, "fallback": "control"}"#;

/// A proxy that takes longer for an answer is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Build an example filter and the proxy, send requests through, show the headers before and after
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Keep the proxy up and print what to curl
    #[arg(long)]
    serve: bool,
}

pub(crate) fn exec(arguments: &Arguments) -> Result<ExitCode> {
    println!(
        "building the example `{EXAMPLE}` and the proxy (the first time takes minutes: a Wasm engine is compiled)"
    );
    workspace::build_example(EXAMPLE)?;
    let proxy = workspace::program("mesh-filter-proxy")?;

    let begun = Instant::now();
    let services = Services::start()?;
    let listeners = [
        bootstrap::listener("without", Vec::new()),
        bootstrap::listener("with", vec![bootstrap::example(EXAMPLE, CONFIGURATION)]),
    ];
    let clusters =
        [bootstrap::cluster("upstream", services.upstream), bootstrap::cluster("bucket", services.bucket)];
    let file = bootstrap::write(&target().join("demo"), &listeners, &clusters)?;
    let mut host = Host::start(&proxy, &file, "ours")?;
    let (without, with) = (host.listener("without")?, host.listener("with")?);
    println!("serving on http://{without} without the filter and on http://{with} with it\n");

    let request = "GET /cart HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n";
    show("1. A request without the filter", without, request, &services)?;
    show("2. The same with the filter: it asked the bucket service", with, request, &services)?;
    let spoofed = format!("{request}x-test-cohort: spoofed\r\n");
    show("3. A client that sends the header itself", with, &spoofed, &services)?;
    services.be_slow();
    show("4. The bucket service is slower than 50 ms: the filter falls back", with, request, &services)?;
    services.be_quick();

    println!("What the filter counted:");
    let stats = page(host.admin, "/stats").context("reading the proxy's statistics")?;
    for line in stats.lines().filter(|line| line.contains("cohort.")) {
        println!("    {line}");
    }
    println!("\nall of it in {:.1} s", begun.elapsed().as_secs_f64());

    if arguments.serve {
        println!(
            "\nStill serving; the upstream answers with the headers that it got. Try, and end with Ctrl-C:"
        );
        println!("    curl -i http://{without}/cart");
        println!("    curl -i http://{with}/cart");
        println!("    curl -i --http2-prior-knowledge -H 'x-test-cohort: spoofed' http://{with}/cart");
        println!("    curl http://{}/stats", host.admin);
        host.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends one request and shows what was sent, what the upstream saw, and what came back. New lines are marked.
fn show(title: &str, address: SocketAddr, head: &str, services: &Services) -> Result<()> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to `{address}`"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response).context("reading the response")?;

    println!("{title}");
    print_lines("client sent", head, "");
    let seen = services.last_request().context("the upstream got no request")?;
    print_lines("upstream got", &seen, head);
    let (head, _) = response.split_once("\r\n\r\n").context("the response has no end of headers")?;
    print_lines("client got", head, services::RESPONSE_HEAD);
    println!();
    Ok(())
}

fn print_lines(who: &str, head: &str, before: &str) {
    for (index, line) in head.lines().enumerate() {
        let who = if index == 0 { who } else { "" };
        let known = before.lines().any(|known| known == line) || before.is_empty();
        println!("  {who:>12} {} {line}", if known { ' ' } else { '+' });
    }
}
