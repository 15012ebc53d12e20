//! What a recipe says of changes, in the words of the sound library.

use gliss_audio::augment as sound;
use gliss_types::recipe::{Amount, Change, Length, MaskValue, Masks, What};

use crate::data::ListedClip;

/// The chain of a list of changes.
pub(crate) fn chain(changes: &[Change]) -> sound::Chain {
    let step = |change: &Change| sound::Step { change: change_of(&change.what), chance: change.chance };
    sound::Chain { steps: changes.iter().map(step).collect() }
}

fn change_of(what: &What) -> sound::Change {
    match what {
        What::Noise { noise } => sound::Change::Noise(amount(noise)),
        What::Roll { roll } => sound::Change::Roll(amount(roll)),
        What::Stretch { stretch, length } => sound::Change::Stretch(amount(stretch), length_of(*length)),
        What::Pitch { pitch } => sound::Change::Pitch(amount(pitch)),
        What::Speed { speed, length } => sound::Change::Speed(amount(speed), length_of(*length)),
        What::Percussive { .. } => sound::Change::Percussive,
    }
}

fn amount(amount: &Amount) -> sound::Amount {
    match amount {
        Amount::Fixed(value) => sound::Amount::Fixed(*value),
        Amount::Between([low, high]) => sound::Amount::Between(*low, *high),
        Amount::OneOf { one_of } => sound::Amount::OneOf(one_of.clone()),
    }
}

fn length_of(length: Length) -> sound::Length {
    match length {
        Length::Kept => sound::Length::Kept,
        Length::Free => sound::Length::Free,
    }
}

/// Bars over spectrograms; none where there are none.
pub(crate) fn masks(masks: &Masks) -> Option<sound::Masks> {
    let Masks { time, time_width, bands, bands_width, value } = *masks;
    let fill = match value {
        MaskValue::Mean => sound::MaskFill::Mean,
        MaskValue::Zero => sound::MaskFill::Zero,
    };
    (!masks.is_none()).then_some(sound::Masks { time, time_width, bands, bands_width, fill })
}

/// What stands for a clip where numbers are drawn for it: its file's content and its part of it, whatever it is called.
pub(crate) fn clip_key(clip: &ListedClip, content: &blake3::Hash) -> [u8; 32] {
    let Some(span) = clip.span else { return *content.as_bytes() };
    let ends = [Some(span.start), span.end].map(|end| end.map_or(u64::MAX, f64::to_bits).to_le_bytes());
    *blake3::keyed_hash(content.as_bytes(), ends.as_flattened()).as_bytes()
}
