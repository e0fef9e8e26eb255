//! Catches panics of native filters without printing them: in a test they are results.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// `Some` while a filter, or a test that catches, runs on this thread: its panic's place and message, once it has panicked.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Calls a filter, or a test that calls one; a panic becomes an error that says where and why.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = take_hook();
        // The hook is the only one who knows the place. Panics of anybody else go on as before.
        set_hook(Box::new(move |panic| {
            let taken = PANIC.try_with(|slot| match slot.try_borrow_mut() {
                Ok(mut slot) if slot.is_some() => {
                    *slot = Some(panic.to_string());
                    true
                }
                _ => false,
            });
            if taken != Ok(true) {
                before(panic);
            }
        }));
    });
    let outer = PANIC.replace(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(call));
    let panic = PANIC.replace(outer);
    result.map_err(|_| panic.unwrap_or_default())
}
