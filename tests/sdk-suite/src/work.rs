//! Work for several: single flight in a VM and over all workers, and a value that is loaded again and again.

use super::Capability;
use mesh_filter::cache::{Refresh, Refreshed};
use mesh_filter::flight::{Group, WorkerGroup};
use mesh_filter::prelude::*;

/// Who shares it.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Using {
    Flight,
    FlightOfWorkers,
    Cached,
}

pub(crate) struct Work {
    callee: ClusterName,
    flight: Group<String, String>,
    workers: WorkerGroup<String>,
    /// Only where it is used: it loads by itself.
    cached: Option<Refreshed<String>>,
}

async fn ask(cluster: ClusterName, path: String) -> Result<String> {
    Ok(call::get(&cluster, path).timeout(secs(1)).send().await?.text()?.to_owned())
}

impl Work {
    pub(crate) fn new(used: &Capability, callee: &ClusterName, setup: &mut Setup) -> Self {
        let load = |cluster: ClusterName| async move || ask(cluster.clone(), "/load".to_owned()).await;
        let cached = matches!(used, Capability::Shares(Using::Cached))
            .then(|| Refreshed::new(setup, Refresh::every(secs(30)), load(callee.clone())));
        Self {
            callee: callee.clone(),
            flight: Group::new(),
            workers: WorkerGroup::new("answers", secs(2)).keep(secs(10)),
            cached,
        }
    }

    pub(crate) async fn handle(&self, using: &Using, mut request: Request, next: Next) -> Result<Response> {
        let path = request.path().map_or("/", |path| path.as_str().unwrap_or("/")).to_owned();
        let work = {
            let (callee, path) = (self.callee.clone(), path.clone());
            async move || ask(callee, path).await
        };
        let answer = match (using, &self.cached) {
            (Using::Flight, _) => self.flight.run(path, work).await?.to_string(),
            (Using::FlightOfWorkers, _) => self.workers.run(&path, work).await?.to_string(),
            (Using::Cached, Some(cached)) => cached.get().await?.to_string(),
            (Using::Cached, None) => return Err(Error::new("nothing is cached")),
        };
        request.headers_mut().set("x-answer", answer)?;
        next.run(request).await
    }
}
