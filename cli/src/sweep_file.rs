//! A sweep file as the command line names it: read, overridden, planned.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use gliss_spec::{Override, Planned, Source, SpecErrors};
use gliss_wire::v1;

use crate::args::FileArgs;
use crate::exit::Exit;
use crate::failure::Failure;

/// A sweep file that was read and planned.
#[derive(Debug)]
pub(crate) struct SweepFile {
    pub(crate) planned: Planned,
    source: Source,
    overrides: Vec<String>,
    base: PathBuf,
    here: PathBuf,
}

impl SweepFile {
    /// Reads and plans; no more than the largest permitted file is read.
    pub(crate) fn read(args: &FileArgs) -> Result<SweepFile, Failure> {
        let path = &args.file;
        let bytes = bytes(path).map_err(|error| {
            let text = format!("failed to read the sweep file {}: {error}", path.display());
            Failure::new(Exit::Usage, text, "name a sweep file; `sweeps/quickstart.yaml` is one to start from")
        })?;
        let here = std::env::current_dir().map_err(|e| Failure::io("find the current folder", &e))?;
        let base = here.join(path).parent().map_or_else(|| here.clone(), Path::to_path_buf);
        let source = Source::from_bytes(path.display().to_string(), &bytes)?;
        let overrides: Result<Vec<Override>, SpecErrors> =
            args.overrides.iter().map(|o| Ok(Override::parse(o)?.relative_to(&here))).collect();
        let planned = gliss_spec::plan(&source, &overrides?, &base)?;
        Ok(SweepFile { planned, source, overrides: args.overrides.clone(), base, here })
    }

    /// The request that submits it.
    pub(crate) fn request(&self, again: bool) -> v1::SubmitRequest {
        v1::SubmitRequest {
            file_name: self.source.name.clone(),
            text: self.source.text.clone(),
            overrides: self.overrides.clone(),
            base: self.base.display().to_string(),
            again,
            override_base: self.here.display().to_string(),
        }
    }
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Source::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
