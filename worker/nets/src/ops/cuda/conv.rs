//! Convolutions as matrix products over the unrolled input, a chunk of images at a time.
//!
//! Where the output has many places, each image has a product of its own, which reads and writes images as they lie. Small
//! ones share a product, whose columns are the places of all images, and are taken apart from it.

use candle_core::{DType, Result, Tensor};

use super::node::{Gradients, node2, node3};
use super::product::{Matrix, Sizes};
use super::{Arg, Fresh, Gpu, Size, Source};
use crate::ops::conv_shape::{ConvShape, Wanted};
use crate::ops::tape;
use crate::ops::window::Span;

pub(super) const SOURCE: Source = Source { name: "conv", text: include_str!("kernels/conv.cu") };

/// The most bytes that an unrolled chunk takes, unless one image takes more.
const CHUNK: usize = 1 << 30;
/// Taps that one thread of an unrolling copies.
const TAPS: usize = 8;
/// Places from which an image has a product of its own.
const OWN: usize = 128;
/// Tiles of 64 by 64 outputs that keep a GPU busy: a weight's gradient that has fewer is summed in parts.
const TILES: usize = 256;
/// Values that a block sums before there are more blocks to a filter, and the most of those.
const BLOCK: usize = 8192;
const MOST_BLOCKS: usize = 64;

/// [`crate::ops::conv2d`], for shapes that fit and one group.
pub(in crate::ops) fn conv2d(
    op: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    shape: ConvShape,
) -> Result<Tensor> {
    let conv = Conv::of(op, x, weight, bias, shape)?;
    let ConvShape { batch, filters, rows, columns, .. } = shape;
    let y = conv.gpu.fresh((batch, filters, rows.output, columns.output))?;
    for chunk in conv.chunks() {
        let to = y.at(chunk.first * shape.output_image());
        let count = chunk.images * shape.output_image();
        let joint = match conv.own() {
            true => None,
            false => Some(conv.gpu.fresh(count)?),
        };
        let product = joint.as_ref().map_or(to, |joint| joint.at(0));
        conv.product(chunk, product)?;
        if joint.is_some() || bias.is_some() {
            let bias_at = conv.bias_at(bias)?;
            let arguments = [&[product, bias_at, to][..], &conv.layout(chunk)?, &[bias.is_some().into()]].concat();
            conv.gpu.launch(&SOURCE, "finish", Size::Each(count), &arguments)?;
        }
    }
    let wanted = Wanted { x: tape::tracks(x), w: tape::tracks(weight), b: bias.is_some_and(tape::tracks) };
    let back = move |_: &Tensor, dy: &Tensor| {
        conv.backward(wanted, |chunk| {
            let from = dy.narrow(0, chunk.first, chunk.images)?;
            if conv.own() {
                return Ok(from);
            }
            let gradient = conv.gpu.fresh(chunk.images * conv.shape.output_image())?;
            let arguments = [&[conv.gpu.values(&from)?, gradient.at(0)][..], &conv.layout(chunk)?].concat();
            conv.gpu.launch(&SOURCE, "begin_back", Size::Each(from.elem_count()), &arguments)?;
            Ok(gradient.tensor())
        })
    };
    match bias {
        Some(bias) => node3(op, [x, weight, bias], y, back),
        None => node2(op, [x, weight], y, move |y, dy| {
            let [dx, dw, _] = back(y, dy)?;
            Ok([dx, dw])
        }),
    }
}

/// [`crate::ops::conv_relu_pool`], for shapes that fit.
pub(in crate::ops) fn conv_relu_pool(
    op: &'static str,
    [x, weight, bias]: [&Tensor; 3],
    shape: ConvShape,
) -> Result<Tensor> {
    let conv = Conv::of(op, x, weight, Some(bias), shape)?;
    let ConvShape { batch, filters, rows, columns, .. } = shape;
    let (high, wide) = (rows.output, columns.output);
    let dims = (batch, filters, high / 2, wide / 2);
    let image = filters * (high / 2) * (wide / 2);
    let (y, winners) = (conv.gpu.fresh(dims)?, conv.gpu.fresh_of(DType::U8, dims)?);
    let sides = [conv.gpu.whole(high)?, conv.gpu.whole(wide)?];
    for chunk in conv.chunks() {
        let product = conv.gpu.fresh(chunk.images * shape.output_image())?;
        conv.product(chunk, product.at(0))?;
        let from = [product.at(0), conv.bias_at(Some(bias))?];
        let to = [y.at(chunk.first * image), winners.at(chunk.first * image)];
        let arguments = [&from[..], &to, &conv.layout(chunk)?, &sides].concat();
        conv.gpu.launch(&SOURCE, "finish_pool", Size::Each(chunk.images * image), &arguments)?;
    }
    let wanted = Wanted { x: tape::tracks(x), w: tape::tracks(weight), b: tape::tracks(bias) };
    let winners = winners.tensor();
    node3(op, [x, weight, bias], y, move |_, dy| {
        conv.backward(wanted, |chunk| {
            let of = |tensor: &Tensor| tensor.narrow(0, chunk.first, chunk.images);
            let (from, won) = (of(dy)?, of(&winners)?);
            let count = chunk.images * conv.shape.output_image();
            let gradient = conv.gpu.fresh(count)?;
            let ends = [conv.gpu.values(&from)?, conv.gpu.of_type(DType::U8, &won)?, gradient.at(0)];
            let arguments = [&ends[..], &conv.layout(chunk)?, &sides].concat();
            conv.gpu.launch(&SOURCE, "begin_back_pool", Size::Each(count), &arguments)?;
            Ok(gradient.tensor())
        })
    })
}

/// Images that are unrolled together.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    first: usize,
    images: usize,
}

/// A convolution with its arguments, which no gradient passes here.
struct Conv {
    gpu: Gpu,
    shape: ConvShape,
    x: Tensor,
    weight: Tensor,
}

impl Conv {
    fn of(op: &'static str, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, shape: ConvShape) -> Result<Conv> {
        let gpu = Gpu::of(op, x)?;
        gpu.values(weight)?;
        bias.map(|bias| gpu.values(bias)).transpose()?;
        Ok(Conv { gpu, shape, x: x.detach(), weight: weight.detach() })
    }

    fn bias_at(&self, bias: Option<&Tensor>) -> Result<Arg> {
        // Where there is none its address is not looked at.
        bias.map_or(Ok(Arg::Pointer(0)), |bias| self.gpu.values(bias))
    }

    fn chunks(&self) -> impl Iterator<Item = Chunk> + use<> {
        let ConvShape { batch, .. } = self.shape;
        let image = self.shape.taps() * self.shape.outputs() * self.gpu.dtype.size_in_bytes();
        let images = (CHUNK / image.max(1)).clamp(1, batch.max(1));
        (0..batch).step_by(images).map(move |first| Chunk { first, images: images.min(batch - first) })
    }

    /// Whether each image has a product of its own.
    fn own(&self) -> bool {
        self.shape.outputs() >= OWN
    }

    /// Whether the input is its own unrolling.
    fn plain(&self) -> bool {
        let ConvShape { rows, columns, .. } = self.shape;
        let plain = |span: Span| span.kernel == 1 && span.stride == 1 && span.output == span.input;
        self.own() && plain(rows) && plain(columns)
    }

    /// From filter to filter and from image to image of a product.
    fn steps(&self, chunk: Chunk) -> (usize, usize) {
        let ConvShape { filters, .. } = self.shape;
        let places = self.shape.outputs();
        if self.own() { (places, filters * places) } else { (chunk.images * places, places) }
    }

    /// Images, filters and places, and the steps of a product, for kernels.
    fn layout(&self, chunk: Chunk) -> Result<Vec<Arg>> {
        let (filter, image) = self.steps(chunk);
        let sizes = [chunk.images, self.shape.filters, self.shape.outputs(), filter, image];
        sizes.into_iter().map(|size| self.gpu.whole(size)).collect()
    }

    /// The unrolled input with its steps from tap to tap and from image to image: (taps, images * places).
    fn unrolled(&self, chunk: Chunk) -> Result<(Tensor, usize, usize)> {
        let x = self.x.narrow(0, chunk.first, chunk.images)?;
        let (taps, places) = (self.shape.taps(), self.shape.outputs());
        if self.plain() {
            return Ok((x, places, taps * places));
        }
        let all = chunk.images * places;
        let unrolled = self.gpu.fresh((taps, all))?;
        let mut arguments = vec![self.gpu.values(&x)?, unrolled.at(0)];
        arguments.extend([self.gpu.whole(chunk.images)?, self.gpu.whole(self.shape.channels)?]);
        arguments.extend(axes(&self.gpu, [self.shape.rows, self.shape.columns])?);
        let rows = taps.div_ceil(TAPS).min(65_535) as u32;
        self.gpu.launch(&SOURCE, "unroll", Size::Rows(all, rows), &arguments)?;
        Ok((unrolled.tensor(), all, places))
    }

    /// Products of weight and unrolled input, one for each image or one for all.
    fn sizes(&self, chunk: Chunk) -> Sizes {
        let (rows, inner, places) = (self.shape.filters, self.shape.taps(), self.shape.outputs());
        match self.own() {
            true => Sizes { batch: chunk.images, rows, columns: places, inner },
            false => Sizes { batch: 1, rows, columns: chunk.images * places, inner },
        }
    }

    /// Writes the convolution without bias.
    fn product(&self, chunk: Chunk, to: Arg) -> Result<()> {
        let (unrolled, tap, image) = self.unrolled(chunk)?;
        let weight = Matrix::one(self.gpu.values(&self.weight)?, self.shape.taps());
        let (filter, out) = self.steps(chunk);
        let from = Matrix::each(self.gpu.values(&unrolled)?, tap, image);
        self.gpu.product(self.sizes(chunk), weight, from, Matrix::each(to, filter, out))
    }

    /// `begin` gives a chunk's gradient of the product, with the product's steps.
    fn backward(&self, wanted: Wanted, begin: impl Fn(Chunk) -> Result<Tensor>) -> Gradients<3> {
        let ConvShape { batch, channels, filters, rows, columns } = self.shape;
        let (taps, places) = (self.shape.taps(), self.shape.outputs());
        let dx = match wanted.x {
            true => Some(self.gpu.fresh((batch, channels, rows.input, columns.input))?),
            false => None,
        };
        let (mut dw, mut db) = (None, None);
        for chunk in self.chunks() {
            let gradient = begin(chunk)?;
            let (filter, image) = self.steps(chunk);
            let from = Matrix::each(self.gpu.values(&gradient)?, filter, image);
            if wanted.b {
                add(&mut db, self.filter_sums(chunk, &gradient)?)?;
            }
            if wanted.w {
                add(&mut dw, self.weight_gradient(chunk, from)?)?;
            }
            if let Some(dx) = &dx {
                let weight = Matrix::one(self.gpu.values(&self.weight)?, taps).turned();
                let sizes = Sizes { rows: taps, inner: filters, ..self.sizes(chunk) };
                let to = dx.at(chunk.first * self.shape.image());
                if self.plain() {
                    self.gpu.product(sizes, weight, from, Matrix::each(to, places, taps * places))?;
                } else {
                    let all = chunk.images * places;
                    let unrolled = self.gpu.fresh((taps, all))?;
                    self.gpu.product(sizes, weight, from, Matrix::each(unrolled.at(0), all, places))?;
                    self.fold(chunk, unrolled.at(0), to)?;
                }
            }
        }
        let dw = dw.map(|dw| dw.reshape(self.weight.dims())).transpose()?;
        Ok([dx.map(Fresh::tensor), dw, db])
    }

    /// The gradient of the weight (filters * taps) from that of the product, summed in parts: a product over thousands of
    /// places for a few filters would leave most of a GPU idle.
    fn weight_gradient(&self, chunk: Chunk, gradient: Matrix) -> Result<Tensor> {
        let (filters, taps, places) = (self.shape.filters, self.shape.taps(), self.shape.outputs());
        let (unrolled, tap, image) = self.unrolled(chunk)?;
        let from = Matrix::each(self.gpu.values(&unrolled)?, tap, image);
        // Images of a part; more than one only where all share their rows.
        let together = if self.own() { 1 } else { images_together(chunk.images, filters, taps) };
        let batch = chunk.images / together;
        let parts = self.gpu.fresh((batch, filters * taps))?;
        let sizes = Sizes { batch, rows: filters, columns: taps, inner: together * places };
        let of_part = |matrix: Matrix| Matrix { step: matrix.step * together, ..matrix };
        let to = Matrix::each(parts.at(0), taps, filters * taps);
        self.gpu.product(sizes, of_part(gradient), of_part(from).turned(), to)?;
        let parts = parts.tensor();
        if batch == 1 { parts.flatten_all() } else { super::linear::column_sums(&self.gpu, &parts) }
    }

    fn fold(&self, chunk: Chunk, unrolled: Arg, into: Arg) -> Result<()> {
        let mut arguments = vec![unrolled, into];
        arguments.extend([self.gpu.whole(chunk.images)?, self.gpu.whole(self.shape.channels)?]);
        arguments.extend(axes(&self.gpu, [self.shape.rows, self.shape.columns])?);
        self.gpu.launch(&SOURCE, "fold", Size::Each(chunk.images * self.shape.image()), &arguments)
    }

    /// The sum of each filter's gradients.
    fn filter_sums(&self, chunk: Chunk, gradient: &Tensor) -> Result<Tensor> {
        let (steps, sizes) = (self.steps(chunk), (chunk.images, self.shape.filters, self.shape.outputs()));
        filter_sums(&self.gpu, gradient, sizes, steps)
    }
}

/// The most images whose places one product sums over while there are enough products; a divisor of all.
fn images_together(images: usize, filters: usize, taps: usize) -> usize {
    let tiles = filters.div_ceil(64) * taps.div_ceil(64);
    let divisors = (1..=images).rev().filter(|together| images.is_multiple_of(*together));
    divisors.into_iter().find(|together| images / together * tiles >= TILES).unwrap_or(1)
}

/// Adds to a sum, or begins it.
fn add(sum: &mut Option<Tensor>, part: Tensor) -> Result<()> {
    *sum = Some(match sum.take() {
        Some(sum) => (sum + part)?,
        None => part,
    });
    Ok(())
}

/// Sums over images and places of each of `filters`, where a step leads from filter to filter and another from image to image.
pub(super) fn filter_sums(
    gpu: &Gpu,
    x: &Tensor,
    (images, filters, places): (usize, usize, usize),
    (filter, image): (usize, usize),
) -> Result<Tensor> {
    let parts = (images * places).div_ceil(BLOCK).clamp(1, MOST_BLOCKS);
    let (partial, sums) = (gpu.fresh_of(DType::F64, (filters, parts))?, gpu.fresh(filters)?);
    let mut arguments = vec![gpu.values(x)?, partial.at(0)];
    for size in [images, filters, places, filter, image] {
        arguments.push(gpu.whole(size)?);
    }
    gpu.launch(&SOURCE, "filter_sums", Size::Grid(parts as u32, filters), &arguments)?;
    let arguments = [partial.at(0), sums.at(0), gpu.whole(filters)?, gpu.whole(parts)?];
    gpu.launch(&SOURCE, "finish_sums", Size::Each(filters), &arguments)?;
    Ok(sums.tensor())
}

/// Rows and columns as kernels take them.
pub(super) fn axes(gpu: &Gpu, spans: [Span; 2]) -> Result<Vec<Arg>> {
    let numbers = |span: Span| [span.kernel, span.stride, span.input, span.before, span.output];
    spans.into_iter().flat_map(numbers).map(|number| gpu.whole(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_outputs_are_summed_in_many_parts() {
        assert_eq!(images_together(32, 32, 25), 1);
        assert_eq!(images_together(16, 512, 4608), 16);
        assert_eq!(images_together(16, 128, 1152), 2);
        assert_eq!(images_together(7, 64, 64), 1);
    }
}
