//! Reads `workers`, how many a case has, and `worker`, which of them a request is for.

use mesh_filter_runtime::document::{Node, Result};

/// Most workers of a case; proxies have one for each processor.
const MAX_WORKERS: u32 = 64;

/// Reads how many workers there are.
pub(super) fn workers(node: &Node) -> Result<usize> {
    node.u32(1..=MAX_WORKERS).map(|count| usize::try_from(count).unwrap_or(1))
}

/// Reads which of so many workers is meant, counted from 0.
pub(super) fn worker(node: &Node, workers: usize) -> Result<usize> {
    let number = node.scalar().and_then(|(text, _)| text.parse::<usize>().ok());
    match number {
        Some(number) if number < workers => Ok(number),
        Some(_) if workers == 1 => {
            Err(node.error("there is one worker, number 0").with_help("`workers: 2` makes it two"))
        }
        _ => Err(node.expected(&format!("the number of a worker, 0 to {}", workers - 1))),
    }
}
