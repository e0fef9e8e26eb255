//! The files that a test file names, relative to its own folder.

use super::tree::{Placed, Value};
use mesh_filter_runtime::document::Result;
use std::path::{Path, PathBuf};

/// Largest file that may be named: more than any filter is tested with.
const MAX_BYTES: u64 = 64 << 20;

/// The folder of a test file.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn of(file: &Path) -> Self {
        Self(file.parent().unwrap_or(Path::new("")).to_owned())
    }

    /// The path that the value names.
    pub(super) fn path(&self, value: &Value) -> Result<Placed<PathBuf>> {
        let path = value.text()?;
        if path.is_empty() {
            return Err(value.error("expected the path of a file, got nothing"));
        }
        Ok(Placed { place: value.place.clone(), value: self.0.join(path) })
    }

    /// The content of the file that the value names.
    pub(super) fn read(&self, value: &Value) -> Result<Vec<u8>> {
        read(&self.path(value)?)
    }
}

/// The content of a file that was named.
pub(super) fn read(path: &Placed<PathBuf>) -> Result<Vec<u8>> {
    let shown = path.value.display();
    let wrong = |problem: String| mesh_filter_runtime::document::Error::new(&path.place, problem);
    let failed = |error: std::io::Error| wrong(format!("cannot read `{shown}`: {error}"));
    let size = std::fs::metadata(&path.value).map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(wrong(format!("`{shown}` has {size} bytes, the limit is {MAX_BYTES}")));
    }
    std::fs::read(&path.value).map_err(failed)
}
