//! The nets: each a table of layers in a file of its own, walked without memory or built with it.

mod error;
mod layer;
mod liu_cnn;
mod mlp;
mod network;
#[cfg(test)]
mod tests;
mod walk;

pub use error::NetError;
pub use network::{Mode, Network};
pub use walk::{LayerRow, walk};

use gliss_types::recipe::Net;

use layer::Layer;

/// The table of a net's layers, for examples of shape `input` and that many classes.
fn table(net: &Net, input: &[usize], classes: usize) -> Vec<Layer> {
    match net {
        Net::LiuCnn(net) => liu_cnn::table(net, classes),
        Net::Mlp(net) => mlp::table(net, input, classes),
    }
}
