//! Passes over slices, whole vectors at a time, to be called from a [`super::Kernel`] that runs on `V`.

#![expect(unsafe_code, reason = "vectors through pointers, bounds checked first")]

use super::Lanes;

/// Adds `scales[0] * inputs[0] + scales[1] * inputs[1] + ...` to `out`, value by value. `out` is whole vectors.
#[inline(always)]
pub(crate) fn add_scaled<T: Copy, V: Lanes<T>, const N: usize>(scales: [T; N], inputs: [&[T]; N], out: &mut [T]) {
    assert!(out.len().is_multiple_of(V::N), "whole vectors");
    for input in inputs {
        assert!(input.len() >= out.len(), "inputs are as long as the output");
    }
    let to = out.as_mut_ptr();
    // SAFETY: asserted: every vector from a multiple of `V::N` below the output's length lies in all slices. The CPU has the
    // vectors, or the kernel that calls this were not compiled for them.
    unsafe {
        let mut vectors = [V::splat(scales[0]); N];
        for (vector, scale) in vectors.iter_mut().zip(scales) {
            *vector = V::splat(scale);
        }
        for at in (0..out.len()).step_by(V::N) {
            let mut sum = V::load(to.add(at));
            for (vector, input) in vectors.iter().zip(inputs) {
                sum = vector.mul_add(V::load(input.as_ptr().add(at)), sum);
            }
            sum.store(to.add(at));
        }
    }
}

/// Adds to each of `sums` the sum of `by` times its input, value by value. `by` is whole vectors, `zero` is 0.
#[inline(always)]
pub(crate) fn add_dots<T, V: Lanes<T>, const N: usize>(by: &[T], inputs: [&[T]; N], zero: T, sums: [&mut T; N])
where
    T: Copy + std::ops::AddAssign,
{
    assert!(by.len().is_multiple_of(V::N), "whole vectors");
    for input in inputs {
        assert!(input.len() >= by.len(), "inputs are as long as what they are multiplied by");
    }
    // SAFETY: as for `add_scaled`.
    unsafe {
        let mut totals = [V::splat(zero); N];
        for at in (0..by.len()).step_by(V::N) {
            let by = V::load(by.as_ptr().add(at));
            for (total, input) in totals.iter_mut().zip(inputs) {
                *total = by.mul_add(V::load(input.as_ptr().add(at)), *total);
            }
        }
        for (sum, total) in sums.into_iter().zip(totals) {
            *sum += total.sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::curves::tests::UNITS;
    use super::super::{Kernel, run_f32_on};
    use super::*;

    struct Passes<'a> {
        inputs: [&'a [f32]; 3],
        out: &'a mut [f32],
        sums: &'a mut [f32; 3],
    }

    impl Kernel<f32> for Passes<'_> {
        #[inline(always)]
        fn run<V: Lanes<f32>>(self) {
            add_scaled::<f32, V, 3>([2.0, -1.0, 3.0], self.inputs, self.out);
            let [a, b, c] = self.sums;
            add_dots::<f32, V, 3>(self.out, self.inputs, 0.0, [a, b, c]);
        }
    }

    #[test]
    fn every_unit_computes_the_same() {
        // Whole numbers: no unit rounds them.
        let numbers = |from: usize| -> Vec<f32> { (from..from + 64).map(|i| (i * i % 11) as f32 - 5.0).collect() };
        let inputs = [numbers(1), numbers(7), numbers(40)];
        let expected: Vec<f32> =
            (0..48).map(|i| i as f32 + 2.0 * inputs[0][i] - inputs[1][i] + 3.0 * inputs[2][i]).collect();
        for &unit in UNITS {
            let mut out: Vec<f32> = (0..48).map(|i| i as f32).collect();
            let mut sums = [1.0, 2.0, 3.0];
            let slices = [&inputs[0][..], &inputs[1], &inputs[2]];
            run_f32_on(unit, Passes { inputs: slices, out: &mut out, sums: &mut sums });
            assert_eq!(out, expected, "{unit:?}");
            for (i, sum) in sums.into_iter().enumerate() {
                let dot: f32 = expected.iter().zip(&inputs[i]).map(|(a, b)| a * b).sum();
                assert_eq!(sum, (i + 1) as f32 + dot, "{unit:?}");
            }
        }
    }
}
