//! `inspect`: modules that lie in wait.

use crate::folder::Folder;

/// Every prefix of a module is refused or shown; none ends the program in another way.
#[test]
fn a_module_cut_anywhere_ends_with_an_error_or_a_report() {
    let folder = Folder::new("cut");
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01a\0\0\x0a\x04\x01\x02\0\x0b\0\x05\x04nameX";
    for end in 0..=module.len() {
        folder.write("cut.wasm", &module[..end]);
        let output = folder.command("").args(["inspect", "cut.wasm"]).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 2)), "cut at {end}: {output:?}");
    }
}
