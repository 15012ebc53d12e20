//! Bars of one value over a spectrogram: SpecAugment's time and frequency masks (Park et al. 2019).

use super::Draws;

/// How many bars, and how wide they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks {
    /// Bars that cover frames.
    pub time: u32,
    /// Each covers 0 to so many frames, all alike likely.
    pub time_width: u32,
    /// Bars that cover bands.
    pub bands: u32,
    /// Each covers 0 to so many bands.
    pub bands_width: u32,
    /// What they hold.
    pub fill: MaskFill,
}

/// What a bar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskFill {
    /// The mean of the spectrogram as it was before.
    Mean,
    /// Zero.
    Zero,
}

impl Masks {
    /// Lays the bars that `draws` stands for over `plane`, rows of `frames` values each. A bar never reaches beyond the
    /// plane; a width above the plane's own counts as that.
    pub fn lay(&self, plane: &mut [f32], frames: usize, draws: Draws) {
        if frames == 0 || plane.is_empty() {
            return;
        }
        let bands = plane.len() / frames;
        let value = match self.fill {
            MaskFill::Zero => 0.0,
            MaskFill::Mean => {
                let sum: f64 = plane.iter().map(|value| f64::from(*value)).sum();
                (sum / plane.len() as f64) as f32
            }
        };
        for bar in 0..self.time {
            let (start, width) = place(draws.part(0).part(bar.into()), frames, self.time_width);
            for row in plane.chunks_exact_mut(frames) {
                row.iter_mut().skip(start).take(width).for_each(|seen| *seen = value);
            }
        }
        for bar in 0..self.bands {
            let (start, width) = place(draws.part(1).part(bar.into()), bands, self.bands_width);
            plane.iter_mut().skip(start * frames).take(width * frames).for_each(|seen| *seen = value);
        }
    }
}

/// Start and width of a bar on a side of that length.
fn place(draws: Draws, length: usize, widest: u32) -> (usize, usize) {
    let widest = length.min(widest as usize);
    let width = draws.below(0, widest as u64 + 1) as usize;
    let start = draws.below(1, (length - width) as u64 + 1) as usize;
    (start, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Purpose;

    fn draws(turn: u64) -> Draws {
        Draws::new(Purpose::Masks, 0, turn, &[0; 32])
    }

    #[test]
    fn bars_are_whole_rows_and_columns_within_their_widths() {
        let masks = Masks { time: 1, time_width: 5, bands: 1, bands_width: 3, fill: MaskFill::Zero };
        let (mut most_frames, mut most_bands, mut none) = (0, 0, 0);
        for turn in 0..500 {
            let mut plane = vec![1.0f32; 8 * 20];
            masks.lay(&mut plane, 20, draws(turn));
            let rows = plane.chunks(20).filter(|row| row.iter().all(|value| *value == 0.0)).count();
            let columns =
                (0..20).filter(|frame| plane.iter().skip(*frame).step_by(20).all(|value| *value == 0.0)).count();
            let covered = plane.iter().filter(|value| **value == 0.0).count();
            assert_eq!(covered, rows * 20 + columns * 8 - rows * columns);
            assert!(columns <= 5 && rows <= 3);
            (most_frames, most_bands) = (most_frames.max(columns), most_bands.max(rows));
            none += u32::from(covered == 0);
        }
        assert_eq!((most_frames, most_bands), (5, 3));
        assert!((5..50).contains(&none), "one in 24 covers nothing: {none}");
    }

    #[test]
    fn the_mean_is_that_of_before_and_small_planes_are_no_trouble() {
        let masks = Masks { time: 2, time_width: 100, bands: 2, bands_width: 100, fill: MaskFill::Mean };
        for turn in 0..50 {
            let mut plane = vec![1.0, 2.0, 3.0, 6.0];
            masks.lay(&mut plane, 2, draws(turn));
            assert!(plane.iter().zip([1.0, 2.0, 3.0, 6.0]).all(|(seen, was)| *seen == was || *seen == 3.0));
            masks.lay(&mut [], 2, draws(turn));
            masks.lay(&mut [1.0], 0, draws(turn));
        }
    }
}
