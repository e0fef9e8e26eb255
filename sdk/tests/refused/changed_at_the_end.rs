//! Headers are changed when the exchange is over.

use mesh_filter::prelude::*;

fn log(ended: &Ended) -> Result<()> {
    ended.response().set("x-late", "1")?;
    Ok(())
}

fn main() {
    let _log = log;
}
