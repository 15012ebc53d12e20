//! The recipe: the fully resolved description of one training run. Two recipes with one canonical form give one result.

mod augment;
mod class_weights;
mod data;
mod early_stop;
mod features;
mod net;
mod optimiser;
mod precision;
mod quirks;
mod schedule;
mod split;
mod watch;

pub use augment::{Amount, Augment, Change, CopiesOf, Length, MaskValue, Masks, What};
pub use class_weights::ClassWeights;
pub use data::{DATA_PATHS, Data, FmaSubset, GTZAN_GENRES, gtzan_clip};
pub use early_stop::EarlyStop;
pub use features::{
    Aggregate, Colours, Columns, Compress, Cut, Embedding, Features, Filters, Fit, Image, Input, Kind, Layout, Mel,
    MelPicture, MusicnnVector, Normalise, Padding, Pieces, Reference, STATISTICS, STATISTICS_RATE, Segments,
    Statistics, StftMagnitude, Store, Waveform,
};
pub use net::{
    Alexnet, ConvStack, Edge, Family, Initial, LiuCnn, LiuCrnn, LiuDcnn, LiuDcrnn, Mlp, Mobilenet, Musicnn, Net, Nnet2,
    Nnet2Form, PRESETS, Preset, Resnet, ResnetForm, SpecEmbed, Spectrum, Squeezenet, Vgg,
};
pub use optimiser::{Adam, AdamForm, Method, Optimiser};
pub use precision::Precision;
pub use quirks::Quirks;
pub use schedule::{Anneal, Course, Cycle, Plateau, Schedule, Threshold, Warmup};
pub use split::{FOLD_LIMIT, FilteredLists, Split};
pub use watch::Watch;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::TrialKey;
use crate::settings::{Issue, Reader, Settings};

/// What a trial does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Recipe {
    /// Trains nothing and scores a number drawn from the seed: for trying and timing the machinery.
    Noop(Noop),
    /// Trains a net.
    Train(Box<Training>),
}

/// A trial that trains nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Noop {
    /// The score is a function of it alone.
    pub seed: u64,
}

/// One training run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Training {
    /// Which clips or rows.
    pub data: Data,
    /// Which of them train, validate and test.
    pub split: Split,
    /// What the net sees of them.
    pub features: Features,
    /// What is changed in the sound that trains.
    #[serde(skip_serializing_if = "Augment::is_none")]
    pub augment: Augment,
    /// The net.
    pub net: Net,
    /// How weights are moved.
    pub optimiser: Optimiser,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// Examples a step; the last step of an epoch takes what is left.
    pub batch: u32,
    /// Whether a last step of less than `batch` examples is left out.
    #[serde(skip_serializing_if = "is_off")]
    pub drop_last: bool,
    /// Parts in which a step's examples go through the net, one after another; their gradients are summed to those of all.
    #[serde(skip_serializing_if = "is_one")]
    pub grad_accumulation: u32,
    /// The share of each target that is spread over all classes; in training alone.
    #[serde(skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// Each step mixes its examples with others of them, by a share drawn from a Beta distribution with both parameters this;
    /// 0 mixes nothing. In training alone.
    #[serde(skip_serializing_if = "is_zero")]
    pub mixup: f64,
    /// How much the examples of a class count in the loss; in training alone.
    #[serde(skip_serializing_if = "ClassWeights::is_none")]
    pub class_weights: ClassWeights,
    /// How exact matrix products are on a GPU.
    #[serde(skip_serializing_if = "Precision::is_single")]
    pub precision: Precision,
    /// Passes over the training split.
    pub epochs: u32,
    /// When it ends before the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
    /// Defects of published programs.
    #[serde(skip_serializing_if = "Quirks::are_none")]
    pub quirks: Quirks,
    /// Initial weights, shuffling and dropout are functions of it.
    pub seed: u64,
}

fn is_one(value: &u32) -> bool {
    *value == 1
}

fn is_off(value: &bool) -> bool {
    !value
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Recipe {
    /// Reads a tree of settings, filling in defaults. Also yields the settings that mean nothing in this combination,
    /// with the reason.
    ///
    /// # Errors
    /// Every issue at once: unknown settings, wrong types, impossible values, parts that do not fit each other.
    pub fn read(settings: &Settings) -> Result<(Recipe, BTreeMap<String, String>), Vec<Issue>> {
        let mut r = Reader::new(settings);
        let recipe = match r.choice("task", Some("train"), &["train", "noop"]) {
            "noop" => Recipe::Noop(Noop { seed: r.int("seed", 0, 0..=u64::MAX) }),
            _ => Recipe::Train(Box::new(Training::read(&mut r))),
        };
        r.finish().map(|unused| (recipe, unused))
    }

    /// The one text of this recipe: JSON with sorted keys, every default filled in, nothing that has no effect.
    pub fn canonical(&self) -> String {
        // By way of `Value`, whose mappings are sorted.
        let value = serde_json::to_value(self).expect("a recipe holds finite numbers and text keys only");
        value.to_string()
    }

    /// Reads a canonical form back.
    ///
    /// # Errors
    /// What is wrong with it, in words; a text of another version of the program may not be readable.
    pub fn from_canonical(text: &str) -> Result<Recipe, RecipeError> {
        let settings: Settings = serde_json::from_str(text).map_err(RecipeError::NotJson)?;
        let read = Recipe::read(&settings);
        read.map(|(recipe, _)| recipe).map_err(|issues| RecipeError::Issues { count: issues.len(), issues })
    }

    /// The hash of the canonical form.
    pub fn key(&self) -> TrialKey {
        TrialKey::of(&self.canonical())
    }

    /// Epochs that it trains; 0 where it trains nothing.
    pub fn epochs(&self) -> u32 {
        match self {
            Recipe::Noop(_) => 0,
            Recipe::Train(training) => training.epochs,
        }
    }
}

/// Why a canonical form cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// It is not JSON.
    #[error("the recipe is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// It is not a recipe that this version knows.
    #[error("the recipe has {count} issues, the first: {}", issues.first().map(ToString::to_string).unwrap_or_default())]
    Issues {
        /// How many.
        count: usize,
        /// All of them.
        issues: Vec<Issue>,
    },
}

impl Training {
    fn read(r: &mut Reader<'_>) -> Training {
        let data = Data::read(r);
        let split = Split::read(r, &data);
        let features = Features::read(r, &data);
        let augment = Augment::read(r, &features);
        let net = Net::read(r, &features);
        let optimiser = Optimiser::read(r);
        let epochs = r.int32("epochs", 10, 1..=100_000);
        let schedule = Schedule::read(r, optimiser.lr(), epochs);
        let batch = r.int32("batch", 32, 1..=65_536);
        let grad_accumulation = r.int32("grad_accumulation", 1, 1..=65_536);
        if grad_accumulation > batch {
            let rule = format!("at most `batch`, which is {batch}: the parts of a step hold an example each");
            r.impossible("grad_accumulation", grad_accumulation, rule);
        }
        let quirks = Quirks::read(r);
        let pieces = features.segments.as_ref();
        if quirks.divide_by_full_set > 0 && pieces.is_some_and(|segments| segments.aggregate_valid) {
            let rule =
                "0 where validation judges clips by their segments; set `features.segments.aggregate_valid: false`";
            r.impossible("quirks.divide_by_full_set", quirks.divide_by_full_set, rule);
        }
        Training {
            data,
            split,
            features,
            augment,
            net,
            optimiser,
            schedule,
            batch,
            drop_last: r.boolean("drop_last", false),
            grad_accumulation,
            label_smoothing: r.float("label_smoothing", 0.0, |v| (0.0..1.0).contains(&v), "from 0 to less than 1"),
            mixup: r.float("mixup", 0.0, |v| (0.0..=100.0).contains(&v), "from 0 to 100"),
            class_weights: ClassWeights::read(r),
            precision: Precision::read(r),
            epochs,
            early_stop: EarlyStop::read(r),
            quirks,
            seed: r.int("seed", 0, 0..=u64::MAX),
        }
    }
}

impl Training {
    /// Outputs of its net for data of that many classes, the first of which are the classes.
    pub fn outputs(&self, classes: usize) -> usize {
        if self.quirks.head_1000 { classes.max(Quirks::HEAD) } else { classes }
    }

    /// Whether a last step of less than `batch` examples is left out.
    pub fn drops_last(&self) -> bool {
        self.drop_last || self.quirks.divide_by_full_set > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Recipe, Vec<Issue>> {
        let settings: Settings = serde_json::from_value(value).expect("a mapping");
        Recipe::read(&settings).map(|(recipe, _)| recipe)
    }

    #[test]
    fn the_canonical_form_reads_back_and_keeps_its_key() {
        for value in [
            json!({"task": "noop", "seed": u64::MAX}),
            json!({"data": {"source": "synth"}}),
            json!({"data": {"source": "folder", "path": "/music"}, "net": {"name": "liu_cnn", "depth": 2},
                   "optimiser": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
                   "schedule": {"name": "triangular", "max_lr": 0.2}}),
            json!({"data": {"source": "synth"}, "epochs": 7, "batch": 64, "grad_accumulation": 4, "label_smoothing": 0.1, "precision": "bf16",
                   "mixup": 0.2, "class_weights": "balanced", "drop_last": true, "early_stop": {"patience": 8, "watch": "valid_loss"},
                   "quirks": {"eval_mode_after_first_epoch": true, "head_1000": true, "sliding_minibatch": true,
                              "validate_in_train_mode": true, "divide_by_full_set": 16},
                   "optimiser": {"name": "rmsprop", "clip_norm": 1},
                   "schedule": {"name": "cosine", "warmup": 0.3}}),
            json!({"data": {"source": "manifest", "path": "/m.csv"}, "split": {"method": "folds", "valid": 1, "test": 0}}),
            json!({"data": {"source": "table", "path": "/t.csv"}, "net": {"name": "mlp", "hidden": [128, 64]},
                   "split": {"method": "numpy_shuffle"}, "features": {"as_uint8": true}}),
            json!({"data": {"source": "table", "path": "/t.parquet", "fold": "fold10", "split": "side", "group": "track"},
                   "split": {"method": "kfold", "folds": 10, "fold": 9, "by_group": true}}),
            json!({"data": {"source": "gtzan", "path": "/gtzan", "genres": ["rock", "jazz"], "exclude": ["jazz.00054"]},
                   "split": {"method": "gtzan_filtered"}}),
            json!({"data": {"source": "gtzan", "path": "/gtzan", "drop_544": true},
                   "split": {"method": "gtzan_filtered", "lists": "published"}}),
            json!({"data": {"source": "gtzan", "path": "/gtzan"}, "split": {"method": "ratio", "valid": 0.1, "test": 0.1}}),
            json!({"data": {"source": "images", "path": "/pictures", "drop_544": true}}),
            json!({"data": {"source": "fma", "path": "/fma/fma_small"}}),
            json!({"data": {"source": "fma", "path": "/fma/x", "tracks": "/t.csv", "subset": "medium"},
                   "split": {"method": "stratified", "by_group": true}}),
            json!({"data": {"source": "manifest", "path": "/m.csv", "split": "side", "start": "from", "end": "to"},
                   "split": {"method": "predefined", "valid_per_class": 5, "seed": 3}}),
        ] {
            let recipe = read(value.clone()).unwrap_or_else(|issues| panic!("{value}: {issues:?}"));
            let again = Recipe::from_canonical(&recipe.canonical()).expect("its own form is readable");
            assert_eq!(again, recipe);
            assert_eq!(again.key(), recipe.key());
        }
    }

    // Results are found by the key: settings that are new must not change the keys of recipes that do without them.
    #[test]
    fn new_settings_leave_old_keys_alone() {
        let recipe = read(json!({
            "data": {"source": "table", "path": "/t.csv"},
            "optimiser": {"name": "sgd", "momentum": 0.9, "dampening": 0, "clip_norm": 0},
            "schedule": {"name": "triangular", "half_cycle": 4, "warmup": 0},
            "grad_accumulation": 1, "label_smoothing": 0, "precision": "single",
            "mixup": 0, "class_weights": "none", "drop_last": false, "early_stop": {"patience": 0},
            "quirks": {"head_1000": false, "divide_by_full_set": 0},
        }));
        assert_eq!(recipe.expect("a recipe").key().as_str(), "16854e3dca5da0274c088296a1618048");
    }

    #[test]
    fn a_default_written_out_changes_nothing() {
        let short = read(json!({"data": {"source": "synth"}})).expect("defaults are a recipe");
        let long = read(json!({"data": {"source": "synth"}, "batch": 32, "optimiser": {"name": "adam"}}));
        assert_eq!(long.expect("a recipe").key(), short.key());
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let cases = [
            (json!({"data": {"source": "table", "path": "/t"}, "net": {"name": "liu_cnn"}}), "net.name"),
            (json!({"data": {"source": "synth"}, "split": {"method": "folds", "valid": 0, "test": 1}}), "split.method"),
            (
                json!({"data": {"source": "synth"}, "features": {"height": 8, "width": 8}, "net": {"depth": 4}}),
                "net.depth",
            ),
            (json!({"data": {"source": "synth"}, "split": {"valid": 0.6, "test": 0.5}}), "split.test"),
            (
                json!({"data": {"source": "synth"}, "schedule": {"name": "triangular", "max_lr": 1e-9}}),
                "schedule.max_lr",
            ),
            (json!({"data": {"source": "synth"}, "epochs": 5, "schedule": {"warmup": 5}}), "schedule.warmup"),
            (json!({"data": {"source": "synth"}, "batch": 4, "grad_accumulation": 5}), "grad_accumulation"),
            (json!({"data": {"source": "synth"}, "label_smoothing": 1}), "label_smoothing"),
            (json!({"data": {"source": "synth"}, "precision": "half"}), "precision"),
            (json!({"data": {"source": "synth"}, "mixup": -0.1}), "mixup"),
            (json!({"data": {"source": "synth"}, "class_weights": "even"}), "class_weights"),
            (json!({"data": {"source": "synth"}, "early_stop": {"patience": 3, "watch": "lr"}}), "early_stop.watch"),
            (
                json!({"data": {"source": "folder", "path": "/f"}, "quirks": {"divide_by_full_set": 16},
                       "features": {"kind": "mel", "segments": {"frames": 125}}}),
                "quirks.divide_by_full_set",
            ),
            (json!({"data": {"source": "folder"}}), "data.path"),
            (json!({"data": {"source": "gtzan", "path": "/g", "genres": ["jazz"]}}), "data.genres"),
            (json!({"data": {"source": "gtzan", "path": "/g", "genres": ["jazz", "rock", "rock"]}}), "data.genres"),
            (json!({"data": {"source": "gtzan", "path": "/g", "genres": ["jazz", "techno"]}}), "data.genres"),
            (json!({"data": {"source": "gtzan", "path": "/g", "exclude": ["jazz.54"]}}), "data.exclude"),
            (json!({"data": {"source": "gtzan", "path": "/g"}, "split": {"method": "predefined"}}), "split.method"),
            (json!({"data": {"source": "fma", "path": "/f"}, "split": {"method": "gtzan_filtered"}}), "split.method"),
            (json!({"data": {"source": "table", "path": "/t"}, "split": {"by_group": true}}), "split.by_group"),
            (
                json!({"data": {"source": "folder", "path": "/f"}, "split": {"method": "kfold", "fold": 5}}),
                "split.fold",
            ),
            (json!({}), "data.source"),
        ];
        for (value, path) in cases {
            let issues = read(value.clone()).expect_err("does not fit");
            assert!(issues.iter().any(|i| i.path == path), "{value}: {issues:?}");
        }
    }
}
