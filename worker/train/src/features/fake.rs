//! A front end for tests: it does what the file says, and can be held up.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use gliss_audio::decode::DecodeError;

use super::skipped::Unusable;
use super::{Seen, Sight, Views};
use crate::cache::Precision;
use crate::data::{Clips, ListedClip, Marks};

/// Nobody is held up longer: a test that needs more has failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// Sees a file that holds a number as two values, the number and the view. `bad` cannot be used, `panic` panics, `fault`
/// cannot be read the first time, `change` is overwritten with `5` while it is read. Of `short` the second copy cannot be
/// made, and `trap` panics when copies are made of it.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    pub(crate) views: usize,
    pub(crate) precision: Precision,
    pub(crate) gate: Arc<Gate>,
}

/// What all threads' fakes share.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: BTreeSet<PathBuf>,
    begun: Vec<String>,
    copied: BTreeSet<String>,
    faults: BTreeSet<PathBuf>,
}

impl Gate {
    /// From now on who is to see `path` waits for [`Gate::open`].
    pub(crate) fn hold(&self, path: &Path) {
        self.state.lock().expect("whole").held.insert(path.to_owned());
    }

    /// Lets all go on.
    pub(crate) fn open(&self) {
        self.state.lock().expect("whole").held.clear();
        self.changed.notify_all();
    }

    /// Names of the files that were begun, in that order.
    pub(crate) fn begun(&self) -> Vec<String> {
        self.state.lock().expect("whole").begun.clone()
    }

    /// Names of the files that copies were made of.
    pub(crate) fn copied(&self) -> BTreeSet<String> {
        self.state.lock().expect("whole").copied.clone()
    }

    /// Waits until so many were begun.
    pub(crate) fn wait_for_begun(&self, count: usize) {
        let state = self.state.lock().expect("whole");
        let (_state, waited) =
            self.changed.wait_timeout_while(state, DEADLINE, |state| state.begun.len() < count).expect("whole");
        assert!(!waited.timed_out(), "nobody began");
    }

    fn pass(&self, path: &Path, views: &[usize]) {
        let mut state = self.state.lock().expect("whole");
        let name = path.file_stem().expect("named").to_str().expect("text").to_owned();
        if views.iter().any(|view| *view > 0) {
            state.copied.insert(name.clone());
        }
        state.begun.push(name);
        self.changed.notify_all();
        let held = |state: &mut State| state.held.contains(path);
        let (_state, waited) = self.changed.wait_timeout_while(state, DEADLINE, held).expect("whole");
        assert!(!waited.timed_out(), "nobody opened");
    }

    /// Whether it is the first time for `path`.
    fn first(&self, path: &Path) -> bool {
        self.state.lock().expect("whole").faults.insert(path.to_owned())
    }
}

impl Fake {
    pub(crate) fn new(gate: &Arc<Gate>) -> Self {
        Fake { views: 1, precision: Precision::F32, gate: gate.clone() }
    }
}

/// Writes one file for each of `texts` into `folder` (`0.x`, `1.x`, ...) and lists them, in classes by turns.
pub(crate) fn listing(folder: &Path, texts: &[&str]) -> Clips {
    let classes = vec!["a".to_owned(), "b".to_owned()];
    let clip = |(number, text): (usize, &&str)| {
        let path = folder.join(format!("{number}.x"));
        fs::write(&path, text).expect("written");
        ListedClip { path, label: number as u32 % 2, span: None, left_out: None }
    };
    let clips = texts.iter().enumerate().map(clip).collect();
    Clips { classes, clips, marks: Marks::default(), warnings: Vec::new() }
}

impl Sight for Fake {
    fn views(&self) -> usize {
        self.views
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn identity(&self, _clip: &ListedClip, view: usize) -> String {
        format!("fake, view {view}")
    }

    fn summary(&self) -> String {
        "fake".to_owned()
    }

    fn accepts(&self, shape: &[usize]) -> bool {
        shape == [2]
    }

    fn see(&mut self, clip: &ListedClip, _content: &blake3::Hash, views: &[usize]) -> Result<Views, Unusable> {
        let path = &clip.path;
        self.gate.pass(path, views);
        let text = fs::read_to_string(path).map_err(|source| DecodeError::Open { source })?;
        let short = || Unusable::TooShort { samples: 0, needed: 1, rate: 1 };
        let number = match text.as_str() {
            "trap" if views.iter().any(|view| *view > 0) => panic!("on purpose"),
            "short" | "trap" => 8.0,
            "panic" => panic!("on purpose"),
            "fault" if self.gate.first(path) => {
                return Err(DecodeError::Read { source: io::Error::other("the disk is tired") }.into());
            }
            "fault" => 7.0,
            "change" => {
                fs::write(path, "5").expect("written");
                1.0
            }
            text => text.parse().map_err(|_| short())?,
        };
        let seen = |view: &usize| match (text.as_str(), view) {
            ("short", 2) => Err(short()),
            _ => Ok(Seen { shape: vec![2], values: vec![number, *view as f32] }),
        };
        Ok(views.iter().map(seen).collect())
    }

    fn fork(&self) -> Box<dyn Sight> {
        Box::new(self.clone())
    }
}
