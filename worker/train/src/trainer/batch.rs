//! Examples as tensors.

use std::borrow::Cow;

use candle_core::{Device, Result, Tensor};
use gliss_types::recipe::{Columns, Features};

use crate::features::scale;
use crate::library::{Examples, Inputs};
use crate::split::Deal;

/// The examples of a trial as its net sees them.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    shape: &'a [usize],
    /// Values of one example.
    size: usize,
    values: Cow<'a, [f32]>,
    labels: &'a [u32],
}

impl<'a> Batches<'a> {
    /// Pictures are taken as they are; columns are scaled by the training side of `deal`.
    pub(super) fn new(examples: &'a Examples, features: &Features, deal: &Deal) -> Self {
        let size = examples.shape.iter().product();
        let values = match (&examples.inputs, features) {
            (Inputs::Pictures(values), _) => Cow::Borrowed(values.as_slice()),
            (Inputs::Columns(values), Features::Columns(columns)) => {
                Cow::Owned(scale(values, size, &deal.train, columns))
            }
            (Inputs::Columns(values), Features::MelPicture(_)) => {
                let as_they_are = Columns { standardise: false, as_uint8: false };
                Cow::Owned(scale(values, size, &deal.train, &as_they_are))
            }
        };
        Batches { shape: &examples.shape, size, values, labels: &examples.labels }
    }

    /// The examples at `places`, in their order: (count, then the shape of one), and their labels.
    pub(super) fn gather(&self, places: &[usize]) -> Result<(Tensor, Vec<u32>)> {
        let mut values = Vec::with_capacity(places.len() * self.size);
        let mut labels = Vec::with_capacity(places.len());
        for place in places {
            values.extend_from_slice(&self.values[place * self.size..][..self.size]);
            labels.push(self.labels[*place]);
        }
        let mut shape = vec![places.len()];
        shape.extend_from_slice(self.shape);
        Ok((Tensor::from_vec(values, shape, &Device::Cpu)?, labels))
    }
}
