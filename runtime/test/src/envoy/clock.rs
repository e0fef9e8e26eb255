//! The page that test and Envoy share, and the library that Envoy reads it with.
//!
//! The page is a file. Envoy maps it; here it is read and written as a file, which comes to the same.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The library's source, so that an installed program brings it along.
const LIBRARY: &str = include_str!("preload.rs");

/// The environment variable that names the page.
pub(super) const VARIABLE: &str = "MESH_FILTER_CLOCK";

const SIZE: u64 = 4096;
// The fields of `Page` in `preload.rs`, by their number.
const REALTIME: u64 = 0;
const MONOTONIC: u64 = 1;
const MAIN_REALTIME: u64 = 2;
const MAIN_MONOTONIC: u64 = 3;
const SILENCE: u64 = 4;
const WORKERS: u64 = 5;
// The fields of each `Worker` there.
const FIELDS: u64 = 5;
const SLEEPS: u64 = 0;
const ASLEEP: u64 = 1;
const WAKES: u64 = 2;
const THREAD: u64 = 3;
const ACCEPTED: u64 = 4;

/// Time in an Envoy.
#[derive(Debug)]
pub(super) struct Clock {
    file: File,
}

impl Clock {
    /// A page in this file, with the time at which Envoy shall begin.
    pub(super) fn create(path: &Path, realtime: Duration, monotonic: Duration) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        file.set_len(SIZE)?;
        let clock = Self { file };
        clock.set(realtime, monotonic)?;
        clock.write(MAIN_REALTIME, nanoseconds(realtime))?;
        clock.write(MAIN_MONOTONIC, nanoseconds(monotonic))?;
        Ok(clock)
    }

    /// Sets the port at which all connections of the main thread end.
    pub(super) fn silence(&self, port: u16) -> io::Result<()> {
        self.write(SILENCE, port.into())
    }

    /// Moves the clock of all threads but the main one. Nobody notices until something wakes them.
    pub(super) fn set(&self, realtime: Duration, monotonic: Duration) -> io::Result<()> {
        self.write(REALTIME, nanoseconds(realtime))?;
        self.write(MONOTONIC, nanoseconds(monotonic))
    }

    /// When the next timer of a worker fires, if it is asleep now: `None` while it runs.
    pub(super) fn rest(&self, worker: usize) -> io::Result<Option<Duration>> {
        let asleep = self.of_worker(worker, ASLEEP)?;
        let wakes = self.of_worker(worker, WAKES)?;
        let still = asleep != 0 && self.of_worker(worker, SLEEPS)? == asleep;
        Ok(still.then_some(Duration::from_nanos(wakes)))
    }

    /// The id of a worker's thread; 0 before it runs.
    pub(super) fn thread(&self, worker: usize) -> io::Result<u64> {
        self.of_worker(worker, THREAD)
    }

    /// How many connections a worker has accepted.
    pub(super) fn accepted(&self, worker: usize) -> io::Result<u64> {
        self.of_worker(worker, ACCEPTED)
    }

    fn of_worker(&self, worker: usize, field: u64) -> io::Result<u64> {
        let number = u64::try_from(worker).map_err(io::Error::other)?;
        self.read(WORKERS + number * FIELDS + field)
    }

    fn write(&self, field: u64, value: u64) -> io::Result<()> {
        self.file.write_all_at(&value.to_ne_bytes(), field * 8)
    }

    fn read(&self, field: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, field * 8)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The library for Envoy in this folder; compiled where it is not there yet.
pub(super) fn library(folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join(format!("libclock-{:016x}.so", fingerprint(LIBRARY)));
    if path.is_file() {
        return Ok(path);
    }
    let failed = |what: String| format!("the clock library for Envoy cannot be made: {what}");
    std::fs::create_dir_all(folder)
        .map_err(|error| failed(format!("creating `{}`: {error}", folder.display())))?;
    // Another process may do the same: each has files of its own, and the last name is as good as the first.
    let own = |suffix: &str| folder.join(format!("clock-{}.{suffix}", std::process::id()));
    let (source, made) = (own("rs"), own("so"));
    std::fs::write(&source, LIBRARY)
        .map_err(|error| failed(format!("writing `{}`: {error}", source.display())))?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(&rustc);
    command.args(["--edition", "2024", "--crate-name", "clock", "--crate-type", "cdylib"]);
    command
        .args(["-C", "opt-level=2", "-C", "panic=abort", "-C", "strip=symbols", "-o"])
        .arg(&made)
        .arg(&source);
    let output = command.stdin(Stdio::null()).output();
    // It is of no use any more, whatever came of it.
    let _ = std::fs::remove_file(&source);
    let output = output.map_err(|error| failed(format!("running `{}`: {error}", rustc.display())))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    std::fs::rename(&made, &path)
        .map_err(|error| failed(format!("renaming to `{}`: {error}", path.display())))?;
    Ok(path)
}

/// FNV-1a: tells one version of the source from another.
fn fingerprint(text: &str) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, mix)
}
