//! WASI preview 1, as far as Envoy has it: standard output and error, clocks, environment, random.
//!
//! There are no files and no sockets; the answers are Envoy's.

use super::call::{Answer, Call, Failure, clip, size};
use super::link::Link;
use crate::abi::LogLevel;

const BADF: u32 = 8;
const NOTDIR: u32 = 20;
const FAULT: u32 = 21;
const INVAL: u32 = 28;
const NOENT: u32 = 44;
const NOSYS: u32 = 52;
const NOTSUP: u32 = 58;

const STDOUT: u32 = 1;
const STDERR: u32 = 2;

/// Most random bytes that one call may ask for (Envoy's limit).
const MAX_RANDOM: u32 = 64 << 10;
/// Most parts of one write; the C libraries use two.
const MAX_PARTS: u32 = 1024;
/// How often a guest may call `proc_exit` in one call before it is ended.
const MAX_EXITS: u32 = 16;

/// Functions that do nothing but answer.
const CONSTANT: &[(&str, u32)] = &[
    ("args_get", 0),
    ("fd_advise", 0),
    ("fd_fdstat_set_flags", NOSYS),
    ("fd_filestat_get", BADF),
    ("fd_pread", NOSYS),
    ("fd_prestat_dir_name", NOSYS),
    ("fd_prestat_get", BADF),
    ("fd_read", NOSYS),
    ("fd_renumber", NOTSUP),
    ("path_create_directory", NOTSUP),
    ("path_filestat_get", NOTSUP),
    ("path_filestat_set_times", NOTSUP),
    ("path_link", NOTSUP),
    ("path_open", NOENT),
    ("path_readlink", NOTSUP),
    ("path_remove_directory", NOTSUP),
    ("path_rename", NOTSUP),
    ("path_symlink", NOTSUP),
    ("path_unlink_file", NOTSUP),
    ("proc_raise", NOTSUP),
    ("sched_yield", 0),
    ("sock_accept", NOTSUP),
    ("sock_recv", NOTSUP),
    ("sock_send", NOTSUP),
    ("sock_shutdown", NOTSUP),
];

/// Functions that do nothing, successfully, on standard output and error only.
const ON_STANDARD_STREAMS: &[&str] = &[
    "fd_allocate",
    "fd_datasync",
    "fd_fdstat_set_rights",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_sync",
];

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    for (name, answer) in CONSTANT {
        link.add_constant(name, *answer)?;
    }
    for name in ON_STANDARD_STREAMS {
        link.add_dynamic(name, |_, params| {
            let fd = params.first().and_then(wasmtime::Val::i32).map(i32::cast_unsigned);
            Ok(if matches!(fd, Some(STDOUT | STDERR)) { 0 } else { BADF })
        })?;
    }
    link.add("fd_write", fd_write)?
        .add("fd_pwrite", |call: &mut Call<'_>, fd: u32, parts: u32, count: u32, _: u64, written: u32| {
            fd_write(call, fd, parts, count, written)
        })?
        .add("fd_fdstat_get", fd_fdstat_get)?
        .add("fd_readdir", fd_readdir)?
        .add("fd_tell", fd_tell)?
        .add("fd_seek", fd_seek)?
        .add("fd_close", fd_close)?
        .add("args_sizes_get", args_sizes_get)?
        .add("environ_sizes_get", environ_sizes_get)?
        .add("environ_get", environ_get)?
        .add("clock_res_get", clock_res_get)?
        .add("clock_time_get", clock_time_get)?
        .add("random_get", random_get)?
        .add("poll_oneoff", poll_oneoff)?
        .add_silent("proc_exit", proc_exit)?;
    Ok(())
}

/// A line on standard output is an info message, on standard error an error.
fn fd_write(call: &mut Call<'_>, fd: u32, parts: u32, count: u32, written_out: u32) -> Answer {
    let level = match fd {
        STDOUT => LogLevel::Info,
        STDERR => LogLevel::Error,
        _ => return Err(Failure::Code(BADF)),
    };
    if count > MAX_PARTS {
        return Err(Failure::Code(INVAL));
    }
    let (mut memory, host) = call.open()?;
    let (mut text, mut written) = (Vec::new(), 0_u32);
    for part in 0..count {
        let at = parts.checked_add(part * 8).ok_or(Failure::Code(FAULT))?;
        let (pointer, length) = (memory.read_u32(at)?, memory.read_u32(at.saturating_add(4))?);
        let part = memory.read(pointer, length, u32::MAX)?;
        written = written.saturating_add(length);
        text.extend_from_slice(clip(part));
        text.truncate(clip(&text).len());
    }
    memory.write_u32(written_out, written)?;
    if !text.is_empty() {
        host.log(level, text.strip_suffix(b"\n").unwrap_or(&text));
    }
    Ok(())
}

/// A stream that can only be written to.
fn fd_fdstat_get(call: &mut Call<'_>, fd: u32, stat_out: u32) -> Answer {
    const RIGHT_TO_WRITE: u64 = 64;
    if !matches!(fd, STDOUT | STDERR) {
        return Err(Failure::Code(BADF));
    }
    let mut memory = call.memory()?;
    memory.write(stat_out, &[0; 24])?;
    Ok(memory.write_u64(stat_out.saturating_add(8), RIGHT_TO_WRITE)?)
}

fn fd_readdir(call: &mut Call<'_>, _fd: u32, _buffer: u32, _len: u32, _cookie: u64, used_out: u32) -> Answer {
    call.memory()?.write_u32(used_out, 0)?;
    Err(Failure::Code(NOTDIR))
}

/// At the beginning, always.
fn fd_tell(call: &mut Call<'_>, fd: u32, position_out: u32) -> Answer {
    if !matches!(fd, STDOUT | STDERR) {
        return Err(Failure::Code(BADF));
    }
    Ok(call.memory()?.write_u64(position_out, 0)?)
}

fn fd_seek(call: &mut Call<'_>, _fd: u32, _offset: u64, _whence: u32, _position_out: u32) -> Answer {
    call.host()?.log(LogLevel::Trace, b"wasi: the plugin called `fd_seek`, which does nothing");
    Ok(())
}

fn fd_close(call: &mut Call<'_>, _fd: u32) -> Answer {
    call.host()?.log(LogLevel::Trace, b"wasi: the plugin called `fd_close`, which does nothing");
    Ok(())
}

fn args_sizes_get(call: &mut Call<'_>, count_out: u32, size_out: u32) -> Answer {
    let mut memory = call.memory()?;
    memory.write_u32(count_out, 0)?;
    Ok(memory.write_u32(size_out, 0)?)
}

fn environ_sizes_get(call: &mut Call<'_>, count_out: u32, size_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    // Each variable is `name=value` and a NUL.
    let bytes = host.environment().iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    memory.write_u32(count_out, size(host.environment().len()))?;
    Ok(memory.write_u32(size_out, size(bytes))?)
}

fn environ_get(call: &mut Call<'_>, mut pointers_out: u32, mut text_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    for (name, value) in host.environment() {
        let variable = format!("{name}={value}\0");
        memory.write_u32(pointers_out, text_out)?;
        memory.write(text_out, variable.as_bytes())?;
        pointers_out = pointers_out.checked_add(4).ok_or(Failure::OutOfBounds)?;
        text_out = text_out.checked_add(size(variable.len())).ok_or(Failure::OutOfBounds)?;
    }
    Ok(())
}

fn clock_res_get(call: &mut Call<'_>, clock: u32, resolution_out: u32) -> Answer {
    if clock > 1 {
        return Err(Failure::Code(NOTSUP));
    }
    Ok(call.memory()?.write_u64(resolution_out, 1)?)
}

fn clock_time_get(call: &mut Call<'_>, clock: u32, _precision: u64, time_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    let time = match clock {
        0 => host.clock().realtime_ns(),
        1 => host.clock().monotonic_ns(),
        _ => return Err(Failure::Code(NOTSUP)),
    };
    Ok(memory.write_u64(time_out, time)?)
}

fn random_get(call: &mut Call<'_>, buffer: u32, buffer_size: u32) -> Answer {
    if buffer_size > MAX_RANDOM {
        return Err(Failure::Code(INVAL));
    }
    let (mut memory, host) = call.open()?;
    let buffer_size = usize::try_from(buffer_size).map_err(|_| Failure::OutOfBounds)?;
    host.random(memory.slice(buffer, buffer_size)?);
    Ok(())
}

/// No event ever comes; Go's runtime asks at its start.
fn poll_oneoff(
    call: &mut Call<'_>,
    _subscriptions: u32,
    _events: u32,
    _count: u32,
    count_out: u32,
) -> Answer {
    Ok(call.memory()?.write_u32(count_out, 0)?)
}

/// Logs and returns, as in Envoy; only a guest that goes on calling it is ended.
fn proc_exit(call: &mut Call<'_>, code: u32) -> Answer {
    call.state().exits += 1;
    if call.state().exits > MAX_EXITS {
        let message = format!("the plugin called `proc_exit` more than {MAX_EXITS} times in one call");
        return Err(Failure::Trap(wasmtime::Error::msg(message)));
    }
    let message = format!("wasi: the plugin called `proc_exit` with code {code}, which does not end it");
    call.host()?.log(LogLevel::Error, message.as_bytes());
    Ok(())
}
