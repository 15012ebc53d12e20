//! The spectra of a clip, eight neighbouring frames at a time.

use super::{
    StftSettings,
    fourier::{Cell, Forward, SingleForward, Tile},
    window::hann,
};
use crate::lanes::{LANES, Machine};

/// The plan and its buffers.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    settings: StftSettings,
    machine: Machine,
    way: Way,
    spectrum: Vec<Cell>,
}

#[derive(Clone, Debug)]
enum Way {
    Lanes(Box<(Tile, Forward)>),
    Single(SingleForward),
}

impl Frames {
    /// A plan for settings that were checked.
    pub(crate) fn new(settings: &StftSettings, machine: Machine) -> Self {
        let window = hann(settings.win_length, settings.n_fft);
        let tile = Tile::new(settings);
        let way = match Forward::new(&window, &tile) {
            Some(forward) => Way::Lanes(Box::new((tile, forward))),
            None => Way::Single(SingleForward::new(window)),
        };
        Self { settings: settings.clone(), machine, way, spectrum: vec![Cell::default(); settings.bins()] }
    }

    /// The settings the plan was made for.
    pub(crate) fn settings(&self) -> &StftSettings {
        &self.settings
    }

    /// The machine the plan runs on.
    pub(crate) fn machine(&self) -> Machine {
        self.machine
    }

    /// The spectra of [`LANES`] frames from frame `first` on: `n_fft / 2 + 1` bins, one frame a lane. Frames after the
    /// last of the clip see padding alone.
    pub(crate) fn from(&mut self, samples: &[f32], first: usize) -> &[Cell] {
        let StftSettings { n_fft, hop, pad, .. } = self.settings;
        // No frame that begins further on sees the clip.
        let centre = first.saturating_mul(hop).min(samples.len() + n_fft);
        let start = centre as isize - (n_fft / 2) as isize;
        match &mut self.way {
            Way::Lanes(lanes) => {
                let (tile, forward) = lanes.as_mut();
                self.machine.run(tile.kernel(samples, start, pad));
                self.machine.run(forward.kernel(tile, &mut self.spectrum));
            }
            Way::Single(single) => single.run(samples, start, hop, pad, &mut self.spectrum),
        }
        &self.spectrum
    }
}

/// The part of a row of a spectrogram that belongs to the frames from `first` on: all lanes of them, or as many as are left.
#[inline(always)]
pub(crate) fn lanes_of(row: &mut [f32], first: usize) -> &mut [f32] {
    let end = row.len().min(first + LANES);
    row.get_mut(first..end).unwrap_or_default()
}
