//! Header lists across the border, both ways.

use super::guest::{DATA, GuestModule, HEAP};
use super::{TestServices, services};
use crate::abi::pairs;
use crate::exchange::{Exchange, SharedExchange};
use crate::guest::{Callback, Guest};
use crate::headers::Headers;
use crate::host::{Host, Phase, PluginSettings, View, VmSettings};
use crate::vm::{Engine, Instance, Limits, Module};
use bytes::Bytes;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_encoder::{InstructionSink, MemArg};

const AT: MemArg = MemArg { offset: 0, align: 0, memory_index: 0 };

/// Runs `on_request_headers` on `a: 1, b: 2`; returns its answer and the headers afterwards.
fn run(module: GuestModule, code: impl FnOnce(&mut InstructionSink<'_>)) -> (u32, SharedExchange) {
    let module = module.function("proxy_on_request_headers", "iii", "i", code).build();
    let engine = Engine::simulating(Limits::default()).unwrap();
    let module = Module::load(&engine, &module, "guest").unwrap();
    let TestServices { services, .. } = services();
    let host = Host::new(services, VmSettings::default());
    let mut instance = Instance::new(&engine, &module, Rc::clone(&host)).unwrap();

    let exchange = Rc::new(RefCell::new(Exchange::default()));
    exchange.borrow_mut().request.headers = Some([("a", "1"), ("b", "2")].into_iter().collect());
    let root = host.borrow_mut().add_root(Rc::new(PluginSettings::default()));
    let mut view = View::closed(Rc::clone(&exchange), root);
    view.request.headers = true;
    let context = host.borrow_mut().add_stream(view);
    host.borrow_mut().enter(context, Phase::Running);
    let callback = Callback::RequestHeaders { context, count: 2, end_of_stream: true };
    (instance.call(callback).unwrap().unwrap(), exchange)
}

#[test]
fn a_guest_reads_the_list_as_serialised_pairs() {
    let module = GuestModule::new().import("proxy_get_header_map_pairs");
    let (count, _) = run(module, |code| {
        code.i32_const(0).i32_const(16).i32_const(20).call(0).drop().i32_const(HEAP).i32_load(AT);
    });
    assert_eq!(count, 2);
}

#[test]
fn a_guest_writes_the_whole_list() {
    let list = pairs::encode([(&b"X-New"[..], &b"3"[..])].into_iter());
    let size = i32::try_from(list.len()).unwrap();
    let module = GuestModule::new().import("proxy_set_header_map_pairs").data(&list);
    let (status, exchange) = run(module, |code| {
        code.i32_const(0).i32_const(DATA).i32_const(size).call(0);
    });
    assert_eq!(status, 0);
    let expected: Headers = [("x-new", "3")].into_iter().collect();
    assert_eq!(exchange.borrow().request.headers, Some(expected));
}

#[test]
fn a_malformed_list_clears_the_headers_as_in_envoy() {
    let module = GuestModule::new().import("proxy_set_header_map_pairs").data(b"\xff\xff\xff\xff");
    let (status, exchange) = run(module, |code| {
        code.i32_const(0).i32_const(DATA).i32_const(4).call(0);
    });
    assert_eq!(status, 0);
    assert_eq!(exchange.borrow().request.headers, Some(Headers::new()));
}

#[test]
fn a_missing_header_is_an_empty_one_in_the_oldest_version_only() {
    for (marker, expected) in [("proxy_abi_version_0_1_0", 0), ("proxy_abi_version_0_2_1", 1)] {
        let module = GuestModule::bare()
            .import("proxy_get_header_map_value")
            .function(marker, "", "", |_| {})
            .function("malloc", "i", "i", |code| {
                code.unreachable();
            })
            .data(b"missing");
        let (status, _) = run(module, |code| {
            code.i32_const(0).i32_const(DATA).i32_const(7).i32_const(16).i32_const(20).call(0);
        });
        assert_eq!(status, expected, "{marker}");
    }
}

#[test]
fn a_callout_s_number_is_written_when_it_has_begun() {
    let headers = [(":method", "GET"), (":path", "/"), (":authority", "a")]
        .map(|(name, value)| (Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes())));
    let mut data = b"known".to_vec();
    data.extend(pairs::encode(headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))));
    let size = i32::try_from(data.len()).unwrap() - 5;
    for (cluster, expected) in [(5, 4), (4, 2000)] {
        let module = GuestModule::new().import("proxy_http_call").data(&data);
        let (answer, _) = run(module, |code| {
            code.i32_const(16).i32_const(99).i32_store(AT);
            code.i32_const(DATA).i32_const(cluster).i32_const(DATA + 5).i32_const(size);
            for _ in 0..4 {
                code.i32_const(0);
            }
            code.i32_const(1000).i32_const(16).call(0);
            // 1000 times the status, and the token, which is 0 where there is none.
            code.i32_const(1000).i32_mul().i32_const(16).i32_load(AT).i32_add();
        });
        assert_eq!(answer, expected);
    }
}
