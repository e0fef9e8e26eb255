//! Connections that break off anywhere: what was to be moved has moved as a whole, or there is a clear error.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::middleman::{Fault, Middleman};
use super::server::Server;
use super::{end, has, run};
use crate::folder::Folder;
use crate::module::counting;

/// Cuts in all.
const CUTS: usize = 200;
/// At once: most of the time is spent in pauses before further tries.
const THREADS: usize = 8;
/// Bytes of the module that nothing can compress, so that there is something to cut.
const PADDING: usize = 40_000;

/// Numbers that look random and are the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// A plugin with a custom section of noise.
fn large() -> Vec<u8> {
    let mut numbers = Numbers(7);
    let noise = (0..PADDING).map(|_| numbers.next() as u8);
    let mut section = vec![1, b'x'];
    section.extend(noise);
    let mut module = counting(1);
    // A size in LEB128, of three bytes.
    let size = section.len();
    module.extend([0, (size & 0x7f) as u8 | 0x80, (size >> 7 & 0x7f) as u8 | 0x80, (size >> 14) as u8]);
    module.extend(section);
    module
}

/// One cut: of a push into a repository of its own, or of a pull.
fn disturb(folder: &Folder, server: &Server, case: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (case as u64 + 1) << 20);
    numbers.next();
    let bytes = numbers.below(PADDING + 4000);
    let times = 1 + numbers.below(5);
    let fault = if numbers.below(2) == 0 { Fault::CutUp(bytes) } else { Fault::CutDown(bytes / 4) };
    let middleman = Middleman::start(&server.address(), vec![fault.clone(); times], None);
    let told = format!("case {case}: {times} times {fault:?}");

    let (name, file) = (format!("cut-{case}"), format!("cut-{case}.wasm"));
    let direct = format!("{}/{name}:1", server.address());
    let between = format!("{}/{name}:1", middleman.address());
    if case.is_multiple_of(2) {
        let (code, out, said) = end(folder, &["push", "--image", "plugin.oci", &between]);
        assert!(
            code == 0 || code == 1 && said.starts_with("error: ") && said.contains("cannot "),
            "{told}\n{out}{said}"
        );
        // What has a tag is whole; what has none is pushed by another try.
        if code == 1 {
            let (pulled, _, _) = end(folder, &["pull", &direct, "--out", &file]);
            assert!(pulled == 1 || folder.read(&file) == folder.read("plugin.wasm"), "{told}");
            run(folder, &["push", "--image", "plugin.oci", &direct]);
        }
        run(folder, &["pull", &direct, "--out", &file]);
    } else {
        run(folder, &["push", "--image", "plugin.oci", &direct]);
        let (code, out, said) = end(folder, &["pull", &between, "--out", &file]);
        assert!(
            code == 0 || code == 1 && said.starts_with("error: ") && said.contains("cannot "),
            "{told}\n{out}{said}"
        );
        if code == 1 {
            assert!(!folder.path().join(&file).exists(), "{told}");
            run(folder, &["pull", &direct, "--out", &file]);
        }
    }
    assert_eq!(folder.read(&file), folder.read("plugin.wasm"), "{told}");
}

#[test]
fn two_hundred_cuts_leave_no_broken_image() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = Folder::new("image-cuts");
    folder.write("plugin.wasm", large());
    run(&folder, &["package", "plugin.wasm"]);
    let server = Server::start(&folder, "", "");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= CUTS {
                        break;
                    }
                    disturb(&folder, &server, case);
                }
            });
        }
    });
}
