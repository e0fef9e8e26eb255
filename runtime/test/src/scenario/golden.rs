//! Golden files: bodies as they were when somebody last found them right.
//!
//! A run that blesses writes what comes in place of comparing it. The first value of a run is the
//! one that is written: whatever comes after it, from another repetition or another way of cutting
//! bodies, is compared with it.

use super::files::Folder;
use crate::matcher::{Mismatch, difference, shown};
use mesh_filter_runtime::document::{Node, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The environment variable that lets native runs bless.
pub(crate) const BLESS_VARIABLE: &str = "MESH_FILTER_BLESS";

/// The golden files that the scenarios of one file name.
#[derive(Debug, Default)]
pub(crate) struct Goldens {
    bless: bool,
    files: Mutex<BTreeMap<PathBuf, Content>>,
}

/// What is known of a golden file.
#[derive(Debug)]
struct Content {
    /// `None` where there is no such file.
    bytes: Option<Vec<u8>>,
    /// It is of this run.
    blessed: bool,
}

/// An expectation: the body equals the content of this file.
#[derive(Debug, Clone)]
pub(crate) struct Golden {
    path: PathBuf,
    goldens: Arc<Goldens>,
}

impl Goldens {
    /// `bless`: they are written, not compared with.
    pub(crate) fn new(bless: bool) -> Self {
        Self { bless, files: Mutex::default() }
    }
}

impl Golden {
    /// Reads the name of a golden file, which may not be there yet.
    pub(crate) fn read(node: &Node, folder: &Folder) -> Result<Self> {
        let golden = Self { path: folder.path(node)?, goldens: Arc::clone(folder.goldens()) };
        let mut files = golden.goldens.files.lock().unwrap_or_else(PoisonError::into_inner);
        if !files.contains_key(&golden.path) {
            let there = golden.path.exists();
            // A file that cannot be read is not one that is missing.
            let bytes = if there { Some(folder.read(node)?) } else { None };
            files.insert(golden.path.clone(), Content { bytes, blessed: false });
        }
        drop(files);
        Ok(golden)
    }

    /// Compares, or blesses.
    pub(crate) fn check(&self, actual: &[u8]) -> std::result::Result<(), Mismatch> {
        let path = self.path.display();
        let mut files = self.goldens.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.get(&self.path);
        let blessed = known.is_some_and(|known| known.blessed);
        let expected = known.and_then(|known| known.bytes.as_deref());
        if expected == Some(actual) {
            return Ok(());
        }
        if self.goldens.bless && !blessed {
            write(&self.path, actual)
                .map_err(|error| Mismatch::new(format!("cannot write the golden file `{path}`: {error}")))?;
            files.insert(self.path.clone(), Content { bytes: Some(actual.to_vec()), blessed: true });
            return Ok(());
        }
        let Some(expected) = expected else {
            let problem = format!("the golden file `{path}` is not there, got {}", shown(actual));
            return Err(Mismatch::new(format!("{problem}; {HOW}")));
        };
        let mut problem = if blessed {
            format!("another value has just been blessed as `{path}`")
        } else {
            format!("expected the content of the golden file `{path}`")
        };
        match difference(expected, actual) {
            Some(difference) => problem.push_str(&format!("\n    {difference}\n    {HOW}")),
            None => problem.push_str(&format!(", {}, got {}; {HOW}", shown(expected), shown(actual))),
        }
        Err(Mismatch::new(problem))
    }
}

/// What to do about a golden file that is not as what came.
const HOW: &str = "if this is right, `cargo mesh-filter test --bless` writes it";

fn write(path: &PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes)
}
