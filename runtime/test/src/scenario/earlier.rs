//! `as`, `same_as` and `transitions`: a field of this step's exchanges beside that of an earlier step's.
//!
//! Exchanges are compared by their number in the step: the tenth with the tenth.

use super::expect::{Placed, placed};
use super::field::{Field, Value};
use super::step::{Exchanges, Step};
use crate::report::Problem;
use crate::sim::Finished;
use mesh_filter_runtime::document::{Error, Fields, Node, Place, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The exchanges of steps that have a name.
pub(crate) type Named = BTreeMap<String, Arc<Vec<Finished>>>;

/// What the exchanges of a step are like, compared with those of an earlier one.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    /// The name of the earlier step, and where this one says it.
    pub(crate) with: Placed<String>,
    field: Field,
    /// Which changes there may be, from and to; `None`: no change.
    allowed: Option<Vec<(Value, Value)>>,
}

/// Reads the name of another step.
pub(crate) fn name(node: &Node) -> Result<Placed<String>> {
    let name = node.string()?.to_owned();
    if name.is_empty() {
        return Err(node.expected("the name of a step"));
    }
    Ok(placed(node, name))
}

/// Reads `same_as` and its `field`.
pub(crate) fn same_as(fields: &Fields<'_>) -> Result<Option<Placed<Comparison>>> {
    let (Some(with), field) = (fields.get("same_as"), fields.get("field")) else {
        return match fields.get("field") {
            Some(node) => Err(node.error("`field` goes with `same_as`")),
            None => Ok(None),
        };
    };
    let field = field.ok_or_else(|| with.error("`same_as` needs a `field`, which has the same value"))?;
    Ok(Some(placed(with, Comparison { with: name(with)?, field: Field::read(field)?, allowed: None })))
}

/// Reads `transitions`.
pub(crate) fn transitions(node: &Node) -> Result<Comparison> {
    let fields = node.mapping(&["from", "field", "allowed"])?;
    let transition = |node: &Node| {
        let wrong = || node.expected("a transition such as `a->b`");
        let (from, to) = node.string()?.split_once("->").ok_or_else(wrong)?;
        Ok((Value::named(from.trim()), Value::named(to.trim())))
    };
    Ok(Comparison {
        with: name(fields.required("from")?)?,
        field: Field::read(fields.required("field")?)?,
        allowed: Some(fields.required("allowed")?.list()?.iter().map(transition).collect::<Result<_>>()?),
    })
}

/// Refuses steps that compare themselves with none, or with one of another number of exchanges.
pub(crate) fn check_names(steps: &[Step]) -> Result<()> {
    let mut named: Vec<(&Placed<String>, usize)> = Vec::new();
    for step in steps {
        let Step::Exchanges(exchanges) = step else { continue };
        for Placed { value: Comparison { with, .. }, .. } in comparisons(exchanges)? {
            let Some((_, count)) = named.iter().find(|(name, _)| name.value == with.value) else {
                let names: Vec<String> = named.iter().map(|(name, _)| format!("`{}`", name.value)).collect();
                let help = match names.as_slice() {
                    [] => "an earlier step gets its name by `as: NAME`".to_owned(),
                    names => format!("known here: {}", names.join(", ")),
                };
                let problem = format!("no earlier step is named `{}`", with.value);
                return Err(Error::new(&with.place, problem).with_help(help));
            };
            if *count != exchanges.repeat {
                let (name, here) = (&with.value, exchanges.repeat);
                let problem =
                    format!("step `{name}` has {count} exchanges and this one {here}: there must be as many");
                return Err(Error::new(&with.place, problem));
            }
        }
        if let Some(name) = &exchanges.name {
            if named.iter().any(|(other, _)| other.value == name.value) {
                let problem = format!("a second step is named `{}`", name.value);
                return Err(Error::new(&name.place, problem));
            }
            named.push((name, exchanges.repeat));
        }
    }
    Ok(())
}

fn comparisons(exchanges: &Exchanges) -> Result<Vec<Placed<Comparison>>> {
    match exchanges.whole() {
        Some(whole) => Ok(whole.comparisons.clone()),
        None => Ok(exchanges.exchange(0)?.expect.comparisons),
    }
}

impl Comparison {
    /// What does not hold of it.
    pub(crate) fn check(
        &self,
        place: &Place,
        exchanges: &[Finished],
        named: &Named,
        problems: &mut Vec<Problem>,
    ) {
        let (name, field) = (&self.with.value, &self.field.name);
        let earlier = named.get(name).map(|earlier| earlier.as_slice()).unwrap_or_default();
        let mut wrong = |text: String| problems.push(Problem::at(place, text));
        if earlier.len() != exchanges.len() {
            let (here, there) = (exchanges.len(), earlier.len());
            return wrong(format!("there are {here} exchanges to compare with {there} of step `{name}`"));
        }
        let changes: Vec<(Value, Value)> = earlier
            .iter()
            .zip(exchanges)
            .map(|(from, to)| (self.field.of(from), self.field.of(to)))
            .collect();
        if changes.iter().all(|(from, to)| from.is_absent() && to.is_absent()) {
            return wrong(format!("`{field}` is absent in all exchanges of both steps"));
        }
        let may = |change: &(Value, Value)| match &self.allowed {
            None => change.0 == change.1,
            Some(allowed) => allowed.contains(change),
        };
        // By kind: how often, and where first.
        let mut wrongs: Vec<(&(Value, Value), usize, usize)> = Vec::new();
        for (index, change) in changes.iter().enumerate().filter(|(_, change)| !may(change)) {
            match wrongs.iter_mut().find(|(known, ..)| *known == change) {
                Some((_, count, _)) => *count += 1,
                None => wrongs.push((change, 1, index)),
            }
        }
        let total = changes.len();
        for ((from, to), count, first) in wrongs {
            let (from, to) = (from.shown(), to.shown());
            wrong(format!(
                "`{field}` was {from} in step `{name}` and is {to} in {count} of {total} exchanges, \
                 first where `i` is {first}"
            ));
        }
    }
}
