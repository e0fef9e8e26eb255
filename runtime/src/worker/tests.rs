//! What happens between workers, shown with guests that are closures.

use super::{DEFAULT_BUFFER_LIMIT, PluginId, Worker};
use crate::abi::{BufferKind, LogLevel, MapKind, MetricKind, Status};
use crate::exchange::{Info, Side};
use crate::guest::{Callback, Guest, Trap};
use crate::headers::Headers;
use crate::host::clock::SystemClock;
use crate::host::random::SeededRandom;
use crate::host::{Clusters, LogRecord, LogSink, Queues, Quotas, Services, SharedHost, VmSettings};
use crate::plugin::{FailurePolicy, PluginOptions, VmPlan};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

struct Acting<F>(SharedHost, F);

impl<F: FnMut(&SharedHost, Callback)> Guest for Acting<F> {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        (self.1)(&self.0, callback);
        Ok(Some(1))
    }
}

struct Nobody;

impl Clusters for Nobody {
    fn knows(&self, _name: &str) -> bool {
        false
    }
}

impl LogSink for Nobody {
    fn level(&self) -> LogLevel {
        LogLevel::Critical
    }

    fn record(&self, _record: &LogRecord<'_>) {}
}

/// A worker with one plugin, whose callbacks `act` gets.
fn worker(queues: &Arc<Queues>, act: impl FnMut(&SharedHost, Callback) + 'static) -> Worker {
    bounded_worker(queues, Quotas::default(), act).0
}

/// The same within bounds.
fn bounded_worker(
    queues: &Arc<Queues>,
    quotas: Quotas,
    act: impl FnMut(&SharedHost, Callback) + 'static,
) -> (Worker, PluginId) {
    let mut worker = Worker::new(Services {
        clock: Rc::new(SystemClock::default()),
        log: Rc::new(Nobody),
        clusters: Rc::new(Nobody),
        random: Rc::new(RefCell::new(SeededRandom::new(1))),
        metrics: Arc::default(),
        shared_data: Arc::default(),
        queues: Arc::clone(queues),
        inbox: Arc::default(),
        quotas,
    });
    let options =
        PluginOptions { settings: Rc::default(), failure_policy: FailurePolicy::Closed, hold_headers: true };
    let act = Rc::new(RefCell::new(act));
    let plan = VmPlan {
        key: "vm".to_owned(),
        settings: VmSettings::default(),
        make: Rc::new(move |host| {
            let act = Rc::clone(&act);
            Ok(Box::new(Acting(host, move |host: &SharedHost, callback| (act.borrow_mut())(host, callback))))
        }),
    };
    let plugin = worker.add_plugin(options, plan).unwrap();
    (worker, plugin)
}

/// Counts how often somebody is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_value_that_another_worker_enqueued_wakes_the_worker_that_registered_the_queue() {
    let (queues, seen) = (Arc::default(), Rc::new(RefCell::new(Vec::new())));
    let told = Rc::clone(&seen);
    let mut owner = worker(&queues, move |host, callback| match callback {
        Callback::Configure { .. } => drop(host.borrow().register_queue(b"jobs").unwrap()),
        Callback::QueueReady { root, token } => {
            let host = host.borrow();
            told.borrow_mut().push((root, host.dequeue(token), host.dequeue(token)));
        }
        _ => {}
    });
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    assert_eq!(owner.poll_queues(&mut context), Poll::Pending);

    let _other = worker(&queues, |host, callback| {
        if let Callback::Configure { .. } = callback {
            let host = host.borrow();
            let token = host.resolve_queue(b"", b"jobs").unwrap();
            host.enqueue(token, b"one").unwrap();
        }
    });
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(owner.has_queued());
    assert_eq!(owner.poll_queues(&mut context), Poll::Ready(()));
    assert_eq!(*seen.borrow(), [(1, Ok("one".into()), Err(Status::EMPTY))]);
    assert_eq!(owner.poll_queues(&mut context), Poll::Pending);
}

#[test]
fn what_a_plugin_puts_into_an_exchange_is_bounded() {
    let quotas = Quotas { headers: 1000, body: 100, metrics: 1, ..Quotas::default() };
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&seen);
    let (mut worker, plugin) = bounded_worker(&Arc::default(), quotas, move |host, callback| {
        let mut host = host.borrow_mut();
        let (map, buffer) = (MapKind::RequestHeaders, BufferKind::RequestBody);
        noted.borrow_mut().extend(match callback {
            Callback::RequestHeaders { .. } => vec![
                host.add_map_value(map, b"x-large", &[b'a'; 500]),
                host.add_map_value(map, b"x-larger", &[b'a'; 500]),
                host.replace_map_value(map, b"x-larger", &[b'a'; 500]),
                host.set_map_pairs(map, vec![("a".into(), "b".into()); 20]),
                host.remove_map_value(map, b"x-large"),
                host.define_metric(MetricKind::Counter, b"one").map(drop),
                host.define_metric(MetricKind::Counter, b"two").map(drop),
            ],
            Callback::RequestBody { .. } => vec![
                host.set_buffer(buffer, 10, 0, &[0; 90]),
                host.set_buffer(buffer, 100, 0, &[0; 1]),
                host.set_buffer(buffer, 0, 100, &[0; 100]),
                host.set_buffer(buffer, 0, 100, &[]),
            ],
            _ => Vec::new(),
        });
    });
    let stream = worker.open(&[plugin], Info::default(), DEFAULT_BUFFER_LIMIT);
    worker.headers(stream, Side::Request, Headers::from_iter([(":method", "POST")]), false);
    worker.body(stream, Side::Request, vec![0; 10].into(), true);
    let refused = Err(Status::INTERNAL_FAILURE);
    let headers = [Ok(()), refused, refused, refused, Ok(()), Ok(()), refused];
    assert_eq!(seen.borrow()[..7], headers);
    assert_eq!(seen.borrow()[7..], [Ok(()), refused, Ok(()), Ok(())]);
}

/// Answers `on_done` of its root with false, and says later, in a tick, that it is done.
struct Slow(SharedHost, Rc<RefCell<Vec<&'static str>>>);

impl Guest for Slow {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        self.1.borrow_mut().push(callback.export());
        match callback {
            Callback::Done { context: 1 } => return Ok(Some(0)),
            Callback::Tick { .. } => {
                let first = self.0.borrow_mut().done();
                let again = self.0.borrow_mut().done();
                assert_eq!([first, again], [Ok(()), Err(Status::NOT_FOUND)]);
            }
            _ => {}
        }
        Ok(Some(1))
    }
}

#[test]
fn a_plugin_that_is_removed_ends_after_its_last_exchange_and_when_it_says_so() {
    let (mut worker, _other) = bounded_worker(&Arc::default(), Quotas::default(), |_, _| {});
    let seen = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&seen);
    let options =
        PluginOptions { settings: Rc::default(), failure_policy: FailurePolicy::Closed, hold_headers: true };
    let plan = VmPlan {
        key: "slow".to_owned(),
        settings: VmSettings::default(),
        make: Rc::new(move |host| Ok(Box::new(Slow(host, Rc::clone(&told))))),
    };
    let plugin = worker.add_plugin(options, plan).unwrap();
    let stream = worker.open(&[plugin], Info::default(), DEFAULT_BUFFER_LIMIT);
    worker.headers(stream, Side::Request, Headers::from_iter([(":method", "GET")]), true);
    worker.remove_plugin(plugin);
    assert!(!seen.borrow().contains(&"proxy_on_done"), "{seen:?}");
    worker.close(stream);
    assert!(seen.borrow().ends_with(&["proxy_on_done", "proxy_on_delete", "proxy_on_done"]), "{seen:?}");
    let vm = crate::worker::VmId(2);
    worker.tick(vm, 1);
    assert!(seen.borrow().ends_with(&["proxy_on_tick", "proxy_on_delete"]), "{seen:?}");
    let before = seen.borrow().len();
    worker.tick(vm, 1);
    assert_eq!(seen.borrow().len(), before, "its VM is gone");
}
