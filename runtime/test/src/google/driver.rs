//! Calls one plugin phase by phase, as a tester without a proxy does: no chain, no time, no network.

use super::suite::Phase as TestPhase;
use crate::sim::{Diary, Journal, Mark, Meter, VirtualClock, Watched};
use crate::world::World;
use bytes::Bytes;
use mesh_filter_runtime::abi::{LogLevel, Status, path};
use mesh_filter_runtime::exchange::{Exchange, LocalReply, SharedExchange, Side};
use mesh_filter_runtime::guest::{Callback, ContextId, Guest, Trap, Usage};
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{
    Clock, Clusters, Deferred, GivenProperties, Host, LogRecord, LogSink, Part, Phase, PluginSettings,
    Services, SharedHost, View, VmSettings,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How a plugin is set up.
pub(super) struct Setup<'a> {
    pub(super) configuration: &'a [u8],
    pub(super) time: Duration,
    /// Less than this is not logged.
    pub(super) log_level: LogLevel,
    /// By path, with dots between its segments.
    pub(super) properties: Vec<(String, Bytes)>,
    pub(super) record: Record,
}

/// What is written down of a run, log lines aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    Callbacks,
    /// Callbacks with their hostcalls.
    Hostcalls,
}

/// A plugin in a VM of its own.
pub(super) struct Driver {
    host: SharedHost,
    guest: Box<dyn Guest>,
    journal: Rc<Diary>,
    root: ContextId,
}

/// A stream of the plugin.
pub(super) struct Stream {
    context: ContextId,
    exchange: SharedExchange,
}

/// What a plugin has made of a phase.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// It answered something else than Continue.
    pub(super) paused: bool,
    /// The headers as they are now, of a phase of headers.
    pub(super) headers: Headers,
    /// The chunk as it is now, of a phase of a body.
    pub(super) body: Bytes,
    pub(super) reply: Option<LocalReply>,
}

/// Why a plugin cannot go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The VM could not be made.
    Instantiate(String),
    /// A start callback answered false.
    Refused(&'static str),
    /// It trapped.
    Trapped(&'static str, Box<Trap>),
}

impl Driver {
    /// What has happened, also in a start that failed.
    pub(super) fn journal(time: Duration) -> Rc<Diary> {
        let journal = Arc::new(Journal::new(Arc::new(VirtualClock::new(time))));
        Rc::new(Diary { journal, worker: None })
    }

    /// Starts the plugin: `on_context_create`, `on_vm_start`, `on_configure`.
    pub(super) fn start(world: &World, setup: Setup<'_>, journal: Rc<Diary>) -> Result<Self, Stop> {
        let services = Services {
            clock: Rc::new(Frozen(setup.time)),
            log: Rc::new(Log { level: setup.log_level, journal: Rc::clone(&journal) }),
            clusters: Rc::new(NoClusters),
            random: Rc::new(RefCell::new(SeededRandom::new(0))),
            metrics: Arc::default(),
            shared_data: Arc::default(),
            queues: Arc::default(),
            inbox: Arc::default(),
            quotas: Default::default(),
        };
        let host = Host::new(services, VmSettings::default());
        {
            let mut host = host.borrow_mut();
            host.set_strict_maps();
            host.set_given_properties(Rc::new(Properties(setup.properties)));
            if setup.record == Record::Hostcalls {
                host.set_trace(journal.clone());
            }
        }
        let guest = (world.maker())(Rc::clone(&host)).map_err(Stop::Instantiate)?;
        let guest = Box::new(Watched::new("", guest, Rc::clone(&host), Rc::clone(&journal)));
        let configuration = Bytes::copy_from_slice(setup.configuration);
        let size = count(configuration.len());
        let settings = PluginSettings { configuration, ..PluginSettings::default() };
        let root = host.borrow_mut().add_root(Rc::new(settings));
        let mut driver = Self { host, guest, journal, root };
        driver.call(Callback::ContextCreate { context: root, parent: 0 }, Phase::Configure)?;
        let starts = [
            (Callback::VmStart { root, size: 0 }, Phase::Running),
            (Callback::Configure { root, size }, Phase::Configure),
        ];
        for (callback, phase) in starts {
            if driver.call(callback, phase)?.0 == Some(0) {
                return Err(Stop::Refused(callback.export()));
            }
        }
        Ok(driver)
    }

    /// Begins a stream: `on_context_create`.
    pub(super) fn open(&mut self) -> Result<Stream, Stop> {
        let exchange: SharedExchange = Rc::new(RefCell::new(Exchange::default()));
        let context = self.host.borrow_mut().add_stream(View::closed(Rc::clone(&exchange), self.root));
        self.call(Callback::ContextCreate { context, parent: self.root }, Phase::Running)?;
        Ok(Stream { context, exchange })
    }

    /// Plays headers, which never end their message here.
    pub(super) fn headers(&mut self, stream: &Stream, side: Side, headers: Headers) -> Result<Outcome, Stop> {
        let (context, size) = (stream.context, count(headers.len()));
        stream.exchange.borrow_mut().message_mut(side).headers = Some(headers);
        self.with_view(stream, |view| {
            view.side_mut(side).headers = true;
            view.end_of_stream = false;
        });
        let callback = match side {
            Side::Request => Callback::RequestHeaders { context, count: size, end_of_stream: false },
            Side::Response => Callback::ResponseHeaders { context, count: size, end_of_stream: false },
        };
        let called = self.call(callback, Phase::Running);
        self.with_view(stream, |view| view.side_mut(side).headers = false);
        let headers = stream.exchange.borrow_mut().message_mut(side).headers.take().unwrap_or_default();
        let (answer, reply) = called?;
        Ok(Outcome { paused: answer.unwrap_or(0) != 0, headers, reply, ..Outcome::default() })
    }

    /// Plays a chunk of a body. The plugin sees this chunk only, also where it has paused before.
    pub(super) fn body(
        &mut self,
        stream: &Stream,
        side: Side,
        chunk: Bytes,
        end_of_stream: bool,
    ) -> Result<Outcome, Stop> {
        let (context, size) = (stream.context, count(chunk.len()));
        stream.exchange.borrow_mut().message_mut(side).chunk = chunk.into();
        self.with_view(stream, |view| {
            view.side_mut(side).body = Some(Part::Chunk);
            view.end_of_stream = end_of_stream;
        });
        let callback = match side {
            Side::Request => Callback::RequestBody { context, size, end_of_stream },
            Side::Response => Callback::ResponseBody { context, size, end_of_stream },
        };
        let called = self.call(callback, Phase::Running);
        self.with_view(stream, |view| view.side_mut(side).body = None);
        let body = std::mem::take(&mut stream.exchange.borrow_mut().message_mut(side).chunk);
        let body = body.range(0, usize::MAX);
        let (answer, reply) = called?;
        Ok(Outcome { paused: answer.unwrap_or(0) != 0, body, reply, ..Outcome::default() })
    }

    /// Ends a stream: `on_done` and `on_delete`, no `on_log`.
    pub(super) fn destroy(&mut self, stream: &Stream) -> Result<(), Stop> {
        self.end(stream.context)
    }

    /// Ends the plugin.
    pub(super) fn shut_down(&mut self) -> Result<(), Stop> {
        self.end(self.root)
    }

    /// What the VM has used since its beginning; `None` where nobody counts.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.guest.usage()
    }

    /// What counts what the VM uses.
    pub(super) fn meter(&self) -> &Meter {
        &self.journal.meter
    }

    /// The lines that were logged since then.
    pub(super) fn logs(&self, since: Mark) -> Vec<crate::sim::LogLine> {
        self.journal.logs(since)
    }

    /// Now, in the record.
    pub(super) fn mark(&self) -> Mark {
        self.journal.mark()
    }

    fn end(&mut self, context: ContextId) -> Result<(), Stop> {
        self.call(Callback::Done { context }, Phase::Running)?;
        self.call(Callback::Delete { context }, Phase::Running)?;
        self.host.borrow_mut().remove_context(context);
        Ok(())
    }

    /// Calls the plugin; gives its answer and the last local reply that it has asked for.
    fn call(&mut self, callback: Callback, phase: Phase) -> Result<(Option<u32>, Option<LocalReply>), Stop> {
        self.host.borrow_mut().enter(callback.context(), phase);
        let answer = self.guest.call(callback);
        let asked = self.host.borrow_mut().take_deferred();
        let answer = answer.map_err(|trap| Stop::Trapped(callback.export(), trap))?;
        // Timers, callouts and resumed streams are nothing that this tester has.
        let reply = asked.into_iter().rev().find_map(|asked| match asked {
            Deferred::Reply { context, reply } if context == callback.context() => Some(reply),
            _ => None,
        });
        Ok((answer, reply))
    }

    fn with_view(&self, stream: &Stream, change: impl FnOnce(&mut View)) {
        if let Some(view) = self.host.borrow_mut().view_mut(stream.context) {
            change(view);
        }
    }
}

impl Stop {
    /// What happened, in a sentence.
    pub(super) fn describe(&self, phase: &str) -> String {
        match self {
            Self::Instantiate(reason) => reason.clone(),
            Self::Refused(callback) => {
                format!("{phase}: the plugin refused to start (`{callback}` returned false)")
            }
            Self::Trapped(callback, trap) => format!("{phase}: in `{callback}` {trap}"),
        }
    }
}

impl TestPhase {
    /// The side of the exchange that it is about.
    pub(super) fn side(self) -> Side {
        match self {
            Self::Headers(side) | Self::Body(side) => side,
        }
    }
}

/// Both clocks, standing still at the same time.
struct Frozen(Duration);

impl Clock for Frozen {
    fn realtime_ns(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    fn monotonic_ns(&self) -> u64 {
        self.realtime_ns()
    }
}

/// Writes down what reaches a level.
struct Log {
    level: LogLevel,
    journal: Rc<Diary>,
}

impl LogSink for Log {
    fn level(&self) -> LogLevel {
        self.level
    }

    fn record(&self, record: &LogRecord<'_>) {
        self.journal.record(record);
    }
}

/// All that a stream knows of properties; outside of streams the host speaks for itself.
struct Properties(Vec<(String, Bytes)>);

impl GivenProperties for Properties {
    fn property(&self, exchange: Option<u64>, path: &[u8]) -> Option<Result<Bytes, Status>> {
        exchange?;
        let wanted = path::segments(path).join(&b'.');
        let found = self.0.iter().find(|(path, _)| path.as_bytes() == wanted);
        Some(found.map(|(_, value)| value.clone()).ok_or(Status::NOT_FOUND))
    }

    fn was_set(&self, _exchange: u64, _path: &[u8], _value: &[u8]) {}
}

struct NoClusters;

impl Clusters for NoClusters {
    fn knows(&self, _name: &str) -> bool {
        false
    }
}

fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
