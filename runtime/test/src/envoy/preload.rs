//! The clock library: preloaded into Envoy, it lets a test decide what time it is there.
//!
//! This file is no module of the crate. It is compiled by itself, by the `rustc` of whoever runs the
//! tests, into a shared library (`clock.rs` does so), and depends on nothing but the C library.
//!
//! `clock_gettime`, `gettimeofday` and `time` answer from a page that the test has mapped too. Time of the main thread
//! stands still for ever: Envoy keeps a second VM of each plugin there, whose timers would do everything twice.
//! `epoll_wait` of a worker tells the page until when its next timer lets it sleep, and then sleeps until it is woken:
//! so the test knows to which moment to move the clock next, and whether the worker has gone to rest. `accept4` counts the
//! connections of each worker, so that the test knows on which of them one has landed. `connect` leads the main thread's
//! connections to where nobody answers: what its plugins call out to is for the workers' plugins.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_long, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// What test and Envoy share. The same struct stands in `clock.rs`.
#[repr(C)]
struct Page {
    realtime: AtomicU64,
    monotonic: AtomicU64,
    main_realtime: AtomicU64,
    main_monotonic: AtomicU64,
    /// The port at which all connections of the main thread end.
    silence: AtomicU64,
    workers: [Worker; WORKERS],
}

/// Most workers of a case.
const WORKERS: usize = 64;

/// What one worker tells of itself.
#[repr(C)]
struct Worker {
    /// How often it has gone to sleep.
    sleeps: AtomicU64,
    /// Since when it sleeps: `sleeps` while it does, 0 while it runs.
    asleep: AtomicU64,
    /// Until when its next timer lets it sleep, in monotonic nanoseconds; all ones without a timer.
    wakes: AtomicU64,
    /// The id of its thread.
    thread: AtomicU64,
    /// How many connections it has accepted.
    accepted: AtomicU64,
}

#[repr(C)]
pub struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

#[repr(C)]
pub struct Timeval {
    seconds: i64,
    microseconds: i64,
}

unsafe extern "C" {
    fn getenv(name: *const c_char) -> *const c_char;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn mmap(at: *mut c_void, length: usize, protection: c_int, flags: c_int, file: c_int, offset: i64)
    -> *mut c_void;
    fn syscall(number: c_long, ...) -> c_long;
    fn getpid() -> c_int;
    fn gettid() -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn epoll_pwait(file: c_int, events: *mut c_void, most: c_int, timeout: c_int, mask: *const c_void)
    -> c_int;
}

#[cfg(target_arch = "x86_64")]
const CLOCK_GETTIME: c_long = 228;
#[cfg(target_arch = "aarch64")]
const CLOCK_GETTIME: c_long = 113;
#[cfg(target_arch = "x86_64")]
const CONNECT: c_long = 42;
#[cfg(target_arch = "aarch64")]
const CONNECT: c_long = 203;
/// The family of addresses of IPv4, and the length of such an address: family, port, number, padding.
const IPV4: u16 = 2;
const IPV4_LENGTH: usize = 16;
#[cfg(target_arch = "x86_64")]
const ACCEPT4: c_long = 288;
#[cfg(target_arch = "aarch64")]
const ACCEPT4: c_long = 242;
const READ_AND_WRITE: c_int = 2;
const PROTECTION: c_int = 1 | 2;
const SHARED: c_int = 1;
const GET_NAME: c_int = 16;
const SECOND: u64 = 1_000_000_000;

static PAGE: AtomicPtr<Page> = AtomicPtr::new(null_mut());

thread_local! {
    /// What is known of this thread, see [`Thread`].
    static THREAD: Cell<Thread> = const { Cell::new(Thread::Unknown) };
}

#[derive(Clone, Copy, PartialEq)]
enum Thread {
    Unknown,
    Main,
    /// By its number from 0.
    Worker(usize),
    Other,
}

fn page() -> Option<&'static Page> {
    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        page = map();
        PAGE.store(page, Ordering::Release);
    }
    // SAFETY: it is null or a mapping of at least a page that is never undone; its fields are atomic.
    unsafe { page.as_ref() }
}

fn map() -> *mut Page {
    // SAFETY: the strings end with 0; a mapping that failed is not used.
    unsafe {
        let path = getenv(c"MESH_FILTER_CLOCK".as_ptr());
        if path.is_null() {
            return null_mut();
        }
        let file = open(path, READ_AND_WRITE);
        if file < 0 {
            return null_mut();
        }
        let mapped = mmap(null_mut(), size_of::<Page>(), PROTECTION, SHARED, file, 0);
        if mapped as isize == -1 { null_mut() } else { mapped.cast() }
    }
}

/// Which thread this is. A worker gets its name just after it has begun.
fn thread() -> Thread {
    let known = THREAD.get();
    if matches!(known, Thread::Main | Thread::Worker(_)) {
        return known;
    }
    // SAFETY: these ask for numbers, and for at most 16 bytes of a name.
    let found = unsafe {
        if getpid() == gettid() {
            Thread::Main
        } else {
            let mut name = [0_u8; 16];
            prctl(GET_NAME, name.as_mut_ptr());
            worker_number(&name).map_or(Thread::Other, Thread::Worker)
        }
    };
    THREAD.set(found);
    if let Some(worker) = worker(found) {
        // SAFETY: it asks for a number.
        let id = unsafe { gettid() };
        worker.thread.store(u64::try_from(id).unwrap_or(0), Ordering::Release);
    }
    found
}

/// The number in a worker's name, which is `wrk:worker_` and the number.
fn worker_number(name: &[u8; 16]) -> Option<usize> {
    let digits = name.strip_prefix(b"wrk:worker_")?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where a thread that is a worker tells of itself.
fn worker(thread: Thread) -> Option<&'static Worker> {
    match thread {
        Thread::Worker(number) => page()?.workers.get(number),
        _ => None,
    }
}

/// The time of this thread on this clock; `None` for clocks of CPU time and where there is no page.
fn now(clock: c_int) -> Option<u64> {
    let page = page()?;
    let main = THREAD.get() == Thread::Main || THREAD.get() == Thread::Unknown && thread() == Thread::Main;
    let (realtime, monotonic) = match main {
        true => (&page.main_realtime, &page.main_monotonic),
        false => (&page.realtime, &page.monotonic),
    };
    match clock {
        0 | 5 => Some(realtime.load(Ordering::Acquire)),
        1 | 4 | 6 | 7 => Some(monotonic.load(Ordering::Acquire)),
        _ => None,
    }
}

/// # Safety
/// As of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, into: *mut Timespec) -> c_int {
    match now(clock) {
        Some(now) if !into.is_null() => {
            let time = Timespec { seconds: (now / SECOND) as i64, nanoseconds: (now % SECOND) as i64 };
            // SAFETY: the caller gives a place for it.
            unsafe { into.write(time) };
            0
        }
        // SAFETY: the caller's own arguments.
        _ => unsafe { syscall(CLOCK_GETTIME, clock, into) as c_int },
    }
}

/// # Safety
/// As of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(into: *mut Timeval, _zone: *mut c_void) -> c_int {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: a place of its own, and then the caller's.
    unsafe {
        let answer = clock_gettime(0, &mut time);
        if !into.is_null() {
            into.write(Timeval { seconds: time.seconds, microseconds: time.nanoseconds / 1000 });
        }
        answer
    }
}

/// # Safety
/// As of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(into: *mut i64) -> i64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: a place of its own, and then the caller's.
    unsafe {
        clock_gettime(0, &mut time);
        if !into.is_null() {
            into.write(time.seconds);
        }
    }
    time.seconds
}

/// # Safety
/// As of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(
    file: c_int,
    events: *mut c_void,
    most: c_int,
    timeout: c_int,
) -> c_int {
    let wait = |timeout| {
        // SAFETY: the caller's own arguments, and no mask.
        unsafe { epoll_pwait(file, events, most, timeout, std::ptr::null()) }
    };
    if timeout == 0 {
        return wait(timeout);
    }
    let (Some(page), Some(worker)) = (page(), worker(thread())) else {
        return wait(timeout);
    };
    let wakes = match u64::try_from(timeout) {
        Ok(milliseconds) => page.monotonic.load(Ordering::Acquire).saturating_add(milliseconds * 1_000_000),
        Err(_) => u64::MAX,
    };
    worker.wakes.store(wakes, Ordering::Release);
    let sleeps = worker.sleeps.fetch_add(1, Ordering::AcqRel) + 1;
    worker.asleep.store(sleeps, Ordering::Release);
    let answer = wait(-1);
    worker.asleep.store(0, Ordering::Release);
    answer
}

/// # Safety
/// As of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn connect(socket: c_int, address: *const c_void, length: u32) -> c_int {
    let silence = page().map_or(0, |page| page.silence.load(Ordering::Acquire));
    let port = u16::try_from(silence).unwrap_or(0);
    if port != 0 && length as usize >= IPV4_LENGTH && thread() == Thread::Main {
        // SAFETY: the caller's address is at least so long.
        let mut other = unsafe { address.cast::<[u8; IPV4_LENGTH]>().read() };
        if u16::from_ne_bytes([other[0], other[1]]) == IPV4 {
            other[2..4].copy_from_slice(&port.to_be_bytes());
            // SAFETY: an address of its own, of this length.
            return unsafe { syscall(CONNECT, socket, other.as_ptr(), IPV4_LENGTH) as c_int };
        }
    }
    // SAFETY: the caller's own arguments.
    unsafe { syscall(CONNECT, socket, address, length as usize) as c_int }
}

/// # Safety
/// As of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn accept4(
    socket: c_int,
    address: *mut c_void,
    length: *mut c_void,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's own arguments.
    let accepted = unsafe { syscall(ACCEPT4, socket, address, length, flags) as c_int };
    if let Some(worker) = worker(thread()).filter(|_| accepted >= 0) {
        worker.accepted.fetch_add(1, Ordering::AcqRel);
    }
    accepted
}
