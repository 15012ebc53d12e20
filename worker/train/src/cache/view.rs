//! Values of one clip as a front end saw it.

use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use super::bytes::Bytes;

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Precision {
    /// As 32-bit floats: what is read is what was computed, to the bit.
    #[default]
    F32,
    /// As 16-bit floats, rounded to the nearest (11 significant bits); finite values beyond ±65 504 become that. Half the
    /// bytes. What is computed anew is rounded just like what is read.
    F16,
}

/// Values are converted so many at a time.
const BLOCK: usize = 256;

impl Precision {
    pub(super) fn code(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
        }
    }

    pub(super) fn of_code(code: u32) -> Option<Self> {
        [Self::F32, Self::F16].into_iter().find(|precision| precision.code() == code)
    }

    /// Bytes of one value.
    pub fn width(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// Appends `values`, little-endian.
    pub(super) fn encode(self, values: &[f32], bytes: &mut Vec<u8>) {
        match self {
            Self::F32 => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::F16 => {
                let limit = f16::MAX.to_f32();
                let narrow = |value: f32| {
                    let fits = if value.is_finite() { value.clamp(-limit, limit) } else { value };
                    f16::from_f32(fits).to_le_bytes()
                };
                bytes.extend(values.iter().flat_map(|value| narrow(*value)));
            }
        }
    }

    /// Appends the values of `bytes`.
    fn decode(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Self::F32 => values.extend(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))),
            Self::F16 => {
                let (mut narrow, mut wide) = ([f16::ZERO; BLOCK], [0.0; BLOCK]);
                for block in bytes.as_chunks().0.chunks(BLOCK) {
                    let (narrow, wide) = (&mut narrow[..block.len()], &mut wide[..block.len()]);
                    narrow.iter_mut().zip(block).for_each(|(value, bytes)| *value = f16::from_le_bytes(*bytes));
                    narrow.convert_to_f32_slice(wide);
                    values.extend_from_slice(wide);
                }
            }
        }
    }
}

/// What a front end saw of one clip: a shape and values in row-major order, mapped from the cache, or in memory where the
/// entry is small or could not be stored.
#[derive(Debug)]
pub struct View {
    pub(super) bytes: Bytes,
    /// Where in `bytes` the values are.
    pub(super) place: Range<usize>,
    pub(super) precision: Precision,
    pub(super) shape: Vec<usize>,
}

impl View {
    /// Its dimensions; the last varies fastest.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of values: the product of the dimensions.
    pub fn len(&self) -> usize {
        self.place.len() / self.precision.width()
    }

    /// Whether a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// How the values are stored.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Whether the values are pages of a file, shared by all processes, and not this process's own memory.
    pub fn is_mapped(&self) -> bool {
        self.bytes.is_mapped()
    }

    /// Bytes that the values take where they are stored.
    pub fn bytes(&self) -> usize {
        self.place.len()
    }

    /// Appends the values `range` to `values`; those beyond the end are left out.
    pub fn read(&self, range: Range<usize>, values: &mut Vec<f32>) {
        let width = self.precision.width();
        let end = range.end.min(self.len());
        let stored = &self.bytes[self.place.clone()];
        if let Some(bytes) = stored.get(range.start.saturating_mul(width)..end.saturating_mul(width)) {
            self.precision.decode(bytes, values);
        }
    }

    /// All values.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.len());
        self.read(0..self.len(), &mut values);
        values
    }
}
