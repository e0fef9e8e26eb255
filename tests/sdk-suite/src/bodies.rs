//! Bodies: as a whole while headers wait, gated, replaced, appended to, and as they stream.

use mesh_filter::prelude::*;

/// What is done to bodies.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Using {
    Held,
    Gated,
    GatedByCall,
    Replaced,
    Appended,
    Mapped,
    KeptBack,
}

const LIMIT: usize = 64;

impl Using {
    pub(crate) async fn handle(
        self,
        mut request: Request,
        next: Next,
        callee: &ClusterName,
    ) -> Result<Response> {
        match self {
            Self::Held => {
                let body = request.body(LIMIT).await?;
                request.headers_mut().set("x-size", body.len().to_string())?;
            }
            Self::Gated => request.gate_body(LIMIT, async |body| match body.starts_with(b"{") {
                true => Ok(Gate::Open),
                false => Ok(Gate::Reply(Response::new(400).with_body("JSON is expected\n"))),
            }),
            Self::GatedByCall => {
                let callee = callee.clone();
                request.gate_body(LIMIT, async move |body| {
                    let judged = call::post(&callee, "/judge").body(body).send().await?;
                    let refused = || Gate::Reply(Response::new(403).with_body("refused\n"));
                    Ok(if judged.is_success() { Gate::Open } else { refused() })
                });
            }
            Self::Replaced => request.set_body("another body")?,
            Self::Appended => request.append_body("<end>")?,
            Self::Mapped => request.map_body(upper),
            Self::KeptBack => request.map_body(late),
        }
        let mut response = next.run(request).await?;
        match self {
            Self::Held => {
                let body = response.body(LIMIT).await?;
                response.headers_mut().set("x-size", body.len().to_string())?;
            }
            Self::Replaced => response.set_body("another body")?,
            Self::Appended => response.append_body("<end>")?,
            Self::Mapped => response.map_body(upper),
            Self::KeptBack => response.map_body(late),
            Self::Gated | Self::GatedByCall => {}
        }
        Ok(response)
    }
}

fn upper(chunk: &mut Chunk) -> Result<()> {
    chunk.bytes_mut().make_ascii_uppercase();
    Ok(())
}

/// Sends everything one byte late, so that each chunk ends undecided.
fn late(chunk: &mut Chunk) -> Result<()> {
    chunk.keep_back(1);
    Ok(())
}
