//! Looks at everything that a plan would use, before anything runs: data, splits, nets and time.

use std::collections::BTreeMap;
use std::path::Path;

use gliss_nets::LayerRow;
use gliss_spec::Planned;
use gliss_train::data::{Inspection, inspect};
use gliss_types::Recipe;
use gliss_types::recipe::{Features, Net, Training};
use serde_json::{Value, json};

use crate::failure::{Failure, chain};
use crate::pace::Pace;

/// Points that are looked at one by one; beyond that an even sample is, and times are scaled up.
const LOOKED_AT: u64 = 20_000;
/// Classes and examples that are assumed where the data are not looked at.
const ASSUMED: (usize, usize) = (10, 1000);

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
    pub(crate) points: u64,
}

/// A net of the plan.
#[derive(Debug)]
pub(crate) struct NetSeen {
    pub(crate) net: Value,
    pub(crate) input: Vec<usize>,
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

#[derive(Default)]
struct Seen {
    data: Vec<DataSeen>,
    data_index: BTreeMap<String, usize>,
    sides: BTreeMap<String, [usize; 3]>,
    nets: Vec<NetSeen>,
    net_index: BTreeMap<String, usize>,
}

/// The net's name as in a recipe.
pub(crate) fn net_name(net: &Net) -> &'static str {
    match net {
        Net::LiuCnn(_) => "liu_cnn",
        Net::Mlp(_) => "mlp",
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
        let net = seen.net_of(planned, &training)?;
        epochs += u64::from(training.epochs);
        let rate = pace.macs_per_second(net_name(&training.net));
        measured &= rate.1;
        // Backward costs twice forward; validation is a forward pass each epoch, the test one in all.
        let [train, valid, test] = sides.map(|n| n as f64);
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
                self.data.push(DataSeen { what, inspection, sides: [0; 3], points: 0 });
                self.data_index.insert(key.clone(), self.data.len() - 1);
                self.data.len() - 1
            }
        };
        let split_key = format!("{key} {}", json!(training.split));
        let sides = match self.sides.get(&split_key) {
            Some(sides) => *sides,
            None => {
                let sides = match &self.data[index].inspection {
                    Some(inspection) => {
                        let deal = inspection.deal(&training.split).map_err(|error| {
                            Failure::from(planned.fault("split", None, &format!("failed to {}", chain(&error)), None))
                        })?;
                        [deal.train.len(), deal.valid.len(), deal.test.len()]
                    }
                    None => [ASSUMED.1 * 7 / 10, ASSUMED.1 * 15 / 100, ASSUMED.1 * 15 / 100],
                };
                self.sides.insert(split_key, sides);
                sides
            }
        };
        let data = &mut self.data[index];
        if data.points == 0 {
            data.sides = sides;
        }
        data.points += 1;
        Ok(sides)
    }

    /// The net of a recipe, by its place in `nets`.
    fn net_of(&mut self, planned: &Planned, training: &Training) -> Result<usize, Failure> {
        let data = &self.data[self.data_index[&json!(training.data).to_string()]];
        let classes = data.inspection.as_ref().map_or(ASSUMED.0, |i| i.classes.len());
        let input = match &training.features {
            Features::MelPicture(_) => training.features.picture_shape().map(Vec::from).unwrap_or_default(),
            // A table that was not looked at is taken to be as wide as the first document's.
            Features::Columns(_) => vec![data.inspection.as_ref().and_then(|i| i.columns).unwrap_or(57)],
        };
        let net = json!(training.net);
        let key = format!("{net} {input:?} {classes}");
        if let Some(index) = self.net_index.get(&key) {
            self.nets[*index].points += 1;
            return Ok(*index);
        }
        let layers = gliss_nets::walk(&training.net, &input, classes).map_err(|error| {
            Failure::from(planned.fault("net", None, &format!("failed to {}", chain(&error)), None))
        })?;
        self.nets.push(NetSeen { net, input, classes, layers, points: 1 });
        self.net_index.insert(key, self.nets.len() - 1);
        Ok(self.nets.len() - 1)
    }
}

fn inspected(planned: &Planned, training: &Training, cache: &Path) -> Result<Inspection, Failure> {
    inspect(&training.data, cache).map_err(|error| {
        let setting = if training.data.path().is_some() { "data.path" } else { "data" };
        let value = training.data.path().map(|p| json!(p));
        let help = "name the data with `--set data.path=DIR`; `--no-data-check` skips this look";
        planned.fault(setting, value.as_ref(), &format!("failed to {}", chain(&error)), Some(help)).into()
    })
}
