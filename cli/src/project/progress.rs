//! What is shown of work that takes longer than a second: how far it is, on a terminal.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::output::Output;

/// What is over by then needs no progress.
const QUIET: Duration = Duration::from_secs(1);
/// Between two lines; a reader sees no more, and a terminal is slow.
const INTERVAL: Duration = Duration::from_millis(100);

/// Does the work, which tells how many of its `total` parts are done and what it does next.
pub(crate) fn shown<T>(
    output: &Output,
    total: usize,
    work: impl FnOnce(&(dyn Fn(usize, &str) + Sync)) -> T,
) -> T {
    if !output.is_live() {
        return work(&|_, _| {});
    }
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || draw(output, total, &told));
        let result = work(&|done, next| {
            // Nobody listens only where the thread has died, which is no reason to stop.
            let _ = tell.send((done, next.to_owned()));
        });
        drop(tell);
        result
    })
}

fn draw(output: &Output, total: usize, told: &Receiver<(usize, String)>) {
    let mut latest: Option<(usize, String)> = None;
    let mut due = Instant::now() + QUIET;
    let mut drawn = false;
    loop {
        match told.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(news) => latest = Some(news),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() >= due {
            if let Some((done, next)) = &latest {
                output.live(Some(("Testing", &format!("{done}/{total}: {next}"))));
                drawn = true;
            }
            due = Instant::now() + INTERVAL;
        }
    }
    if drawn {
        output.live(None);
    }
}
