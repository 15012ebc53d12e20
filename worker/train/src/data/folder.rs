//! A folder with one folder of audio files per class.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::listing::number_classes;
use super::{Clips, Column, DataError, ListedClip, Warning};

/// Names of files that hold audio end in one of these, in upper or lower case.
const EXTENSIONS: [&str; 11] = ["wav", "wave", "aif", "aiff", "au", "snd", "flac", "mp3", "ogg", "m4a", "aac"];

/// Lists `path`: its folders in ascending order of their names are the classes, the audio files directly in them the
/// clips. Names that begin with a dot are left out, links are followed.
pub(super) fn list(path: &Path) -> Result<Clips, DataError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => return Err(DataError::NotAFolder { path: path.into() }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DataError::Missing { path: path.into() }),
        Err(error) => return Err(DataError::io("list", path)(error)),
    }
    let (folders, loose) = entries(path)?;
    let mut warnings = Vec::new();
    let (mut names, mut paths) = (Vec::new(), Vec::new());
    for folder in &folders {
        let (_, files) = entries(folder)?;
        if files.is_empty() {
            warnings.push(Warning::EmptyClass { folder: folder.clone() });
        }
        let class = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        names.extend(files.iter().map(|_| class.clone()));
        paths.extend(files);
    }
    if paths.is_empty() {
        return Err(DataError::NoClasses { path: path.into(), folders: folders.len(), loose: loose.len() });
    }
    if !loose.is_empty() {
        warnings.push(Warning::LooseFiles { folder: path.into(), count: loose.len() });
    }
    let (classes, labels) = number_classes(path, &names)?;
    let clips = paths.into_iter().zip(labels).map(|(path, label)| ListedClip { path, label }).collect();
    let absent = Column::Absent { name: None };
    Ok(Clips { classes, clips, groups: absent.clone(), folds: absent, warnings })
}

/// Folders and audio files directly in `path`, each in ascending order of their names.
fn entries(path: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), DataError> {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(path).map_err(DataError::io("list", path))? {
        let entry = entry.map_err(DataError::io("list", path))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        // Follows links; one that leads nowhere is left for the decoder to report if its name says audio.
        let is_folder = fs::metadata(&path).is_ok_and(|found| found.is_dir());
        if is_folder {
            folders.push(path);
        } else if is_audio(&path) {
            files.push(path);
        }
    }
    folders.sort();
    files.sort();
    Ok((folders, files))
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, name: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a name in a folder")).expect("created");
        fs::write(path, b"x").expect("written");
    }

    #[test]
    fn classes_and_files_are_sorted_and_other_things_left_out() {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["b/2.wav", "b/10.WAV", "a/x.mp3", "a/.hidden.mp3", "a/notes.txt", ".git/y.wav", "loose.ogg"] {
            put(root.path(), name);
        }
        fs::create_dir(root.path().join("empty")).expect("created");
        let listed = list(root.path()).expect("two classes");
        assert_eq!(listed.classes, ["a", "b"]);
        let names: Vec<_> =
            listed.clips.iter().map(|c| (c.path.strip_prefix(root.path()).expect("inside"), c.label)).collect();
        assert_eq!(names, [(Path::new("a/x.mp3"), 0), (Path::new("b/10.WAV"), 1), (Path::new("b/2.wav"), 1)]);
        assert_eq!(
            listed.warnings,
            [
                Warning::EmptyClass { folder: root.path().join("empty") },
                Warning::LooseFiles { folder: root.path().into(), count: 1 },
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_to_files_and_folders_are_followed() {
        let root = tempfile::tempdir().expect("a folder");
        let set = root.path().join("set");
        for name in ["set/a/1.wav", "elsewhere/2.wav"] {
            put(root.path(), name);
        }
        std::os::unix::fs::symlink(root.path().join("elsewhere"), set.join("b")).expect("linked");
        std::os::unix::fs::symlink(root.path().join("elsewhere/2.wav"), set.join("a/2.wav")).expect("linked");
        let listed = list(&set).expect("two classes");
        assert_eq!((listed.classes.len(), listed.clips.len()), (2, 3));
    }

    #[test]
    fn what_is_wrong_as_a_whole_is_named_with_a_remedy() {
        let root = tempfile::tempdir().expect("a folder");
        let absent = root.path().join("absent");
        assert!(matches!(list(&absent), Err(DataError::Missing { path }) if path == absent));
        put(root.path(), "one.wav");
        let loose = list(root.path()).expect_err("no class folders");
        assert!(matches!(loose, DataError::NoClasses { folders: 0, loose: 1, .. }), "{loose:?}");
        assert!(loose.to_string().contains("put the files of each class into a folder"), "{loose}");
        assert!(matches!(list(&root.path().join("one.wav")), Err(DataError::NotAFolder { .. })));
        put(root.path(), "jazz/one.wav");
        let one = list(root.path()).expect_err("one class");
        assert!(matches!(&one, DataError::OneClass { class, examples: 1, .. } if class == "jazz"), "{one:?}");
    }
}
