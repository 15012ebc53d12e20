//! How a trial sees its clips: which of their values, in what shape, at what scale, and how they are changed.

use gliss_audio::augment::{Chain, Draws, Masks, Purpose, Transform};
use gliss_types::recipe::{Input, Segments, Training};

use super::TrainError;
use super::batch::{Example, Made};
use crate::cache::View;
use crate::data::DataError;
use crate::features::{
    Clip, FrontEnd, Learner, Need, Preparation, Scaling, Seen, Shaping, Values, Waiting, chain, clip_key, masks,
};
use crate::library::{Copied, Examples};
use crate::split::{Deal, SplitError};

/// The epoch, from 0, and the seed that its changes are a function of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch {
    pub(super) seed: u64,
    pub(super) number: u64,
}

/// All inputs of a trial.
#[derive(Debug)]
pub(super) struct Lenses<'a> {
    /// One or two.
    inputs: Vec<Lens<'a>>,
    /// The waveforms, where sound is changed in each epoch.
    waves: Option<&'a Preparation>,
    copied: Copied,
    fronts: Vec<FrontEnd>,
    online: Chain,
    masks: Option<Masks>,
}

/// One input.
#[derive(Debug)]
struct Lens<'a> {
    clips: &'a Preparation,
    shaping: Shaping,
    scaling: Scaling,
}

impl<'a> Lenses<'a> {
    /// Learns what there is to learn from the examples `train`, which are cut into segments if clips have any.
    pub(super) fn new(
        (examples, clips): (&'a Examples, &'a Preparation),
        training: &Training,
        deal: &Deal,
        train: &mut Vec<Example>,
        waiting: &mut Waiting<'_>,
    ) -> Result<Self, TrainError> {
        let copied = Copied::of(&training.augment, deal);
        let features = &training.features;
        let segments = features.segments.as_ref();
        let inputs = [(&features.input, Some(clips))].into_iter();
        let inputs = inputs.chain(features.beside.as_ref().map(|beside| (beside, examples.beside.as_ref())));
        let inputs: Vec<(&Input, &'a Preparation)> =
            inputs.filter_map(|(input, clips)| Some((input, clips?))).collect();
        let mut lenses = Vec::with_capacity(inputs.len());
        for &(input, clips) in &inputs {
            let shaping = match Shaping::of_settings(input, segments) {
                Some(shaping) => shaping,
                None => shaping_of(input, segments, (clips, &copied), train, waiting)?,
            };
            let scaling = Learner::new(input, shaping.rows()).finish();
            lenses.push(Lens { clips, shaping, scaling });
        }
        let mut fronts = Vec::new();
        if !training.augment.online.is_empty() {
            for (input, _) in &inputs {
                let front = FrontEnd::new(input, segments, &training.augment);
                fronts.push(front.map_err(|error| DataError::FrontEnd { reason: error.to_string() })?);
            }
        }
        let mut lenses = Lenses {
            inputs: lenses,
            waves: examples.waves.as_ref(),
            copied,
            fronts,
            online: chain(&training.augment.online),
            masks: masks(&training.augment.masks),
        };
        if segments.is_some() {
            let _wish = clips.wish(lenses.copied.needs(train.iter().map(|example| example.place)));
            *train = lenses.cut(train, waiting)?;
            if train.is_empty() {
                return Err(SplitError::EmptySide { side: "training" }.into());
            }
        }
        for (lens, (input, _)) in lenses.inputs.iter_mut().zip(&inputs) {
            lens.learn(input, train, &lenses.copied, waiting)?;
        }
        Ok(lenses)
    }

    /// The shape of an example's first input.
    pub(super) fn shape(&self) -> &[usize] {
        self.inputs.first().map(|lens| lens.shaping.shape()).unwrap_or_default()
    }

    /// The shape of its second one.
    pub(super) fn beside_shape(&self) -> Option<&[usize]> {
        self.inputs.get(1).map(|lens| lens.shaping.shape())
    }

    /// Of each input, the length of its examples and the constants that scale them.
    pub(super) fn learnt(&self) -> Vec<(usize, Vec<[f64; 2]>)> {
        self.inputs.iter().map(|lens| (lens.shaping.length(), lens.scaling.constants())).collect()
    }

    /// The clips of the first input.
    pub(super) fn clips(&self) -> &'a Preparation {
        self.inputs[0].clips
    }

    /// The clips of the second input.
    pub(super) fn beside(&self) -> Option<&'a Preparation> {
        self.inputs.get(1).map(|lens| lens.clips)
    }

    /// Whether what trains is changed in each epoch.
    pub(super) fn changes(&self) -> bool {
        self.waves.is_some() || self.masks.is_some()
    }

    /// The waveforms, where sound is changed in each epoch.
    pub(super) fn waves(&self) -> Option<&'a Preparation> {
        self.waves
    }

    /// What the trial needs of the clips at `places`.
    pub(super) fn needs(&self, places: &[usize]) -> Vec<Need> {
        self.copied.needs(places.iter().copied())
    }

    pub(super) fn fronts(&self) -> Vec<FrontEnd> {
        self.fronts.clone()
    }

    /// The segments of `examples`, in their order; those without segments as they are. Waits for their clips in the first
    /// case, and leaves out those that cannot be used.
    pub(super) fn cut(&self, examples: &[Example], waiting: &mut Waiting<'_>) -> Result<Vec<Example>, TrainError> {
        let whole = self.inputs.iter().all(|lens| lens.shaping.segments(&[]).is_none());
        if whole {
            return Ok(examples.to_vec());
        }
        let mut all = Vec::with_capacity(examples.len());
        'examples: for example in examples {
            let mut count = usize::MAX;
            for lens in &self.inputs {
                let Some((_, view)) = lens.wait(example, &self.copied, waiting)? else { continue 'examples };
                count = count.min(lens.shaping.segments(view.shape()).unwrap_or(usize::MAX));
            }
            all.extend((0..count).map(|segment| Example { segment, ..*example }));
        }
        Ok(all)
    }

    /// The values of `example`, one list for each input.
    pub(super) fn make(
        &self,
        example: Example,
        epoch: Option<Epoch>,
        fronts: &mut [FrontEnd],
        waiting: &mut Waiting<'_>,
    ) -> Made {
        let mut clips = Vec::with_capacity(self.inputs.len());
        for lens in &self.inputs {
            let Some(found) = lens.wait(&example, &self.copied, waiting)? else { return Ok(None) };
            clips.push(found);
        }
        let fresh = match (epoch, self.waves) {
            (Some(epoch), Some(waves)) => {
                let Some(wave) = waves.wait(Need::original(example.place), waiting)? else { return Ok(None) };
                self.changed(example, epoch, wave, fronts)?
            }
            _ => Vec::new(),
        };
        let (mut plane, mut made) = (Vec::new(), Vec::with_capacity(clips.len()));
        for (number, (lens, (clip, view))) in self.inputs.iter().zip(&clips).enumerate() {
            let values: &dyn Values = match fresh.get(number) {
                Some(seen) => seen,
                None => *view,
            };
            let real = lens.shaping.read(values, example.segment, &mut plane);
            lens.scaling.apply(&mut plane, real);
            if let (0, Some(epoch), Some(masks)) = (number, epoch, &self.masks) {
                let draws = self.draws(Purpose::Masks, epoch, example, clip);
                masks.lay(&mut plane, lens.shaping.rows().width, draws.part(example.segment as u64));
            }
            let mut out = Vec::with_capacity(lens.shaping.shape().iter().product());
            lens.shaping.lay_out(&plane, &mut out);
            made.push(out);
        }
        Ok(Some(made))
    }

    /// What the front ends see of a clip's sound after the changes of an epoch; nothing where it is not changed.
    fn changed(
        &self,
        example: Example,
        epoch: Epoch,
        wave: &Clip,
        fronts: &mut [FrontEnd],
    ) -> Result<Vec<Seen>, TrainError> {
        let drawn = self.online.draw(self.draws(Purpose::Online, epoch, example, wave));
        if drawn.is_empty() {
            return Ok(Vec::new());
        }
        let samples = wave.original().to_vec();
        let listed = self.clips().listed(example.place);
        let mut seen = Vec::with_capacity(fronts.len());
        for front in fronts {
            let of_copy = front.changes(listed, wave.content(), example.view);
            let changes: Vec<Transform> = of_copy.into_iter().chain(drawn.iter().copied()).collect();
            let looked = front.look(samples.clone(), &changes);
            let fault = |error| DataError::FrontEnd { reason: format!("{}: {error}", listed.path.display()) };
            seen.push(looked.map_err(fault)?);
        }
        Ok(seen)
    }

    fn draws(&self, purpose: Purpose, epoch: Epoch, example: Example, clip: &Clip) -> Draws {
        let key = clip_key(self.clips().listed(example.place), clip.content());
        Draws::new(purpose, epoch.seed, epoch.number, &key).part(example.view as u64)
    }
}

impl<'a> Lens<'a> {
    /// The clip of `example` and the view of it; none if either cannot be used.
    fn wait(
        &self,
        example: &Example,
        copied: &Copied,
        waiting: &mut Waiting<'_>,
    ) -> Result<Option<(&'a Clip, &'a View)>, TrainError> {
        let clip = self.clips.wait(copied.need(example.place), waiting)?;
        Ok(clip.and_then(|clip| Some((clip, clip.view(example.view)?))))
    }

    /// Learns the scale from the examples that train, and waits for their clips, if there is anything to learn.
    fn learn(
        &mut self,
        input: &Input,
        train: &[Example],
        copied: &Copied,
        waiting: &mut Waiting<'_>,
    ) -> Result<(), TrainError> {
        let mut learner = Learner::new(input, self.shaping.rows());
        if !learner.learns() {
            return Ok(());
        }
        let _wish = self.clips.wish(copied.needs(train.iter().map(|example| example.place)));
        let mut plane = Vec::new();
        for example in train {
            let Some((_, view)) = self.wait(example, copied, waiting)? else { continue };
            let real = self.shaping.read(view, example.segment, &mut plane);
            learner.look(&plane, real);
        }
        self.scaling = learner.finish();
        Ok(())
    }
}

/// The shaping that the clips that train decide.
fn shaping_of(
    input: &Input,
    segments: Option<&Segments>,
    (clips, copied): (&Preparation, &Copied),
    train: &[Example],
    waiting: &mut Waiting<'_>,
) -> Result<Shaping, TrainError> {
    let _wish = clips.wish(copied.needs(train.iter().map(|example| example.place)));
    let mut shapes: Vec<&[usize]> = Vec::with_capacity(train.len());
    for example in train {
        let clip = clips.wait(copied.need(example.place), waiting)?;
        shapes.extend(clip.and_then(|clip| clip.view(example.view)).map(View::shape));
    }
    Shaping::new(input, segments, shapes.into_iter()).ok_or_else(|| SplitError::EmptySide { side: "training" }.into())
}
