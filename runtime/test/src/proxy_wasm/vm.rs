//! A native VM: a thread that holds the plugin's contexts and runs only while it is waited for.

use super::callbacks;
use crate::native::NativeHost;
use mesh_filter_runtime::guest::{Callback, Guest, Trap, TrapReason};
use mesh_filter_runtime::host::SharedHost;
use std::cell::RefCell;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A plugin as the chain calls it.
pub(super) struct Vm {
    host: NativeHost,
    /// `None` when it is not to be called any more.
    orders: Option<Sender<Order>>,
    events: Receiver<Event>,
    thread: Option<JoinHandle<()>>,
}

/// What the VM is told.
enum Order {
    Initialize(extern "C" fn()),
    Call(Callback),
}

/// What the VM has to say.
enum Event {
    /// It asks the proxy for something, and waits.
    Hostcall(Box<dyn FnOnce(&NativeHost) + Send>),
    /// It has done what it was told.
    Done(Option<u32>),
}

thread_local! {
    /// Where the VM of this thread says something; none on other threads.
    static EVENTS: RefCell<Option<Sender<Event>>> = const { RefCell::new(None) };
}

/// Makes a hostcall on the thread that waits for this one; `None` where none does.
pub(super) fn hostcall<R: Send + 'static>(call: impl FnOnce(&NativeHost) -> R + Send + 'static) -> Option<R> {
    let events = EVENTS.try_with(|events| events.try_borrow().ok()?.clone()).ok()??;
    let (answer, answered) = channel();
    let call = move |host: &NativeHost| {
        // The VM waits for it: nobody else has taken its end away.
        let _taken = answer.send(call(host));
    };
    events.send(Event::Hostcall(Box::new(call))).ok()?;
    answered.recv().ok()
}

impl Vm {
    /// A fresh VM.
    pub(super) fn start(initialize: extern "C" fn(), host: SharedHost) -> Result<Self, String> {
        let (orders, ordered) = channel();
        let (event, events) = channel();
        let run = move || {
            EVENTS.set(Some(event.clone()));
            for order in ordered {
                let answer = match order {
                    Order::Initialize(initialize) => {
                        initialize();
                        Some(0)
                    }
                    Order::Call(callback) => callbacks::call(callback),
                };
                if event.send(Event::Done(answer)).is_err() {
                    break;
                }
            }
            EVENTS.set(None);
        };
        let thread = std::thread::Builder::new().name("proxy-wasm plugin".to_owned()).spawn(run);
        let thread = thread.map_err(|error| format!("no thread for the plugin can be started: {error}"))?;
        let host = NativeHost::new(host);
        let mut vm = Self { host, orders: Some(orders), events, thread: Some(thread) };
        hooked(|| vm.order(Order::Initialize(initialize))).map_err(|trap| trap.to_string())?;
        Ok(vm)
    }

    /// Does what the VM asks for until it has done what it was told.
    fn order(&mut self, order: Order) -> Result<Option<u32>, Box<Trap>> {
        let gone = |text: &str| Box::new(Trap::new(TrapReason::Guest(text.to_owned())));
        let sent = self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok());
        if !sent {
            return Err(gone("the plugin's thread is gone"));
        }
        loop {
            match self.events.recv() {
                Ok(Event::Hostcall(call)) => call(&self.host),
                Ok(Event::Done(answer)) => return Ok(answer),
                Err(_) => return Err(gone("the plugin's thread has ended")),
            }
        }
    }
}

impl Guest for Vm {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        self.order(Order::Call(callback))
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // What it has to say while it ends is not for this test any more.
            let _ended = thread.join();
        }
    }
}

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Runs `_initialize`, one at a time: the SDK sets a logger and a panic hook for the process the first time,
/// and is not made for two threads that do so. Puts its own hook in that one's place.
fn hooked<T>(initialize: impl FnOnce() -> T) -> T {
    static HOOKED: Mutex<bool> = Mutex::new(false);
    let mut hooked = HOOKED.lock().unwrap_or_else(PoisonError::into_inner);
    if *hooked {
        return initialize();
    }
    *hooked = true;
    let before: Hook = take_hook().into();
    install(Arc::clone(&before));
    let result = initialize();
    install(before);
    result
}

fn install(before: Hook) {
    set_hook(Box::new(move |panic| {
        if EVENTS.try_with(|events| events.try_borrow().is_ok_and(|events| events.is_some())) == Ok(true) {
            panicked(panic);
        }
        before(panic);
    }));
}

/// A panic of a plugin ends the test program: it cannot leave the plugin's callback, which is a function of C's
/// convention, and a thread that stayed here would keep the program from its end, which asks for the panic hook.
fn panicked(panic: &PanicHookInfo<'_>) {
    eprintln!(
        "the plugin panicked, which ends the test program, since its callbacks are functions of C's convention: {panic}\n\
         the other tests of this program were not finished; cargo-nextest runs each in a process of its own, and \
         `cargo mesh-filter test` plays the module, where this is a trap"
    );
    std::process::exit(101);
}
