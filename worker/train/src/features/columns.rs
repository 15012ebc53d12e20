//! Columns of a table as a net sees them.

use gliss_types::recipe::Columns;

/// Scales `values` (rows of `width` columns) as `settings` say: with the mean and the population deviation that each column
/// has over the rows `train`, a deviation of zero counting as one. The first document's quirk Q000-1 cuts values to whole
/// numbers and wraps them modulo 256 before they are scaled with the mean and deviation of the uncut ones.
pub(crate) fn scale(values: &[f64], width: usize, train: &[usize], settings: &Columns) -> Vec<f32> {
    let (means, deviations) = match settings.standardise {
        true => moments(values, width, train),
        false => (vec![0.0; width], vec![1.0; width]),
    };
    let constants: Vec<[f64; 2]> = means.into_iter().zip(deviations).map(|(mean, of)| [mean, of]).collect();
    scale_by(values, &constants, settings)
}

/// The same by constants that are given, one for each column.
pub(crate) fn scale_by(values: &[f64], constants: &[[f64; 2]], settings: &Columns) -> Vec<f32> {
    let scaled = |(value, [mean, deviation]): (&f64, &[f64; 2])| {
        let value = if settings.as_uint8 { as_uint8(*value) } else { *value };
        ((value - mean) / deviation) as f32
    };
    values.iter().zip(constants.iter().cycle()).map(scaled).collect()
}

/// What [`scale`] subtracts from each column and divides it by.
pub(crate) fn constants(values: &[f64], width: usize, train: &[usize], settings: &Columns) -> Vec<[f64; 2]> {
    if !settings.standardise {
        return Vec::new();
    }
    let (means, deviations) = moments(values, width, train);
    means.into_iter().zip(deviations).map(|(mean, deviation)| [mean, deviation]).collect()
}

/// Cut toward zero and wrapped, as a cast from a float to an 8-bit integer by way of a wider one does.
pub(super) fn as_uint8(value: f64) -> f64 {
    f64::from((value.trunc() as i64).rem_euclid(256) as u8)
}

fn moments(values: &[f64], width: usize, train: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let rows = || train.iter().filter_map(|row| values.get(row * width..(row + 1) * width));
    let count = train.len().max(1) as f64;
    let mut means = vec![0.0; width];
    for row in rows() {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
    }
    means.iter_mut().for_each(|mean| *mean /= count);
    let mut deviations = vec![0.0; width];
    for row in rows() {
        for ((deviation, mean), value) in deviations.iter_mut().zip(&means).zip(row) {
            *deviation += (value - mean) * (value - mean);
        }
    }
    for deviation in &mut deviations {
        *deviation = f64::sqrt(*deviation / count);
        if *deviation == 0.0 {
            *deviation = 1.0;
        }
    }
    (means, deviations)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Columns = Columns { standardise: true, as_uint8: false };

    #[test]
    fn the_training_rows_alone_give_mean_and_deviation() {
        let values = [1.0, 5.0, 3.0, 5.0, 100.0, 7.0];
        assert_eq!(scale(&values, 2, &[0, 1], &PLAIN), [-1.0, 0.0, 1.0, 0.0, 98.0, 2.0]);
        let raw = Columns { standardise: false, ..PLAIN };
        assert_eq!(scale(&values, 2, &[0, 1], &raw), [1.0, 5.0, 3.0, 5.0, 100.0, 7.0]);
    }

    #[test]
    fn bytes_are_cut_and_wrapped_then_scaled_with_the_uncut_moments() {
        assert_eq!([1784.17, -113.57, 0.99, -0.99, 256.0, 255.9].map(as_uint8), [248.0, 143.0, 0.0, 0.0, 0.0, 255.0]);
        let quirk = Columns { as_uint8: true, ..PLAIN };
        // Mean 300, deviation 50: 250 stays 250, 350 becomes 94.
        assert_eq!(scale(&[250.0, 350.0], 1, &[0, 1], &quirk), [-1.0, -4.12]);
    }
}
