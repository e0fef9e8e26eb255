//! Pointers and sizes of guests, right and wrong.

use super::Vm;
use super::guest::{DATA, GuestModule, HEAP};
use crate::abi::table::IMPORTS;

/// The status that the hostcall answers to these arguments.
fn status(name: &str, data: &[u8], arguments: &[i64]) -> u32 {
    let import = IMPORTS.iter().find(|import| import.name == name).unwrap();
    assert_eq!(import.params.len(), arguments.len(), "{name}");
    let module = GuestModule::new().import(name).data(data).on_configure(|code| {
        for (letter, argument) in import.params.chars().zip(arguments) {
            if letter == 'I' {
                code.i64_const(*argument);
            } else {
                code.i32_const(u32::try_from(*argument).unwrap().cast_signed());
            }
        }
        code.call(0);
        if import.result.is_empty() {
            code.i32_const(0);
        }
    });
    Vm::start(&module.build()).configure().unwrap().unwrap()
}

#[test]
fn a_pointer_outside_the_memory_is_status_6() {
    let page = 65536;
    let max = i64::from(u32::MAX);
    for (message, size) in [(page, 1), (page - 1, 2), (max, 1), (max, 0), (1, 65536)] {
        assert_eq!(status("proxy_log", b"", &[2, message, size]), 6, "{message}+{size}");
    }
    assert_eq!(status("proxy_log", b"", &[2, page, 0]), 0);
    assert_eq!(status("proxy_get_current_time_nanoseconds", b"", &[page - 7]), 6);
    assert_eq!(status("proxy_get_current_time_nanoseconds", b"", &[page - 8]), 0);
}

#[test]
fn no_hostcall_fails_harder_than_with_a_status_on_wild_arguments() {
    for import in IMPORTS.iter().filter(|import| import.name != "pthread_equal") {
        for argument in [0, 1, 7, i64::from(u32::MAX), 0x8000_0000] {
            let arguments = vec![argument; import.params.len()];
            let status = status(import.name, b"", &arguments);
            assert!(status <= 76, "{} answered {status} to {argument}", import.name);
        }
    }
}

#[test]
fn an_enumeration_outside_the_abi_is_a_bad_argument() {
    assert_eq!(status("proxy_log", b"", &[6, 0, 0]), 2);
    assert_eq!(status("proxy_get_buffer_status", b"", &[9, 0, 4]), 2);
    assert_eq!(status("proxy_get_header_map_pairs", b"", &[8, 0, 4]), 2);
    assert_eq!(status("proxy_continue_stream", b"", &[4]), 2);
    assert_eq!(status("proxy_define_metric", b"", &[3, 0, 0, 4]), 2);
}

#[test]
fn an_oversized_argument_is_a_bad_argument() {
    assert_eq!(status("proxy_set_property", b"", &[0, (1 << 20) + 1, 0, 0]), 2);
}

#[test]
fn a_range_beyond_the_buffer_is_cut() {
    assert_eq!(status("proxy_get_buffer_bytes", b"", &[7, 2, i64::from(u32::MAX), 0, 4]), 0);
}

#[test]
fn numbers_are_written_at_odd_addresses() {
    let module = GuestModule::new().import("proxy_get_current_time_nanoseconds").on_configure(|code| {
        code.i32_const(33).call(0).drop();
        code.i32_const(33).i32_load(wasm_encoder::MemArg { offset: 0, align: 0, memory_index: 0 });
    });
    assert_eq!(Vm::start(&module.build()).configure().unwrap(), Some(0x0506_0708));
}

#[test]
fn a_long_line_is_cut_rather_than_refused() {
    let module = GuestModule::new().import("proxy_log").on_configure(|code| {
        code.i32_const(20).memory_grow(0).drop();
        code.i32_const(2).i32_const(0).i32_const((1 << 20) + 5).call(0);
    });
    let mut vm = Vm::start(&module.build());
    assert_eq!(vm.configure().unwrap(), Some(0));
    assert_eq!(vm.lines()[0].len(), "info ".len() + (1 << 20));
}

/// Calls a getter with results at 16 and 20; returns pointer and size, by two guests.
fn given(arguments: &[i32], name: &str, data: &[u8], allocator_fails: bool) -> (u32, u32) {
    let read = |at: i32| {
        let module = if allocator_fails {
            GuestModule::bare().function("proxy_abi_version_0_2_1", "", "", |_| {}).function(
                "malloc",
                "i",
                "i",
                |code| {
                    code.unreachable();
                },
            )
        } else {
            GuestModule::new()
        };
        let module = module.import(name).data(data).on_configure(|code| {
            for argument in arguments {
                code.i32_const(*argument);
            }
            code.i32_const(16).i32_const(20).call(0).drop();
            code.i32_const(at).i32_load(wasm_encoder::MemArg { offset: 0, align: 0, memory_index: 0 });
        });
        Vm::start(&module.build()).configure().unwrap().unwrap()
    };
    (read(16), read(20))
}

#[test]
fn results_are_given_in_memory_that_the_guest_allocates() {
    let size = u32::try_from("configuration".len()).unwrap();
    let heap = HEAP.cast_unsigned();
    assert_eq!(given(&[7, 0, 100], "proxy_get_buffer_bytes", b"", false), (heap, size));
    assert_eq!(given(&[7, 3, 4], "proxy_get_buffer_bytes", b"", false), (heap, 4));
}

#[test]
fn the_allocator_is_not_called_for_nothing() {
    assert_eq!(given(&[7, 100, 4], "proxy_get_buffer_bytes", b"", true), (0, 0));
    assert_eq!(given(&[0], "proxy_get_header_map_pairs", b"", true), (0, 0));
    assert_eq!(given(&[DATA, 14], "proxy_get_property", b"plugin_root_id", true), (0, 0));
}

#[test]
fn a_missing_function_answers_internal_failure_and_says_so_once() {
    let module = GuestModule::new().import("envoy_resolve_dns").on_configure(|code| {
        code.i32_const(0).i32_const(0).i32_const(0).call(0);
    });
    let mut vm = Vm::start(&module.build());
    assert_eq!(vm.configure().unwrap(), Some(10));
    assert_eq!(vm.configure().unwrap(), Some(10));
    assert_eq!(vm.lines().len(), 1);
}
