//! What a provider expects of its tokens' claims.

use super::Claims;
use crate::refusal::Refusal;
use mesh_filter_policy::Text;
use std::time::Duration;

/// What is expected. What a token must have is checked against the claim itself: one that is missing does not pass.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) issuer: Option<String>,
    /// One of these; any where there are none.
    pub(crate) audiences: Vec<String>,
    pub(crate) subjects: Option<Text>,
    /// How far the issuer's clock may be off.
    pub(crate) skew: Duration,
    pub(crate) require_expiration: bool,
    /// How long from now a token may still be valid.
    pub(crate) max_lifetime: Option<Duration>,
}

impl Expected {
    /// Checks everything; a requirement may have audiences of its own in place of the provider's.
    pub(crate) fn check(
        &self,
        claims: &Claims,
        now: Duration,
        audiences: Option<&[String]>,
    ) -> Result<(), Refusal> {
        if self.issuer.as_deref().is_some_and(|issuer| claims.text("iss") != Some(issuer)) {
            return Err(Refusal::Issuer);
        }
        self.check_time(claims, now)?;
        let wanted = audiences.unwrap_or(&self.audiences);
        if !wanted.is_empty() && !claims.audiences().any(|audience| wanted.iter().any(|one| one == audience))
        {
            return Err(Refusal::Audience);
        }
        let is_subject =
            |subjects: &Text| claims.text("sub").is_some_and(|sub| subjects.matches(sub.as_bytes()));
        if self.subjects.as_ref().is_some_and(|subjects| !is_subject(subjects)) {
            return Err(Refusal::Subject);
        }
        Ok(())
    }

    /// A token is not accepted on or after `exp`, nor before `nbf` (RFC 7519, sections 4.1.4 and 4.1.5).
    fn check_time(&self, claims: &Claims, now: Duration) -> Result<(), Refusal> {
        if claims.not_before.is_some_and(|start| start > now.saturating_add(self.skew)) {
            return Err(Refusal::NotYetValid);
        }
        let Some(expires) = claims.expires else {
            let is_needed = self.require_expiration || self.max_lifetime.is_some();
            return if is_needed { Err(Refusal::NoExpiration) } else { Ok(()) };
        };
        let end = expires.saturating_add(self.skew);
        if end <= now {
            return Err(Refusal::Expired);
        }
        let left = expires.saturating_sub(self.skew).saturating_sub(now);
        if self.max_lifetime.is_some_and(|longest| left > longest) {
            return Err(Refusal::Lifetime);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_767_225_600;

    fn expected() -> Expected {
        Expected {
            issuer: Some("https://good.example".to_owned()),
            audiences: vec!["api".to_owned(), "shop".to_owned()],
            subjects: None,
            skew: Duration::from_secs(30),
            require_expiration: false,
            max_lifetime: None,
        }
    }

    fn check(expected: &Expected, claims: &serde_json::Value, millis: u64) -> Result<(), Refusal> {
        let claims = Claims::read(claims.to_string().as_bytes()).unwrap();
        expected.check(&claims, Duration::from_millis(millis), None)
    }

    #[test]
    fn issuer_and_audience_must_be_there_where_they_are_expected() {
        for (claims, outcome) in [
            (json!({"iss": "https://good.example", "aud": "api"}), Ok(())),
            (json!({"iss": "https://good.example", "aud": ["x", "shop"]}), Ok(())),
            (json!({"iss": "https://good.example/", "aud": "api"}), Err(Refusal::Issuer)),
            (json!({"aud": "api"}), Err(Refusal::Issuer)),
            (json!({"iss": "https://good.example"}), Err(Refusal::Audience)),
            (json!({"iss": "https://good.example", "aud": []}), Err(Refusal::Audience)),
            (json!({"iss": "https://good.example", "aud": "API"}), Err(Refusal::Audience)),
        ] {
            assert_eq!(check(&expected(), &claims, NOW * 1000), outcome, "{claims}");
        }
    }

    #[test]
    fn time_is_exact_to_the_millisecond_on_both_edges() {
        let token = |claims: serde_json::Value, millis| {
            let mut all = json!({"iss": "https://good.example", "aud": "api"});
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            check(&expected(), &all, millis)
        };
        let now = NOW * 1000;
        assert_eq!(token(json!({"exp": NOW}), now + 29_999), Ok(()));
        assert_eq!(token(json!({"exp": NOW}), now + 30_000), Err(Refusal::Expired));
        assert_eq!(token(json!({"nbf": NOW}), now - 30_000), Ok(()));
        assert_eq!(token(json!({"nbf": NOW}), now - 30_001), Err(Refusal::NotYetValid));
        assert_eq!(token(json!({"exp": 0}), 0), Ok(()), "within the skew of the beginning of time");
        assert_eq!(token(json!({}), now), Ok(()));
    }

    #[test]
    fn the_remaining_lifetime_is_limited_and_an_end_required() {
        let expected = Expected { max_lifetime: Some(Duration::from_secs(3600)), ..expected() };
        let token = |exp| json!({"iss": "https://good.example", "aud": "api", "exp": exp});
        assert_eq!(check(&expected, &token(NOW + 3630), NOW * 1000), Ok(()));
        assert_eq!(check(&expected, &token(NOW + 3631), NOW * 1000), Err(Refusal::Lifetime));
        let endless = json!({"iss": "https://good.example", "aud": "api"});
        assert_eq!(check(&expected, &endless, NOW * 1000), Err(Refusal::NoExpiration));
        let strict = Expected { require_expiration: true, max_lifetime: None, ..expected };
        assert_eq!(check(&strict, &endless, NOW * 1000), Err(Refusal::NoExpiration));
    }

    #[test]
    fn audiences_of_a_requirement_take_the_place_of_the_providers() {
        let claims = Claims::read(br#"{"iss":"https://good.example","aud":"admin"}"#).unwrap();
        let now = Duration::from_secs(NOW);
        assert_eq!(expected().check(&claims, now, Some(&["admin".to_owned()])), Ok(()));
        assert_eq!(expected().check(&claims, now, None), Err(Refusal::Audience));
    }
}
