//! Paths in a recipe made absolute, without a look at the disk.

use std::path::{Component, Path, PathBuf};

use gliss_types::recipe::DATA_PATHS;
use serde_json::Value;

use crate::draft::Leaf;
use crate::finding::{Log, Note};

/// The other settings that hold paths.
const OTHER_PATHS: [&str; 5] =
    ["features.path", "features.beside.path", "features.weights", "features.beside.weights", "net.weights"];

/// Makes the leaf absolute, if it holds a path: relative ones are joined to `base`, and `.` and `..` resolved by name
/// alone.
pub(crate) fn data_path(leaf: &mut Leaf, base: &Path, log: &mut Log) {
    let Value::String(path) = &leaf.value else { return };
    if !DATA_PATHS.iter().chain(&OTHER_PATHS).any(|setting| *setting == leaf.path.as_str()) {
        return;
    }
    let span = leaf.node.span;
    if path.is_empty() {
        return log.push(Note::error(span, format!("`{}` is empty", leaf.path)).help("name a file or folder"));
    }
    if path == "~" || path.starts_with("~/") {
        let note = Note::error(span, format!("`{path}` begins with `~`, which only a shell expands"));
        return log.push(note.help("write the folder out"));
    }
    match lexical(&base.join(path)).to_str() {
        Some(absolute) => leaf.value = Value::String(absolute.to_owned()),
        None => log.push(
            Note::error(span, format!("`{path}` is relative to a folder whose name is not UTF-8"))
                .help("write an absolute path"),
        ),
    }
}

/// The path without `.`, and without `..` where a name stands before it.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match (part, out.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                out.pop();
            }
            _ => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_by_name() {
        for (path, plain) in
            [("/a/./b/../c", "/a/c"), ("/../a", "/a"), ("/a/..", "/"), ("../a", "../a"), ("/a//b/", "/a/b")]
        {
            assert_eq!(lexical(Path::new(path)), Path::new(plain), "{path}");
        }
    }
}
