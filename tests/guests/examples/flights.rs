//! Waits, with the SDK, for a callout: its own, one of its VM, or one of all workers, as the path says.

use mesh_filter::flight::{Group, WorkerGroup};
use mesh_filter::prelude::*;

struct Flights {
    callee: ClusterName,
    here: Group<String, String>,
    everywhere: WorkerGroup<String>,
    vm: String,
    waiting: Gauge,
}

/// Counts an exchange for as long as it waits.
struct Waits<'a>(&'a Gauge);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a Gauge) -> Self {
        waiting.add(1);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}

impl Filter for Flights {
    type Config = ();

    fn new((): (), setup: &mut Setup) -> Result<Self> {
        Ok(Self {
            callee: ClusterName::new("callee")?,
            here: Group::new(),
            everywhere: WorkerGroup::new("answers", secs(40)),
            vm: random::uuid_v4()?.to_string(),
            waiting: setup.gauge("flights.waiting")?,
        })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let path = request.path().and_then(|path| path.as_str().ok()).unwrap_or("/").to_owned();
        let ask = call::get(&self.callee, path.clone()).timeout(secs(20));
        let ask = async move || Ok(ask.send().await?.text()?.to_owned());
        let waits = Waits::begin(&self.waiting);
        let answer = match &*path {
            "/vm" => self.here.run(path, ask).await?.to_string(),
            "/workers" => self.everywhere.run(&path, ask).await?.to_string(),
            _ => ask().await?,
        };
        drop(waits);
        request.headers_mut().set("x-answer", &answer)?;
        let mut response = next.run(request).await?;
        response.headers_mut().set("x-answer", answer)?;
        response.headers_mut().set("x-vm", &self.vm)?;
        Ok(response)
    }
}

mesh_filter::register!(Flights);
