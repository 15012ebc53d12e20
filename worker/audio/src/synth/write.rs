//! Writes a synthetic set to a folder: one folder per style, one file per clip, a README and a marker.
//!
//! A file is written under a temporary name and renamed, so a kill leaves no half file; a second call takes up what
//! is there. One writer works on a folder at a time, held by a lock on the folder where the system offers one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::{STYLES, Style, SynthError, SynthSettings, marker, render, wav};

const README: &str = "README.txt";
/// What a file being written ends in.
const TEMPORARY: &str = ".tmp";

/// A synthetic set on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct SynthSet {
    /// The folder, which holds one folder per style.
    pub dir: PathBuf,
    /// What it was made with.
    pub settings: SynthSettings,
    /// Clips in the set: ten times the clips per style.
    pub clips: u32,
    /// Clips written by this call; the others were there.
    pub written: u32,
}

/// One clip to be written.
#[derive(Debug)]
struct Clip {
    style: Style,
    number: u32,
    path: PathBuf,
}

/// Makes the set of `settings` in `dir`, creating the folder where needed:
/// `dir/<style>/<style>.00000.wav` and so on (16-bit mono PCM), `dir/README.txt`, and `dir/synth.json` when the set
/// is whole.
///
/// Clips that are there already are kept, so that calling again after an interruption goes on, and calling again
/// with the same settings returns at once. `on_clip` is called on the caller's thread with the clips that are done and
/// all clips: once at the start, then after each clip. The work is shared among the available cores; the files do not
/// depend on how many there are.
///
/// # Errors
/// Settings out of range; a folder that holds something else, a set made with other settings, or one of another
/// format (nothing is changed then); or a file that cannot be read or written (what was written stays, and a second
/// call goes on from there).
pub fn write_set(
    dir: &Path,
    settings: &SynthSettings,
    mut on_clip: impl FnMut(u32, u32),
) -> Result<SynthSet, SynthError> {
    write_set_while(dir, settings, |done, total| {
        on_clip(done, total);
        ControlFlow::Continue(())
    })
}

/// As [`write_set`], until `on_clip` breaks: then the clips under way are finished, and a later call goes on from there.
///
/// # Errors
/// Those of [`write_set`], and [`SynthError::Stopped`].
pub fn write_set_while(
    dir: &Path,
    settings: &SynthSettings,
    mut on_clip: impl FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<SynthSet, SynthError> {
    settings.check()?;
    if dir.exists() && !dir.is_dir() {
        return Err(SynthError::NotAFolder { dir: dir.to_path_buf() });
    }
    fs::create_dir_all(dir).map_err(SynthError::io("create", dir))?;
    let _lock = lock(dir);
    let whole = dir.join(marker::WHOLE);
    let unfinished = dir.join(marker::UNFINISHED);
    if whole.exists() {
        marker::verify(dir, &whole, settings)?;
    } else if unfinished.exists() {
        marker::verify(dir, &unfinished, settings)?;
    } else {
        refuse_unless_empty(dir)?;
        write_file(&unfinished, marker::text(settings).as_bytes())?;
    }

    let missing = missing_clips(dir, settings)?;
    let clips = settings.clips_per_style * STYLES.len() as u32;
    let there = clips - missing.len() as u32;
    if on_clip(there, clips).is_break() {
        return Err(SynthError::Stopped);
    }
    for style in STYLES {
        let folder = dir.join(style.name());
        fs::create_dir_all(&folder).map_err(SynthError::io("create", &folder))?;
    }
    write_clips(&missing, settings, |done| on_clip(there + done, clips))?;
    let readme = dir.join(README);
    if !readme.exists() {
        write_file(&readme, describe(settings).as_bytes())?;
    }
    if !whole.exists() {
        fs::rename(&unfinished, &whole).map_err(SynthError::io("rename", &unfinished))?;
    }
    Ok(SynthSet { dir: dir.to_path_buf(), settings: *settings, clips, written: missing.len() as u32 })
}

/// Waits until no other writer is at work in the folder. Where a folder cannot be opened or locked there is no lock,
/// and two writers at once may disturb each other.
fn lock(dir: &Path) -> Option<File> {
    let folder = File::open(dir).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// An interrupted first write leaves at most its own temporary file.
fn refuse_unless_empty(dir: &Path) -> Result<(), SynthError> {
    let own = temporary(Path::new(marker::UNFINISHED));
    for entry in fs::read_dir(dir).map_err(SynthError::io("read", dir))? {
        let name = entry.map_err(SynthError::io("read", dir))?.file_name();
        if name != own.as_os_str() {
            let example = name.to_string_lossy().into_owned();
            return Err(SynthError::NotOurs { dir: dir.to_path_buf(), example });
        }
    }
    Ok(())
}

/// The clips that are not there in their full length.
fn missing_clips(dir: &Path, settings: &SynthSettings) -> Result<Vec<Clip>, SynthError> {
    let size = wav::size(settings.samples_per_clip());
    let mut missing = Vec::new();
    for number in 0..settings.clips_per_style {
        for style in STYLES {
            let path = dir.join(style.name()).join(format!("{style}.{number:05}.wav"));
            let there = match fs::metadata(&path) {
                Ok(found) => found.is_file() && found.len() == size,
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(SynthError::io("read", &path)(error)),
            };
            if !there {
                missing.push(Clip { style, number, path });
            }
        }
    }
    Ok(missing)
}

/// Renders and writes clips on every available core; the first error, or a break, stops them all.
fn write_clips(
    clips: &[Clip],
    settings: &SynthSettings,
    mut on_clip: impl FnMut(u32) -> ControlFlow<()>,
) -> Result<(), SynthError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (report, reports) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..cores.min(clips.len()) {
            let (report, next) = (report.clone(), &next);
            scope.spawn(move || {
                while let Some(clip) = clips.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let samples = render(clip.style, clip.number, settings);
                    let written = write_file(&clip.path, &wav::encode(&samples, settings.sample_rate));
                    // Nobody listens any more once another clip has failed, or enough was heard.
                    if report.send(written).is_err() {
                        return;
                    }
                }
            });
        }
        drop(report);
        let mut done = 0;
        for written in reports {
            written?;
            done += 1;
            if on_clip(done).is_break() {
                return Err(SynthError::Stopped);
            }
        }
        Ok(())
    })
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Writes a whole file or none.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SynthError> {
    let temporary = temporary(path);
    let write = || File::create(&temporary)?.write_all(bytes);
    write().map_err(SynthError::io("write", &temporary))?;
    fs::rename(&temporary, path).map_err(SynthError::io("rename", &temporary))
}

fn describe(settings: &SynthSettings) -> String {
    let mut text = format!(
        "Synthetic clips in ten made-up styles, for trying and testing Glissando.\n\n\
         They were computed, not recorded. They are no benchmark: a score on them says nothing about recorded music.\n\
         Made with: {}.\n\
         The same settings make the same files on every machine.\n\n\
         Each folder is a class; neighbours in this list share instruments and register:\n\n",
        marker::line(settings)
    );
    for style in STYLES {
        text.push_str(&format!("  {:<8} {}\n", style.name(), style.description()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    const SMALL: SynthSettings = SynthSettings { clips_per_style: 2, seconds: 1.0, sample_rate: 8_000, seed: 5 };

    type Outcome = Result<(), Box<dyn Error>>;

    #[test]
    fn a_set_is_whole_reported_and_left_alone_by_a_second_call() -> Outcome {
        let dir = tempfile::tempdir()?;
        let mut seen = Vec::new();
        let set = write_set(dir.path(), &SMALL, |done, total| seen.push((done, total)))?;
        assert_eq!((set.clips, set.written), (20, 20));
        assert_eq!(seen, (0..=20).map(|done| (done, 20)).collect::<Vec<_>>());
        for style in STYLES {
            let samples = render(style, 1, &SMALL);
            let file = fs::read(dir.path().join(style.name()).join(format!("{style}.00001.wav")))?;
            assert_eq!(file, wav::encode(&samples, 8_000));
        }
        assert!(fs::read_to_string(dir.path().join(README))?.contains("no benchmark"));
        assert_eq!(fs::read_to_string(dir.path().join(marker::WHOLE))?, marker::text(&SMALL));
        assert!(!dir.path().join(marker::UNFINISHED).exists());

        let again = write_set(dir.path(), &SMALL, |done, total| assert_eq!((done, total), (20, 20)))?;
        assert_eq!(again.written, 0);
        Ok(())
    }

    #[test]
    fn a_set_that_is_stopped_is_gone_on_with() -> Outcome {
        let dir = tempfile::tempdir()?;
        let stop_at =
            |limit| move |done, _| if done < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        assert!(matches!(write_set_while(dir.path(), &SMALL, stop_at(0)), Err(SynthError::Stopped)));
        assert!(matches!(write_set_while(dir.path(), &SMALL, stop_at(3)), Err(SynthError::Stopped)));
        assert!(!dir.path().join(marker::WHOLE).exists());
        let set = write_set(dir.path(), &SMALL, |_, _| {})?;
        assert!(set.written <= 17, "{} clips were written again", set.written - 17);
        assert!(dir.path().join(marker::WHOLE).exists());
        Ok(())
    }

    #[test]
    fn what_a_kill_leaves_is_taken_up_and_what_is_cut_short_is_made_again() -> Outcome {
        let dir = tempfile::tempdir()?;
        write_set(dir.path(), &SMALL, |_, _| {})?;
        let clip = |name: &str| dir.path().join("jig").join(name);
        let good = fs::read(clip("jig.00001.wav"))?;
        // A kill before the end: the marker still says unfinished, a clip is half written under its temporary name,
        // another is cut short by a full disk.
        fs::rename(dir.path().join(marker::WHOLE), dir.path().join(marker::UNFINISHED))?;
        fs::remove_file(clip("jig.00001.wav"))?;
        fs::write(clip("jig.00001.wav.tmp"), &good[..100])?;
        fs::write(clip("jig.00000.wav"), &good[..100])?;
        fs::remove_file(dir.path().join(README))?;

        let set = write_set(dir.path(), &SMALL, |_, _| {})?;
        assert_eq!(set.written, 2);
        assert_eq!(fs::read(clip("jig.00001.wav"))?, good);
        assert_eq!(fs::metadata(clip("jig.00000.wav"))?.len(), good.len() as u64);
        assert!(!clip("jig.00001.wav.tmp").exists());
        assert!(dir.path().join(marker::WHOLE).exists() && dir.path().join(README).exists());
        Ok(())
    }

    #[test]
    fn a_kill_during_the_first_write_is_taken_up() -> Outcome {
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("synth.unfinished.json.tmp"), "{")?;
        assert_eq!(write_set(dir.path(), &SMALL, |_, _| {})?.written, 20);
        Ok(())
    }

    #[test]
    fn other_settings_other_formats_and_other_content_are_refused_untouched() -> Outcome {
        let dir = tempfile::tempdir()?;
        write_set(dir.path(), &SMALL, |_, _| {})?;
        let other = SynthSettings { seed: 6, ..SMALL };
        let refused = write_set(dir.path(), &other, |_, _| {});
        let error = refused.expect_err("the settings differ");
        assert!(
            matches!(&error, SynthError::OtherSettings { found, wanted, .. }
            if found.ends_with("seed 5") && wanted.ends_with("seed 6")),
            "{error}"
        );

        let marker = dir.path().join(marker::WHOLE);
        fs::write(&marker, marker::text(&SMALL).replace("\"format\": 1", "\"format\": 99"))?;
        let refused = write_set(dir.path(), &SMALL, |_, _| {});
        assert!(matches!(refused, Err(SynthError::OtherFormat { found: 99, .. })));
        fs::write(&marker, [0xFF; 10_000])?;
        assert!(matches!(write_set(dir.path(), &SMALL, |_, _| {}), Err(SynthError::Marker { .. })));

        let strange = tempfile::tempdir()?;
        fs::write(strange.path().join("thesis.tex"), "years of work")?;
        let refused = write_set(strange.path(), &SMALL, |_, _| {});
        assert!(matches!(refused, Err(SynthError::NotOurs { example, .. }) if example == "thesis.tex"));
        assert_eq!(fs::read_dir(strange.path())?.count(), 1);
        let refused = write_set(&strange.path().join("thesis.tex"), &SMALL, |_, _| {});
        assert!(matches!(refused, Err(SynthError::NotAFolder { .. })));
        Ok(())
    }

    #[test]
    fn bad_settings_leave_no_folder() -> Outcome {
        let dir = tempfile::tempdir()?;
        let bad = SynthSettings { clips_per_style: 0, ..SMALL };
        assert!(write_set(&dir.path().join("new"), &bad, |_, _| {}).is_err());
        assert!(!dir.path().join("new").exists());
        Ok(())
    }
}
