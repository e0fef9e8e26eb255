//! The CPU time of Envoy's worker for an exchange, through the filters and past them.
//!
//! Nothing is asked of Envoy meanwhile, and its log is as terse as in production. The connections stay open; the
//! clock jumps to the next answer of a mock as soon as one is due. Every exchange is sent a second time, to a listener
//! that has the same chain without plugins, so that both numbers are of the same moment.

use super::client::{self, Line};
use super::grpc::Step;
use super::process::Process;
use super::shared::Event;
use super::stage::EnvoyStage;
use crate::scenario::stage::Timed;
use crate::sim::{Plan, Properties};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What Envoy calls its only worker's thread.
const WORKER: &str = "wrk:worker_0";
/// How long an exchange may take really.
const PATIENCE: Duration = Duration::from_secs(10);
/// Clocks of the machine are looked at that seldom.
const TURNS: u32 = 1000;

/// What is kept from one exchange to the next.
pub(super) struct Timing {
    /// The kernel's account of the worker.
    account: PathBuf,
    through: Line,
    past: Line,
}

/// Where an exchange stands.
enum Now {
    Done,
    /// Something is due.
    Due(Duration),
    Silent,
}

impl Timed for EnvoyStage<'_> {
    fn exchange(&mut self, plan: Plan) -> Result<(Duration, Duration), String> {
        let timing = match self.timing.take() {
            Some(timing) => timing,
            None => self.begin_timing(&plan.properties)?,
        };
        let through = self.time(&timing, &timing.through, plan.clone())?;
        let past = self.time(&timing, &timing.past, plan)?;
        self.timing = Some(timing);
        Ok((through, past))
    }
}

impl EnvoyStage<'_> {
    fn begin_timing(&mut self, properties: &Properties) -> Result<Timing, String> {
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        // The level at which Envoy logs unless it is told otherwise.
        process.post("/logging?wasm=info")?;
        let (through, past) = (process.listener, process.plain);
        let account = account(process)?;
        let (through, past) = (self.line(through, properties)?, self.line(past, properties)?);
        Ok(Timing { account, through, past })
    }

    fn line(&mut self, listener: SocketAddr, properties: &Properties) -> Result<Line, String> {
        let connection = self.connect(listener, 0)?;
        self.tasks.block_on(&self.host.runtime, client::line(connection, properties))
    }

    fn time(&mut self, timing: &Timing, line: &Line, plan: Plan) -> Result<Duration, String> {
        self.rest()?;
        let before = used(&timing.account)?;
        let sent = client::send(&self.shared, line, plan);
        let index = self.tasks.block_on(&self.host.runtime, sent)?;
        loop {
            match self.look(index) {
                Now::Done => break,
                Now::Due(at) => self.happen(at)?,
                Now::Silent => {
                    return Err("the request hangs on Envoy: nothing is due that could resume it".to_owned());
                }
            }
        }
        self.rest()?;
        Ok(used(&timing.account)?.saturating_sub(before))
    }

    /// Lets clients and servers run until the exchange is done or something is due.
    fn look(&self, index: usize) -> Now {
        let shared = &self.shared;
        self.tasks.block_on(&self.host.runtime, async {
            let begun = Instant::now();
            for turn in 1_u32.. {
                if shared.exchanges.borrow().get(index).is_none_or(|exchange| exchange.done) {
                    return Now::Done;
                }
                if let Some(at) = shared.next_answer() {
                    return Now::Due(at);
                }
                if turn.is_multiple_of(TURNS) && begun.elapsed() > PATIENCE {
                    break;
                }
                let _more = shared.send_more();
                tokio::task::yield_now().await;
            }
            Now::Silent
        })
    }

    /// Does what is due at a moment, which becomes now.
    fn happen(&mut self, at: Duration) -> Result<(), String> {
        if at > self.shared.clock.elapsed() {
            self.set_clock(at)?;
        }
        let due = self.shared.agenda.borrow_mut().take_due(at);
        match due {
            Some((_, Event::Timeout { .. } | Event::Grpc(_, Step::Timeout))) => {
                Err("it waits for a timeout, which Envoy notices only when it is asked".to_owned())
            }
            Some((_, event)) => {
                self.shared.happen(event);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Waits until the worker sleeps: what it has used is written down then.
    fn rest(&self) -> Result<(), String> {
        self.next_timer().map(drop)
    }
}

fn account(process: &Process) -> Result<PathBuf, String> {
    let tasks = PathBuf::from(format!("/proc/{}/task", process.id()));
    let failed = |error| format!("`{}` cannot be read: {error}", tasks.display());
    for task in std::fs::read_dir(&tasks).map_err(failed)? {
        let task = task.map_err(failed)?.path();
        // A thread that has just ended is no worker.
        if std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == WORKER) {
            return Ok(task.join("schedstat"));
        }
    }
    Err(format!("Envoy has no thread named `{WORKER}`"))
}

/// The CPU time of a thread that sleeps.
fn used(account: &Path) -> Result<Duration, String> {
    let text = std::fs::read_to_string(account)
        .map_err(|error| format!("this kernel does not tell CPU times: `{}`: {error}", account.display()))?;
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    let told = nanoseconds.map(Duration::from_nanos);
    told.ok_or_else(|| format!("`{}` says `{}`", account.display(), text.trim_end()))
}
