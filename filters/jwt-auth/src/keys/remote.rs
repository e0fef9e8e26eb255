//! Keys that are fetched: in the background, once for all workers, and again for a key that is not known.

use super::{KeySet, Source};
use crate::claims::seconds;
use mesh_filter::cache::{Refresh, Refreshed};
use mesh_filter::call::Retry;
use mesh_filter::clock::{self, Instant};
use mesh_filter::prelude::*;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// No larger answer is read. Issuers with many keys have 10 KiB.
const LARGEST: usize = 64 * 1024;
/// After a fetch that failed the next one begins no sooner, and later after each further failure.
const AFTER_FAILURE: Duration = secs(1);
/// However short an issuer says that its keys are fresh, they are used for so long.
const LEAST_FRESH: Duration = secs(60);

/// Keys of an issuer that has them on a server.
pub(crate) struct Remote {
    fetched: Refreshed<Fetched>,
    /// Keys younger than this are not fetched again for one that is not among them.
    unknown_kid_interval: Option<Duration>,
    /// Keys that are used now.
    used: RefCell<Option<Rc<Fetched>>>,
    /// When keys were last asked for because the issuer says that they are stale.
    revalidated: Cell<Option<Instant>>,
}

/// An answer of the server, as workers pass it to each other.
#[derive(Serialize, Deserialize)]
struct Fetched {
    text: String,
    at: Instant,
    /// How long the issuer says that it is fresh.
    fresh: Option<Duration>,
    #[serde(skip)]
    set: OnceCell<Rc<KeySet>>,
}

/// Counters of fetches.
#[derive(Clone)]
pub(crate) struct Fetches {
    pub(crate) success: Counter,
    pub(crate) failed: Counter,
}

impl Remote {
    pub(crate) fn new(setup: &mut Setup, provider: &str, source: Source, fetches: Fetches) -> Self {
        let tries = source.retries.saturating_add(1);
        let longest =
            source.timeout.saturating_mul(tries) + source.backoff.end.saturating_mul(source.retries);
        let refresh = Refresh::every(source.cache_duration)
            .max_age(source.cache_duration.saturating_add(source.stale_if_error))
            .min_interval(AFTER_FAILURE)
            .lease(longest.saturating_mul(2));
        // Configurations that name the same server share what they fetch, those that name another one never.
        let name = format!("jwks/{}/{}{}", source.cluster, source.authority, source.path);
        let interval = source.unknown_kid_interval;
        let (source, provider) = (Rc::new(source), provider.to_owned());
        let fetched = Refreshed::across_workers(setup, &name, refresh, async move || {
            let fetched = fetch(&source).await;
            match &fetched {
                Ok(_) => fetches.success.increment(1),
                Err(_) => fetches.failed.increment(1),
            }
            fetched.map_err(|error| Error::new(format!("no keys of provider `{provider}`: {error}")))
        });
        Self {
            fetched,
            unknown_kid_interval: interval,
            used: RefCell::default(),
            revalidated: Cell::default(),
        }
    }

    /// The keys, and whether they are others than last time; `None` where there are none that may be used.
    pub(crate) fn current(&self) -> Option<(Rc<KeySet>, bool)> {
        let fetched = self.fetched.current()?;
        self.revalidate(&fetched);
        let set = fetched.set()?;
        let mut used = self.used.borrow_mut();
        let same = used.as_ref().is_some_and(|used| Rc::ptr_eq(used, &fetched));
        let others = !same && used.as_ref().is_none_or(|used| used.text != fetched.text);
        if !same {
            *used = Some(fetched);
        }
        Some((set, others))
    }

    /// Waits for keys where there are none.
    pub(crate) async fn load(&self) {
        // What failed has been logged; that there are no keys is seen by who asks for them.
        let _ = self.fetched.get().await;
    }

    /// Waits for newer keys than those at hand, unless another worker has fetched some lately.
    pub(crate) async fn refetch(&self) {
        if let Some(interval) = self.unknown_kid_interval {
            let _ = self.fetched.refetch_older_than(interval).await;
        }
    }

    /// Whether the keys at hand are so old that one which is not among them may be new.
    pub(crate) fn may_have_new(&self) -> bool {
        let Some(interval) = self.unknown_kid_interval else { return false };
        self.fetched.current().is_some_and(|fetched| fetched.at.elapsed() >= interval)
    }

    /// Asks for newer keys where the issuer says that these are stale. Nobody waits for them.
    fn revalidate(&self, fetched: &Fetched) {
        let Some(fresh) = fetched.fresh else { return };
        let recently = |asked: Instant| asked.elapsed() < LEAST_FRESH;
        if fetched.at.elapsed() < fresh.max(LEAST_FRESH) || self.revalidated.get().is_some_and(recently) {
            return;
        }
        self.revalidated.set(Some(clock::monotonic()));
        let fetched = self.fetched.clone();
        task::spawn(async move {
            let _ = fetched.refetch().await;
        });
    }
}

impl Fetched {
    /// The keys, parsed once in each worker.
    fn set(&self) -> Option<Rc<KeySet>> {
        if let Some(set) = self.set.get() {
            return Some(Rc::clone(set));
        }
        // Whoever fetched it has read it as well.
        let set = Rc::new(KeySet::read(self.text.as_bytes()).ok()?);
        Some(Rc::clone(self.set.get_or_init(|| set)))
    }
}

async fn fetch(source: &Source) -> Result<Fetched> {
    let at = clock::monotonic();
    let retry = Retry::times(source.retries).backoff(source.backoff.clone());
    let call = call::get(&source.cluster, &source.path).authority(&source.authority).timeout(source.timeout);
    let reply = call.header("accept", "application/json").retry(retry).send().await?;
    if reply.status() != 200 {
        return Err(Error::new(format!("cluster `{}` replied {}", source.cluster, reply.status())));
    }
    let size = reply.body().len();
    if size > LARGEST {
        let text =
            format!("cluster `{}` replied {size} bytes: expected no more than {LARGEST}", source.cluster);
        return Err(Error::new(text));
    }
    let text = reply.text()?.to_owned();
    let set = KeySet::read(text.as_bytes())?;
    for (place, unusable) in &set.unused {
        log::debug!("a key of cluster `{}` is not used: `keys[{place}]`: {unusable}", source.cluster);
    }
    if set.is_empty() {
        return Err(Error::new(format!("cluster `{}` has no key that can be used", source.cluster)));
    }
    let control = reply.headers().get_all("cache-control").filter_map(|value| value.as_str().ok());
    let fresh = control.filter_map(freshness).min();
    Ok(Fetched { text, at, fresh, set: OnceCell::from(Rc::new(set)) })
}

/// How long an answer is fresh, as `Cache-Control` says (RFC 9111, section 5.2.2).
fn freshness(control: &str) -> Option<Duration> {
    let directives = control.split(',').map(str::trim);
    let times = directives.filter_map(|directive| match directive.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("max-age") => seconds(value.trim_matches('"')),
        None if ["no-store", "no-cache"].iter().any(|name| directive.eq_ignore_ascii_case(name)) => {
            Some(Duration::ZERO)
        }
        _ => None,
    });
    times.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_cache_control_says_the_shortest_time_counts() {
        assert_eq!(freshness("public, max-age=300"), Some(secs(300)));
        assert_eq!(freshness("Max-Age=\"60\", max-age=30"), Some(secs(30)));
        assert_eq!(freshness("max-age=300, no-cache"), Some(Duration::ZERO));
        for control in
            ["", "public", "max-age", "max-age=-1", "max-age=x", "s-maxage=5", "max-age=99999999999999999999"]
        {
            assert_eq!(freshness(control), None, "{control}");
        }
    }
}
