//! The store under trouble.

use super::super::{Address, Cleared, clear, summary};
use super::*;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

const SHAPE: [usize; 2] = [130, 140];

fn key(clip: &str, front_end: &str) -> Key {
    let content = blake3::hash(clip.as_bytes());
    Address { content: &content, identity: front_end, precision: Precision::F32 }.key()
}

fn values(seed: f32) -> Vec<f32> {
    (0..SHAPE.iter().product()).map(|i: usize| i as f32 * 0.5 + seed).collect()
}

fn put(cache: &FeatureCache, key: &Key, values: &[f32]) -> View {
    let content = Content { precision: Precision::F32, summary: "a front end", shape: &SHAPE, values };
    cache.put(key, &content, true)
}

fn get(cache: &FeatureCache, key: &Key) -> Option<Vec<f32>> {
    Some(cache.get(key, Precision::F32, &|shape| shape == SHAPE)?.to_vec())
}

#[test]
fn stored_values_are_mapped_and_found_until_damaged() {
    let root = tempfile::tempdir().expect("a folder");
    let cache = FeatureCache::new(root.path());
    let key = key("a clip", "a front end");
    assert_eq!(get(&cache, &key), None);
    let stored = put(&cache, &key, &values(1.0));
    assert!(stored.is_mapped() && stored.to_vec() == values(1.0));
    let other = FeatureCache::new(root.path());
    assert_eq!(get(&other, &key), Some(values(1.0)), "another process sees it");
    assert!(other.get(&key, Precision::F32, &|_| true).expect("there").is_mapped());
    assert!(cache.get(&key, Precision::F32, &|shape| shape.len() == 3).is_none());
    assert!(cache.get(&key, Precision::F16, &|_| true).is_none());

    // Damage comes by another file under the name: what is mapped is not touched.
    let path = folder::path(&cache.root, &key);
    let whole = fs::read(&path).expect("there");
    for length in [0, 1, 63, 64, 200, whole.len() / 2, whole.len() - 1] {
        fs::remove_file(&path).expect("removed");
        fs::write(&path, &whole[..length]).expect("written");
        assert_eq!(get(&cache, &key), None, "cut at {length}");
    }
    let mut damaged = whole.clone();
    damaged[5000] ^= 1;
    fs::remove_file(&path).expect("removed");
    fs::write(&path, &damaged).expect("written");
    assert_eq!(get(&cache, &key), None);
    put(&cache, &key, &values(1.0));
    assert_eq!(get(&cache, &key), Some(values(1.0)), "a damaged file is replaced");
    assert_eq!(stored.to_vec(), values(1.0), "who has it mapped keeps it");
}

#[test]
fn clips_front_ends_and_precisions_have_their_own_keys() {
    assert_ne!(key("one", "v1"), key("two", "v1"));
    assert_ne!(key("one", "v1"), key("one", "v2"));
    let content = blake3::hash(b"one");
    assert_ne!(Address { content: &content, identity: "v1", precision: Precision::F16 }.key(), key("one", "v1"));
}

#[test]
fn a_kill_at_any_byte_leaves_nothing_that_is_taken_for_an_entry() {
    let root = tempfile::tempdir().expect("a folder");
    let cache = FeatureCache::new(root.path());
    let key = key("a clip", "a front end");
    let small = Content { precision: Precision::F16, summary: "", shape: &[3], values: &[1.0, 2.0, 3.0] };
    let expected = cache.put(&key, &small, true).to_vec();
    let path = folder::path(&cache.root, &key);
    let whole = fs::read(&path).expect("there");
    let temporary = path.with_file_name(".killed.glf2.1-1-1.tmp");
    for length in 0..whole.len() {
        // While it was written, or, on a disk that lost power, after it was renamed.
        fs::write(&temporary, &whole[..length]).expect("written");
        fs::write(&path, &whole[..length]).expect("written");
        assert!(cache.get(&key, Precision::F16, &|_| true).is_none(), "{length} bytes");
    }
    assert_eq!(cache.put(&key, &small, true).to_vec(), expected);
    assert!(cache.get(&key, Precision::F16, &|_| true).is_some());
    assert_eq!(summary(root.path()).expect("listed").leftovers.files, 1);
}

#[test]
fn writers_and_readers_of_one_key_never_see_half() {
    let root = tempfile::tempdir().expect("a folder");
    let key = key("a clip", "a front end");
    let barrier = Barrier::new(4);
    thread::scope(|scope| {
        for seed in 0..4u8 {
            let (root, key, barrier) = (root.path(), &key, &barrier);
            scope.spawn(move || {
                // Each its own cache, as in processes of their own. All write the same, as they do in truth.
                let cache = FeatureCache::new(root);
                barrier.wait();
                for round in 0..25 {
                    if (round + seed) % 4 == 0 {
                        clear(root, None).expect("cleared");
                    }
                    let view = put(&cache, key, &values(3.0));
                    assert_eq!(view.to_vec(), values(3.0));
                    assert!(get(&cache, key).is_none_or(|read| read == values(3.0)));
                }
                assert!(!cache.closed.load(Ordering::Relaxed), "others who clear are no trouble");
            });
        }
    });
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let root = tempfile::tempdir().expect("a folder");
    fs::write(root.path().join("features"), b"a file in the way").expect("written");
    let cache = FeatureCache::new(root.path());
    let key = key("a clip", "a front end");
    let view = put(&cache, &key, &values(0.0));
    assert!(!view.is_mapped() && view.to_vec() == values(0.0), "it lives in memory");
    assert_eq!(get(&cache, &key), None);
    assert!(cache.closed.load(Ordering::Relaxed));
}

#[test]
fn a_folder_that_vanishes_takes_nothing_from_those_who_have_it_mapped() {
    let root = tempfile::tempdir().expect("a folder");
    let cache = FeatureCache::new(root.path());
    let keys = [key("one", ""), key("two", "")];
    let view = put(&cache, &keys[0], &values(1.0));
    fs::remove_dir_all(&cache.root).expect("removed");
    assert_eq!(get(&cache, &keys[0]), None);
    assert_eq!(view.to_vec(), values(1.0));
    assert!(put(&cache, &keys[1], &values(2.0)).is_mapped(), "the folder is made again");
    assert_eq!(get(&cache, &keys[1]), Some(values(2.0)));
}

#[test]
fn the_limit_is_kept_and_what_is_mapped_lives_on() {
    let root = tempfile::tempdir().expect("a folder");
    let one = 4 * values(0.0).len() as u64;
    let cache = FeatureCache::new(root.path()).with_limit(5 * one);
    let keys: Vec<Key> = (0..12).map(|clip| key(&clip.to_string(), "")).collect();
    let views: Vec<View> =
        keys.iter().zip(0u8..).map(|(key, seed)| put(&cache, key, &values(f32::from(seed)))).collect();
    let held = summary(root.path()).expect("listed");
    assert!(held.bytes <= 5 * one && held.entries >= 3, "{held:?}");
    for (view, seed) in views.iter().zip(0u8..) {
        assert!(view.is_mapped() && view.to_vec() == values(f32::from(seed)));
    }
    // A new run prefers what it uses itself.
    let next = FeatureCache::new(root.path()).with_limit(5 * one);
    let fresh = key("fresh", "");
    put(&next, &fresh, &values(50.0));
    put(&next, &key("fresh too", ""), &values(51.0));
    assert_eq!(get(&next, &fresh), Some(values(50.0)));
    let held = summary(root.path()).expect("listed");
    assert!(held.bytes <= 5 * one && held.front_ends.len() == 1, "{held:?}");
    assert_eq!(held.front_ends[0].front_end, "a front end");

    let nothing = FeatureCache::new(root.path()).with_limit(0);
    assert!(!put(&nothing, &key("too large", ""), &values(9.0)).is_mapped());
    assert!(!nothing.closed.load(Ordering::Relaxed));
    assert_eq!(clear(root.path(), None).expect("cleared"), Cleared { entries: held.entries, bytes: held.bytes });
}

#[test]
fn use_is_noted_at_most_once_a_minute() {
    let root = tempfile::tempdir().expect("a folder");
    let cache = FeatureCache::new(root.path());
    let key = key("a clip", "");
    put(&cache, &key, &values(0.0));
    let path = folder::path(&cache.root, &key);
    let used = || fs::metadata(&path).and_then(|found| found.modified()).expect("there");
    let set = |seconds: u64| {
        let time = SystemTime::now() - Duration::from_secs(seconds);
        File::options().write(true).open(&path).and_then(|file| file.set_modified(time)).expect("set");
        used()
    };
    let before = set(30);
    get(&cache, &key);
    assert_eq!(used(), before);
    let before = set(90);
    get(&cache, &key);
    assert!(used() > before + Duration::from_secs(60));
}

/// Where a child process is to work.
const FOLDER: &str = "GLISS_TEST_CACHE_FOLDER";

/// This test program again, for one test that is ignored otherwise, started by `shell` ("exec \"$@\"" at its end).
fn child(shell: &str, test: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]).arg(std::env::current_exe().expect("known"));
    command.args(["--ignored", "--exact", &format!("cache::store::tests::{test}")]);
    command.env(FOLDER, folder).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn folder_of_the_child() -> PathBuf {
    std::env::var_os(FOLDER).expect("started by the test that needs it").into()
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_an_entry_leaves_nothing() {
    let root = tempfile::tempdir().expect("a folder");
    // 40 blocks of 512 bytes (of 1024 in some shells), without the signal: writing more fails.
    let shell = "trap '' XFSZ; ulimit -f 40; exec \"$@\"";
    let output = child(shell, "child_whose_files_must_be_small", root.path()).output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let held = summary(root.path()).expect("listed");
    assert_eq!((held.entries, held.leftovers.files), (1, 0), "the small one was stored before: {held:?}");
}

#[test]
#[ignore = "run by a_disk_that_fills_up_in_the_middle_of_an_entry_leaves_nothing"]
fn child_whose_files_must_be_small() {
    let cache = FeatureCache::new(&folder_of_the_child());
    let small = Content { precision: Precision::F32, summary: "", shape: &[1], values: &[1.0] };
    cache.put(&key("small", ""), &small, true);
    assert!(!cache.closed.load(Ordering::Relaxed));
    let view = put(&cache, &key("large", ""), &values(1.0));
    assert!(!view.is_mapped() && view.to_vec() == values(1.0));
    assert!(cache.closed.load(Ordering::Relaxed), "the disk is full");
    assert!(get(&cache, &key("large", "")).is_none());
}

#[test]
fn processes_that_write_the_same_and_are_killed_leave_whole_entries() {
    let root = tempfile::tempdir().expect("a folder");
    let start = || child("exec \"$@\"", "child_that_writes_until_it_is_killed", root.path()).spawn().expect("started");
    let mut children = [start(), start(), start()];
    let cache = FeatureCache::new(root.path());
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let mut found = 0;
    // Readers beside them: whatever is there is right.
    while found < 500 && std::time::Instant::now() < deadline {
        for clip in 0..8u8 {
            if let Some(read) = get(&cache, &key(&clip.to_string(), "")) {
                assert_eq!(read, values(f32::from(clip)));
                found += 1;
            }
        }
    }
    for child in &mut children {
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    assert!(found >= 500, "they write");
    let contents = folder::list(&cache.root).expect("listed");
    assert!(contents.temporary.len() <= 3, "at most what each was at");
    assert_eq!(contents.entries.len(), 8);
    for clip in 0..8u8 {
        assert_eq!(get(&cache, &key(&clip.to_string(), "")), Some(values(f32::from(clip))));
    }
}

#[test]
#[ignore = "run by processes_that_write_the_same_and_are_killed_leave_whole_entries"]
fn child_that_writes_until_it_is_killed() {
    let cache = FeatureCache::new(&folder_of_the_child());
    let deadline = std::time::Instant::now() + Duration::from_secs(120);
    while std::time::Instant::now() < deadline {
        for clip in 0..8u8 {
            put(&cache, &key(&clip.to_string(), ""), &values(f32::from(clip)));
        }
    }
}
