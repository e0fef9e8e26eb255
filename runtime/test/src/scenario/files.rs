//! The files that a scenario names, relative to its own.

use mesh_filter_runtime::document::{Node, Result};
use std::path::{Path, PathBuf};

/// Largest file that a scenario may name; bodies of this size are still sent in one piece.
const MAX_BYTES: u64 = 64 << 20;

/// The folder of a scenario file.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn of(file: &Path) -> Self {
        Self(file.parent().unwrap_or(Path::new("")).to_owned())
    }

    /// The path that the node names.
    pub(crate) fn path(&self, node: &Node) -> Result<PathBuf> {
        Ok(self.0.join(node.string()?))
    }

    /// The content of the file that the node names.
    pub(crate) fn read(&self, node: &Node) -> Result<Vec<u8>> {
        let path = self.path(node)?;
        let shown = path.display();
        let failed = |error: std::io::Error| node.error(format!("cannot read `{shown}`: {error}"));
        let size = std::fs::metadata(&path).map_err(failed)?.len();
        if size > MAX_BYTES {
            return Err(node.error(format!("`{shown}` has {size} bytes, the limit is {MAX_BYTES}")));
        }
        std::fs::read(&path).map_err(failed)
    }
}
