//! The store looked after: checked, backed up while it is written, compacted, and a backup that goes on where it was made.

use std::fs;
use std::thread;

use serde_json::Value;

use crate::fleet::Fleet;
use crate::results::Results;
use crate::sweep::TRIALS;
use crate::world::until;

#[test]
fn a_backup_of_a_running_sweep_is_whole_and_goes_on_from_there() {
    let mut fleet = Fleet::start(&[]);
    let worker = fleet.worker(&["--slots", "2"]);
    fleet.submit();
    let mut made = Vec::new();
    // Epoch after epoch, whatever checkpoint is being replaced.
    until("twelve backups in mid-sweep", || {
        let name = format!("b{}", made.len());
        let said = fleet.json(&["store", "backup", &name]);
        made.push(said["folder"].as_str().expect("a path").to_owned());
        (made.len() >= 12 && fleet.standing().number("epochs_done") >= 12).then_some(())
    });
    let twice = fleet.run(&["store", "backup", "b0"]);
    assert!(twice.code == Some(2) && twice.talk.contains("there is one of that name"), "{}", twice.talk);
    let codes = thread::scope(|scope| {
        let twins = [0, 1].map(|_| scope.spawn(|| fleet.run(&["store", "backup", "twin"]).code));
        twins.map(|twin| twin.join().expect("it ran"))
    });
    assert!(codes.contains(&Some(0)) && codes.contains(&Some(2)), "one name, one backup: {codes:?}");
    made.push(fleet.place.data_dir().join("backups/twin").to_string_lossy().into_owned());
    let outside = fleet.run(&["store", "backup", "../b0"]);
    assert!(outside.code == Some(2) && outside.talk.contains("a name is 1 to 64"), "{}", outside.talk);
    let busy = fleet.place.run(&["store", "check"]);
    assert!(busy.code == Some(2) && busy.talk.contains("stop the coordinator first"), "{}", busy.talk);
    fleet.finished();
    drop(worker);
    fleet.stop_coordinator();
    let healthy = |folder: &str| {
        let said = fleet.place.json(&["--data-dir", folder, "store", "check"]);
        assert_eq!(said["problems"], Value::Array(Vec::new()), "{folder}: {said}");
        said
    };
    made.iter().for_each(|folder| drop(healthy(folder)));
    let whole = healthy(&fleet.place.data_dir().to_string_lossy());
    assert_eq!((whole["checkpoints"].as_u64(), whole["curves"].as_u64()), (Some(TRIALS), Some(TRIALS)));

    // The first backup, in which most is still to be done, ends as the sweep did.
    let folder = made.first().expect("twelve");
    fleet.place.ask(&["--data-dir", folder, "resume", "s1", "--slots", "2"]);
    let listed = fleet.place.json(&["--data-dir", folder, "show", "s1"]);
    let ids = listed["trials"].as_array().expect("a list").iter().filter_map(|trial| trial["id"].as_str());
    let details: Vec<Value> = ids.map(|id| fleet.place.json(&["--data-dir", folder, "show", id])).collect();
    Results::new(&details, folder.as_ref()).assert_same(Results::undisturbed());

    let sizes = fleet.place.json(&["store", "compact"]);
    assert!(sizes["after"].as_u64() <= sizes["before"].as_u64(), "{sizes}");
    healthy(&fleet.place.data_dir().to_string_lossy());
    let exported = fleet.place.ask(&["store", "export-journal"]);
    let commits: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(commits.len() as u64, whole["commits"].as_u64().expect("a number"));
    let plans = commits
        .iter()
        .flat_map(|commit| commit["facts"].as_array().expect("a list"))
        .filter_map(|fact| fact["plan"]["source"].as_str());
    assert!(plans.map(|text| text.contains("name: disturbed")).eq([true]), "the plan is whole");

    // Damage is found: a checkpoint that is not there, one of other bytes.
    let checkpoints = fleet.place.data_dir().join("checkpoints");
    let mut files: Vec<_> =
        fs::read_dir(&checkpoints).expect("a folder").map(|file| file.expect("listed").path()).collect();
    files.sort();
    fs::remove_file(&files[0]).expect("removed");
    let bytes = fs::read(&files[1]).expect("read");
    fs::remove_file(&files[1]).expect("removed: backups share it");
    fs::write(&files[1], [&bytes[..bytes.len() - 1], &[bytes[bytes.len() - 1] ^ 1]].concat()).expect("written");
    let sick = fleet.place.run(&["store", "check", "--output", "json"]);
    let said: Value = serde_json::from_str(&sick.data).expect("JSON");
    assert_eq!((sick.code, said["problems"].as_array().map(Vec::len)), (Some(74), Some(2)), "{said}");
    made.iter().take(3).for_each(|folder| drop(healthy(folder)));
}
