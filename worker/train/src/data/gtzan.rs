//! GTZAN as it is handed around: a folder per genre, files named `genre.00012.wav` or `.au`, one of them broken.
//!
//! Published splits go by the place of a clip in the sorted list, so the broken clip keeps its place and is left out
//! afterwards; `data.exclude` takes clips out of the list itself (papers.md 1.2, 4.1).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gliss_types::recipe::{GTZAN_GENRES, gtzan_clip};

use super::classes::ClassNumbers;
use super::folder::{Entries, Kind, entries, gtzan_rows};
use super::{Clips, DataError, ListedClip, Marks, Warning};

/// Clips of each genre.
const EACH: u32 = 100;
/// In the copies with wav files this one is no sound; the original `.au` file is whole.
const BROKEN: &str = "jazz.00054";
/// The good clip that the first document's program dropped, in row 544 of the list (papers.md 1.2, Q000-5).
const ROW_544: &str = "jazz.00044";
/// The pictures, by genre and number, that it dropped, in rows 544 and 554 of a list in which the broken clip has none.
const PICTURES: [(&str, u32); 2] = [("jazz", 44), ("jazz", 55)];
const DROPPED: &str = "dropped by `data.drop_544`";
/// Folders that the genres lie in when an archive of the set is unpacked.
const NESTED: [&str; 4] = ["genres_original", "genres", "Data", "gtzan"];

/// Lists the clips of `genres`, which are in ascending order, by genre and number.
pub(super) fn list(path: &Path, genres: &[String], exclude: &[String], drop_544: bool) -> Result<Clips, DataError> {
    let Entries { folders, files: loose } = entries(path, Kind::Audio)?;
    let mut strangers: Vec<PathBuf> = loose;
    strangers.extend(folders.iter().filter(|folder| !GTZAN_GENRES.contains(&name(folder))).cloned());
    let mut found: BTreeMap<String, ListedClip> = BTreeMap::new();
    let mut doubles = Vec::new();
    for (label, genre) in (0..).zip(genres) {
        let Some(folder) = folders.iter().find(|folder| name(folder) == genre) else {
            return Err(no_genre(path, genre, &folders));
        };
        for file in entries(folder, Kind::Audio)?.files {
            let stem = file.file_stem().and_then(OsStr::to_str).unwrap_or_default().to_owned();
            let of_genre = gtzan_clip(&stem).is_some_and(|(index, _)| GTZAN_GENRES.get(index) == Some(&genre.as_str()));
            if !of_genre || !stem.contains('.') {
                strangers.push(file);
                continue;
            }
            match found.entry(stem) {
                Entry::Vacant(place) => {
                    place.insert(ListedClip::whole(file, label));
                }
                Entry::Occupied(_) => doubles.push(file),
            }
        }
    }
    keep_place_of_broken(&mut found, genres, path);
    let mut warnings = Vec::new();
    let absent = exclude.iter().filter(|clip| found.remove(*clip).is_none()).cloned().collect::<Vec<_>>();
    if !absent.is_empty() {
        warnings.push(Warning::NothingExcluded { names: absent });
    }
    warnings.extend(missing(&found, genres, exclude));
    if let Some(first) = strangers.first() {
        let expected = "GTZAN has a folder per genre with files named like `jazz.00012.wav`";
        warnings.push(Warning::Strangers { count: strangers.len(), first: first.clone(), expected });
    }
    if let Some(first) = doubles.first() {
        warnings.push(Warning::SameClip { count: doubles.len(), first: first.clone() });
    }
    if drop_544 && let Some(clip) = found.get_mut(ROW_544) {
        clip.left_out = Some(DROPPED);
    }
    for clip in found.values() {
        if let Some(reason) = clip.left_out {
            warnings.push(Warning::LeftOut { count: 1, first: clip.path.clone(), reason });
        }
    }
    gather(path, genres, found, warnings)
}

/// Leaves the pictures out of their sides that the first document's program dropped: it named rows, and took them out of
/// every list, that of the pictures too, where the broken clip has no row (papers.md 1.2, Q000-5).
pub(super) fn drop_pictures(pictures: &mut Clips) {
    for (genre, number) in PICTURES {
        let sought = |picture: &&mut ListedClip| {
            let clip = picture.path.file_stem().and_then(OsStr::to_str).and_then(gtzan_clip);
            clip.is_some_and(|(index, found)| GTZAN_GENRES.get(index) == Some(&genre) && found == number)
        };
        match pictures.clips.iter_mut().find(sought) {
            Some(picture) => {
                picture.left_out = Some(DROPPED);
                let first = picture.path.clone();
                pictures.warnings.push(Warning::LeftOut { count: 1, first, reason: DROPPED });
            }
            None => {
                let names = vec![format!("{genre}{number:05}")];
                pictures.warnings.push(Warning::NothingDropped { names });
            }
        }
    }
}

fn gather(
    path: &Path,
    genres: &[String],
    found: BTreeMap<String, ListedClip>,
    mut warnings: Vec<Warning>,
) -> Result<Clips, DataError> {
    let mut classes = ClassNumbers::default();
    for clip in found.values() {
        classes.push(&genres[clip.label as usize]);
    }
    let (classes, labels) = classes.finish(path)?;
    for genre in genres.iter().filter(|genre| !classes.contains(genre)) {
        warnings.push(Warning::EmptyClass { folder: path.join(genre) });
    }
    // Classes without a clip are no classes, so that labels may be other ones now.
    let clips = found.into_values().zip(labels).map(|(clip, label)| ListedClip { label, ..clip });
    let clips: Vec<ListedClip> = clips.collect();
    let marks = Marks { gtzan_rows: gtzan_rows(&clips), ..Marks::default() };
    Ok(Clips { classes, clips, marks, warnings })
}

/// Marks the broken clip. It keeps its place in the list where somebody has deleted the file.
fn keep_place_of_broken(found: &mut BTreeMap<String, ListedClip>, genres: &[String], path: &Path) {
    let reason = "the wav file of this clip is known to be no sound";
    let Some(label) = genres.iter().position(|genre| BROKEN.starts_with(genre.as_str())) else { return };
    let others = found.values().filter(|clip| clip.label as usize == label).count();
    match found.get_mut(BROKEN) {
        Some(clip) if !clip.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("au")) => {
            clip.left_out = Some(reason);
        }
        Some(_) => {}
        None if others + 1 == EACH as usize => {
            let file = path.join(&genres[label]).join(format!("{BROKEN}.wav"));
            let clip = ListedClip { left_out: Some(reason), ..ListedClip::whole(file, label as u32) };
            found.insert(BROKEN.to_owned(), clip);
        }
        None => {}
    }
}

fn missing(found: &BTreeMap<String, ListedClip>, genres: &[String], exclude: &[String]) -> Option<Warning> {
    let all = genres.iter().flat_map(|genre| (0..EACH).map(move |number| format!("{genre}.{number:05}")));
    let mut missing = all.filter(|clip| !found.contains_key(clip) && !exclude.contains(clip));
    let first = missing.next()?;
    let of = genres.len() * EACH as usize;
    Some(Warning::Incomplete { set: "GTZAN", missing: 1 + missing.count(), of, first })
}

fn no_genre(path: &Path, genre: &str, folders: &[PathBuf]) -> DataError {
    let genres = folders.iter().map(|folder| name(folder)).filter(|name| GTZAN_GENRES.contains(name));
    let present: Vec<String> = genres.map(str::to_owned).collect();
    let nested = NESTED.into_iter().find(|nested| present.is_empty() && folders.iter().any(|f| name(f) == *nested));
    DataError::NoGenre { path: path.into(), genre: genre.to_owned(), present, nested: nested.map(str::to_owned) }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn genres() -> Vec<String> {
        GTZAN_GENRES.iter().map(|genre| (*genre).to_owned()).collect()
    }

    /// The whole set as empty files; listing does not look into them.
    fn set(extension: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for genre in GTZAN_GENRES {
            fs::create_dir(root.path().join(genre)).expect("created");
            for number in 0..EACH {
                fs::write(root.path().join(format!("{genre}/{genre}.{number:05}.{extension}")), b"").expect("written");
            }
        }
        root
    }

    fn of_clip<'a>(listed: &'a Clips, stem: &str) -> &'a ListedClip {
        listed.clips.iter().find(|clip| clip.path.file_stem() == Some(OsStr::new(stem))).expect("listed")
    }

    #[test]
    fn the_broken_clip_keeps_its_place_and_is_left_out() {
        let root = set("wav");
        let listed = list(root.path(), &genres(), &[], false).expect("all genres");
        assert_eq!((listed.classes.len(), listed.clips.len()), (10, 1000));
        assert!(listed.marks.gtzan_rows.iter().copied().eq((0..1000).map(Some)));
        let left_out: Vec<usize> = (0..1000).filter(|row| listed.clips[*row].left_out.is_some()).collect();
        assert_eq!(left_out, [554]);
        assert!(matches!(listed.warnings.as_slice(), [Warning::LeftOut { count: 1, .. }]), "{:?}", listed.warnings);

        // Many copies have lost the file: the list is the same.
        fs::remove_file(root.path().join("jazz/jazz.00054.wav")).expect("removed");
        assert_eq!(list(root.path(), &genres(), &[], false).expect("all genres"), listed);
        let quirk = list(root.path(), &genres(), &[], true).expect("all genres");
        let left_out: Vec<usize> = (0..1000).filter(|row| quirk.clips[*row].left_out.is_some()).collect();
        assert_eq!(left_out, [544, 554]);
        let excluded = list(root.path(), &genres(), &["jazz.00054".into()], false).expect("all genres");
        assert_eq!((excluded.clips.len(), excluded.warnings.len()), (999, 0), "{:?}", excluded.warnings);
    }

    #[test]
    fn the_original_au_file_is_whole() {
        let root = set("au");
        let listed = list(root.path(), &genres(), &[], false).expect("all genres");
        assert_eq!((listed.clips.len(), listed.warnings.len()), (1000, 0));
        assert_eq!(of_clip(&listed, "jazz.00054").left_out, None);
        // Beside it the same clip as wav.
        fs::write(root.path().join("jazz/jazz.00054.wav"), b"").expect("written");
        let again = list(root.path(), &genres(), &[], false).expect("all genres");
        assert_eq!(again.clips, listed.clips);
        assert!(matches!(again.warnings.as_slice(), [Warning::SameClip { count: 1, .. }]), "{:?}", again.warnings);
    }

    #[test]
    fn genres_are_chosen_and_what_is_odd_is_told() {
        let root = set("wav");
        for name in ["jazz/jazz.00100.wav", "jazz/rock.00001.wav", "jazz/jazz00001.wav", "jazz/notes.mp3", "loose.wav"]
        {
            fs::write(root.path().join(name), b"").expect("written");
        }
        fs::create_dir(root.path().join("techno")).expect("created");
        fs::remove_file(root.path().join("rock/rock.00007.wav")).expect("removed");
        let listed =
            list(root.path(), &["jazz".into(), "rock".into()], &["rock.00007".into(), "rock.00008".into()], false)
                .expect("two genres");
        assert_eq!((listed.classes, listed.clips.len()), (vec!["jazz".to_owned(), "rock".to_owned()], 198));
        assert_eq!(listed.clips[100].path, root.path().join("rock/rock.00000.wav"));
        assert_eq!((listed.clips[99].label, listed.clips[100].label), (0, 1));
        let told: Vec<String> = listed.warnings.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|w| w.contains("not there: rock.00007")), "{told:?}");
        assert!(told.iter().any(|w| w.starts_with("6 files or folders are left out")), "{told:?}");

        let fewer = list(root.path(), &genres(), &[], false).expect("all genres");
        let incomplete = |w: &&Warning| matches!(w, Warning::Incomplete { missing: 1, of: 1000, first, .. } if first == "rock.00007");
        assert_eq!(fewer.warnings.iter().filter(incomplete).count(), 1, "{:?}", fewer.warnings);
    }

    #[test]
    fn a_genre_that_is_not_there_has_a_remedy() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("genres_original")).expect("created");
        let nested = list(root.path(), &genres(), &[], false).expect_err("no genres");
        assert_eq!(nested.setting(), "data.path");
        assert!(nested.to_string().contains("add it to `data.path`"), "{nested}");
        fs::create_dir(root.path().join("jazz")).expect("created");
        let absent = list(root.path(), &genres(), &[], false).expect_err("no blues");
        assert_eq!(absent.setting(), "data.genres");
        assert!(absent.to_string().contains("\"blues\"") && absent.to_string().contains("\"jazz\""), "{absent}");
    }
}
