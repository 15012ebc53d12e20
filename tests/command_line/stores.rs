//! Stores that cannot be used, and disks that are full.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

use crate::said::{assert_failure, refused, shown};
use crate::world::{Place, until};

const TWO: &str = "name: two\nrecipe: {task: noop}\nparameters: {seed: {values: [1, 2]}}\n";

/// A place with a store in which a sweep has finished.
fn with_store() -> Place {
    let place = Place::new();
    place.write("two.yaml", TWO);
    place.ask(&["run", "two.yaml"]);
    place
}

#[test]
fn a_store_in_use() {
    let place = with_store();
    let mut coordinator = place.start(&["coordinator", "--listen", "127.0.0.1:0"]);
    let address = place.data_dir().join("coordinator.addr");
    until("the coordinator", || {
        assert!(coordinator.is_alive(), "{}", coordinator.talk());
        address.is_file().then_some(())
    });
    let second = ["coordinator", "--listen", "127.0.0.1:0"];
    // Where the system tells which process it is, it is told.
    let number = coordinator.number();
    let told = std::fs::read_to_string("/proc/locks").is_ok_and(|locks| locks.contains(&format!(" {number} ")));
    let refused = |args: &[&str]| {
        let said = refused(&place, 2, args);
        let holder = format!("process {number} (gliss)");
        assert_eq!(said.contains(&holder), told, "{said}");
        said.replace(&holder, "another process")
    };
    assert_snapshot!("store_in_use_coordinator", refused(&second));
    assert_snapshot!("store_in_use_run", refused(&["run", "--again", "two.yaml"]));
    // Questions go to the one that has it.
    assert!(place.ask(&["list"]).contains("s1"));
    coordinator.kill();
    assert!(place.ask(&["list"]).contains("s1"), "a killed coordinator's address is in the way");
}

#[test]
fn a_store_of_a_newer_version() {
    let place = with_store();
    let file = place.data_dir().join("glissando.redb");
    let meta: redb::TableDefinition<'_, &str, &str> = redb::TableDefinition::new("meta");
    let db = redb::Database::open(&file).expect("it is there");
    let write = db.begin_write().expect("writable");
    write.open_table(meta).expect("a table").insert("format", "2").expect("written");
    write.open_table(meta).expect("a table").insert("program", "9.9.9").expect("written");
    write.commit().expect("written");
    drop(db);
    for (name, args) in [
        ("newer_list", &["list"][..]),
        ("newer_run", &["run", "two.yaml"]),
        ("newer_coordinator", &["coordinator", "--listen", "127.0.0.1:0"]),
    ] {
        assert_snapshot!(name, refused(&place, 2, args));
    }
}

#[test]
fn what_is_no_store() {
    let place = Place::new();
    place.write("two.yaml", TWO);
    fs::create_dir(place.data_dir()).expect("a folder");
    place.write("data/glissando.redb", "this is no store");
    assert_snapshot!("no_store_list", refused(&place, 74, &["list"]));
    assert_snapshot!("no_store_run", refused(&place, 74, &["run", "two.yaml"]));
    assert_eq!(fs::read(place.data_dir().join("glissando.redb")).expect("readable"), b"this is no store");
    fs::remove_dir_all(place.data_dir()).expect("removable");
    place.write("data", "a file");
    assert_snapshot!("data_dir_is_a_file", refused(&place, 2, &["run", "--slots", "2", "two.yaml"]));
}

/// Mounts a small disk of its own in a namespace of its own, runs the sweep until the disk is full, makes room, and runs
/// it again.
const FULL: &str = "\
mkdir data && mount -t tmpfs -o size=1m none data || exit 99
\"$GLISS\" run many.yaml > first.out 2> first.err
echo $? > first.code
mount -o remount,size=256m none data
\"$GLISS\" run many.yaml
";

#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    let place = Place::new();
    place.write("many.yaml", "name: many\nrecipe: {task: noop}\nparameters: {seed: {min: 1, max: 3000}}\n");
    let template = place.command::<&str>(&[]);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", FULL]).current_dir(place.path());
    for (name, value) in template.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("GLISS", env!("CARGO_BIN_EXE_gliss"));
    if Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .status()
        .is_ok_and(|s| s.success())
    {
        let second = place.complete(&mut command);
        assert_eq!(second.code, Some(0), "{}", second.talk);
        assert!(second.talk.contains("3000 of 3000 trials completed"), "{}", second.talk);
        let read = |name: &str| fs::read_to_string(place.path().join(name)).expect("the script made it");
        let mut first = crate::world::Said {
            code: read("first.code").trim().parse().ok(),
            data: read("first.out"),
            talk: read("first.err"),
        };
        // What trials say as they end, and when the worker notices, differs from run to run.
        first.talk =
            first.talk.split_inclusive('\n').filter(|l| l.starts_with("  ×") || l.starts_with("  help")).collect();
        assert_failure(74, &first);
        assert_snapshot!("full_disk", shown(&place, &["run", "many.yaml"], &first));
    } else {
        skipped("no namespace for a small disk");
    }
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
