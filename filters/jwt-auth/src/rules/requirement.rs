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
}

/// The tokens of a request, as requirements ask about them.
pub(crate) trait Tokens {
    /// A token that was found to be valid.
    type Valid;

    /// Whether there is a token where this provider looks.
    fn has_any(&self, provider: usize) -> bool;

    /// All tokens where this provider looks, of which each must be valid; at least one.
    fn verify(&self, provider: usize, audiences: Option<&[String]>) -> Result<Vec<Self::Valid>, Refusal>;
}

impl Requirement {
    pub(crate) fn judge<T: Tokens>(&self, tokens: &T) -> Outcome<T::Valid> {
        match self {
            Self::Provider { provider, audiences } => match tokens.verify(*provider, audiences.as_deref()) {
                Ok(valid) => Outcome::Passed(valid),
                Err(refusal) => Outcome::Refused(refusal),
            },
            Self::Any { members, allowance } => {
                let mut refusal = Refusal::Missing;
                for member in members {
                    match member.judge(tokens) {
                        Outcome::Refused(other) => refusal = refusal.or(other),
                        passed @ Outcome::Passed(_) => return passed,
                    }
                }
                match allowance.lets_pass(tokens) {
                    true => Outcome::Passed(Vec::new()),
                    false => Outcome::Refused(refusal),
                }
            }
            Self::All(members) => {
                let mut all = Vec::new();
                for member in members {
                    match member.judge(tokens) {
                        Outcome::Passed(valid) => all.extend(valid),
                        refused @ Outcome::Refused(_) => return refused,
                    }
                }
                Outcome::Passed(all)
            }
        }
    }
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

    impl Tokens for Said {
        type Valid = u32;

        fn has_any(&self, provider: usize) -> bool {
            self.0[provider] != Err(Refusal::Missing)
        }

        fn verify(&self, provider: usize, _: Option<&[String]>) -> Result<Vec<u32>, Refusal> {
            self.0[provider].map(|valid| vec![valid])
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
    fn one_of_two_that_are_needed_together_is_not_nothing() {
        let both = Requirement::All(vec![provider(0), provider(1)]);
        let requirement = Requirement::Any { members: vec![both], allowance: Allowance::Missing(vec![0, 1]) };
        let outcome = requirement.judge(&Said(vec![Ok(1), Err(Refusal::Missing)]));
        assert_eq!(outcome, Outcome::Refused(Refusal::Missing));
    }
}
