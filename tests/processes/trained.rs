//! A net after its sweep: it answers from the store, and from a file of its own where there is no store.

use std::fs;

use serde_json::Value;

use crate::world::Place;

const SWEEP: &str = "\
name: short
recipe:
  data: {source: folder, path: music}
  split: {valid: 0.25, test: 0.25}
  features: {kind: mel, mels: 16, segments: {seconds: 1}}
  net: {name: conv2d, filters: [4], kernels: 3, pools: 2}
  epochs: 1
";

#[test]
fn answers_are_the_same_from_store_and_file() {
    let place = Place::new();
    place.ask(&["data", "synth", "music", "--clips-per-style", "4", "--seconds", "2.5", "--sample-rate", "8000"]);
    place.write("short.yaml", SWEEP);
    place.ask(&["run", "short.yaml", "--slots", "1"]);
    let clip = fs::read_dir(place.path().join("music/jig")).expect("a style").next().expect("a clip").expect("listed");
    let clip = clip.path().to_string_lossy().into_owned();
    let of_store = place.json(&["predict", "s1/t1", &clip]);
    let answer = &of_store[0];
    let sum: f64 = answer["probabilities"].as_object().expect("by class").values().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{answer}");
    assert_eq!(
        (answer["segments"].as_array().map(Vec::len), answer["top"].as_array().map(Vec::len)),
        (Some(2), Some(5))
    );
    assert_eq!(answer["top"][0]["class"], answer["class"], "one clip is judged by the sum of its pieces");

    let exported = place.json(&["export", "s1/t1", "--out", "net.safetensors"]);
    assert_eq!(exported["trial"], "s1/t1");
    let recipe: Value = serde_json::from_slice(&fs::read(place.path().join("net.recipe.json")).expect("is beside it"))
        .expect("is JSON");
    assert_eq!(recipe["net"]["name"], "conv2d");
    let again = place.run(&["export", "s1/t1", "--out", "net.safetensors"]);
    assert_eq!(again.code, Some(2), "a file that is there stays");
    place.ask(&["export", "s1/t1", "--out", "net.safetensors", "--force"]);

    fs::remove_dir_all(place.data_dir()).expect("the store goes");
    assert_eq!(place.json(&["predict", "net.safetensors", &clip]), of_store);
    let both = place.run(&["predict", "net.safetensors", &clip, "short.yaml", "--output", "csv", "--segments"]);
    assert_eq!((both.code, both.data.lines().count()), (Some(1), 4), "{both:?}");
    assert!(both.talk.contains("short.yaml"), "what could not be answered is named: {}", both.talk);
}
