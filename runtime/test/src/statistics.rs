//! Whether counts agree with the shares that were expected of them: Pearson's chi-squared test.

/// More terms than any sum here needs before it stands still.
const MAX_TERMS: u32 = 10_000;
/// A continued fraction must not divide by nothing.
const TINY: f64 = 1e-300;

/// Pearson's statistic: the sum of squared differences, each in relation to what was expected.
///
/// Categories of which nothing is expected are left out: one count there refutes the shares.
pub(crate) fn chi_squared(counts: &[(f64, f64)]) -> f64 {
    let expected = counts.iter().filter(|(_, expected)| *expected > 0.0);
    expected.map(|(observed, expected)| (observed - expected).powi(2) / expected).sum()
}

/// How probable a value of at least `statistic` is by chance, for the chi-squared distribution with
/// so many degrees of freedom.
///
/// This is the regularised upper incomplete gamma function Q(k/2, x/2): a power series where most of
/// the distribution lies above, a continued fraction elsewhere ([DLMF 8.11.4 and 8.9.2]).
///
/// [DLMF 8.11.4 and 8.9.2]: https://dlmf.nist.gov/8
pub(crate) fn chi_squared_tail(statistic: f64, degrees: u32) -> f64 {
    if degrees == 0 || statistic <= 0.0 {
        return 1.0;
    }
    let (a, x) = (f64::from(degrees) / 2.0, statistic / 2.0);
    let scale = (a * x.ln() - x - ln_gamma_of_half(degrees)).exp();
    if x < a + 1.0 {
        (1.0 - scale * lower_series(a, x)).clamp(0.0, 1.0)
    } else {
        scale * upper_fraction(a, x)
    }
}

/// 1/a + x/(a(a+1)) + x^2/(a(a+1)(a+2)) + ..
fn lower_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    for index in 1..MAX_TERMS {
        term *= x / (a + f64::from(index));
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// 1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- ..))), from the front by Lentz's method.
fn upper_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let mut fraction = d;
    for index in 1..MAX_TERMS {
        let index = f64::from(index);
        let numerator = -index * (index - a);
        b += 2.0;
        let kept = |value: f64| if value.abs() < TINY { TINY } else { value };
        d = 1.0 / kept(numerator * d + b);
        c = kept(b + numerator / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

/// The logarithm of the gamma function at `twice` / 2, from Γ(a + 1) = a Γ(a).
fn ln_gamma_of_half(twice: u32) -> f64 {
    let (first, start) =
        if twice.is_multiple_of(2) { (2, 0.0) } else { (1, std::f64::consts::PI.sqrt().ln()) };
    (first..twice).step_by(2).fold(start, |sum, below| sum + (f64::from(below) / 2.0).ln())
}

#[cfg(test)]
mod tests {
    use super::{chi_squared, chi_squared_tail};

    #[test]
    fn tails_are_those_of_published_tables() {
        for (statistic, degrees, tail) in [
            (0.0, 3, 1.0),
            (0.003_932, 1, 0.95),
            (2.705_543, 1, 0.1),
            (3.841_459, 1, 0.05),
            (10.827_566, 1, 0.001),
            (0.102_587, 2, 0.95),
            (13.815_511, 2, 0.001),
            (7.814_728, 3, 0.05),
            (18.307_038, 10, 0.05),
            (29.588_298, 10, 0.001),
            (77.929_465, 100, 0.95),
            (124.342_113, 100, 0.05),
            (149.449_253, 100, 0.001),
        ] {
            let got = chi_squared_tail(statistic, degrees);
            assert!((got - tail).abs() < 1e-6, "{statistic} with {degrees}: {got}, not {tail}");
        }
    }

    #[test]
    fn with_two_degrees_the_tail_is_an_exponential() {
        for tenths in 1..2000 {
            let statistic = f64::from(tenths) / 10.0;
            let (got, exact) = (chi_squared_tail(statistic, 2), (-statistic / 2.0).exp());
            assert!((got / exact - 1.0).abs() < 1e-9, "{statistic}: {got}, not {exact}");
        }
    }

    #[test]
    fn tails_fall_and_stay_probabilities_wherever_they_are_asked() {
        for degrees in [1, 2, 3, 7, 50, 999] {
            let mut before = 1.0;
            for statistic in 0..4000 {
                let tail = chi_squared_tail(f64::from(statistic), degrees);
                assert!((0.0..=before).contains(&tail), "{statistic} with {degrees}: {tail} after {before}");
                before = tail;
            }
        }
        assert!(chi_squared_tail(f64::INFINITY, 1) == 0.0 || chi_squared_tail(f64::INFINITY, 1).is_nan());
    }

    #[test]
    fn the_statistic_weighs_differences_by_what_was_expected() {
        assert_eq!(chi_squared(&[(44.0, 50.0), (56.0, 50.0)]), 1.44);
        assert_eq!(chi_squared(&[(90.0, 90.0), (10.0, 10.0), (0.0, 0.0)]), 0.0);
    }
}
