//! What a rule requires of a request's tokens: a tree of providers.

use crate::refusal::Refusal;

/// A requirement.
#[derive(Debug)]
pub(crate) enum Requirement {
    /// A valid token of this provider, for these audiences in place of its own.
    Provider { provider: usize, audiences: Option<Vec<String>> },
    /// One of these; where there is an allowance, or what it allows.
    Any { members: Vec<Requirement>, allowance: Allowance },
    /// All of these.
    All(Vec<Requirement>),
}

/// Without which tokens a request may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Allowance {
    None,
    /// Where none of these providers finds a token.
    Missing(Vec<usize>),
    /// With tokens that are not valid, too.
    MissingOrFailed,
}

/// How a request stands to a requirement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<V> {
    /// It fulfils it by these tokens.
    Passed(Vec<V>),
    Refused(Refusal),
    /// It depends on keys that are not here.
    Waiting(Wait),
}

/// Why a verdict has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Whose keys are needed.
    pub(crate) provider: usize,
    /// Whether there are keys, and newer ones are needed.
    pub(crate) newer: bool,
}

/// Why tokens are not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invalid {
    Refused(Refusal),
    /// It is not known yet.
    Waiting(Wait),
}

impl From<Refusal> for Invalid {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The tokens of a request, as requirements ask about them.
pub(crate) trait Tokens {
    /// A token that was found to be valid.
    type Valid;

    /// Whether there is a token where this provider looks.
    fn has_any(&self, provider: usize) -> bool;

    /// All tokens where this provider looks, of which each must be valid; at least one.
    fn verify(&self, provider: usize, audiences: Option<&[String]>) -> Result<Vec<Self::Valid>, Invalid>;
}

impl Requirement {
    pub(crate) fn judge<T: Tokens>(&self, tokens: &T) -> Outcome<T::Valid> {
        match self {
            Self::Provider { provider, audiences } => match tokens.verify(*provider, audiences.as_deref()) {
                Ok(valid) => Outcome::Passed(valid),
                Err(Invalid::Refused(refusal)) => Outcome::Refused(refusal),
                Err(Invalid::Waiting(wait)) => Outcome::Waiting(wait),
            },
            Self::Any { members, allowance } => any(members, allowance, tokens),
            Self::All(members) => all(members, tokens),
        }
    }
}

fn any<T: Tokens>(members: &[Requirement], allowance: &Allowance, tokens: &T) -> Outcome<T::Valid> {
    let (mut refusal, mut waiting) = (Refusal::Missing, None);
    for member in members {
        match member.judge(tokens) {
            Outcome::Refused(other) => refusal = refusal.or(other),
            Outcome::Waiting(wait) => waiting = waiting.or(Some(wait)),
            passed @ Outcome::Passed(_) => return passed,
        }
    }
    match waiting {
        Some(wait) => Outcome::Waiting(wait),
        None if allowance.lets_pass(tokens) => Outcome::Passed(Vec::new()),
        None => Outcome::Refused(refusal),
    }
}

fn all<T: Tokens>(members: &[Requirement], tokens: &T) -> Outcome<T::Valid> {
    let (mut all, mut waiting) = (Vec::new(), None);
    for member in members {
        match member.judge(tokens) {
            Outcome::Passed(valid) => all.extend(valid),
            Outcome::Waiting(wait) => waiting = waiting.or(Some(wait)),
            // Whatever the others wait for.
            refused @ Outcome::Refused(_) => return refused,
        }
    }
    waiting.map_or(Outcome::Passed(all), Outcome::Waiting)
}

impl Allowance {
    fn lets_pass<T: Tokens>(&self, tokens: &T) -> bool {
        match self {
            Self::None => false,
            Self::Missing(providers) => !providers.iter().any(|provider| tokens.has_any(*provider)),
            Self::MissingOrFailed => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each provider says about the request.
    struct Said(Vec<Result<u32, Refusal>>);

    /// What a provider says that has no keys yet.
    const WAITS: Result<u32, Refusal> = Err(Refusal::NoKeys);

    impl Tokens for Said {
        type Valid = u32;

        fn has_any(&self, provider: usize) -> bool {
            self.0[provider] != Err(Refusal::Missing)
        }

        fn verify(&self, provider: usize, _: Option<&[String]>) -> Result<Vec<u32>, Invalid> {
            match self.0[provider] {
                WAITS => Err(Invalid::Waiting(Wait { provider, newer: false })),
                Ok(valid) => Ok(vec![valid]),
                Err(refusal) => Err(refusal.into()),
            }
        }
    }

    fn provider(provider: usize) -> Requirement {
        Requirement::Provider { provider, audiences: None }
    }

    fn any(allowance: Allowance) -> Requirement {
        Requirement::Any { members: vec![provider(0), provider(1)], allowance }
    }

    #[test]
    fn the_first_that_passes_is_taken_and_the_most_telling_refusal_told() {
        let judge = |said: Vec<_>| any(Allowance::None).judge(&Said(said));
        assert_eq!(judge(vec![Err(Refusal::Missing), Ok(7)]), Outcome::Passed(vec![7]));
        assert_eq!(judge(vec![Ok(1), Ok(2)]), Outcome::Passed(vec![1]));
        assert_eq!(
            judge(vec![Err(Refusal::Expired), Err(Refusal::Issuer)]),
            Outcome::Refused(Refusal::Expired)
        );
        assert_eq!(
            judge(vec![Err(Refusal::Issuer), Err(Refusal::Expired)]),
            Outcome::Refused(Refusal::Expired)
        );
        assert_eq!(
            judge(vec![Err(Refusal::Missing), Err(Refusal::Missing)]),
            Outcome::Refused(Refusal::Missing)
        );
    }

    #[test]
    fn all_means_all() {
        let all = Requirement::All(vec![provider(0), provider(1)]);
        assert_eq!(all.judge(&Said(vec![Ok(1), Ok(2)])), Outcome::Passed(vec![1, 2]));
        assert_eq!(all.judge(&Said(vec![Ok(1), Err(Refusal::Missing)])), Outcome::Refused(Refusal::Missing));
    }

    #[test]
    fn what_may_be_missing_may_not_be_wrong() {
        let missing = any(Allowance::Missing(vec![0, 1]));
        let judge = |requirement: &Requirement, said: Vec<_>| requirement.judge(&Said(said));
        assert_eq!(
            judge(&missing, vec![Err(Refusal::Missing), Err(Refusal::Missing)]),
            Outcome::Passed(vec![])
        );
        assert_eq!(
            judge(&missing, vec![Err(Refusal::Missing), Err(Refusal::Signature)]),
            Outcome::Refused(Refusal::Signature)
        );
        let failed = any(Allowance::MissingOrFailed);
        assert_eq!(
            judge(&failed, vec![Err(Refusal::Signature), Err(Refusal::Missing)]),
            Outcome::Passed(vec![])
        );
        assert_eq!(judge(&failed, vec![Err(Refusal::Signature), Ok(2)]), Outcome::Passed(vec![2]));
    }

    #[test]
    fn nobody_waits_for_what_cannot_change_the_verdict() {
        let wait = |provider| Outcome::Waiting(Wait { provider, newer: false });
        let judge = |said: Vec<_>| any(Allowance::MissingOrFailed).judge(&Said(said));
        assert_eq!(judge(vec![WAITS, Ok(2)]), Outcome::Passed(vec![2]));
        assert_eq!(judge(vec![Err(Refusal::Expired), WAITS]), wait(1));
        let both = Requirement::All(vec![provider(0), provider(1)]);
        assert_eq!(both.judge(&Said(vec![WAITS, Err(Refusal::Expired)])), Outcome::Refused(Refusal::Expired));
        assert_eq!(both.judge(&Said(vec![Ok(1), WAITS])), wait(1));
    }

    #[test]
    fn one_of_two_that_are_needed_together_is_not_nothing() {
        let both = Requirement::All(vec![provider(0), provider(1)]);
        let requirement = Requirement::Any { members: vec![both], allowance: Allowance::Missing(vec![0, 1]) };
        let outcome = requirement.judge(&Said(vec![Ok(1), Err(Refusal::Missing)]));
        assert_eq!(outcome, Outcome::Refused(Refusal::Missing));
    }
}
