//! The upstream is asked twice.

use mesh_filter::prelude::*;

async fn handle(first: Request, second: Request, next: Next) -> Result<Response> {
    drop(next.run(first).await?);
    next.run(second).await
}

fn main() {
    let _handle = handle;
}
