//! Where prepared features are kept.

use std::path::PathBuf;

use crate::args::Global;

/// The cache folder: as named, else the user's cache folder, else one in the data folder.
pub(crate) fn folder(global: &Global) -> PathBuf {
    if let Some(named) = &global.cache {
        return named.clone();
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let user = set("XDG_CACHE_HOME").filter(|p| p.is_absolute()).or_else(|| Some(set("HOME")?.join(".cache")));
    user.map_or_else(|| global.data_dir.join("cache"), |user| user.join("glissando"))
}
