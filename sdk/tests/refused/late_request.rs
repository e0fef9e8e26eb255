//! The request's headers are read after they have left.

use mesh_filter::prelude::*;

async fn handle(request: Request, next: Next) -> Result<Response> {
    let mut response = next.run(request).await?;
    if let Some(user) = request.headers().get("x-user") {
        response.headers_mut().set("x-user", user)?;
    }
    Ok(response)
}

fn main() {
    let _handle = handle;
}
