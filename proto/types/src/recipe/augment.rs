//! Changes of sound that make more of a training side than it has.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Features, Kind};
use crate::settings::Reader;

/// What is changed, and when.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Augment {
    /// Changes of the waveforms of the training side, one after another, each drawn anew for every clip and epoch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub online: Vec<Change>,
    /// Further copies of clips, drawn once and kept in the cache, each with its changes one after another.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Vec<Change>>,
    /// Whether the validation side is copied too, and not the training side alone.
    #[serde(rename = "copies_of", skip_serializing_if = "CopiesOf::is_train")]
    pub copies_of: CopiesOf,
    /// The copies are a function of it; online changes are one of the recipe's `seed`.
    #[serde(skip_serializing_if = "is_zero")]
    pub seed: u64,
    /// Bars laid over spectrograms of the training side.
    #[serde(skip_serializing_if = "Masks::is_none")]
    pub masks: Masks,
}

/// Which sides of a split have copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CopiesOf {
    /// Training.
    #[default]
    Train,
    /// Training and validation (papers.md 5.3).
    TrainAndValid,
}

/// One change, with the chance that it happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What happens.
    #[serde(flatten)]
    pub what: What,
    /// How often, more than 0 and at most 1.
    #[serde(skip_serializing_if = "is_one")]
    pub chance: f64,
}

/// What can happen to a waveform.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum What {
    /// Gaussian noise is added.
    Noise {
        /// Its standard deviation; full scale is 1.
        noise: Amount,
    },
    /// The last so many samples become the first.
    Roll {
        /// Whole samples; below 0 to the left.
        roll: Amount,
    },
    /// The phase vocoder changes the tempo and keeps the pitch.
    Stretch {
        /// Above 1 is faster.
        stretch: Amount,
        /// Of what length the result is.
        #[serde(skip_serializing_if = "Length::is_kept")]
        length: Length,
    },
    /// The pitch changes and the tempo stays.
    Pitch {
        /// Semitones, upwards.
        pitch: Amount,
    },
    /// Played faster: tempo and pitch change together.
    Speed {
        /// Above 1 is faster and higher.
        speed: Amount,
        /// Of what length the result is.
        #[serde(skip_serializing_if = "Length::is_kept")]
        length: Length,
    },
    /// Only the percussive part is left.
    Percussive {
        /// True.
        percussive: bool,
    },
}

/// How much.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// Always the same.
    Fixed(f64),
    /// Uniform from the first to the second.
    Between([f64; 2]),
    /// Each alike.
    OneOf {
        /// At least one.
        one_of: Vec<f64>,
    },
}

/// Of what length a stretched clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// As before: cut, or filled up with silence.
    #[default]
    Kept,
    /// As it comes.
    Free,
}

/// SpecAugment (Park et al. 2019): bars of one value over a spectrogram, drawn anew for every example and epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Masks {
    /// How many bars cover frames.
    pub time: u32,
    /// Each covers 0 to so many frames.
    pub time_width: u32,
    /// How many bars cover bands.
    pub bands: u32,
    /// Each covers 0 to so many bands.
    pub bands_width: u32,
    /// What they hold.
    pub value: MaskValue,
}

/// What a bar holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskValue {
    /// The mean of the example.
    Mean,
    /// Zero.
    Zero,
}

impl Default for Masks {
    fn default() -> Self {
        Masks { time: 0, time_width: 0, bands: 0, bands_width: 0, value: MaskValue::Mean }
    }
}

impl Masks {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        self.time == 0 && self.bands == 0
    }
}

impl CopiesOf {
    fn is_train(&self) -> bool {
        *self == CopiesOf::Train
    }
}

impl Serialize for CopiesOf {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            CopiesOf::Train => ["train"].serialize(serializer),
            CopiesOf::TrainAndValid => ["train", "valid"].serialize(serializer),
        }
    }
}

impl Length {
    fn is_kept(&self) -> bool {
        *self == Length::Kept
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}

/// The most changes of a chain, and copies of a clip.
const CHAIN: usize = 16;
const COPIES: usize = 64;
const MASKS: [&str; 5] = [
    "augment.masks.time",
    "augment.masks.time_width",
    "augment.masks.bands",
    "augment.masks.bands_width",
    "augment.masks.value",
];

impl Augment {
    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        self.online.is_empty() && self.copies.is_empty() && self.masks.is_none()
    }

    pub(super) fn read(r: &mut Reader<'_>, features: &Features) -> Augment {
        let online = match r.value("augment.online") {
            None => Vec::new(),
            Some(value) => chain(r, "augment.online", value),
        };
        let copies = read_copies(r);
        let mut augment = Augment { online, copies, masks: read_masks(r), ..Augment::default() };
        if augment.copies.is_empty() {
            r.unused(&["augment.copies_of", "augment.seed"], "there are no copies");
        } else {
            augment.copies_of = read_copies_of(r);
            augment.seed = r.int("augment.seed", 0, 0..=u64::MAX);
        }
        check(r, &augment, features);
        augment
    }
}

fn check(r: &mut Reader<'_>, augment: &Augment, features: &Features) {
    let lengthens = |change: &Change| {
        matches!(change.what, What::Stretch { length: Length::Free, .. } | What::Speed { length: Length::Free, .. })
    };
    if features.segments.is_some() && augment.online.iter().any(lengthens) {
        let rule = "a clip has the same segments in every epoch: take `length: kept`, or `augment.copies`";
        r.impossible("augment.online", "length: free", rule);
    }
    let kind = features.input.kind.name();
    if !augment.masks.is_none() && !features.input.kind.is_spectrogram() {
        let path = if augment.masks.time > 0 { MASKS[0] } else { MASKS[2] };
        let rule = format!("masks cover spectrograms, `features.kind: {kind}` is none: take `mel` or `stft`");
        r.impossible(path, augment.masks.time.max(augment.masks.bands), rule);
    }
    let embedded = features.beside.as_ref().is_some_and(|beside| matches!(beside.kind, Kind::Embedding(_)));
    let rule = if features.input.kind.rate().is_none() {
        format!("`features.kind: {kind}` is not made of sound that could be changed: leave it out")
    } else if embedded {
        "precomputed vectors are there for clips as they are alone: leave it or `features.beside` out".to_owned()
    } else {
        return;
    };
    for (path, used) in [("augment.online", !augment.online.is_empty()), ("augment.copies", !augment.copies.is_empty())]
    {
        if used {
            r.impossible(path, "the list", rule.clone());
        }
    }
}

fn read_copies(r: &mut Reader<'_>) -> Vec<Vec<Change>> {
    const PATH: &str = "augment.copies";
    match r.value(PATH) {
        None => Vec::new(),
        Some(Value::Array(items)) if items.len() > COPIES => {
            r.impossible(PATH, format!("{} copies", items.len()), format!("at most {COPIES} copies of a clip"));
            Vec::new()
        }
        Some(Value::Array(items)) => items.iter().map(|item| chain(r, PATH, item)).collect(),
        Some(other) => {
            let wanted = "a list of copies, each a change such as `{pitch: 1}` or a list of them";
            r.wrong_type(PATH, other, wanted);
            Vec::new()
        }
    }
}

fn read_copies_of(r: &mut Reader<'_>) -> CopiesOf {
    const PATH: &str = "augment.copies_of";
    let sides = r.texts(PATH, &["train"]);
    let sides: Vec<&str> = sides.iter().map(String::as_str).collect();
    match sides.as_slice() {
        ["train"] => CopiesOf::Train,
        ["train", "valid"] | ["valid", "train"] => CopiesOf::TrainAndValid,
        _ => {
            let rule = "`[train]` or `[train, valid]`; the test side is never copied";
            r.impossible(PATH, format!("[{}]", sides.join(", ")), rule);
            CopiesOf::Train
        }
    }
}

fn read_masks(r: &mut Reader<'_>) -> Masks {
    let [time_path, time_width_path, bands_path, bands_width_path, value_path] = MASKS;
    let (time, bands) = (r.int32(time_path, 0, 0..=64), r.int32(bands_path, 0, 0..=64));
    let mut masks = Masks { time, bands, ..Masks::default() };
    // The widths of the paper's policy for LibriSpeech.
    for (number, path, width, default) in
        [(time, time_width_path, &mut masks.time_width, 100), (bands, bands_width_path, &mut masks.bands_width, 27)]
    {
        match number {
            0 => r.unused(&[path], "there is no such mask"),
            _ => *width = r.int32(path, default, 1..=100_000),
        }
    }
    if masks.is_none() {
        r.unused(&[value_path], "there are no masks");
    } else if r.choice(value_path, Some("mean"), &["mean", "zero"]) == "zero" {
        masks.value = MaskValue::Zero;
    }
    masks
}

/// One change or a list of them.
fn chain(r: &mut Reader<'_>, path: &str, value: &Value) -> Vec<Change> {
    match value {
        Value::Object(map) => change(r, path, value, map).into_iter().collect(),
        Value::Array(items) if items.len() > CHAIN => {
            r.impossible(
                path,
                format!("{} changes", items.len()),
                format!("at most {CHAIN} changes one after another"),
            );
            Vec::new()
        }
        Value::Array(items) => {
            let read = |item: &Value| match item {
                Value::Object(map) => change(r, path, item, map),
                other => {
                    r.wrong_type(path, other, "a change such as `{noise: 0.005, chance: 0.25}`");
                    None
                }
            };
            items.iter().filter_map(read).collect()
        }
        other => {
            r.wrong_type(path, other, "a list of changes such as `{noise: 0.005, chance: 0.25}`");
            Vec::new()
        }
    }
}

const WORDS: [&str; 6] = ["noise", "roll", "stretch", "pitch", "speed", "percussive"];

fn change(r: &mut Reader<'_>, path: &str, item: &Value, map: &Map<String, Value>) -> Option<Change> {
    let found: Vec<&str> = WORDS.into_iter().filter(|word| map.contains_key(*word)).collect();
    let &[word] = found.as_slice() else {
        let one_of = WORDS.map(|word| format!("`{word}`")).join(", ");
        r.impossible(path, shown(item), format!("a change names one of {one_of}"));
        return None;
    };
    let lengthened = matches!(word, "stretch" | "speed");
    let strange = map.keys().find(|key| *key != word && *key != "chance" && !(lengthened && *key == "length"));
    if let Some(key) = strange {
        let known = if lengthened { "`length` and `chance`" } else { "`chance`" };
        r.impossible(path, shown(item), format!("beside `{word}` there can be {known}, not `{}`", shortened(key)));
        return None;
    }
    let amount = map.get(word)?;
    let what = match word {
        "noise" => What::Noise { noise: amount_of(r, path, item, amount, &NOISE)? },
        "roll" => What::Roll { roll: amount_of(r, path, item, amount, &ROLL)? },
        "stretch" => {
            What::Stretch { stretch: amount_of(r, path, item, amount, &RATE)?, length: length(r, path, item, map)? }
        }
        "pitch" => What::Pitch { pitch: amount_of(r, path, item, amount, &PITCH)? },
        "speed" => What::Speed { speed: amount_of(r, path, item, amount, &RATE)?, length: length(r, path, item, map)? },
        _ if *amount == Value::Bool(true) => What::Percussive { percussive: true },
        _ => {
            r.impossible(path, shown(item), "`percussive: true` has no other value");
            return None;
        }
    };
    let chance = match map.get("chance") {
        None => 1.0,
        Some(value) => match value.as_f64().filter(|chance| *chance > 0.0 && *chance <= 1.0) {
            Some(chance) => chance,
            None => {
                r.impossible(path, shown(item), "`chance` is a number above 0, at most 1");
                return None;
            }
        },
    };
    Some(Change { what, chance })
}

fn length(r: &mut Reader<'_>, path: &str, item: &Value, map: &Map<String, Value>) -> Option<Length> {
    match map.get("length").map(Value::as_str) {
        None | Some(Some("kept")) => Some(Length::Kept),
        Some(Some("free")) => Some(Length::Free),
        Some(_) => {
            r.impossible(path, shown(item), "`length` is `kept` or `free`");
            None
        }
    }
}

/// An item of a list for a message.
fn shown(item: &Value) -> String {
    shortened(&item.to_string())
}

fn shortened(text: &str) -> String {
    if text.len() <= 200 { text.to_owned() } else { text.chars().take(80).chain("...".chars()).collect() }
}

/// The values that an amount may have.
struct Limits {
    low: f64,
    high: f64,
    whole: bool,
    text: &'static str,
}

const NOISE: Limits = Limits { low: 0.0, high: 1.0, whole: false, text: "numbers from 0 to 1" };
const ROLL: Limits =
    Limits { low: -1e8, high: 1e8, whole: true, text: "whole numbers of samples, at most 100 million" };
const RATE: Limits = Limits { low: 0.25, high: 4.0, whole: false, text: "numbers from 0.25 to 4" };
const PITCH: Limits = Limits { low: -24.0, high: 24.0, whole: false, text: "semitones from -24 to 24" };

fn amount_of(r: &mut Reader<'_>, path: &str, item: &Value, amount: &Value, limits: &Limits) -> Option<Amount> {
    let good = |value: &f64| (limits.low..=limits.high).contains(value) && (!limits.whole || value.fract() == 0.0);
    let number = |value: &Value| value.as_f64().filter(good);
    let read = match amount {
        Value::Number(_) => number(amount).map(Amount::Fixed),
        Value::Array(ends) => match ends.iter().map(number).collect::<Option<Vec<f64>>>().as_deref() {
            Some(&[low, high]) if low <= high => Some(Amount::Between([low, high])),
            _ => None,
        },
        Value::Object(map) if map.len() == 1 => {
            let listed = map.get("one_of").and_then(Value::as_array);
            let listed = listed.filter(|listed| (1..=64).contains(&listed.len()));
            let numbers = listed.and_then(|listed| listed.iter().map(number).collect::<Option<Vec<f64>>>());
            numbers.map(|one_of| Amount::OneOf { one_of })
        }
        _ => None,
    };
    if read.is_none() {
        let forms = "a number, `[from, to]` or `{one_of: [...]}`";
        r.impossible(path, shown(item), format!("an amount is {forms}, and here of {}", limits.text));
    }
    read
}
