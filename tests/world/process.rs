//! A process of the program under test: what it says goes to files, and it never outlives the test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::until;

/// Lines of a process's talk that a failed test shows.
const SHOWN: usize = 40;

/// A running process; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
    data: PathBuf,
    talk: PathBuf,
}

impl Process {
    /// Starts it, with what it says in files of `folder` that begin with `name`.
    pub(crate) fn start(command: &mut Command, folder: &Path, name: &str) -> Process {
        let (data, talk) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        let file = |path: &Path| File::create(path).expect("the test's folder is writable");
        let child = command.stdin(Stdio::null()).stdout(file(&data)).stderr(file(&talk)).spawn();
        let child = child.unwrap_or_else(|error| panic!("failed to start {command:?}: {error}"));
        Process { child, name: name.to_owned(), data, talk }
    }

    /// Kills it as `kill -9` does: it is not asked and cannot clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it was not waited for yet");
        self.child.wait().expect("it was killed");
    }

    /// Its number.
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.number().to_string()).status();
        assert!(status.expect("`kill` is everywhere").success(), "{} is there to be signalled", self.name);
    }

    /// Whether it runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }

    /// Waits for its end and yields its exit code; none where a signal ended it.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let name = self.name.clone();
        until(&format!("the end of {name}"), || self.child.try_wait().expect("it is ours")).code()
    }

    /// What it has written to stdout so far.
    pub(crate) fn data(&self) -> String {
        read(&self.data)
    }

    /// What it has written to stderr so far.
    pub(crate) fn talk(&self) -> String {
        read(&self.talk)
    }
}

fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).expect("it was made when the process was started")).expect("the program says text")
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let talk = fs::read_to_string(&self.talk).unwrap_or_default();
            let lines: Vec<&str> = talk.lines().collect();
            let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
            #[expect(clippy::print_stderr, reason = "a failed test shows what its processes said")]
            {
                eprintln!("--- {} said:\n{last}", self.name);
            }
        }
    }
}
