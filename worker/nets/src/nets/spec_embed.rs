//! `spec_embed` (papers.md 5.5): the answers of a spectrogram net, normalised, and those of an embedding net, joined by one
//! more layer. The spectrogram net S, plus 24,456 for an embedding of 753 numbers, plus 152, with 8 classes.

use gliss_types::recipe::{Mlp, SpecEmbed};
use gliss_types::recipe::{Net, Spectrum};

use super::layer::Norm;
use super::table::{Made, Node, Table};
use super::{mlp, write};
use crate::ops::Activation;

pub(super) fn write_both(t: &mut Table, net: &SpecEmbed, inputs: &[Node], classes: usize) -> Made {
    let [x, beside] = [0, 1].map(|i| inputs.get(i).copied().unwrap_or(Node::Input(i)));
    let spectrum = Net::named(Spectrum::preset(net.spectrum)).expect("presets name nets, which their own test sees to");
    let spectrum = t.within("spectrum", |t| write(t, &spectrum.family, &[x], classes))?;
    t.scheme = super::parameter::Scheme::PyTorch;
    let spectrum = t.norm("norm", spectrum, Norm::PYTORCH.relu())?;
    let hidden = Mlp { hidden: vec![net.hidden], dropout: 0.0, norm: true };
    let embedding = t.within("embedding", |t| mlp::write(t, &hidden, beside, classes))?;
    let embedding = t.relu(embedding)?;
    let both = t.concat(&[spectrum, embedding])?;
    t.linear("fc", both, classes, Activation::None)
}
