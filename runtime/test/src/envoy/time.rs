//! How time passes on Envoy: everything that can be done now is done, then the clock goes on to what comes next.

use super::process;
use super::stage::EnvoyStage;
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// So often nothing may come before nothing more will come.
const QUIET: u32 = 4;
/// So often all tasks here get their turn before the worker is asked again.
const TURNS: u32 = 8;
/// So often main thread and workers hand over to each other until something that has changed is everywhere.
const HANDOVERS: u32 = 3;
/// How long a worker may compute without an answer: a thousand times what callbacks need.
const BUSY: Duration = Duration::from_secs(5);
/// How long to wait before looking at a worker that does not answer.
const GLANCE: Duration = Duration::from_millis(500);
/// How long one passage of time may take really.
const PATIENCE: Duration = Duration::from_secs(120);

impl EnvoyStage<'_> {
    /// Does all that can be done without time passing.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        let (mut quiet, mut before) = (0, self.shared.activity());
        while quiet < QUIET {
            for worker in 0..self.workers {
                self.pass_barrier(worker)?;
            }
            let now = self.shared.activity();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            if quiet == QUIET && self.shared.send_more() {
                quiet = 0;
            }
        }
        self.read_log()
    }

    /// As [`Self::settle`], after something was changed: the main thread asks the workers to begin with the new, they
    /// tell it when they have, and it asks them to end the old.
    pub(super) fn settle_changes(&mut self) -> Result<(), String> {
        for _ in 0..HANDOVERS {
            self.settle()?;
            let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
            // What it was told before it answers this it has heard when it answers it again.
            process.page("/ready")?;
            process.page("/ready")?;
        }
        self.settle()
    }

    /// Asks a worker something, so that it has done what it was asked before.
    fn pass_barrier(&mut self, worker: usize) -> Result<(), String> {
        let Self { barriers, tasks, host, .. } = self;
        let barrier = barriers.get_mut(worker).ok_or("Envoy does not run")?;
        let process = host.process.as_ref().ok_or("Envoy does not run")?;
        let begun = Instant::now();
        let mut before = None;
        let ask = async {
            barrier.write_all(b"GET / HTTP/1.1\r\nhost: barrier\r\n\r\n").await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") {
                if barrier.read_buf(&mut answer).await? == 0 {
                    return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
                }
            }
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        // On a busy machine it may have to wait for its turn, which is no fault of the plugin's.
        let mut why_stuck = || {
            let computed = process.computed(worker);
            let since = computed.saturating_sub(*before.get_or_insert(computed));
            if since >= BUSY {
                return Some(format!("a callback has computed for {} seconds", BUSY.as_secs()));
            }
            let late = begun.elapsed() > process::PATIENCE;
            late.then(|| format!("no answer within {} seconds", process::PATIENCE.as_secs()))
        };
        let asked = async {
            let mut ask = pin!(ask);
            loop {
                match tokio::time::timeout(GLANCE, &mut ask).await {
                    Ok(answer) => {
                        break answer.map_err(|error| (format!("Envoy does not answer: {error}"), false));
                    }
                    Err(_) => {
                        if let Some(why) = why_stuck() {
                            break Err((format!("Envoy's worker is stuck: {why}"), true));
                        }
                    }
                }
            }
        };
        let asked = tasks.block_on(&host.runtime, asked);
        asked.map_err(|problem| self.diagnosed(problem))
    }

    /// The problem with what Envoy said at last.
    fn diagnosed(&mut self, (problem, stuck): (String, bool)) -> String {
        let Some(process) = self.host.process.as_mut() else { return problem };
        let end = if stuck { None } else { process.ends() };
        end.unwrap_or_else(|| format!("{problem}{}", process.last_lines()))
    }

    /// Moves the clock to a moment since the beginning, and wakes the workers, one after the other.
    fn move_to(&mut self, moment: Duration) -> Result<(), String> {
        self.set_clock(moment)?;
        self.settle()
    }

    /// Moves the clock; nobody notices until something wakes the worker.
    pub(super) fn set_clock(&mut self, moment: Duration) -> Result<(), String> {
        self.shared.clock.move_to(moment);
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let moved =
            process.clock.set(self.realtime.saturating_add(moment), self.monotonic.saturating_add(moment));
        moved.map_err(|error| format!("Envoy's clock: {error}"))
    }

    /// When the next timer of Envoy's workers fires, since the beginning.
    pub(super) fn next_timer(&self) -> Result<Option<Duration>, String> {
        let timers = (0..self.workers).map(|worker| self.next_timer_of(worker));
        Ok(timers.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().min())
    }

    fn next_timer_of(&self, worker: usize) -> Result<Option<Duration>, String> {
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let begun = Instant::now();
        loop {
            // It goes to sleep as soon as it has answered.
            if let Some(wakes) =
                process.clock.rest(worker).map_err(|error| format!("Envoy's clock: {error}"))?
            {
                let never = wakes.as_nanos() == u128::from(u64::MAX);
                return Ok((!never).then(|| wakes.saturating_sub(self.monotonic)));
            }
            if begun.elapsed() > process::PATIENCE {
                return Err(format!("Envoy's worker does not come to rest{}", process.last_lines()));
            }
            std::thread::yield_now();
        }
    }

    pub(super) fn run_until(&mut self, target: Duration) -> Result<(), String> {
        self.settle()?;
        let begun = Instant::now();
        loop {
            let now = self.shared.clock.elapsed();
            let due = self.shared.agenda.borrow_mut().take_due(now);
            if let Some((_, event)) = due {
                self.shared.happen(event);
                self.settle()?;
                continue;
            }
            let timer = self.next_timer()?.map(|at| at.max(now + Duration::from_millis(1)));
            let answer = self.shared.next_answer();
            let Some(next) = timer.into_iter().chain(answer).min().filter(|next| *next <= target) else {
                break;
            };
            self.move_to(next)?;
            if begun.elapsed() > PATIENCE {
                return Err(format!(
                    "so many timers fire on Envoy meanwhile that it takes longer than {} seconds",
                    PATIENCE.as_secs()
                ));
            }
        }
        if target > self.shared.clock.elapsed() {
            self.move_to(target)?;
        }
        Ok(())
    }
}
