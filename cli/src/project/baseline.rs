//! What a bench found, kept to be compared with: numbers that repeat exactly, and no times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mesh_filter_test::cost::Measured;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};

use super::workspace::Workspace;

/// The engine whose fuel is counted; a test holds it to Cargo.lock.
const WASMTIME: &str = "48.0.8";

/// A stored bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    /// `rustc --version` of then.
    pub(crate) rustc: String,
    /// The engine's version.
    pub(crate) wasmtime: String,
    /// How many exchanges were counted in each case.
    pub(crate) exchanges: usize,
    /// By case: numbers by what they count.
    pub(crate) cases: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A number that has grown too much.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Growth {
    pub(crate) case: String,
    pub(crate) what: String,
    pub(crate) before: u64,
    pub(crate) now: u64,
}

impl Baseline {
    /// What was measured now.
    pub(crate) fn of(exchanges: usize, cases: &[(String, Measured)]) -> Self {
        let case =
            |(file, measured): &(String, Measured)| (format!("{file}: {}", measured.name), numbers(measured));
        Self {
            rustc: rustc(),
            wasmtime: WASMTIME.to_owned(),
            exchanges,
            cases: cases.iter().map(case).collect(),
        }
    }

    /// What is larger now than then by more than this share; what only one of them has is not compared.
    pub(crate) fn growth(&self, now: &Self, threshold: f64) -> Vec<Growth> {
        let mut found = Vec::new();
        for (case, numbers) in &now.cases {
            let Some(earlier) = self.cases.get(case) else { continue };
            for (what, now) in numbers {
                let Some(before) = earlier.get(what) else { continue };
                if larger(*before, *now, threshold) {
                    let (case, what) = (case.clone(), what.clone());
                    found.push(Growth { case, what, before: *before, now: *now });
                }
            }
        }
        found
    }

    /// What makes the two hard to compare.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (what, then, now) in
            [("rustc", &self.rustc, &now.rustc), ("wasmtime", &self.wasmtime, &now.wasmtime)]
        {
            if then != now {
                found.push(format!(
                    "the baseline was made with another {what}: `{then}`, and this is `{now}`"
                ));
            }
        }
        if self.exchanges != now.exchanges {
            let (then, now) = (self.exchanges, now.exchanges);
            found.push(format!("the baseline is of {then} exchanges, and this is of {now}"));
        }
        found
    }

    /// Reads one.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).map_err(|error| {
            Failure::usage(format!("cannot read the baseline `{}`", path.display()))
                .because(&error)
                .help("make one: cargo mesh-filter bench --save-baseline NAME")
        })?;
        serde_json::from_slice(&text).map_err(|error| {
            Failure::usage(format!("`{}` is no baseline of this version", path.display())).because(&error)
        })
    }

    /// Writes it, and the folders above.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let cannot = |error: std::io::Error| {
            Failure::failed(format!("cannot write `{}`", path.display())).because(&error)
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(cannot)?;
        }
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        std::fs::write(path, text + "\n").map_err(cannot)
    }
}

/// Where a baseline is: a path with `.json` at its end, or a name below the target directory.
pub(crate) fn place(name: &str) -> Result<PathBuf> {
    place_below(name, || Workspace::load(None).map(|workspace| workspace.target().to_owned()))
}

fn place_below(name: &str, target: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    if Path::new(name).extension().is_some_and(|ending| ending == "json") {
        return Ok(PathBuf::from(name));
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Failure::usage(format!("`{name}` is no name for a baseline"))
            .help("a name has letters, digits, `-`, `_` and `.`; a path ends with `.json`"));
    }
    let target = target().map_err(|failure| {
        failure
            .help(format!("outside of a crate baselines are files: name one by a path such as `{name}.json`"))
    })?;
    Ok(target.join("mesh-filter/bench").join(format!("{name}.json")))
}

fn numbers(measured: &Measured) -> BTreeMap<String, u64> {
    let Measured { fuel, hostcalls, copied, memory, heap_growth, callbacks, .. } = measured;
    let mut numbers = BTreeMap::from([
        ("fuel".to_owned(), fuel.median),
        ("fuel, most".to_owned(), fuel.most),
        ("hostcalls".to_owned(), hostcalls.median),
        ("hostcalls, most".to_owned(), hostcalls.most),
        ("bytes copied".to_owned(), copied.median),
        ("bytes copied, most".to_owned(), copied.most),
        ("memory".to_owned(), *memory),
        ("heap growth".to_owned(), *heap_growth),
    ]);
    for callback in callbacks {
        numbers.insert(format!("fuel of {}", callback.name), callback.fuel.median);
        numbers.insert(format!("hostcalls of {}", callback.name), callback.hostcalls.median);
        numbers.insert(format!("bytes copied of {}", callback.name), callback.copied.median);
    }
    numbers
}

/// Whether a number has grown by more than this share of itself.
#[expect(clippy::cast_precision_loss, reason = "shares of numbers below 2^53")]
fn larger(before: u64, now: u64, threshold: f64) -> bool {
    now > before && now as f64 > before as f64 * (1.0 + threshold)
}

fn rustc() -> String {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(fuel: u64) -> Baseline {
        let numbers = BTreeMap::from([("fuel".to_owned(), fuel), ("heap growth".to_owned(), fuel / 2000)]);
        Baseline {
            rustc: "rustc 1".to_owned(),
            wasmtime: WASMTIME.to_owned(),
            exchanges: 100,
            cases: BTreeMap::from([("a: b".to_owned(), numbers)]),
        }
    }

    #[test]
    fn what_grows_beyond_the_threshold_is_found() {
        let found = |now| baseline(1000).growth(&baseline(now), 0.05);
        assert_eq!(found(1050), []);
        assert_eq!(found(900), []);
        let growth =
            |what: &str, before, now| Growth { case: "a: b".to_owned(), what: what.to_owned(), before, now };
        assert_eq!(found(1051), [growth("fuel", 1000, 1051)]);
        // From nothing to something is always too much.
        assert_eq!(found(2000), [growth("fuel", 1000, 2000), growth("heap growth", 0, 1)]);
    }

    #[test]
    fn what_the_baseline_was_made_with_is_told_where_it_differs() {
        let now = Baseline { rustc: "rustc 2".to_owned(), exchanges: 10, ..baseline(1) };
        let told = baseline(1).differences(&now);
        assert!(
            matches!(told.as_slice(), [rustc, count] if rustc.contains("rustc 1") && count.contains("100"))
        );
        assert!(baseline(1).differences(&baseline(2)).is_empty());
    }

    #[test]
    fn the_engines_version_is_that_of_the_lock_file() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"\n")));
    }

    #[test]
    fn a_baseline_has_a_name_or_a_path() {
        let target = || Ok(PathBuf::from("target"));
        assert_eq!(place_below("main", target).unwrap(), Path::new("target/mesh-filter/bench/main.json"));
        assert_eq!(place_below("bench/main.json", target).unwrap(), Path::new("bench/main.json"));
        assert!(place_below("a/b", target).is_err() && place_below("", target).is_err());
    }
}
