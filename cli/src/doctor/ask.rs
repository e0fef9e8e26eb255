//! Asks a program a question, and waits for its answer a bounded time.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How long a program may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long what it has said may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much of an answer is read, in bytes.
const LONGEST: u64 = 256 * 1024;
/// How often it is asked whether it has ended.
const PULSE: Duration = Duration::from_millis(5);

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has ended well, and said this.
    Said(String),
    /// There is no such program.
    NoProgram,
    /// It does not work; why, in one line.
    Failed(String),
}

/// Runs the program with these words.
pub(super) fn ask(program: impl AsRef<OsStr>, words: &[&str], patience: Duration) -> Answer {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Looking must not change anything: rustup brings toolchains that a folder names, otherwise.
    command.env("RUSTUP_AUTO_INSTALL", "0");
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Answer::NoProgram,
        Err(error) => return Answer::Failed(format!("it cannot be run: {error}")),
    };
    let (said, complained) = (listen(child.stdout.take()), listen(child.stderr.take()));
    let Some(well) = wait(&mut child, patience) else {
        return Answer::Failed(format!("it gave no answer within {} seconds", patience.as_secs_f32()));
    };
    let [said, complained] = [said, complained].map(|text| text.recv_timeout(LAST_WORDS).unwrap_or_default());
    if well { Answer::Said(said.trim().to_owned()) } else { Answer::Failed(reason(&complained, &said)) }
}

/// Whether it ended well; `None` where it had to be ended.
fn wait(child: &mut Child, patience: Duration) -> Option<bool> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if begun.elapsed() < patience => std::thread::sleep(PULSE),
            _ => {
                // One that cannot be ended is left behind.
                let _ = child.kill();
                let _ = child.try_wait();
                return None;
            }
        }
    }
}

/// Reads in a thread of its own: children of the child may keep a pipe open for ever.
fn listen(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What cannot be read says nothing.
            let _ = pipe.take(LONGEST).read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// The line that says most: the first with an error, or else the last.
fn reason(complained: &str, said: &str) -> String {
    let lines = || complained.lines().chain(said.lines()).map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.starts_with("error"));
    let line = error.or_else(|| lines().next_back()).unwrap_or("it failed and said nothing");
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_what_fails_and_what_hangs_is_told() {
        assert_eq!(ask("no-such-program-anywhere", &[], PATIENCE), Answer::NoProgram);
        assert_eq!(ask("sh", &["-c", "echo  fine"], PATIENCE), Answer::Said("fine".to_owned()));
        let failed = ask("sh", &["-c", "echo error: broken >&2; echo more >&2; exit 3"], PATIENCE);
        assert_eq!(failed, Answer::Failed("error: broken".to_owned()));
        let begun = Instant::now();
        let hung = ask("sleep", &["600"], Duration::from_millis(50));
        assert_eq!(hung, Answer::Failed("it gave no answer within 0.05 seconds".to_owned()));
        assert!(begun.elapsed() < PATIENCE);
    }

    #[cfg(unix)]
    #[test]
    fn what_it_leaves_behind_is_not_waited_for() {
        let begun = Instant::now();
        ask("sh", &["-c", "sleep 30 & exit 0"], PATIENCE);
        assert!(begun.elapsed() < PATIENCE);
    }
}
