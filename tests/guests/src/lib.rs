//! What the guest plugins share: a root context that hands its settings to every stream, and the text format of those settings.
//!
//! A guest's configuration is text, one setting a line: a verb and its arguments, separated by spaces. The last
//! argument reaches to the end of the line. That needs no parser, so a guest shows one behaviour and nothing else.

mod root;
mod sabotage;
mod settings;

pub use proxy_wasm;
pub use root::{Root, Stream};
pub use sabotage::SabotageRoot;
pub use settings::Settings;

/// Makes `$root` the root context of this plugin.
#[macro_export]
macro_rules! root {
    ($root:expr) => {
        fn root_context() -> Box<dyn $crate::proxy_wasm::traits::RootContext> {
            Box::new($root)
        }

        // Private, because the function that the crate's macro writes has no documentation.
        mod start {
            $crate::proxy_wasm::main! {{
                $crate::proxy_wasm::set_root_context(|_| super::root_context());
            }}
        }
    };
}

/// Makes `$stream` the HTTP context of this plugin.
#[macro_export]
macro_rules! stream {
    ($stream:ty) => {
        $crate::root!($crate::Root::<$stream>::default());
    };
}

/// Makes a plugin that runs `$act` in the one callback which its configuration or a request header names.
#[macro_export]
macro_rules! sabotage {
    ($act:expr) => {
        $crate::root!($crate::SabotageRoot::new($act));
    };
}
