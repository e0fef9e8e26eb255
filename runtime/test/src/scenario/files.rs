//! The files that a scenario names, relative to its own.

use super::golden::Goldens;
use super::jwt::Minted;
use super::protobuf::Sets;
use mesh_filter_runtime::document::{Node, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that a scenario may name; bodies of this size are still sent in one piece.
const MAX_BYTES: u64 = 64 << 20;

/// The folder of a scenario file.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    goldens: Arc<Goldens>,
    minted: Arc<Minted>,
    descriptors: Arc<Sets>,
}

impl Folder {
    pub(crate) fn of(file: &Path, goldens: Goldens) -> Self {
        let path = file.parent().unwrap_or(Path::new("")).to_owned();
        Self { path, goldens: Arc::new(goldens), minted: Arc::default(), descriptors: Arc::default() }
    }

    /// The golden files of the scenario file.
    pub(crate) fn goldens(&self) -> &Arc<Goldens> {
        &self.goldens
    }

    /// The tokens that have been minted for the scenario file.
    pub(crate) fn minted(&self) -> &Minted {
        &self.minted
    }

    /// The descriptor sets that have been read for the scenario file.
    pub(crate) fn descriptors(&self) -> &Sets {
        &self.descriptors
    }

    /// The path that the node names, relative to the file in which it stands.
    pub(crate) fn path(&self, node: &Node) -> Result<PathBuf> {
        let file = Path::new(node.place().file());
        Ok(file.parent().unwrap_or(&self.path).join(node.string()?))
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
