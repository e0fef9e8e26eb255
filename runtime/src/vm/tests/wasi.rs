//! WASI as plugins see it.

use super::Vm;
use super::guest::{DATA, GuestModule};
use wasm_encoder::{InstructionSink, MemArg};

const AT: MemArg = MemArg { offset: 0, align: 0, memory_index: 0 };

/// The configure callback answers what `code` leaves on the stack.
fn run(import: &str, data: &[u8], code: impl FnOnce(&mut InstructionSink<'_>)) -> (u32, Vec<String>) {
    let module = GuestModule::new().import(import).data(data).on_configure(code).build();
    let mut vm = Vm::start(&module);
    let answer = vm.configure().unwrap().unwrap();
    (answer, vm.lines())
}

/// Calls `fd_write` with the parts `hello` and a newline.
fn write(fd: i32) -> (u32, Vec<String>) {
    let mut data = Vec::new();
    for number in [DATA + 16, 5, DATA + 21, 1] {
        data.extend_from_slice(&number.to_le_bytes());
    }
    data.extend_from_slice(b"hello\n");
    run("fd_write", &data, |code| {
        code.i32_const(fd).i32_const(DATA).i32_const(2).i32_const(64).call(0);
        // 100 times the error, and the number of bytes.
        code.i32_const(100).i32_mul().i32_const(64).i32_load(AT).i32_add();
    })
}

#[test]
fn lines_on_the_standard_streams_are_log_messages() {
    assert_eq!(write(1), (6, vec!["info hello".to_owned()]));
    assert_eq!(write(2), (6, vec!["error hello".to_owned()]));
    assert_eq!(write(3), (800, vec![]));
}

#[test]
fn the_environment_is_that_of_the_vm() {
    let sizes = |at: i32| {
        run("environ_sizes_get", b"", |code| {
            code.i32_const(64).i32_const(68).call(0).drop().i32_const(at).i32_load(AT);
        })
    };
    assert_eq!(sizes(64).0, 2);
    assert_eq!(sizes(68).0, u32::try_from("A=1\0LONG=two\0".len()).unwrap());
    // The second variable, read through the pointer to it: `LONG`.
    let (second, _) = run("environ_get", b"", |code| {
        code.i32_const(64).i32_const(128).call(0).drop().i32_const(68).i32_load(AT).i32_load(AT);
    });
    assert_eq!(second.to_le_bytes(), *b"LONG");
}

#[test]
fn clocks_are_the_host_s_and_only_two() {
    let clock = |id: i32| {
        run("clock_time_get", b"", |code| {
            code.i32_const(id).i64_const(1).i32_const(64).call(0);
            code.i32_const(1000).i32_mul().i32_const(64).i32_load8_u(AT).i32_add();
        })
    };
    assert_eq!(clock(0).0, 8);
    assert_eq!(clock(1).0, 7);
    assert_eq!(clock(2).0, 58_000);
}

#[test]
fn random_bytes_are_given_up_to_envoy_s_limit() {
    let random = |size: i32| {
        run("random_get", b"", |code| {
            code.i32_const(0).i32_const(size).call(0);
        })
    };
    assert_eq!(random(0).0, 0);
    assert_eq!(random(65_536).0, 0);
    assert_eq!(random(65_537).0, 28);
}
