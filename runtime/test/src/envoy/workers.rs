//! Which worker of Envoy an exchange goes to: connections are made until the wanted one has accepted one.
//!
//! Each worker has a listening socket of its own, and the kernel chooses among them by the ports of a connection.

use super::process;
use super::stage::EnvoyStage;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::net::TcpStream;

/// So many connections are made for each worker that there is. That all of them miss one is as likely as to throw heads
/// fifty times.
const TRIES: usize = 40;

impl EnvoyStage<'_> {
    /// The worker that this exchange is for: the wanted one, or the next in turn.
    pub(super) fn worker(&mut self, wanted: Option<usize>) -> usize {
        wanted.unwrap_or_else(|| {
            self.turns += 1;
            (self.turns - 1) % self.workers.max(1)
        })
    }

    /// A connection to a listener that this worker has accepted.
    pub(super) fn connect(&mut self, listener: SocketAddr, worker: usize) -> Result<TcpStream, String> {
        let failed = |error| format!("Envoy takes no connection: {error}");
        let tries = TRIES * self.workers;
        for _ in 0..tries {
            let before = self.accepted()?;
            let connected = self.tasks.block_on(&self.host.runtime, TcpStream::connect(listener));
            let stream = connected.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            if self.workers == 1 || self.accepted_by(&before)? == worker {
                return Ok(stream);
            }
        }
        Err(format!("worker {worker} of Envoy takes none of {tries} connections"))
    }

    /// How many connections each worker has accepted.
    fn accepted(&self) -> Result<Vec<u64>, String> {
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let counts = (0..self.workers).map(|worker| process.clock.accepted(worker));
        counts.collect::<Result<_, _>>().map_err(|error| format!("Envoy's clock: {error}"))
    }

    /// Waits for a worker to accept one more connection than before.
    fn accepted_by(&mut self, before: &[u64]) -> Result<usize, String> {
        let begun = Instant::now();
        loop {
            let now = self.accepted()?;
            if let Some(worker) = before.iter().zip(now).position(|(before, now)| now > *before) {
                return Ok(worker);
            }
            if let Some(end) = self.host.process.as_mut().and_then(process::Process::ended) {
                return Err(end);
            }
            if begun.elapsed() > process::PATIENCE {
                return Err("no worker of Envoy accepts a connection".to_owned());
            }
            std::thread::yield_now();
        }
    }
}
