//! `cargo bench -p gliss-audio [-- NAME]`: every case of the speed table, in processor time of the thread.
//!
//! The sound is the synthetic set's, so that no file is needed; the mp3 cases want `GLISS_BENCH_MP3` to name a file of
//! 44.1 kHz stereo, and are left out without it. Throughput counts thousandths of a second of sound: `2.0 Kelem/s` is
//! two seconds of sound a second. Against librosa: `tests/peers/hear.py`.
#![expect(clippy::print_stderr, reason = "a benchmark says what it leaves out")]

mod cases;
mod clock;
mod thread_time;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cases::{CASES, case};
use criterion::{Criterion, Throughput};
use gliss_audio::synth::{SynthSettings, write_set};
use thread_time::ThreadTime;

/// Seconds of a GTZAN clip.
const SECONDS: f32 = 30.0;

fn main() {
    let folder = std::env::temp_dir().join(format!("gliss-bench-{}", std::process::id()));
    let settings = SynthSettings { clips_per_style: 4, seconds: SECONDS, sample_rate: 22_050, seed: 0 };
    let set = write_set(&folder.join("set"), &settings, |_, _| {}).expect("the temporary folder can be written");
    let wav = first_wav(&set.dir);
    let mp3 = std::env::var_os("GLISS_BENCH_MP3").map(PathBuf::from);
    let mut criterion = Criterion::default()
        .with_measurement(ThreadTime)
        .sample_size(10)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500))
        .configure_from_args();
    for name in CASES {
        if name.starts_with("mp3") && mp3.is_none() {
            eprintln!("{name} is left out: GLISS_BENCH_MP3 names no file");
            continue;
        }
        let made = case(name, &wav, mp3.as_deref().unwrap_or(&wav)).expect("the clips are sound");
        let (mut work, seconds) = made.expect("every name of the list is a case");
        let mut group = criterion.benchmark_group("hear");
        group.throughput(Throughput::Elements((seconds * 1000.0) as u64));
        group.bench_function(name, |bencher| bencher.iter(|| work().expect("what worked once works again")));
        group.finish();
    }
    criterion.final_summary();
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        eprintln!("{} is left behind: {error}", folder.display());
    }
}

/// The first clip of the first style.
fn first_wav(set: &Path) -> PathBuf {
    let first = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("the set was just written");
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_clip_or_style(path)).min()
    };
    let style = first(set).expect("the set has styles");
    first(&style).expect("a style has clips")
}

fn is_clip_or_style(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|extension| extension == "wav")
}
