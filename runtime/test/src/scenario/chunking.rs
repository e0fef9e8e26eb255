//! Reads `chunking`: in which runs bodies are cut in which way.

use crate::traffic::Chunking;
use mesh_filter_runtime::document::{Kind, Node, Result};

/// Most runs with random chunks.
const MAX_RUNS: u32 = 10_000;

/// In which runs bodies are cut in which way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Plan {
    /// One run.
    Once(Chunking),
    /// A run for every place between two bytes, and one with chunks of one byte.
    EverySplit,
    /// So many runs with chunks of 1 to so many bytes.
    Random { runs: u32, most: usize },
}

/// Reads `chunking`.
pub(super) fn chunking(node: &Node) -> Result<Plan> {
    if matches!(node.kind(), Kind::Scalar { .. }) {
        return node.choice(&[("every_split", Plan::EverySplit)]);
    }
    let (form, value) = node.mapping(&["size", "random"])?.one_of(&["size", "random"])?;
    if form == "size" {
        return Ok(Plan::Once(Chunking::Size(size(value)?)));
    }
    let fields = value.mapping(&["runs", "max"])?;
    let runs = fields.required("runs")?.u32(1..=MAX_RUNS)?;
    Ok(Plan::Random { runs, most: size(fields.required("max")?)? })
}

fn size(node: &Node) -> Result<usize> {
    let size =
        super::size::size(node).ok().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    size.ok_or_else(|| node.expected("a number of bytes from 1, such as `100` or `16KiB`"))
}
