//! Looks at everything that a plan would use, before anything runs: data, splits, nets and time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gliss_nets::{LayerRow, Part};
use gliss_spec::Planned;
use gliss_train::data::{Inspection, inspect};
use gliss_train::weights;
use gliss_types::Recipe;
use gliss_types::recipe::{CopiesOf, Data, FmaSubset, Kind, STATISTICS, Training};
use serde_json::{Value, json};

use crate::failure::{Failure, chain};
use crate::pace::Pace;

/// Points that are looked at one by one; beyond that an even sample is, and times are scaled up.
const LOOKED_AT: u64 = 20_000;
/// Classes and examples that are assumed where the data are not looked at.
const ASSUMED: (usize, usize) = (10, 1000);
/// Seconds of a clip that are assumed, for clips have to be decoded to know: what most sets of music have.
const ASSUMED_SECONDS: f64 = 30.0;

/// What a plan comes to.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Each data set with how many points use it.
    pub(crate) data: Vec<DataSeen>,
    /// Each net with how many points use it.
    pub(crate) nets: Vec<NetSeen>,
    /// Epochs of all points together.
    pub(crate) epochs: u64,
    /// Seconds of one slot for all points together.
    pub(crate) seconds: f64,
    /// Whether the estimate comes from trials that this machine has trained.
    pub(crate) measured: bool,
    /// Whether data were looked at.
    pub(crate) looked: bool,
}

/// A data set of the plan.
#[derive(Debug)]
pub(crate) struct DataSeen {
    pub(crate) what: Value,
    pub(crate) inspection: Option<Inspection>,
    /// Examples that train, validate and test, under the first split that was met.
    pub(crate) sides: [usize; 3],
    /// The same for each class, in the inspection's order; empty where the data are not looked at.
    pub(crate) class_sides: Vec<[usize; 3]>,
    pub(crate) points: u64,
}

/// A net of the plan.
#[derive(Debug)]
pub(crate) struct NetSeen {
    pub(crate) net: Value,
    pub(crate) inputs: Vec<Vec<usize>>,
    /// Whether the input is only so long if clips are as long as is assumed.
    pub(crate) assumed: bool,
    pub(crate) classes: usize,
    pub(crate) layers: Vec<LayerRow>,
    pub(crate) points: u64,
}

impl NetSeen {
    /// Numbers that it learns.
    pub(crate) fn parameters(&self) -> u64 {
        self.layers.iter().map(|l| l.parameters).sum()
    }

    /// Multiply-accumulates of a forward pass of one example.
    pub(crate) fn macs(&self) -> u64 {
        self.layers.iter().map(|l| l.macs).sum()
    }
}

/// How many examples train, validate and test, in all and of each class.
#[derive(Clone, Default)]
struct Sides {
    all: [usize; 3],
    by_class: Vec<[usize; 3]>,
}

#[derive(Default)]
struct Seen {
    data: Vec<DataSeen>,
    data_index: BTreeMap<String, usize>,
    sides: BTreeMap<String, Sides>,
    nets: Vec<NetSeen>,
    net_index: BTreeMap<String, usize>,
    /// Files of nets that describe clips, which have been looked at.
    embedders: BTreeSet<String>,
}

/// Classes of data that are not looked at.
fn classes(data: &Data) -> usize {
    match data {
        Data::Gtzan { genres, .. } => genres.len(),
        Data::Fma { subset: FmaSubset::Small, .. } => 8,
        _ => ASSUMED.0,
    }
}

/// Seconds of a clip, for shapes that only the clips decide.
fn clip_seconds(data: &Data) -> f64 {
    match data {
        Data::Synth { seconds, .. } => *seconds,
        _ => ASSUMED_SECONDS,
    }
}

/// Looks at every point (an even sample of a very large sweep).
pub(crate) fn examine(planned: &Planned, cache: &Path, look: bool, pace: &Pace) -> Result<Examined, Failure> {
    let stride = planned.points.div_ceil(LOOKED_AT).max(1);
    let mut seen = Seen::default();
    let (mut epochs, mut seconds, mut measured) = (0u64, 0f64, true);
    for index in (0..planned.points).step_by(stride as usize) {
        // What cannot be read was reported when the file was planned.
        let Some(Ok(Recipe::Train(training))) = planned.recipe(index) else { continue };
        let sides = seen.data_of(planned, &training, cache, look)?;
        let net = seen.net_of(planned, &training, look)?;
        epochs += u64::from(training.epochs);
        let rate = pace.macs_per_second(training.net.family.name());
        measured &= rate.1;
        // Backward costs twice forward; validation is a forward pass each epoch, the test one in all.
        let views = training.features.segments_of(clip_seconds(&training.data)).max(1) as f64;
        let copies = 1.0 + training.augment.copies.len() as f64;
        let copied = if training.augment.copies_of == CopiesOf::TrainAndValid { copies } else { 1.0 };
        let [train, valid, test] = sides.map(|n| n as f64 * views);
        let (train, valid) = (train * copies, valid * copied);
        let passes = (3.0 * train + valid) * f64::from(training.epochs) + test;
        seconds += passes * seen.nets[net].macs() as f64 / rate.0 + passes * pace.overhead();
    }
    let scale = planned.points as f64 / planned.points.div_ceil(stride).max(1) as f64;
    Ok(Examined {
        data: seen.data,
        nets: seen.nets,
        epochs: (epochs as f64 * scale).round() as u64,
        seconds: seconds * scale,
        measured,
        looked: look,
    })
}

impl Seen {
    /// The data set of a recipe; yields how many examples go to each side.
    fn data_of(
        &mut self,
        planned: &Planned,
        training: &Training,
        cache: &Path,
        look: bool,
    ) -> Result<[usize; 3], Failure> {
        let what = json!(training.data);
        let key = what.to_string();
        let index = match self.data_index.get(&key) {
            Some(index) => *index,
            None => {
                let inspection = if look { Some(inspected(planned, training, cache)?) } else { None };
                let (sides, class_sides) = ([0; 3], Vec::new());
                self.data.push(DataSeen { what, inspection, sides, class_sides, points: 0 });
                self.data_index.insert(key.clone(), self.data.len() - 1);
                self.data.len() - 1
            }
        };
        let split_key = format!("{key} {}", json!(training.split));
        let sides = match self.sides.get(&split_key) {
            Some(sides) => sides.clone(),
            None => {
                let sides = match &self.data[index].inspection {
                    Some(inspection) => dealt(planned, training, inspection)?,
                    None => {
                        let all = [ASSUMED.1 * 7 / 10, ASSUMED.1 * 15 / 100, ASSUMED.1 * 15 / 100];
                        Sides { all, by_class: Vec::new() }
                    }
                };
                self.sides.insert(split_key, sides.clone());
                sides
            }
        };
        let data = &mut self.data[index];
        if data.points == 0 {
            (data.sides, data.class_sides) = (sides.all, sides.by_class);
        }
        data.points += 1;
        Ok(sides.all)
    }

    /// Whether the nets that describe clips are there.
    fn look_at_embedders(&mut self, planned: &Planned, training: &Training) -> Result<(), Failure> {
        let features = &training.features;
        let inputs =
            [("features.weights", Some(&features.input)), ("features.beside.weights", features.beside.as_ref())];
        for (setting, input) in inputs {
            let Some(Kind::Musicnn(musicnn)) = input.map(|input| &input.kind) else { continue };
            if !self.embedders.insert(musicnn.weights.clone()) {
                continue;
            }
            gliss_train::embed::check(Path::new(&musicnn.weights)).map_err(|error| {
                let message = format!("failed to {}", chain(&error));
                let help = "it must be a file of musicnn's weights; `--no-data-check` skips this look";
                Failure::from(planned.fault(setting, Some(&json!(musicnn.weights)), &message, Some(help)))
            })?;
        }
        Ok(())
    }

    /// The net of a recipe, by its place in `nets`.
    fn net_of(&mut self, planned: &Planned, training: &Training, look: bool) -> Result<usize, Failure> {
        let data = &self.data[self.data_index[&json!(training.data).to_string()]];
        let classes = data.inspection.as_ref().map_or_else(|| classes(&training.data), |i| i.classes.len());
        // What the settings do not say: columns of a table (one that was not looked at is taken to be as wide as the first
        // document's), frames of clips.
        let columns = data.inspection.as_ref().and_then(|i| i.columns).unwrap_or(STATISTICS);
        let known = matches!(training.data, Data::Table { .. } | Data::Synth { .. });
        let assumed = training.features.shapes_of(None).concat().contains(&None) && !known;
        let shapes = training.features.shapes_of(Some(clip_seconds(&training.data)));
        let whole = |dims: Vec<Option<usize>>| dims.into_iter().map(|dim| dim.unwrap_or(columns)).collect();
        let inputs: Vec<Vec<usize>> = shapes.into_iter().map(whole).collect();
        if look {
            self.look_at_embedders(planned, training)?;
        }
        let net = json!(training.net);
        let outputs = training.outputs(classes);
        let key = format!("{net} {inputs:?} {outputs}");
        if let Some(index) = self.net_index.get(&key) {
            self.nets[*index].points += 1;
            return Ok(*index);
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(Vec::as_slice).collect();
        let layers = gliss_nets::walk(&training.net, &shapes, outputs).map_err(|error| {
            Failure::from(planned.fault("net", None, &format!("failed to {}", chain(&error)), None))
        })?;
        if let (Some(path), true) = (&training.net.weights, look) {
            let part = if training.quirks.head_1000 { Part::Whole } else { Part::Body };
            let checked = weights::check(Path::new(path), &training.net, &shapes, outputs, part);
            checked.map_err(|error| {
                let message = format!("failed to {}", chain(&error));
                let help =
                    "the file must hold every layer but the last under its name; `--no-data-check` skips this look";
                Failure::from(planned.fault("net.weights", Some(&json!(path)), &message, Some(help)))
            })?;
        }
        self.nets.push(NetSeen { net, inputs, assumed, classes, layers, points: 1 });
        self.net_index.insert(key, self.nets.len() - 1);
        Ok(self.nets.len() - 1)
    }
}

fn dealt(planned: &Planned, training: &Training, inspection: &Inspection) -> Result<Sides, Failure> {
    let deal = inspection.deal(&training.split).map_err(|error| {
        let message = format!("failed to {}", chain(&error));
        Failure::from(planned.fault(error.setting(), None, &message, None))
    })?;
    let all = [deal.train.len(), deal.valid.len(), deal.test.len()];
    Ok(Sides { all, by_class: inspection.per_class(&deal) })
}

fn inspected(planned: &Planned, training: &Training, cache: &Path) -> Result<Inspection, Failure> {
    inspect(&training.data, cache).map_err(|error| {
        let message = format!("failed to {}", chain(&error));
        let skip = "`--no-data-check` skips this look";
        let fault = match (training.data.path(), error.setting()) {
            (None, _) => planned.fault("data", None, &message, Some(skip)),
            (Some(path), "data.path") => {
                let help = format!("name the data with `--set data.path=DIR`; {skip}");
                planned.fault("data.path", Some(&json!(path)), &message, Some(&help))
            }
            (Some(_), setting) => planned.fault(setting, None, &message, Some(skip)),
        };
        fault.into()
    })
}
