//! A filter without its type parameters, so that the dispatcher is compiled once and not per filter.

use super::Task;
use crate::config::Configuration as _;
use crate::ended::Ended;
use crate::error::Result;
use crate::filter::{Failure, Filter, Recovery};
use crate::next::Next;
use crate::request::Request;
use crate::response::Response;
use crate::setup::Setup;
use std::rc::Rc;

/// The object-safe form of [`Filter`].
pub(crate) trait Handler {
    fn handle(self: Rc<Self>, request: Request, next: Next) -> Task<Result<Response>>;
    fn on_error(&self, failure: &Failure<'_>) -> Recovery;
    fn log(&self, ended: &Ended);
}

impl<F: Filter> Handler for F {
    fn handle(self: Rc<Self>, request: Request, next: Next) -> Task<Result<Response>> {
        Box::pin(async move { Filter::handle(&*self, request, next).await })
    }

    fn on_error(&self, failure: &Failure<'_>) -> Recovery {
        Filter::on_error(self, failure)
    }

    fn log(&self, ended: &Ended) {
        Filter::log(self, ended);
    }
}

/// Makes a filter from the bytes of its configuration.
pub(crate) type Factory = fn(&[u8], &mut Setup) -> Result<Rc<dyn Handler>>;

pub(crate) fn factory<F: Filter>(configuration: &[u8], setup: &mut Setup) -> Result<Rc<dyn Handler>> {
    let config = F::Config::read(configuration)?;
    Ok(Rc::new(F::new(config, setup)?))
}
