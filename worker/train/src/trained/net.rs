//! A net with everything that its answers rest on.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use gliss_audio::features::gtzan::{self, GtzanFeatures};
use gliss_audio::spectrum::PadMode;
use gliss_nets::{Mode, Network, Part};
use gliss_types::Recipe;
use gliss_types::recipe::{Augment, Data, Input, Kind, Store, Training};
use half::f16;

use super::{Answer, Segment, TrainedError};
use crate::checkpoint::{Basis, Checkpoint, Stored};
use crate::data::{ListedClip, read_rows};
use crate::features::{FrontEnd, Scaling, Shaping, Sight, Values, hear, scale_by};
use crate::trainer::restore::{BASIS, BEST, WEIGHTS, unpack};

/// Segments that the net is shown at a time: bounds memory.
const CHUNK: usize = 64;

/// The longest example that is believed: 1.5 hours of sound at 44.1 kHz.
const LONGEST: usize = 1 << 28;

/// A trained net: recipe, classes, front ends, scales and weights.
#[derive(Debug)]
pub struct Trained {
    pub(super) recipe: Recipe,
    pub(super) basis: Basis,
    /// Of each input.
    pub(super) constants: Vec<Vec<[f64; 2]>>,
    lenses: Vec<Lens>,
    pub(super) network: Network,
}

/// How one input is seen.
#[derive(Debug)]
struct Lens {
    front: FrontEnd,
    store: Store,
    shaping: Shaping,
    scaling: Scaling,
}

impl Trained {
    /// The net of a trial's best epoch, from the trial's recipe and its last checkpoint.
    ///
    /// # Errors
    /// A checkpoint of an earlier version, or of another recipe.
    pub fn of_checkpoint(recipe: Recipe, checkpoint: Checkpoint) -> Result<Trained, TrainedError> {
        if checkpoint.progress.key != recipe.key().as_str() {
            return Err(TrainedError::Parts { reason: "the checkpoint is of another recipe".to_owned() });
        }
        let Checkpoint { basis, tensors, .. } = checkpoint;
        let basis = basis.ok_or(TrainedError::NoBasis)?;
        // While the last epoch is the best, its weights are the only ones.
        let best = tensors.iter().any(|tensor| tensor.name.starts_with(BEST));
        let prefix = if best { BEST } else { WEIGHTS };
        let mut weights = HashMap::new();
        let mut constants = HashMap::new();
        for Stored { name, shape, values } in tensors {
            if let Some(name) = name.strip_prefix(prefix) {
                weights.insert(name.to_owned(), Tensor::from_vec(values, shape, &Device::Cpu)?);
            } else if let Some(input) = name.strip_prefix(BASIS) {
                constants.insert(input.to_owned(), unpack(&values));
            }
        }
        let constants = (0..basis.lengths.len()).map(|i| constants.remove(&i.to_string()).unwrap_or_default());
        Trained::new(recipe, basis.clone(), constants.collect(), |name| weights.get(name).cloned())
    }

    /// Puts a net together; `find` yields its weights by name.
    pub(super) fn new(
        recipe: Recipe,
        basis: Basis,
        constants: Vec<Vec<[f64; 2]>>,
        find: impl Fn(&str) -> Option<Tensor>,
    ) -> Result<Trained, TrainedError> {
        let Recipe::Train(training) = &recipe else { return Err(TrainedError::NoNet) };
        let inputs: Vec<&Input> =
            [Some(&training.features.input), training.features.beside.as_ref()].into_iter().flatten().collect();
        let wrong = |reason: &str| TrainedError::Parts { reason: reason.to_owned() };
        if basis.lengths.len() != inputs.len() || constants.len() != inputs.len() {
            return Err(wrong("it has another number of inputs than its recipe"));
        }
        if basis.lengths.iter().any(|length| !(1..=LONGEST).contains(length)) {
            return Err(wrong("its examples have no length that a net can be shown"));
        }
        // Nets of columns have no front end.
        let columns = matches!(inputs.as_slice(), [Input { kind: Kind::Columns(_), .. }]);
        let mut lenses = Vec::new();
        let mut shapes = Vec::new();
        if columns {
            let width = basis.lengths[0];
            let fit = |count: usize| count == 0 || count == width;
            if !fit(basis.columns.len()) || !fit(constants[0].len()) {
                return Err(wrong("its columns are not as many as its net is shown"));
            }
            shapes.push(basis.lengths.clone());
        } else {
            for ((input, length), constants) in inputs.into_iter().zip(&basis.lengths).zip(&constants) {
                let lens = Lens::new(input, training, *length, constants)?;
                shapes.push(lens.shaping.shape().to_vec());
                lenses.push(lens);
            }
        }
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let outputs = training.outputs(basis.classes.len());
        let network = Network::build(&training.net, &shapes, outputs, training.seed, &Device::Cpu)?;
        network.load(Part::Whole, find)?;
        Ok(Trained { recipe, basis, constants, lenses, network })
    }

    /// The classes that it tells apart, in the order of its outputs.
    pub fn classes(&self) -> &[String] {
        &self.basis.classes
    }

    /// What it was trained by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn training(&self) -> Result<&Training, TrainedError> {
        match &self.recipe {
            Recipe::Train(training) => Ok(training),
            Recipe::Noop(_) => Err(TrainedError::NoNet),
        }
    }

    /// Its answers for a file: one for sound or a picture, one for each row of a table, with the row's name. A net that was
    /// trained on the 57 numbers of GTZAN's table computes them where the file is no table.
    ///
    /// # Errors
    /// A file that is none of what it was trained on, or too short.
    pub fn answers(&mut self, path: &Path) -> Result<Vec<(Option<String>, Answer)>, TrainedError> {
        if !self.lenses.is_empty() {
            return Ok(vec![(None, self.answer(path)?)]);
        }
        let columns = &self.basis.columns;
        if columns.is_empty() {
            return Err(TrainedError::NoColumns);
        }
        let training = self.training()?;
        let kind = path.extension().unwrap_or_default().to_ascii_lowercase();
        let named = if ["csv", "parquet"].iter().any(|known| kind == *known) {
            let Data::Table { file, .. } = &training.data else { return Err(TrainedError::NoColumns) };
            read_rows(path, columns, file)?.into_iter().map(|(name, row)| (Some(name), row)).collect()
        } else {
            vec![(None, statistics(path, columns)?)]
        };
        let (names, rows): (Vec<Option<String>>, Vec<Vec<f64>>) = named.into_iter().unzip();
        let constants = self.constants.first().filter(|constants| !constants.is_empty());
        let settings = match &training.features.input.kind {
            Kind::Columns(settings) => settings,
            _ => return Err(TrainedError::NoColumns),
        };
        let plain = vec![[0.0, 1.0]; columns.len()];
        let scaled = scale_by(&rows.concat(), constants.unwrap_or(&plain), settings);
        let mut answers = Vec::with_capacity(names.len());
        for (names, rows) in names.chunks(CHUNK).zip(scaled.chunks(CHUNK * columns.len())) {
            let x = Tensor::from_slice(rows, (names.len(), columns.len()), &Device::Cpu)?;
            let logits = self.network.forward(&[&x], Mode::Eval)?;
            let logits = logits.narrow(1, 0, self.basis.classes.len())?.to_vec2::<f32>()?;
            answers.extend(names.iter().zip(logits).map(|(name, logits)| {
                let all = vec![Segment { start: 0.0, seconds: 0.0, probabilities: softmax(&logits) }];
                (name.clone(), Answer::new(all, false, None))
            }));
        }
        Ok(answers)
    }

    /// Its answer for a file, which is seen as the test side was: nothing is drawn, dropped or learnt.
    ///
    /// # Errors
    /// A file that is no sound, or too short.
    fn answer(&mut self, path: &Path) -> Result<Answer, TrainedError> {
        let clip = ListedClip { path: path.to_owned(), label: 0, span: None, left_out: None };
        let mut seen = Vec::with_capacity(self.lenses.len());
        for lens in &mut self.lenses {
            let unusable =
                |error: crate::features::Unusable| TrainedError::Clip { path: path.to_owned(), reason: error.reason() };
            // Copies alone are drawn from the content.
            let views = lens.front.see(&clip, &blake3::hash(b""), &[0]).map_err(unusable)?;
            let mut view = views.into_iter().next().expect("one view was asked for").map_err(unusable)?;
            if lens.store == Store::F16 {
                view.values.iter_mut().for_each(|value| *value = f16::from_f32(*value).to_f32());
            }
            seen.push(view);
        }
        let counts = self.lenses.iter().zip(&seen).filter_map(|(lens, seen)| lens.shaping.segments(&seen.shape));
        let count = counts.min();
        let mut logits = Vec::new();
        for from in (0..count.unwrap_or(1)).step_by(CHUNK) {
            let to = (from + CHUNK).min(count.unwrap_or(1));
            let tensors: Result<Vec<Tensor>, _> =
                self.lenses.iter().zip(&seen).map(|(lens, seen)| lens.batch(seen, from..to)).collect();
            let tensors = tensors?;
            let made = self.network.forward(&tensors.iter().collect::<Vec<_>>(), Mode::Eval)?;
            // Outputs beyond the classes are of none.
            logits.extend(made.narrow(1, 0, self.basis.classes.len())?.to_vec2::<f32>()?);
        }
        if logits.is_empty() {
            let reason = "failed to find a segment in it: it is too short".to_owned();
            return Err(TrainedError::Clip { path: path.to_owned(), reason });
        }
        let segments = self.training()?.features.segments.as_ref();
        let (start, length) = self.places(segments)?;
        let segment = |(number, logits): (usize, &Vec<f32>)| Segment {
            start: start * number as f64,
            seconds: length,
            probabilities: softmax(logits),
        };
        let all: Vec<Segment> = logits.iter().enumerate().map(segment).collect();
        Ok(Answer::new(all, count.is_some(), segments.map(|segments| segments.aggregate)))
    }

    /// Seconds from one segment to the next, and of one; 0 where a clip has none.
    fn places(&self, segments: Option<&gliss_types::recipe::Segments>) -> Result<(f64, f64), TrainedError> {
        let kind = &self.training()?.features.input.kind;
        let (Some(segments), Some(rate)) = (segments, kind.rate()) else { return Ok((0.0, 0.0)) };
        let rate_of = f64::from(rate);
        Ok(match (segments.pieces(rate), segments.frames(), kind) {
            (Some(pieces), ..) => (pieces.hop as f64 / rate_of, pieces.length as f64 / rate_of),
            (None, Some(frames), Kind::Mel(mel)) => [frames as f64 * f64::from(mel.hop) / rate_of; 2].into(),
            (None, Some(frames), Kind::Stft(stft)) => [frames as f64 * f64::from(stft.hop) / rate_of; 2].into(),
            _ => (0.0, 0.0),
        })
    }
}

impl Lens {
    fn new(input: &Input, training: &Training, length: usize, constants: &[[f64; 2]]) -> Result<Lens, TrainedError> {
        let segments = training.features.segments.as_ref();
        let wrong = |reason: String| TrainedError::Parts { reason };
        // Copies are of training alone.
        let front = FrontEnd::new(input, segments, &Augment { copies: Vec::new(), ..training.augment.clone() });
        let front = front.map_err(|error| wrong(error.to_string()))?;
        let shaping = Shaping::of_length(input, segments, length)
            .ok_or_else(|| wrong("its recipe does not say how long an example is".to_owned()))?;
        let scaling = Scaling::with(input, shaping.rows(), constants)
            .ok_or_else(|| wrong(format!("{} constants are not as many as its inputs have", constants.len())))?;
        Ok(Lens { front, store: input.store, shaping, scaling })
    }

    /// Segments as the net is given them.
    fn batch(&self, seen: &dyn Values, segments: std::ops::Range<usize>) -> candle_core::Result<Tensor> {
        let (mut plane, mut values) = (Vec::new(), Vec::new());
        for segment in segments.clone() {
            let real = self.shaping.read(seen, segment, &mut plane);
            self.scaling.apply(&mut plane, real);
            self.shaping.lay_out(&plane, &mut values);
        }
        let shape = [&[segments.len()], self.shaping.shape()].concat();
        Tensor::from_vec(values, shape, &Device::Cpu)
    }
}

/// GTZAN's numbers of a sound, those named `columns`.
fn statistics(path: &Path, columns: &[String]) -> Result<Vec<f64>, TrainedError> {
    let place = |column: &String| {
        let not_sound = || TrainedError::NotSound { path: path.to_owned(), column: column.clone() };
        gtzan::COLUMNS.iter().position(|known| known == column).ok_or_else(not_sound)
    };
    let places = columns.iter().map(place).collect::<Result<Vec<usize>, _>>()?;
    let clip = ListedClip { path: path.to_owned(), label: 0, span: None, left_out: None };
    let unusable =
        |error: crate::features::Unusable| TrainedError::Clip { path: path.to_owned(), reason: error.reason() };
    let samples = hear(&clip, gtzan::SAMPLE_RATE, 0.0).map_err(unusable)?;
    // As the table was made.
    let plan = GtzanFeatures::new(PadMode::Reflect).and_then(|mut plan| plan.of(&samples));
    let numbers = plan.map_err(|error| unusable(error.into()))?;
    Ok(places.into_iter().map(|place| numbers[place]).collect())
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f64> = logits.iter().map(|logit| f64::from(logit - top).exp()).collect();
    let all: f64 = raised.iter().sum();
    raised.into_iter().map(|value| value / all).collect()
}
