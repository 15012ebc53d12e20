//! Fourier transforms of eight real frames at once, one a lane, and where their samples lie.
//!
//! Lengths that are powers of two from 128 to 8192 are transformed lane by lane, with the same bits on every machine; other
//! lengths go to `realfft`, whose rounding depends on the machine. What comes of a frame never depends on the frames
//! beside it, nor on which eight come together.

mod butterfly;
mod complex;
mod forward;
mod inverse;
mod matrix;
mod overlap;
mod single;
mod small;
mod tile;

pub(crate) use complex::Cell;
pub(crate) use forward::Forward;
pub(crate) use inverse::Inverse;
pub(crate) use overlap::Overlap;
pub(crate) use single::{SingleForward, SingleInverse};
pub(crate) use tile::Tile;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lanes::{LANES, Machine},
        spectrum::{PadMode, StftSettings},
    };

    fn largest(cells: &[Cell]) -> f32 {
        cells.iter().flat_map(|cell| cell.re.0.into_iter().chain(cell.im.0)).fold(0.0, |a, b| a.max(b.abs()))
    }

    fn difference(a: &[Cell], b: &[Cell]) -> f32 {
        assert_eq!(a.len(), b.len());
        let pairs = a.iter().zip(b).flat_map(|(a, b)| [(a.re, b.re), (a.im, b.im)]);
        pairs.flat_map(|(a, b)| a.0.into_iter().zip(b.0)).fold(0.0, |worst, (a, b)| worst.max((a - b).abs()))
    }

    #[test]
    fn both_ways_of_transforming_agree() {
        for bits in 7..=13 {
            let n_fft = 1 << bits;
            let settings = StftSettings { n_fft, win_length: n_fft, hop: n_fft / 3, pad: PadMode::Zero };
            let samples: Vec<f32> = (0..4 * n_fft).map(|i| (0.7 * (0.01 * i as f64).powi(2).sin()) as f32).collect();
            let window: Vec<f32> = (0..n_fft).map(|i| 0.1 + 0.9 * (i as f32 / n_fft as f32)).collect();
            let start = -(n_fft as isize) / 2;
            let mut tile = Tile::new(&settings);
            let mut forward = Forward::new(&window, &tile).expect("a power of two");
            let (mut ours, mut theirs) = (vec![Cell::default(); n_fft / 2 + 1], vec![Cell::default(); n_fft / 2 + 1]);
            let machine = Machine::here();
            machine.run(tile.kernel(&samples, start, settings.pad));
            machine.run(forward.kernel(&tile, &mut ours));
            SingleForward::new(window).run(&samples, start, settings.hop, settings.pad, &mut theirs);
            let scale = largest(&theirs);
            assert!(difference(&ours, &theirs) < 1e-6 * scale, "{n_fft}: {}", difference(&ours, &theirs) / scale);

            machine.run(Inverse::new(n_fft).expect("a power of two").kernel(&mut ours));
            SingleInverse::new(n_fft).run(&mut theirs);
            ours.truncate(n_fft / 2);
            theirs.truncate(n_fft / 2);
            let scale = largest(&theirs);
            assert!(difference(&ours, &theirs) < 2e-6 * scale, "{n_fft}: {}", difference(&ours, &theirs) / scale);
            assert!(largest(&ours) > 0.3 * n_fft as f32 && ours[0].re.0.len() == LANES);
        }
    }

    #[test]
    fn other_lengths_have_no_way() {
        for n_fft in [2, 64, 100, 130, 192, 16_384] {
            let settings = StftSettings { n_fft, win_length: n_fft, hop: 50, pad: PadMode::Zero };
            assert!(Forward::new(&vec![1.0; n_fft], &Tile::new(&settings)).is_none(), "{n_fft}");
            assert!(Inverse::new(n_fft).is_none(), "{n_fft}");
        }
    }
}
