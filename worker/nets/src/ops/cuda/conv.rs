//! Convolutions as matrix products over the unrolled input, a chunk of images at a time.

use candle_core::{DType, Result, Tensor};

use super::node::{Gradients, node2, node3};
use super::{Arg, Fresh, Gpu, Size, Source};
use crate::ops::conv_shape::{ConvShape, Wanted};
use crate::ops::window::Span;

pub(super) const SOURCE: Source = Source { name: "conv", text: include_str!("kernels/conv.cu") };

/// The most bytes that an unrolled chunk takes, unless one image takes more.
const CHUNK: usize = 1 << 30;
/// Taps that one thread of an unrolling copies.
const TAPS: usize = 8;

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
    let bias_at = conv.bias_at(bias)?;
    for chunk in conv.chunks() {
        let product = conv.product(chunk)?;
        let places = shape.outputs();
        let to = y.at(chunk.first * shape.output_image());
        let [images, filters, place] = conv.whole([chunk.images, filters, places])?;
        let arguments = [conv.gpu.values(&product)?, bias_at, to, images, filters, place, bias.is_some().into()];
        let size = Size::Each(chunk.images * shape.output_image());
        conv.gpu.launch(&SOURCE, "finish", size, &arguments)?;
    }
    let wanted = Wanted { x: x.track_op(), w: weight.track_op(), b: bias.is_some_and(Tensor::track_op) };
    let back = move |_: &Tensor, dy: &Tensor| {
        conv.backward(wanted, |chunk, to| {
            let ConvShape { filters, .. } = conv.shape;
            let from = dy.narrow(0, chunk.first, chunk.images)?;
            let [images, filters, places] = conv.whole([chunk.images, filters, conv.shape.outputs()])?;
            let arguments = [conv.gpu.values(&from)?, to, images, filters, places];
            let size = Size::Each(chunk.images * conv.shape.output_image());
            conv.gpu.launch(&SOURCE, "begin_back", size, &arguments)
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
    let bias_at = conv.bias_at(Some(bias))?;
    for chunk in conv.chunks() {
        let product = conv.product(chunk)?;
        let (to, won) = (y.at(chunk.first * image), winners.at(chunk.first * image));
        let [images, filters, oh, ow] = conv.whole([chunk.images, filters, high, wide])?;
        let arguments = [conv.gpu.values(&product)?, bias_at, to, won, images, filters, oh, ow];
        conv.gpu.launch(&SOURCE, "finish_pool", Size::Each(chunk.images * image), &arguments)?;
    }
    let wanted = Wanted { x: x.track_op(), w: weight.track_op(), b: bias.track_op() };
    let winners = winners.tensor();
    node3(op, [x, weight, bias], y, move |_, dy| {
        conv.backward(wanted, |chunk, to| {
            let of = |tensor: &Tensor| tensor.narrow(0, chunk.first, chunk.images);
            let (from, won) = (of(dy)?, of(&winners)?);
            let [images, filters, oh, ow] = conv.whole([chunk.images, filters, high, wide])?;
            let from = [conv.gpu.values(&from)?, conv.gpu.of_type(DType::U8, &won)?];
            let arguments = [from[0], from[1], to, images, filters, oh, ow];
            let size = Size::Each(chunk.images * conv.shape.output_image());
            conv.gpu.launch(&SOURCE, "begin_back_pool", size, &arguments)
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
    /// (filters, taps)
    weight: Tensor,
    dims: Vec<usize>,
}

impl Conv {
    fn of(op: &'static str, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, shape: ConvShape) -> Result<Conv> {
        let gpu = Gpu::of(op, x)?;
        gpu.values(weight)?;
        bias.map(|bias| gpu.values(bias)).transpose()?;
        let matrix = weight.detach().reshape((shape.filters, shape.taps()))?;
        Ok(Conv { gpu, shape, x: x.detach(), weight: matrix, dims: weight.dims().to_vec() })
    }

    fn bias_at(&self, bias: Option<&Tensor>) -> Result<Arg> {
        // Where there is none its address is not looked at.
        bias.map_or(Ok(Arg::Pointer(0)), |bias| self.gpu.values(bias))
    }

    fn whole<const N: usize>(&self, values: [usize; N]) -> Result<[Arg; N]> {
        let mut whole = [Arg::U32(0); N];
        for (whole, value) in whole.iter_mut().zip(values) {
            *whole = self.gpu.whole(value)?;
        }
        Ok(whole)
    }

    fn chunks(&self) -> impl Iterator<Item = Chunk> + use<> {
        let ConvShape { batch, .. } = self.shape;
        let image = self.shape.taps() * self.shape.outputs() * self.gpu.dtype.size_in_bytes();
        let images = (CHUNK / image.max(1)).clamp(1, batch.max(1));
        (0..batch).step_by(images).map(move |first| Chunk { first, images: images.min(batch - first) })
    }

    /// The unrolled input: (taps, images * places).
    fn unrolled(&self, chunk: Chunk) -> Result<Tensor> {
        let (taps, places) = (self.shape.taps(), chunk.images * self.shape.outputs());
        let (x, unrolled) = (self.x.narrow(0, chunk.first, chunk.images)?, self.gpu.fresh((taps, places))?);
        let mut arguments = vec![self.gpu.values(&x)?, unrolled.at(0)];
        arguments.extend(self.whole([chunk.images, self.shape.channels])?);
        arguments.extend(axes(&self.gpu, [self.shape.rows, self.shape.columns])?);
        let rows = taps.div_ceil(TAPS).min(65_535) as u32;
        self.gpu.launch(&SOURCE, "unroll", Size::Rows(places, rows), &arguments)?;
        Ok(unrolled.tensor())
    }

    /// (filters, images * places), without bias.
    fn product(&self, chunk: Chunk) -> Result<Tensor> {
        self.weight.matmul(&self.unrolled(chunk)?)
    }

    /// `begin` writes a chunk's gradient of the product.
    fn backward(&self, wanted: Wanted, begin: impl Fn(Chunk, Arg) -> Result<()>) -> Gradients<3> {
        let ConvShape { batch, channels, filters, rows, columns } = self.shape;
        let dx = match wanted.x {
            true => Some(self.gpu.fresh((batch, channels, rows.input, columns.input))?),
            false => None,
        };
        let (mut dw, mut db) = (None, None);
        for chunk in self.chunks() {
            let places = chunk.images * self.shape.outputs();
            let gradient = self.gpu.fresh((filters, places))?;
            begin(chunk, gradient.at(0))?;
            let gradient = gradient.tensor();
            if wanted.b {
                add(&mut db, row_sums(&self.gpu, &gradient)?)?;
            }
            if wanted.w {
                add(&mut dw, gradient.matmul(&self.unrolled(chunk)?.t()?)?)?;
            }
            if let Some(dx) = &dx {
                let unrolled = self.weight.t()?.matmul(&gradient)?;
                self.fold(chunk, &unrolled, dx)?;
            }
        }
        let dw = dw.map(|dw| dw.reshape(self.dims.as_slice())).transpose()?;
        Ok([dx.map(Fresh::tensor), dw, db])
    }

    fn fold(&self, chunk: Chunk, unrolled: &Tensor, into: &Fresh) -> Result<()> {
        let mut arguments = vec![self.gpu.values(unrolled)?, into.at(chunk.first * self.shape.image())];
        arguments.extend(self.whole([chunk.images, self.shape.channels])?);
        arguments.extend(axes(&self.gpu, [self.shape.rows, self.shape.columns])?);
        self.gpu.launch(&SOURCE, "fold", Size::Each(chunk.images * self.shape.image()), &arguments)
    }
}

/// Adds to a sum, or begins it.
fn add(sum: &mut Option<Tensor>, part: Tensor) -> Result<()> {
    *sum = Some(match sum.take() {
        Some(sum) => (sum + part)?,
        None => part,
    });
    Ok(())
}

/// The sum of each row of a matrix.
fn row_sums(gpu: &Gpu, x: &Tensor) -> Result<Tensor> {
    let (rows, columns) = x.dims2()?;
    let sums = gpu.fresh(rows)?;
    let arguments = [gpu.values(x)?, sums.at(0), gpu.whole(columns)?];
    gpu.launch(&SOURCE, "row_sums", Size::Shared { blocks: rows, threads: 1024, bytes: 0 }, &arguments)?;
    Ok(sums.tensor())
}

/// Rows and columns as kernels take them.
pub(super) fn axes(gpu: &Gpu, spans: [Span; 2]) -> Result<Vec<Arg>> {
    let numbers = |span: Span| [span.kernel, span.stride, span.input, span.before, span.output];
    spans.into_iter().flat_map(numbers).map(|number| gpu.whole(number)).collect()
}
