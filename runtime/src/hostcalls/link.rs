//! Registers host functions under the names and types of the table.

use super::call::{Answer, Call};
use crate::abi::Status;
use crate::abi::table::{Chapter, IMPORTS, Import};
use crate::vm::calls;
use crate::vm::state::{State, UnknownCall};
use wasmtime::{Caller, Engine, FuncType, Linker, Val, ValType, WasmTy};

/// Collects the host functions.
pub(super) struct Link {
    linker: Linker<State>,
}

impl Link {
    pub(super) fn new(engine: &Engine) -> Self {
        Self { linker: Linker::new(engine) }
    }

    pub(super) fn finish(self) -> Linker<State> {
        self.linker
    }

    /// Registers a function that answers with a status.
    pub(super) fn add<P>(&mut self, name: &str, function: impl Hostcall<P>) -> wasmtime::Result<&mut Self> {
        let import = row(name)?;
        if !import.is_there() {
            return Err(wasmtime::Error::msg(format!("`{name}` is in the list of missing functions")));
        }
        for module in import.modules() {
            function.link(&mut self.linker, module, import)?;
        }
        Ok(self)
    }

    /// Registers a function without a result, which takes one number.
    pub(super) fn add_silent(
        &mut self,
        name: &str,
        function: fn(&mut Call<'_>, u32) -> Answer,
    ) -> wasmtime::Result<&mut Self> {
        let import = row(name)?;
        for module in import.modules() {
            let silent = move |caller: Caller<'_, State>, number: u32| -> wasmtime::Result<()> {
                let mut call = Call::enter(caller, import, None, &[number.into()])?;
                if call.fault(import).is_some() {
                    return Ok(());
                }
                let answer = function(&mut call, number);
                call.leave(import, answer).map(drop)
            };
            self.linker.func_wrap(module, import.name, silent)?;
        }
        Ok(self)
    }

    /// Registers a function that does nothing but answer.
    pub(super) fn add_constant(&mut self, name: &str, answer: u32) -> wasmtime::Result<&mut Self> {
        self.add_dynamic(name, move |_, _| Ok(answer))
    }

    /// Registers a function that comes later: it answers `InternalFailure` and says so, once.
    ///
    /// Not `Unimplemented`, which SDKs do not know and fail at.
    pub(super) fn add_missing(&mut self, name: &str) -> wasmtime::Result<&mut Self> {
        let import = row(name)?;
        if import.is_there() {
            return Err(wasmtime::Error::msg(format!(
                "`{name}` is missing, but not in the list of such functions"
            )));
        }
        self.add_dynamic(name, move |call, _| {
            if let Ok(mut host) = call.host() {
                host.log_missing(import.name);
            }
            Ok(Status::INTERNAL_FAILURE.0)
        })
    }

    /// Registers a function whose type is read from the table.
    pub(super) fn add_dynamic(
        &mut self,
        name: &str,
        function: impl Fn(&mut Call<'_>, &[Val]) -> wasmtime::Result<u32> + Copy + Send + Sync + 'static,
    ) -> wasmtime::Result<&mut Self> {
        let import = row(name)?;
        let text = import.text();
        let ty = FuncType::new(self.linker.engine(), types(import.params), types(import.result));
        for module in import.modules() {
            let answering = move |caller: Caller<'_, State>, params: &[Val], results: &mut [Val]| {
                let raw: Vec<u64> = params.iter().map(raw).collect();
                let mut call = Call::enter(caller, import, text, &raw)?;
                let code = match call.fault(import) {
                    Some(code) => code,
                    None => function(&mut call, params)?,
                };
                call.note(code);
                results.fill(Val::I32(code.cast_signed()));
                Ok(())
            };
            self.linker.func_new(module, import.name, ty.clone(), answering)?;
        }
        Ok(self)
    }
}

/// Registers a function that no version of the ABI has: whoever calls it traps.
pub(crate) fn stub(
    linker: &mut Linker<State>,
    module: &str,
    name: &str,
    ty: FuncType,
) -> wasmtime::Result<()> {
    let function = format!("{module}.{name}");
    let stub = move |_: Caller<'_, State>, _: &[Val], _: &mut [Val]| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(UnknownCall { function: function.clone() }))
    };
    linker.func_new(module, name, ty, stub).map(drop)
}

/// Registers a known function that a plugin may not call: it says so, once.
pub(crate) fn restricted(
    linker: &mut Linker<State>,
    module: &str,
    import: &'static Import,
    ty: FuncType,
) -> wasmtime::Result<()> {
    /// `NOTCAPABLE` of WASI.
    const NOT_CAPABLE: u32 = 76;
    let code = if import.chapter == Chapter::Wasi { NOT_CAPABLE } else { Status::INTERNAL_FAILURE.0 };
    let text = import.text();
    let stub = move |mut caller: Caller<'_, State>, params: &[Val], results: &mut [Val]| {
        let raw: Vec<u64> = params.iter().map(raw).collect();
        let ticket = calls::begin(&mut caller, import, text, &raw);
        calls::end(&mut caller, ticket, code);
        if let Ok(mut host) = caller.data().host.try_borrow_mut() {
            host.log_restricted(import.name);
        }
        results.fill(Val::I32(code.cast_signed()));
        Ok(())
    };
    linker.func_new(module, import.name, ty, stub).map(drop)
}

fn row(name: &str) -> wasmtime::Result<&'static Import> {
    let row = IMPORTS.iter().find(|import| import.name == name);
    row.ok_or_else(|| wasmtime::Error::msg(format!("`{name}` is not in the table of imports")))
}

fn types(letters: &str) -> impl Iterator<Item = ValType> {
    letters.chars().map(|letter| if letter == 'I' { ValType::I64 } else { ValType::I32 })
}

/// A function with plain numbers as parameters that answers with a status.
pub(super) trait Hostcall<Params>: Copy + Send + Sync + 'static {
    /// Registers it.
    fn link(self, linker: &mut Linker<State>, module: &str, import: &'static Import) -> wasmtime::Result<()>;
}

/// A parameter as traps show it.
pub(super) trait Raw: Copy {
    fn raw(self) -> u64;
}

impl Raw for u32 {
    fn raw(self) -> u64 {
        self.into()
    }
}

impl Raw for i32 {
    fn raw(self) -> u64 {
        self.cast_unsigned().into()
    }
}

impl Raw for u64 {
    fn raw(self) -> u64 {
        self
    }
}

impl Raw for i64 {
    fn raw(self) -> u64 {
        self.cast_unsigned()
    }
}

fn raw(value: &Val) -> u64 {
    value.i32().map(Raw::raw).or(value.i64().map(Raw::raw)).unwrap_or_default()
}

macro_rules! hostcalls {
    ($(($($param:ident: $ty:ident),*))*) => {$(
        impl<F, $($ty: WasmTy + Raw),*> Hostcall<($($ty,)*)> for F
        where
            F: Fn(&mut Call<'_>, $($ty),*) -> Answer + Copy + Send + Sync + 'static,
        {
            fn link(
                self,
                linker: &mut Linker<State>,
                module: &str,
                import: &'static Import,
            ) -> wasmtime::Result<()> {
                let text = import.text();
                let function = move |caller: Caller<'_, State>, $($param: $ty),*| -> wasmtime::Result<u32> {
                    let mut call = Call::enter(caller, import, text, &[$($param.raw()),*])?;
                    if let Some(code) = call.fault(import) {
                        return Ok(code);
                    }
                    let answer = self(&mut call, $($param),*);
                    call.leave(import, answer)
                };
                linker.func_wrap(module, import.name, function).map(drop)
            }
        }
    )*};
}

hostcalls! {
    ()
    (a: A)
    (a: A, b: B)
    (a: A, b: B, c: C)
    (a: A, b: B, c: C, d: D)
    (a: A, b: B, c: C, d: D, e: E)
    (a: A, b: B, c: C, d: D, e: E, f: G)
    (a: A, b: B, c: C, d: D, e: E, f: G, g: H)
    (a: A, b: B, c: C, d: D, e: E, f: G, g: H, h: I)
    (a: A, b: B, c: C, d: D, e: E, f: G, g: H, h: I, i: J)
    (a: A, b: B, c: C, d: D, e: E, f: G, g: H, h: I, i: J, j: K)
    (a: A, b: B, c: C, d: D, e: E, f: G, g: H, h: I, i: J, j: K, k: L, l: M)
}
