//! What the fuzz targets do with their bytes. Here with a few bytes each, so that they go on working; see `fuzz/`.

mod bootstrap;
mod exchange;
mod guest_memory;
mod interpreter;
mod modules;
mod pairs;
mod paths;

use mesh_filter_runtime::host::Random as _;
use mesh_filter_runtime::host::random::SeededRandom;

/// Gives a target random bytes of every length up to `longest`, in `rounds`.
fn feed(rounds: usize, longest: usize, run: fn(&[u8])) {
    let mut random = SeededRandom::new(1);
    for round in 0..rounds {
        let mut bytes = vec![0; longest * round / rounds];
        random.fill(&mut bytes);
        run(&bytes);
    }
}

#[test]
fn any_bytes_are_a_list_of_pairs_or_none() {
    feed(1000, 200, pairs::run);
}

#[test]
fn any_bytes_are_a_property_path() {
    feed(1000, 60, paths::run);
    for path in ["request.path", "request.headers.a", "source.address", "filter_state.a", "response.code", ""]
    {
        paths::run(path.replace('.', "\0").as_bytes());
    }
}

#[test]
fn any_hostcall_with_any_pointers_is_answered() {
    feed(200, 2000, guest_memory::run);
}

#[test]
fn a_script_reaches_the_host_functions() {
    let number = interpreter::calls().iter().position(|import| import.name == "proxy_log").unwrap();
    // Level 2, then one zero byte at 64, in each of the callbacks.
    let script = [u8::try_from(number).unwrap(), 0, 2, 0, 0, 64, 0, 0, 1, 0];
    assert_eq!(guest_memory::play(&script), ["\0"; 5]);
}

#[test]
fn any_text_is_a_configuration_or_refused() {
    feed(200, 200, bootstrap::run);
    for file in ["base", "full"] {
        let path = format!("{}/tests/bootstrap/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
        bootstrap::run(&std::fs::read(path).unwrap());
    }
}

#[test]
fn any_bytes_are_a_module_or_refused() {
    feed(30, 60, modules::run);
    modules::run(b"\0asm\x01\0\0\0");
}
