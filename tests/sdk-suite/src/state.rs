//! What is kept: in the VM, in cells and slots of all workers, in queues, in metrics; and jobs.

use super::Capability;
use mesh_filter::prelude::*;
use std::cell::Cell;

/// Where it is kept.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Using {
    InTheVm,
    InACell,
    InSlots,
    InAQueue,
    InMetrics,
    ByAJob,
    ByATask,
}

pub(crate) struct State {
    in_vm: Cell<u32>,
    cell: shared::Cell<u32>,
    slots: Option<shared::Slots<u32>>,
    queue: Option<shared::Queue>,
    requests: Counter,
    open: Gauge,
    sizes: Histogram,
}

impl State {
    pub(crate) fn new(used: &Capability, setup: &mut Setup) -> Result<Self> {
        let uses = |using| matches!(used, Capability::Keeps(used) if *used == using);
        let queue = if uses(Using::InAQueue) { Some(take_from(setup)?) } else { None };
        if uses(Using::ByAJob) {
            let ticks = setup.counter("suite.ticks")?;
            setup.every(secs(10), async move || {
                ticks.increment(1);
                log::info!("ten seconds");
                Ok(())
            })?;
        }
        let slots = if uses(Using::InSlots) {
            Some(shared::Slots::new("clients", 64)?.forget_after(secs(60)))
        } else {
            None
        };
        Ok(Self {
            in_vm: Cell::new(0),
            cell: shared::Cell::new("count"),
            slots,
            queue,
            requests: setup.counter("suite.requests")?,
            open: setup.gauge("suite.open")?,
            sizes: setup.histogram("suite.sizes")?,
        })
    }

    pub(crate) async fn handle(&self, using: &Using, mut request: Request, next: Next) -> Result<Response> {
        let client = request.headers().get("x-client").map(|client| client.as_bytes().to_vec());
        let client = client.unwrap_or_default();
        let mut count = None;
        match using {
            Using::InTheVm => {
                self.in_vm.set(self.in_vm.get() + 1);
                count = Some(self.in_vm.get());
            }
            Using::InACell => count = Some(self.cell.update(|count| count.unwrap_or(0) + 1)?),
            Using::InSlots => {
                if let Some(slots) = &self.slots {
                    count = Some(slots.update(&client, |count| count.unwrap_or(0) + 1)?);
                }
            }
            Using::InAQueue => {
                if let Some(queue) = &self.queue {
                    queue.push(&client)?;
                }
            }
            Using::InMetrics => {
                self.requests.increment(2);
                self.open.add(1);
                self.sizes.record(u64::try_from(client.len())?);
                count = Some(u32::try_from(self.requests.value()?)?);
            }
            Using::ByAJob => {}
            Using::ByATask => task::spawn(async {
                task::sleep(secs(1)).await;
                log::info!("a second later");
            }),
        }
        if let Some(count) = count {
            request.headers_mut().set("x-count", count.to_string())?;
        }
        next.run(request).await
    }
}

/// A queue whose messages a task logs.
fn take_from(setup: &mut Setup) -> Result<shared::Queue> {
    let queue = shared::Queue::register("clients")?;
    let taken = queue.clone();
    setup.spawn(async move {
        loop {
            let message = taken.next().await?;
            log::info!("took {}", String::from_utf8_lossy(&message));
        }
    });
    Ok(queue)
}
