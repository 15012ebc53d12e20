//! Which vectors this machine has.

use super::Vector;
#[cfg(not(target_arch = "x86_64"))]
use super::vector::Row as Plain;
#[cfg(target_arch = "x86_64")]
use super::x86::{Sse as Plain, with_avx2};

/// Something to compute, written over any vector. `run` must be `#[inline(always)]`, and so must all that it calls with
/// vectors, closures among them, which cannot be: only then is it compiled for the machine that was chosen.
pub(crate) trait Kernel {
    fn run<V: Vector>(self);
}

/// The vectors to compute with. Results do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Machine(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Made only where AVX2 was detected.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Machine {
    /// What every processor of this architecture has.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self(Kind::Plain);

    /// The best that this machine has.
    pub(crate) fn here() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            return Self(Kind::Avx2);
        }
        Self(Kind::Plain)
    }

    /// Runs a kernel.
    pub(crate) fn run(self, kernel: impl Kernel) {
        match self.0 {
            Kind::Plain => kernel.run::<Plain>(),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => {
                #[expect(unsafe_code, reason = "a function compiled for more than every machine has")]
                // SAFETY: `Avx2` is made only where AVX2 was detected.
                unsafe {
                    with_avx2(kernel);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{LANES, Row};

    /// Every operation of [`Vector`], on a square of values.
    struct All<'a> {
        values: &'a [[f32; LANES]; LANES],
        results: &'a mut Vec<[u32; LANES]>,
    }

    impl Kernel for All<'_> {
        #[inline(always)]
        fn run<V: Vector>(self) {
            let rows = self.values.map(|row| V::load(&row));
            let mut keep = |vector: V| {
                let mut row = [0.0; LANES];
                vector.store(&mut row);
                let mut front = [0.0; 3];
                vector.store_front(&mut front);
                assert_eq!(row.first_chunk().map(|row| row.map(f32::to_bits)), Some(front.map(f32::to_bits)));
                self.results.push(row.map(f32::to_bits));
            };
            V::transpose(rows).into_iter().for_each(&mut keep);
            for (a, b) in rows.into_iter().zip(rows.into_iter().skip(1)) {
                let chosen = a.below(b, a.sqrt(), b.sqrt());
                [a + b, a - b, a * b, a / b, a.max(b), a.sqrt(), chosen, b * V::splat(0.1)]
                    .into_iter()
                    .for_each(&mut keep);
            }
        }
    }

    #[test]
    fn all_vectors_compute_alike() {
        let mut values = [[0.0; LANES]; LANES];
        for (at, value) in values.iter_mut().flatten().enumerate() {
            *value = (at as f32 * 0.731 - 9.0).powi(3);
        }
        values[3] = [0.0, -0.0, f32::INFINITY, f32::MIN_POSITIVE, 1e-42, 1.0, f32::MAX, -5.0];
        values[4] = [-0.0, 0.0, 1.0, 1e-40, 1e-41, f32::INFINITY, f32::MAX, -6.0];
        let (mut arrays, mut plain, mut here) = (Vec::new(), Vec::new(), Vec::new());
        All { values: &values, results: &mut arrays }.run::<Row>();
        Machine::PLAIN.run(All { values: &values, results: &mut plain });
        Machine::here().run(All { values: &values, results: &mut here });
        assert_eq!(arrays.len(), LANES + 8 * (LANES - 1));
        for (at, row) in values.iter().enumerate() {
            assert_eq!(arrays.iter().take(LANES).map(|column| column[at]).collect::<Vec<_>>(), row.map(f32::to_bits));
        }
        // What kind of NaN comes of nonsense is not promised.
        let known = |rows: &[[u32; LANES]]| -> Vec<Option<u32>> {
            rows.iter().flatten().map(|bits| (!f32::from_bits(*bits).is_nan()).then_some(*bits)).collect()
        };
        assert_eq!(known(&arrays), known(&plain));
        assert_eq!(known(&plain), known(&here));
    }
}
