//! A folder with one folder of files per class.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::classes::ClassNumbers;
use super::marks::gtzan_row;
use super::{Clips, DataError, ListedClip, Marks, Warning};

/// What the files of a folder are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sound.
    Audio,
    /// PNG pictures.
    Images,
}

impl Kind {
    /// Names of files of this kind end in one of these, in upper or lower case.
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Kind::Audio => &["wav", "wave", "aif", "aiff", "au", "snd", "flac", "mp3", "ogg", "m4a", "aac"],
            Kind::Images => &["png"],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Audio => "an audio file",
            Kind::Images => "a PNG file",
        }
    }

    fn holds(self, path: &Path) -> bool {
        let extension = path.extension().and_then(OsStr::to_str);
        extension.is_some_and(|extension| self.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension)))
    }
}

/// Lists `path`: its folders in ascending order of their names are the classes, the files of this kind directly in them
/// the clips. Names that begin with a dot are left out, links are followed.
pub(super) fn list(path: &Path, kind: Kind) -> Result<Clips, DataError> {
    let Entries { folders, files: loose, .. } = entries(path, kind)?;
    let mut warnings = Vec::new();
    let (mut classes, mut paths) = (ClassNumbers::default(), Vec::new());
    for folder in &folders {
        let Entries { files, .. } = entries(folder, kind)?;
        if files.is_empty() {
            warnings.push(Warning::EmptyClass { folder: folder.clone() });
        }
        let class = folder.file_name().unwrap_or_default().to_string_lossy();
        files.iter().for_each(|_| classes.push(&class));
        paths.extend(files);
    }
    if paths.is_empty() {
        let (kind, path) = (kind.word(), path.into());
        return Err(DataError::NoClasses { path, kind, folders: folders.len(), loose: loose.len() });
    }
    if !loose.is_empty() {
        warnings.push(Warning::LooseFiles { folder: path.into(), count: loose.len() });
    }
    let (classes, labels) = classes.finish(path)?;
    let clips: Vec<_> = paths.into_iter().zip(labels).map(|(path, label)| ListedClip::whole(path, label)).collect();
    let marks = Marks { gtzan_rows: gtzan_rows(&clips), ..Marks::default() };
    Ok(Clips { classes, clips, marks, warnings })
}

/// The rows of clips in GTZAN's list, by the names of their files.
pub(super) fn gtzan_rows(clips: &[ListedClip]) -> Vec<Option<u16>> {
    clips.iter().map(|clip| gtzan_row(clip.path.file_stem()?.to_str()?)).collect()
}

/// What is directly in a folder, each in ascending order of the names.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Folders.
    pub(super) folders: Vec<PathBuf>,
    /// Files of the kind that is sought.
    pub(super) files: Vec<PathBuf>,
}

/// Looks into a folder.
///
/// # Errors
/// It is not there, no folder, or cannot be read.
pub(super) fn entries(path: &Path, kind: Kind) -> Result<Entries, DataError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => return Err(DataError::NotAFolder { path: path.into() }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DataError::Missing { path: path.into() }),
        Err(error) => return Err(DataError::io("list", path)(error)),
    }
    let mut found = Entries::default();
    for entry in fs::read_dir(path).map_err(DataError::io("list", path))? {
        let entry = entry.map_err(DataError::io("list", path))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Follows links; one that leads nowhere is left for the decoder to report if its name says audio.
        let is_folder = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_dir(),
            _ => fs::metadata(entry.path()).is_ok_and(|found| found.is_dir()),
        };
        let path = entry.path();
        if is_folder {
            found.folders.push(path);
        } else if kind.holds(&path) {
            found.files.push(path);
        }
    }
    found.folders.sort();
    found.files.sort();
    Ok(found)
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
        let listed = list(root.path(), Kind::Audio).expect("two classes");
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

    #[test]
    fn pictures_are_listed_in_place_of_sound() {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["blues/blues00001.png", "blues/x.wav", "rock/rock00002.PNG", "sound/y.wav"] {
            put(root.path(), name);
        }
        let listed = list(root.path(), Kind::Images).expect("two classes");
        assert_eq!((listed.classes, listed.clips.len()), (vec!["blues".to_owned(), "rock".to_owned()], 2));
        assert_eq!(listed.marks.gtzan_rows, [Some(1), Some(902)]);
        assert_eq!(listed.warnings, [Warning::EmptyClass { folder: root.path().join("sound") }]);
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
        let listed = list(&set, Kind::Audio).expect("two classes");
        assert_eq!((listed.classes.len(), listed.clips.len()), (2, 3));
    }

    #[test]
    fn what_is_wrong_as_a_whole_is_named_with_a_remedy() {
        let root = tempfile::tempdir().expect("a folder");
        let absent = root.path().join("absent");
        assert!(matches!(list(&absent, Kind::Audio), Err(DataError::Missing { path }) if path == absent));
        put(root.path(), "one.wav");
        let loose = list(root.path(), Kind::Audio).expect_err("no class folders");
        assert!(matches!(loose, DataError::NoClasses { folders: 0, loose: 1, .. }), "{loose:?}");
        assert!(loose.to_string().contains("put the files of each class into a folder"), "{loose}");
        assert!(matches!(list(&root.path().join("one.wav"), Kind::Audio), Err(DataError::NotAFolder { .. })));
        put(root.path(), "jazz/one.wav");
        let one = list(root.path(), Kind::Audio).expect_err("one class");
        assert!(matches!(&one, DataError::OneClass { class, examples: 1, .. } if class == "jazz"), "{one:?}");
    }
}
