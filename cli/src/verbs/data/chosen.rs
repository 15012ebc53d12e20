//! Which data are meant: a path and settings as a sweep file has them.

use std::path::{Component, Path, PathBuf};

use gliss_spec::{Override, Source, SpecErrors};
use gliss_train::data::{DataError, inspect};
use gliss_types::Recipe;
use gliss_types::recipe::{Data, Split};
use serde_json::json;

use crate::data_args::DataArgs;
use crate::exit::Exit;
use crate::failure::Failure;

/// A list of clips that lies in the folder of the clips.
const MANIFEST: &str = "manifest.csv";

/// The data and how they are dealt out.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// What a recipe would say.
    pub(super) data: Data,
    /// How the examples are dealt out.
    pub(super) split: Split,
    /// The folder that paths are shown relative to.
    pub(super) base: PathBuf,
    /// What people call the data: the folder's name, the file's with its folder's.
    pub(super) name: String,
}

/// Reads the arguments, and finds out what kind of data the path names where `data.source` is not set.
pub(super) fn chosen(args: &DataArgs, cache: &Path) -> Result<Chosen, Failure> {
    for given in &args.overrides {
        let setting = given.split(['.', '=']).next().unwrap_or_default().trim();
        if !matches!(setting, "data" | "split") {
            return Err(Failure::new(
                Exit::Usage,
                format!("failed to take `--set {given}`: it is no setting of data or split"),
                "set data or split here, as in `--set split.by_group=true`",
            ));
        }
    }
    let found = std::fs::metadata(&args.path).map_err(|error| {
        let text = format!("failed to find the data {}: {error}", args.path.display());
        Failure::new(Exit::Usage, text, "name a folder with a folder of files for each class, or a CSV file")
    })?;
    let stated = args.overrides.iter().any(|given| given.trim_start().starts_with("data.source"));
    let path = args.path.as_path();
    let first = read(args, path, if found.is_dir() { "folder" } else { "manifest" })?;
    if stated {
        return Ok(first);
    }
    // Its folders are named like classes, and are none.
    if found.is_dir() && is_fma(path) {
        return read(args, path, "fma");
    }
    // Trouble of any other kind is told when the data are used.
    match inspect(&first.data, cache) {
        Err(DataError::NoColumn { setting: "data.file", .. }) => read(args, path, "table"),
        Err(DataError::NoClasses { .. } | DataError::OneClass { .. }) if path.join(MANIFEST).is_file() => {
            read(args, &path.join(MANIFEST), "manifest")
        }
        _ => Ok(first),
    }
}

/// Whether it looks like the Free Music Archive set as it is unpacked: numbered folders, and the metadata beside them.
fn is_fma(path: &Path) -> bool {
    let beside = path.canonicalize().ok().and_then(|path| Some(path.parent()?.join("fma_metadata/tracks.csv")));
    path.join("000").is_dir() && beside.is_some_and(|tracks| tracks.is_file())
}

/// The settings as a sweep file would have them, read by the rules of sweep files.
fn read(args: &DataArgs, path: &Path, source: &str) -> Result<Chosen, Failure> {
    let part = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    };
    let parts: Vec<String> = path.components().filter_map(part).collect();
    let here = std::env::current_dir().map_err(|e| Failure::io("find the current folder", &e))?;
    let absolute = here.join(path);
    let Some(path) = absolute.to_str() else {
        let text = format!("failed to use {}: its name is not UTF-8", absolute.display());
        return Err(Failure::new(Exit::Usage, text, "rename it, or link to it under another name"));
    };
    let recipe = json!({"recipe": {"data": {"source": source, "path": path}}});
    let overrides: Result<Vec<Override>, SpecErrors> =
        args.overrides.iter().map(|text| Ok(Override::parse(text)?.relative_to(&here))).collect();
    let planned = gliss_spec::plan(&Source::new("the data", recipe.to_string()), &overrides?, &here)?;
    let Some(Ok(Recipe::Train(training))) = planned.recipe(0) else {
        let text = "failed to read the settings of the data";
        return Err(Failure::new(Exit::Usage, text, "give each setting one value"));
    };
    let path = training.data.path().map_or(absolute.clone(), PathBuf::from);
    let base = if path.is_dir() { path.clone() } else { path.parent().unwrap_or(&path).to_path_buf() };
    // A file that is called what all such files are called says little.
    let told = if path.is_dir() { 1 } else { 2 };
    let name = parts.get(parts.len().saturating_sub(told)..).unwrap_or_default().join("/");
    let name = if name.is_empty() { path.display().to_string() } else { name };
    Ok(Chosen { data: training.data, split: training.split, base, name })
}
