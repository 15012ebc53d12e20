//! One file of weights, by names.

use std::fs::{self, File};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use candle_core::pickle::PthTensors;
use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata};

use super::WeightsError;

/// Larger files are refused.
const LIMIT: u64 = 8 << 30;
/// Bytes that say how long the header of a safetensors file is.
const LENGTH: usize = 8;
/// How a zip archive begins, which `.pth` files have been since PyTorch 1.6.
const ZIP: &[u8] = b"PK\x03\x04";
/// Where training programs put the tensors, if not at the top.
const INSIDE: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// A file of weights.
pub struct WeightsFile {
    path: PathBuf,
    form: Form,
}

enum Form {
    Safetensors { bytes: Vec<u8>, metadata: Metadata, data: usize },
    Pickle(PthTensors),
}

impl std::fmt::Debug for WeightsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeightsFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl WeightsFile {
    /// Reads what a file says of itself. Which of the two forms it has is found from its first bytes.
    ///
    /// # Errors
    /// A file that is not there, is too large, or has neither form.
    pub fn open(path: &Path) -> Result<WeightsFile, WeightsError> {
        let io = |source| WeightsError::Io { path: path.to_owned(), source };
        let bytes = fs::metadata(path).map_err(io)?.len();
        if bytes > LIMIT {
            return Err(WeightsError::TooLarge { path: path.to_owned(), bytes, limit: LIMIT });
        }
        let mut file = File::open(path).map_err(io)?;
        let mut head = Vec::with_capacity(ZIP.len());
        file.by_ref().take(ZIP.len() as u64).read_to_end(&mut head).map_err(io)?;
        if head == ZIP {
            return Ok(WeightsFile { path: path.to_owned(), form: Form::Pickle(pickle(path)?) });
        }
        // No more than the limit, whatever becomes of the file meanwhile.
        file.take(LIMIT).read_to_end(&mut head).map_err(io)?;
        let read = SafeTensors::read_metadata(&head);
        let (header, metadata) = read.map_err(|source| WeightsError::Safetensors { path: path.to_owned(), source })?;
        let form = Form::Safetensors { data: LENGTH + header, metadata, bytes: head };
        Ok(WeightsFile { path: path.to_owned(), form })
    }

    /// A text that the file keeps beside its tensors; `.pth` files keep none.
    pub fn note(&self, key: &str) -> Option<&str> {
        match &self.form {
            Form::Safetensors { metadata, .. } => metadata.metadata().as_ref()?.get(key).map(String::as_str),
            Form::Pickle(_) => None,
        }
    }

    /// The shape of a tensor; none if it is not there.
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        match &self.form {
            Form::Safetensors { metadata, .. } => Some(metadata.info(name)?.shape.clone()),
            Form::Pickle(tensors) => Some(tensors.tensor_infos().get(name)?.layout.dims().to_vec()),
        }
    }

    /// A tensor as f32; it is in [`WeightsFile::shape`]'s shape.
    ///
    /// # Errors
    /// It is not there, or is of whole numbers, or its values are missing.
    pub fn tensor(&self, name: &str) -> Result<Tensor, WeightsError> {
        let wrong = |reason: String| WeightsError::Tensor { path: self.path.clone(), name: name.to_owned(), reason };
        match &self.form {
            Form::Safetensors { bytes, metadata, data } => {
                let info = metadata.info(name).ok_or_else(|| wrong("it is not there".to_owned()))?;
                let dtype = match info.dtype {
                    Dtype::F32 => DType::F32,
                    Dtype::F64 => DType::F64,
                    Dtype::F16 => DType::F16,
                    Dtype::BF16 => DType::BF16,
                    other => return Err(wrong(format!("its numbers are {other:?}, the rule is floats"))),
                };
                let (from, to) = info.data_offsets;
                let values = bytes.get(data + from..data + to).unwrap_or_default();
                let tensor = Tensor::from_raw_buffer(values, dtype, &info.shape, &Device::Cpu);
                tensor.and_then(|tensor| tensor.to_dtype(DType::F32)).map_err(|error| wrong(error.to_string()))
            }
            Form::Pickle(tensors) => {
                let read = guarded(|| tensors.get(name)).map_err(wrong)?;
                let Some(tensor) = read else { return Err(wrong("it is not there".to_owned())) };
                if !tensor.dtype().is_float() {
                    return Err(wrong(format!("its numbers are {:?}, the rule is floats", tensor.dtype())));
                }
                tensor.to_dtype(DType::F32).map_err(|error| wrong(error.to_string()))
            }
        }
    }
}

/// candle's reader answers some broken files with a panic.
fn guarded<T>(read: impl FnOnce() -> candle_core::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string().lines().next().unwrap_or_default().to_owned()),
        Err(_) => Err("its reader gave up".to_owned()),
    }
}

fn pickle(path: &Path) -> Result<PthTensors, WeightsError> {
    let wrong = |reason| WeightsError::Pickle { path: path.to_owned(), reason };
    let top = guarded(|| PthTensors::new(path, None)).map_err(wrong)?;
    if !top.tensor_infos().is_empty() {
        return Ok(top);
    }
    for key in INSIDE {
        if let Ok(inside) = guarded(|| PthTensors::new(path, Some(key)))
            && !inside.tensor_infos().is_empty()
        {
            return Ok(inside);
        }
    }
    Err(wrong("it holds no tensors by name".to_owned()))
}
