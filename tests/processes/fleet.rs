//! A coordinator in a place of its own, workers, and what is asked of them.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;

use crate::results::Results;
use crate::sweep::{Ledger, Standing, TEXT, TRIALS};
use crate::world::{Place, Process, Said, until};

/// A coordinator that can be killed and comes back where it was.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) place: Place,
    pub(crate) address: String,
    args: Vec<String>,
    coordinator: Option<Process>,
}

/// A port that nobody has. Outside the range from which the system takes ports for connections: a worker that looks for
/// its killed coordinator could else be given the very port it knocks at, and talk to itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = (std::process::id() % 600) as u16 * 32;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut ports = (0..2_000).map(|_| 10_000 + (spread + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000);
    ports.find(free).expect("one port of two thousand is free")
}

impl Fleet {
    /// Starts a coordinator with more arguments, such as a lease.
    pub(crate) fn start(more: &[&str]) -> Fleet {
        Fleet::start_in(Place::new(), more)
    }

    /// As [`Fleet::start`], in a place that is there already.
    pub(crate) fn start_in(place: Place, more: &[&str]) -> Fleet {
        let listen = format!("127.0.0.1:{}", free_port());
        place.write("sweep.yaml", TEXT);
        let args = ["coordinator", "--listen", &listen].iter().chain(more).map(ToString::to_string).collect();
        let mut fleet = Fleet { place, address: format!("http://{listen}"), args, coordinator: None };
        fleet.start_coordinator();
        fleet
    }

    /// Kills the coordinator.
    pub(crate) fn kill_coordinator(&mut self) {
        self.coordinator.take().expect("it runs").kill();
    }

    /// Starts the coordinator on its store and its port, and waits until it is there.
    pub(crate) fn start_coordinator(&mut self) {
        let file = self.place.data_dir().join("coordinator.addr");
        // A killed one has left it behind.
        let _ = std::fs::remove_file(&file);
        let mut coordinator = self.place.start(&self.args);
        until("the coordinator's address", || {
            assert!(coordinator.is_alive(), "the coordinator ended: {}", coordinator.talk());
            std::fs::read_to_string(&file).ok().filter(|text| text.trim() == self.address)
        });
        self.coordinator = Some(coordinator);
    }

    /// Stops the coordinator as a service manager does.
    pub(crate) fn stop_coordinator(&mut self) {
        let mut coordinator = self.coordinator.take().expect("it runs");
        coordinator.signal("TERM");
        assert_eq!(coordinator.end(), Some(0), "{}", coordinator.talk());
    }

    /// Starts a worker.
    pub(crate) fn worker(&self, more: &[&str]) -> Process {
        let args: Vec<&str> = ["worker", "--coordinator", &self.address].iter().chain(more).copied().collect();
        self.place.start(&args)
    }

    fn with_address<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        args.iter().copied().chain(["--coordinator", &self.address]).collect()
    }

    /// Runs a verb against the coordinator.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.place.run(&self.with_address(args))
    }

    /// Runs a verb against the coordinator, which must go well.
    pub(crate) fn ask(&self, args: &[&str]) -> String {
        self.place.ask(&self.with_address(args))
    }

    /// As [`Fleet::ask`], in JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.place.json(&self.with_address(args))
    }

    /// Submits the sweep as `s1`.
    pub(crate) fn submit(&self) {
        assert_eq!(self.ask(&["submit", "sweep.yaml"]).trim(), "s1");
    }

    /// How the sweep stands.
    pub(crate) fn standing(&self) -> Standing {
        Standing::new(self.json(&["show", "s1"]))
    }

    /// Waits until the sweep stands as asked for.
    pub(crate) fn await_standing(&self, what: &str, mut asked: impl FnMut(&Standing) -> bool) -> Standing {
        until(what, || Some(self.standing()).filter(|s| asked(s)))
    }

    /// Waits for the end of the sweep, in which every trial is completed, once.
    pub(crate) fn finished(&self) -> Standing {
        let standing = self.await_standing("the end of the sweep", |s| s.state() == "finished");
        assert_eq!((standing.count("completed"), standing.number("trials")), (TRIALS, TRIALS));
        assert_eq!(standing.number("epochs_done"), standing.number("epochs_total"));
        standing
    }

    /// Everything about each trial of a sweep.
    pub(crate) fn details(&self, sweep: &str) -> Vec<Value> {
        let listed = self.json(&["show", sweep]);
        let ids = listed["trials"].as_array().expect("a list").iter().filter_map(|t| t["id"].as_str());
        ids.map(|id| self.json(&["show", id])).collect()
    }

    /// What a sweep has come to.
    pub(crate) fn results(&self, sweep: &str) -> Results {
        Results::new(&self.details(sweep), &self.place.data_dir())
    }

    /// The epochs of a sweep that are stored.
    pub(crate) fn ledger(&self, sweep: &str) -> Ledger {
        Ledger::new(&self.details(sweep))
    }

    /// The workers.
    pub(crate) fn workers(&self) -> Vec<Value> {
        self.json(&["workers"]).as_array().expect("a list").clone()
    }

    /// The checkpoints on disk.
    pub(crate) fn checkpoints(&self) -> Vec<std::ffi::OsString> {
        let folder = self.place.data_dir().join("checkpoints");
        let entries = std::fs::read_dir(folder).map(|all| all.flatten().map(|e| e.file_name()).collect());
        entries.unwrap_or_default()
    }
}
