//! Data sets looked at, described and drawn.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use crate::said::{refused, said};
use crate::world::{Place, until};

/// The folder of broken clips, where it is there.
fn golden(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden");
    let path = std::env::var_os("GLISS_TEST_GOLDEN").map_or_else(beside, PathBuf::from).join(name);
    path.exists().then_some(path)
}

/// A wav file of 16 bits from samples within -1 and 1, frame by frame.
fn wav(path: &Path, rate: u32, channels: u16, samples: &[f64]) {
    let bytes = 2 * samples.len() as u32;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([1, channels].map(u16::to_le_bytes).as_flattened());
    file.extend([rate, rate * 2 * u32::from(channels)].map(u32::to_le_bytes).as_flattened());
    file.extend([2 * channels, 16].map(u16::to_le_bytes).as_flattened());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|value| ((value * 32_767.0) as i16).to_le_bytes()));
    fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
    fs::write(path, file).expect("writable");
}

/// A second of a tone at 8000 Hz.
fn tone(hertz: f64, level: f64) -> Vec<f64> {
    (0..8000)
        .map(|at| (level * (f64::from(at) * hertz * std::f64::consts::TAU / 8000.0).sin()).clamp(-1.0, 1.0))
        .collect()
}

/// Two classes of five tones each.
fn tones(place: &Place) {
    for (class, base) in [("high", 900.0), ("low", 100.0)] {
        for number in 0..5 {
            let path = place.path().join("tones").join(class).join(format!("{number}.wav"));
            wav(&path, 8000, 1, &tone(base + 20.0 * f64::from(number), 0.5));
        }
    }
}

/// [`tones`], and one file of everything that can be wrong.
fn faulty(place: &Place) {
    tones(place);
    let at = |name: &str| place.path().join("tones").join(name);
    fs::write(at("high/empty.wav"), "").expect("writable");
    fs::write(at("high/text.mp3"), "This is no music at all. ".repeat(400)).expect("writable");
    fs::copy(at("high/0.wav"), at("low/copy of high 0.wav")).expect("writable");
    let whole = fs::read(at("low/1.wav")).expect("just written");
    fs::write(at("low/cut.wav"), &whole[..whole.len() * 2 / 3]).expect("writable");
    wav(&at("low/silent.wav"), 8000, 1, &[0.0; 8000]);
    let mut half = tone(300.0, 0.5);
    half[..5000].fill(0.0);
    wav(&at("low/half silent.wav"), 8000, 1, &half);
    wav(&at("high/clipped.wav"), 8000, 1, &tone(440.0, 4.0));
    wav(&at("high/short.wav"), 8000, 1, &tone(440.0, 0.5)[..800]);
    wav(&at("high/long.wav"), 8000, 1, &[tone(440.0, 0.5), tone(450.0, 0.5), tone(460.0, 0.5)].concat());
    wav(&at("low/another rate.wav"), 16_000, 1, &[tone(200.0, 0.5), tone(250.0, 0.4)].concat());
    let stereo: Vec<f64> = tone(120.0, 0.5).iter().flat_map(|value| [*value, -0.2]).collect();
    wav(&at("low/stereo and off zero.mp3"), 8000, 2, &stereo);
}

#[test]
fn everything_that_is_wrong_is_found() {
    let place = Place::new();
    faulty(&place);
    assert_snapshot!("inspect", said(&place, &["data", "inspect", "tones"]));
    assert_eq!(place.run(&["data", "inspect", "tones", "--strict"]).code, Some(1));
    let one = place.ask(&["data", "inspect", "tones", "--output", "csv", "--threads", "1"]);
    assert_eq!(one, place.ask(&["data", "inspect", "tones", "--output", "csv", "--threads", "7"]));
    assert_eq!(one.lines().count(), 1 + 21);
    let json = place.json(&["data", "inspect", "tones"]);
    let kinds = |name: &str| -> Vec<String> {
        let clips = json["clips"].as_array().expect("a list");
        let clip = clips.iter().find(|clip| clip["file"].as_str().is_some_and(|file| file.ends_with(name)));
        let findings = clip.expect("listed")["findings"].as_array().expect("a list").iter();
        findings.map(|finding| finding["kind"].as_str().expect("a word").to_owned()).collect()
    };
    for (name, found) in [
        ("high/0.wav", &[][..]),
        ("empty.wav", &["unreadable"]),
        ("text.mp3", &["unreadable"]),
        ("cut.wav", &["damaged"]),
        ("/silent.wav", &["silent"]),
        ("half silent.wav", &["much_silence"]),
        ("clipped.wav", &["clipped"]),
        ("short.wav", &["short"]),
        ("long.wav", &["long"]),
        ("another rate.wav", &["odd_rate"]),
        ("off zero.mp3", &["offset", "odd_channels", "misnamed"]),
    ] {
        assert_eq!(kinds(name), found, "{name}");
    }
    let duplicates = json["duplicates"].as_array().expect("a list");
    assert_eq!((duplicates.len(), &duplicates[0]["across_classes"]), (1, &Value::Bool(true)));
}

#[test]
fn a_sound_set_needs_no_repair() {
    let place = Place::new();
    tones(&place);
    let said = place.ask(&["data", "inspect", "tones", "--strict"]);
    assert!(said.contains("nothing odd was found"), "{said}");
    let json = place.json(&["data", "inspect", "tones", "--set", "split.valid=0.3"]);
    assert_eq!(json["unreadable"], 0);
    assert_eq!(json["rates"]["8000 Hz"], 10);
    let sides = &json["balance"]["totals"];
    let sides: u64 = ["train", "valid", "test"].iter().filter_map(|side| sides[side].as_u64()).sum();
    assert_eq!(sides, 10);
}

#[test]
fn broken_files_of_the_goldens_are_findings() {
    let Some(bad) = golden("audio/bad") else { return };
    let place = Place::new();
    tones(&place);
    let mut count = 0;
    for entry in fs::read_dir(bad).expect("listed") {
        let path = entry.expect("listed").path();
        fs::copy(&path, place.path().join("tones/low").join(path.file_name().expect("named"))).expect("copied");
        count += 1;
    }
    let json = place.json(&["data", "inspect", "tones"]);
    assert_eq!(json["files"], 10 + count);
    assert_eq!(json["unreadable"], 4, "all but the two that were cut off: {}", json["clips"]);
}

#[test]
fn the_same_sound_in_another_format_is_a_duplicate() {
    let Some(audio) = golden("audio") else { return };
    let place = Place::new();
    for (class, name) in
        [("a", "mix22k.wav"), ("a", "mix16k.wav"), ("b", "mix22k.flac"), ("b", "mix22k.au"), ("b", "mix22k.mp3")]
    {
        fs::create_dir_all(place.path().join("set").join(class)).expect("a folder");
        fs::copy(audio.join(name), place.path().join("set").join(class).join(name)).expect("copied");
    }
    let json = place.json(&["data", "inspect", "set"]);
    let [set] = json["duplicates"].as_array().expect("a list").as_slice() else { panic!("one set: {json}") };
    assert_eq!((&set["same"], set["files"].as_array().map(Vec::len)), (&"sound".into(), Some(3)), "{set}");
    assert_eq!(set["across_classes"], true);
    let formats: Vec<&String> = json["formats"].as_object().expect("counts").keys().collect();
    assert_eq!(formats, ["au", "flac", "mp3", "wav"]);
    assert!(json["balance"].is_null() && json["not_dealt"].as_str().is_some_and(|why| why.contains("split class")));
}

#[test]
fn a_page_stands_alone_and_takes_no_orders_from_names() {
    let place = Place::new();
    faulty(&place);
    let hostile = "a<img src=x onerror=alert(1)>&\"'.wav";
    fs::write(place.path().join("tones/high").join(hostile), "no sound").expect("writable");
    place.ask(&["data", "inspect", "tones", "--html", "page.html"]);
    let page = fs::read_to_string(place.path().join("page.html")).expect("written");
    assert_eq!(page.matches("src=\"data:image/png;base64,").count(), 2);
    assert_eq!(page.matches("<img ").count(), 2, "no markup out of a name");
    assert!(page.contains("a&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;.wav"));
    for outside in ["<script", "http://", "https://", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "the page holds {outside}");
    }
    assert!(page.contains("alt=\"Mel spectrogram of high"));
    place.ask(&["data", "inspect", "tones", "--html", "again.html", "--threads", "1"]);
    assert_eq!(
        page,
        fs::read_to_string(place.path().join("again.html")).expect("written"),
        "the same, whatever the threads"
    );
}

#[test]
fn manifests_keep_their_groups_in_sight() {
    let place = Place::new();
    tones(&place);
    let mut text = String::from("file,label,group\n");
    for class in ["high", "low"] {
        for number in 0..5 {
            text.push_str(&format!("tones/{class}/{number}.wav,{class},{class}{}\n", number / 2));
        }
    }
    place.write("list.csv", text);
    let split = ["--set", "split.valid=0.3", "--set", "split.test=0.3"];
    let loose = place.json(&[&["data", "inspect", "list.csv"][..], &split].concat());
    assert_eq!(loose["balance"]["groups"]["count"], 6);
    let kept = place.json(&[&["data", "inspect", "list.csv", "--set", "split.by_group=true"][..], &split].concat());
    assert_eq!(kept["balance"]["groups"]["crossing"], 0);
}

#[test]
fn a_table_of_numbers_is_inspected_too() {
    let place = Place::new();
    let mut text = String::from("filename,a,same,label\n");
    for row in 0..12 {
        text.push_str(&format!("x{row}.wav,{},7,{}\n", row / 2, ["jazz", "rock"][row % 2]));
    }
    place.write("table.csv", text);
    assert_snapshot!("inspect_table", said(&place, &["data", "inspect", "table.csv", "--html", "table.html"]));
    let page = fs::read_to_string(place.path().join("table.html")).expect("written");
    assert!(page.contains("columns that never change"));
}

#[test]
fn what_cannot_be_inspected_is_refused_with_a_remedy() {
    let place = Place::new();
    let inspect = |args: &[&str]| refused(&place, 2, &[&["data", "inspect"], args].concat());
    assert_snapshot!("inspect_nothing", inspect(&["music"]));
    fs::create_dir(place.path().join("music")).expect("a folder");
    assert_snapshot!("inspect_empty", inspect(&["music"]));
    fs::create_dir(place.path().join("music/jazz")).expect("a folder");
    place.write("music/jazz/notes.txt", "no audio");
    assert_snapshot!("inspect_no_audio", inspect(&["music"]));
    place.write("a.csv", "x\n");
    assert_snapshot!("inspect_no_rows", inspect(&["a.csv"]));
    tones(&place);
    assert_snapshot!("inspect_page_is_a_folder", inspect(&["tones", "--html", "music"]));
    assert_snapshot!("inspect_page_nowhere", inspect(&["tones", "--html", "nowhere/page.html"]));
    assert_snapshot!("inspect_page_is_the_data", inspect(&["a.csv", "--html", "a.csv"]));
    assert_snapshot!("inspect_no_setting_of_data", inspect(&["tones", "--set", "batch=8"]));
    assert_snapshot!("inspect_misspelt_split", inspect(&["tones", "--set", "split.method=kfolds"]));
    assert_eq!(fs::read_to_string(place.path().join("a.csv")).expect("still there"), "x\n");
}

#[test]
fn an_interrupt_ends_it_cleanly() {
    let place = Place::new();
    tones(&place);
    for number in 0..20 {
        // A minute and more of silence that takes no room on the disk.
        let path = place.path().join(format!("tones/low/long{number}.wav"));
        wav(&path, 8000, 1, &[]);
        let mut head = fs::read(&path).expect("just written");
        let length = 80_000_000u32;
        head[4..8].copy_from_slice(&(36 + length).to_le_bytes());
        head[40..44].copy_from_slice(&length.to_le_bytes());
        fs::write(&path, head).expect("writable");
        fs::File::options().append(true).open(&path).expect("there").set_len(44 + u64::from(length)).expect("sparse");
    }
    let mut process = place.start(&["-v", "data", "inspect", "tones", "--html", "page.html"]);
    until("it to listen for signals", || process.talk().contains("Ctrl-C").then_some(()));
    process.signal("INT");
    assert_eq!(process.end(), Some(130), "{}", process.talk());
    assert_eq!(process.data(), "");
    assert!(process.talk().contains("nothing is written"), "{}", process.talk());
    assert!(!place.path().join("page.html").exists());
}

#[test]
fn a_spectrogram_is_drawn() {
    let place = Place::new();
    tones(&place);
    let talk = place.run(&["data", "spectrogram", "tones/low/0.wav"]).talk;
    assert!(talk.contains("0.png: 1024 x 256 pixels, 1.00 s from 0.00 s on"), "{talk}");
    let drawn = ["data", "spectrogram", "tones/high/1.wav", "--out", "x.png", "--kind", "stft", "--colours", "grey"];
    let json = place.json(&[&drawn[..], &["--height", "64", "--width", "100", "--start", "0.25"]].concat());
    assert_eq!((&json["height"], &json["width"], &json["seconds"]), (&64.into(), &100.into(), &0.75.into()));
    for (name, width, height) in [("0.png", 1024u32, 256u32), ("x.png", 100, 64)] {
        let file = fs::read(place.path().join(name)).expect("written");
        assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!((&file[16..20], &file[20..24]), (&width.to_be_bytes()[..], &height.to_be_bytes()[..]));
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_a_remedy() {
    let place = Place::new();
    tones(&place);
    let draw = |args: &[&str]| refused(&place, 2, &[&["data", "spectrogram"], args].concat());
    assert_snapshot!("spectrogram_nothing", draw(&["no.wav"]));
    assert_snapshot!("spectrogram_folder", draw(&["tones"]));
    place.write("text.wav", "This is no music at all. ".repeat(400));
    assert_snapshot!("spectrogram_text", draw(&["text.wav"]));
    assert_snapshot!("spectrogram_after_the_end", draw(&["tones/low/0.wav", "--start", "5"]));
    assert_snapshot!("spectrogram_over_itself", draw(&["tones/low/0.wav", "--out", "tones/low/0.wav"]));
    assert_snapshot!("spectrogram_into_a_folder", draw(&["tones/low/0.wav", "--out", "tones"]));
    assert_snapshot!("spectrogram_negative", draw(&["tones/low/0.wav", "--seconds", "-1"]));
    let left: Vec<_> =
        fs::read_dir(place.path()).expect("listed").filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    assert!(!left.iter().any(|name| name.ends_with(".png") || name.ends_with(".tmp")), "{left:?}");
}

#[test]
fn features_are_a_table_that_trains() {
    let place = Place::new();
    faulty(&place);
    let done = place.run(&["data", "features", "tones", "--out", "table.csv"]);
    assert_eq!((done.code, done.data.as_str()), (Some(0), ""), "{}", done.talk);
    assert_eq!(done.talk.matches("  skipped ").count(), 3, "{}", done.talk);
    let text = fs::read_to_string(place.path().join("table.csv")).expect("written");
    let mut lines = text.lines();
    let heading = lines.next().expect("a heading");
    assert!(heading.starts_with("filename,length,chroma_stft_mean,chroma_stft_var,rms_mean"), "{heading}");
    assert!(heading.ends_with("mfcc20_mean,mfcc20_var,label"), "{heading}");
    assert_eq!((heading.split(',').count(), lines.count()), (60, 18));
    // 8000 samples at 8000 Hz are a second.
    assert!(text.contains("\nhigh/0.wav,22050,"), "names that two files share have their folders: {text}");
    assert_eq!(place.json(&["data", "features", "tones", "--out", "again.csv", "--threads", "1"])["skipped"], 3);
    assert_eq!(text, fs::read_to_string(place.path().join("again.csv")).expect("written"));

    place.write(
        "sweep.yaml",
        "recipe: {data: {source: table, path: table.csv}, split: {valid: 0.2, test: 0.2}, net: {name: mlp}, epochs: 2}\n",
    );
    let trained = place.json(&["run", "sweep.yaml"]);
    assert!(trained.to_string().contains("completed"), "{trained}");
}

#[test]
fn what_gives_no_features_is_refused_with_a_remedy() {
    let place = Place::new();
    let features = |args: &[&str]| refused(&place, 2, &[&["data", "features"], args].concat());
    place.write("table.csv", "a,label\n1,x\n2,y\n");
    assert_snapshot!("features_of_a_table", features(&["table.csv", "--out", "out.csv"]));
    assert_snapshot!("features_of_nothing", features(&["music", "--out", "out.csv"]));
    fs::create_dir_all(place.path().join("music/jazz")).expect("a folder");
    fs::create_dir_all(place.path().join("music/rock")).expect("a folder");
    place.write("music/jazz/a.wav", "no sound");
    place.write("music/rock/a.wav", "");
    assert_snapshot!("features_of_no_sound", features(&["music", "--out", "out.csv"]));
    assert_snapshot!("features_over_the_data", features(&["table.csv", "--out", "table.csv"]));
    assert!(!place.path().join("out.csv").exists());
}

#[test]
fn the_cache_is_listed_and_cleared() {
    let place = Place::new();
    assert_eq!(place.json(&["data", "cache"])["entries"], 0);
    assert!(!place.path().join("cache").exists(), "looking makes nothing");
    tones(&place);
    place.write(
        "sweep.yaml",
        "recipe: {data: {source: folder, path: tones}, split: {valid: 0.2, test: 0.2}, \
         features: {height: 32, width: 32}, net: {depth: 1, filters: 2, dense: [8]}, epochs: 1}\n",
    );
    place.ask(&["run", "sweep.yaml"]);
    let listed = place.json(&["data", "cache", "list"]);
    assert_eq!(listed["entries"], 10, "{listed}");
    assert_eq!(listed["front_ends"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_snapshot!("cache_without_a_terminal", refused(&place, 2, &["data", "cache", "clear"]));
    assert_eq!(place.json(&["data", "cache", "clear", "--older-than", "1d", "--yes"])["entries"], 0);
    assert_eq!(place.json(&["data", "cache", "clear", "--yes"])["entries"], 10);
    assert_eq!(place.json(&["data", "cache"])["entries"], 0);
}
