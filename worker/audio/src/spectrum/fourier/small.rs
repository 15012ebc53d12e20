//! Fourier transforms of 8 to 64 values of each frame: two rounds of butterflies, close to the registers.

use super::{
    butterfly::{eight, four, two},
    complex::{Cell, Complex, Turn},
};
use crate::lanes::{Kernel, Vector};

/// Shortest small transform.
pub(super) const SHORTEST: usize = 8;

/// Longest small transform.
pub(super) const LONGEST: usize = 64;

/// Where a small transform takes its values from.
pub(super) trait Source<V> {
    fn take(&self, index: usize) -> Complex<V>;
}

/// Where a small transform puts its results, in no particular order.
pub(super) trait Sink<V> {
    fn put(&mut self, index: usize, value: Complex<V>);
}

/// A plan for one length.
#[derive(Clone, Debug)]
pub(super) struct Small {
    length: usize,
    turns: Vec<Turn>,
}

impl Small {
    /// A plan for `length`: a power of two from [`SHORTEST`] to [`LONGEST`].
    pub(super) fn new(length: usize) -> Self {
        let first = radices(length).0;
        let turns = (0..length).map(|index| Turn::new((index / first) * (index % first), length)).collect();
        Self { length, turns }
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// `sink[k] = sum of source[n] * exp(-2 pi i n k / length)`.
    #[inline(always)]
    pub(super) fn run<V: Vector>(&self, local: &mut [Cell; LONGEST], source: &impl Source<V>, sink: &mut impl Sink<V>) {
        match self.length {
            8 => of_8(&self.turns, local, source, sink),
            16 => of_16(&self.turns, local, source, sink),
            32 => of_32(&self.turns, local, source, sink),
            _ => of_64(&self.turns, local, source, sink),
        }
    }
}

/// A small transform from one place in memory to another, as a kernel of its own.
pub(super) struct Line<'a> {
    pub(super) small: &'a Small,
    pub(super) local: &'a mut [Cell; LONGEST],
    pub(super) from: &'a [Cell],
    pub(super) to: &'a mut [Cell],
}

impl Kernel for Line<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        self.small.run::<V>(self.local, &InOrder(self.from), &mut InOrder(self.to));
    }
}

/// Values that lie in order.
struct InOrder<C>(C);

impl<V: Vector> Source<V> for InOrder<&[Cell]> {
    #[inline(always)]
    fn take(&self, index: usize) -> Complex<V> {
        Complex::load(&self.0[index])
    }
}

impl<V: Vector> Sink<V> for InOrder<&mut [Cell]> {
    #[inline(always)]
    fn put(&mut self, index: usize, value: Complex<V>) {
        value.store(&mut self.0[index]);
    }
}

/// The radices of the two rounds.
fn radices(length: usize) -> (usize, usize) {
    match length {
        8 => (2, 4),
        16 => (4, 4),
        32 => (4, 8),
        64 => (8, 8),
        _ => unreachable!("no plan is made of other lengths"),
    }
}

/// A transform of `P` times `Q` values: `Q` butterflies of `P` values that lie `Q` apart, turned, then `P` butterflies of
/// `Q`. Indices are spelt out, so that values stay in registers between a source and a sink.
macro_rules! rounds {
    ($name:ident, $first:ident [0 $($p:literal)*], $second:ident [0 $($q:literal)*]) => {
        #[inline(always)]
        fn $name<V: Vector>(
            turns: &[Turn],
            local: &mut [Cell; LONGEST],
            source: &impl Source<V>,
            sink: &mut impl Sink<V>,
        ) {
            const P: usize = [0 $(, $p)*].len();
            const Q: usize = [0 $(, $q)*].len();
            let (local, _) = local.as_chunks_mut::<P>();
            let (turns, _) = turns.as_chunks::<P>();
            let (Some(local), Some(turns)) = (local.first_chunk_mut::<Q>(), turns.first_chunk::<Q>()) else {
                unreachable!("buffer and plan have P * Q values")
            };
            for (at, (to, turns)) in local.iter_mut().zip(turns).enumerate() {
                let values = $first([source.take(at) $(, source.take(at + Q * $p))*]);
                values[0].store(&mut to[0]);
                $(values[$p].times(turns[$p]).store(&mut to[$p]);)*
            }
            for at in 0..P {
                let values = $second([Complex::load(&local[0][at]) $(, Complex::load(&local[$q][at]))*]);
                sink.put(at, values[0]);
                $(sink.put(at + P * $q, values[$q]);)*
            }
        }
    };
}

rounds!(of_8, two [0 1], four [0 1 2 3]);
rounds!(of_16, four [0 1 2 3], four [0 1 2 3]);
rounds!(of_32, four [0 1 2 3], eight [0 1 2 3 4 5 6 7]);
rounds!(of_64, eight [0 1 2 3 4 5 6 7], eight [0 1 2 3 4 5 6 7]);
