//! The nets: each a table of layers in a file of its own, walked without memory or built with it.

mod alexnet;
mod blocks;
mod conv_stack;
mod error;
mod layer;
mod liu_cnn;
mod liu_crnn;
mod liu_dcnn;
mod load;
mod mlp;
mod mobilenet;
mod musicnn;
mod network;
mod nnet2;
mod parameter;
mod resnet;
mod spec_embed;
mod squeezenet;
mod table;
#[cfg(test)]
mod tests;
mod vgg;
mod walk;

pub use error::NetError;
pub use load::{Part, compare, wanted};
pub use network::{Mode, Network};
pub use walk::{LayerRow, walk};

use gliss_types::recipe::{Family, Net};

use parameter::Scheme;
use table::{Made, Node, Table};

/// The table of a net's layers, for examples of those shapes (one for each input) and that many classes.
fn table(net: &Net, inputs: &[&[usize]], classes: usize) -> Result<Table, NetError> {
    let wanted = if net.family.takes_two() { 2 } else { 1 };
    if inputs.len() != wanted {
        return Err(NetError::Inputs { got: inputs.len(), expected: wanted });
    }
    if classes == 0 {
        return Err(NetError::Classes { classes });
    }
    let mut table = Table::new(inputs, net.init.map(Scheme::of));
    let nodes: Vec<Node> = (0..inputs.len()).map(Node::Input).collect();
    write(&mut table, &net.family, &nodes, classes)?;
    Ok(table)
}

/// Writes a family's layers after `inputs`.
fn write(t: &mut Table, family: &Family, inputs: &[Node], classes: usize) -> Made {
    let x = inputs.first().copied().unwrap_or(Node::Input(0));
    match family {
        Family::Mlp(net) => mlp::write(t, net, x, classes),
        Family::Alexnet(net) => alexnet::write(t, net, x, classes),
        Family::AlexnetRect(net) => alexnet::write_rect(t, net, x, classes),
        Family::Vgg(net) => vgg::write(t, net, x, classes),
        Family::Resnet(net) => resnet::write(t, net, x, classes),
        Family::Squeezenet(net) => squeezenet::write(t, net, x, classes),
        Family::Mobilenet(net) => mobilenet::write(t, net, x, classes),
        Family::LiuCnn(net) => liu_cnn::write(t, net, x, classes),
        Family::LiuDcnn(net) => liu_dcnn::write(t, net, x, classes),
        Family::LiuCrnn(net) => liu_crnn::write(t, net, x, classes),
        Family::LiuDcrnn(net) => liu_crnn::write_double(t, net, x, classes),
        Family::Nnet2(net) => nnet2::write(t, net, inputs, classes),
        Family::Conv1d(net) => conv_stack::write(t, net, x, classes, false),
        Family::Conv2d(net) => conv_stack::write(t, net, x, classes, true),
        Family::Musicnn(net) => musicnn::write(t, net, x, classes),
        Family::SpecEmbed(net) => spec_embed::write_both(t, net, inputs, classes),
    }
}
