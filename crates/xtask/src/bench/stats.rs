//! Figures of several runs.

/// A median with the least and the greatest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Some(Self { median, min, max })
    }

    /// The ratio of the medians of two series, with the least and the greatest ratio within one round.
    pub(crate) fn ratio(of: &[f64], to: &[f64]) -> Option<Self> {
        let rounds: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
        let spread = Self::of(&rounds)?;
        Some(Self {
            median: Self::of(of)?.median / Self::of(to)?.median,
            ..spread
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 100.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (3.5, 1.0, 100.0));
        assert_eq!(Spread::of(&[2.0, 9.0, 1.0]).unwrap().median, 2.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_ratio_is_of_the_medians_and_its_spread_of_the_rounds() {
        // One round was slow for both: its own ratio is as the others', and the medians do not see it.
        let spread = Spread::ratio(&[20.0, 2000.0, 22.0], &[10.0, 1000.0, 10.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (2.2, 2.0, 2.2));
    }
}
