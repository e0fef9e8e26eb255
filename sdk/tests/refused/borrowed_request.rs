//! A value of the request's headers is kept while they leave.

use mesh_filter::prelude::*;

async fn handle(request: Request, next: Next) -> Result<Response> {
    let user = request.headers().get("x-user");
    let mut response = next.run(request).await?;
    if let Some(user) = user {
        response.headers_mut().set("x-user", user)?;
    }
    Ok(response)
}

fn main() {
    let _handle = handle;
}
