//! Calls: one, again, several at once, a race, and against the clock.

use mesh_filter::call::{CallError, On, Retry};
use mesh_filter::prelude::*;

/// How is asked.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Using {
    Once,
    Again,
    Both,
    Race,
    InTime,
    AtResponse,
}

impl Using {
    pub(crate) async fn handle(
        self,
        mut request: Request,
        next: Next,
        callee: &ClusterName,
    ) -> Result<Response> {
        let other = ClusterName::new("other")?;
        let ask = |cluster: &ClusterName| call::get(cluster, "/ask").header("x-from", "suite");
        let answer = match self {
            Self::Once => told(ask(callee).timeout(millis(100)).body("asked").send().await),
            Self::Again => {
                let retry =
                    Retry::times(2).backoff(millis(10)..millis(20)).on([On::Status(503), On::Timeout]);
                let again = ask(callee).timeout(millis(100)).retry(retry).send();
                match task::join((again, ask(&other).send())).await.0 {
                    Ok(reply) => format!("{} after {} tries", reply.status(), reply.tries()),
                    Err(error) => format!("failed after {} tries: {}", error.tries(), error.last()),
                }
            }
            Self::Both => {
                let (one, two) = task::join((ask(callee).send(), ask(&other).send())).await;
                format!("{}, {}", told(one), told(two))
            }
            Self::Race => told(task::race(ask(callee).send(), ask(&other).send()).await),
            Self::InTime => match task::timeout(millis(50), ask(callee).send()).await {
                Ok(reply) => told(reply),
                Err(elapsed) => elapsed.to_string(),
            },
            Self::AtResponse => String::new(),
        };
        if !answer.is_empty() {
            request.headers_mut().set("x-answer", answer)?;
        }
        let mut response = next.run(request).await?;
        if matches!(self, Self::AtResponse) {
            let answer = told(ask(callee).send().await);
            response.headers_mut().set("x-answer", answer)?;
        }
        Ok(response)
    }
}

/// What came of a call.
fn told(reply: Result<call::Reply, CallError>) -> String {
    match reply {
        Ok(reply) => format!("{} {}", reply.status(), String::from_utf8_lossy(reply.body())),
        Err(error) => error.to_string(),
    }
}
