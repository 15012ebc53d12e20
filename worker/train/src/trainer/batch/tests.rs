//! Two inputs, and what an epoch changes, without a net.

use std::sync::Arc;
use std::thread;

use gliss_types::Recipe;
use serde_json::{Value, json};

use super::*;
use crate::{Control, Library};

fn training(features: &Value, augment: &Value) -> Training {
    let settings = json!({
        "data": {"source": "synth", "clips_per_style": 4, "seconds": 1.0, "sample_rate": 8000},
        "split": {"valid": 0.25, "test": 0.25},
        "features": features, "augment": augment, "net": {"name": "mlp"},
    });
    let settings = serde_json::from_value(settings).expect("a mapping");
    match Recipe::read(&settings) {
        Ok((Recipe::Train(training), _)) => *training,
        other => panic!("{other:?}"),
    }
}

/// Both inputs: no net takes two, so no recipe with two can be read.
fn beside(features: &Value, beside: &Value) -> Training {
    let mut both = training(features, &Value::Null);
    both.features.beside = Some(training(beside, &Value::Null).features.input);
    both
}

/// The examples of an epoch as `(x, beside, labels)`, in batches of `batch`.
fn epoch(training: &Training, number: u64, threads: usize, batch: usize) -> Vec<Batch> {
    let root = tempfile::tempdir().expect("a folder");
    let (library, stop) = (Library::new(root.path(), threads), Control::new());
    let examples: Arc<Examples> = library.examples(training, &mut |_, _| {}, &stop).expect("listed");
    let deal = examples.deal(&training.split).expect("dealt");
    let mut progress = |_, _| {};
    let mut waiting = Waiting::new(&mut progress, &stop);
    let batches = Batches::new(&examples, training, &deal, &mut waiting).expect("learnt");
    let order = batches.train().to_vec();
    thread::scope(|scope| {
        let mut feed = batches.feed(&order, Epoch { seed: 5, number }, batch, &stop, scope);
        let mut all = Vec::new();
        while let Some(batch) = batches.next(&mut feed, batch, &mut waiting).expect("made") {
            all.push(batch);
        }
        all
    })
}

fn bits(batches: &[Batch]) -> Vec<Vec<u32>> {
    let of = |batch: &Batch| batch.x.flatten_all().and_then(|x| x.to_vec1::<f32>()).expect("values");
    batches.iter().map(|batch| of(batch).iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn a_clip_has_two_inputs_and_their_segments_go_together() {
    let segments = json!({"samples": 2048, "overlap": 0.5});
    let wave = json!({"kind": "waveform", "sample_rate": 8000, "samples": 8000, "segments": segments});
    let stft = json!({"kind": "stft", "sample_rate": 8000, "samples": 8000, "n_fft": 512, "hop": 256, "compress": "none",
                      "segments": segments});
    let batches = epoch(&beside(&wave, &stft), 0, 2, 6);
    assert_eq!(batches.len(), 20, "20 clips of 6 pieces");
    for batch in &batches {
        let both = batch.beside.as_ref().expect("two inputs");
        assert_eq!((batch.x.dims(), both.dims()), (&[6, 1, 2048][..], &[6, 1, 257, 9][..]));
        // The same piece: the middle frame's zeroth bin is the windowed sum of the samples around it.
        let x = batch.x.to_vec3::<f32>().expect("values");
        let planes = both.flatten_from(1).and_then(|both| both.to_vec2::<f32>()).expect("values");
        for (wave, plane) in x.iter().zip(&planes) {
            let window = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / 512.0).cos();
            let sum: f64 = (0..512).map(|i| window(i) * f64::from(wave[0][1024 - 256 + i])).sum();
            assert!((sum.abs() - f64::from(plane[4])).abs() < 1e-3, "{sum} {}", plane[4]);
        }
    }
}

#[test]
fn a_vector_goes_with_every_segment_of_its_clip() {
    let mel =
        json!({"kind": "mel", "sample_rate": 8000, "n_fft": 512, "hop": 256, "mels": 16, "segments": {"frames": 10}});
    let batches = epoch(
        &beside(
            &mel,
            &json!({"kind": "mel_picture", "sample_rate": 8000, "n_fft": 512, "hop": 256,
                                              "height": 8, "width": 8}),
        ),
        0,
        2,
        3,
    );
    assert_eq!(batches.len(), 20, "20 clips of 3 blocks of 10 of their 32 frames");
    for batch in &batches {
        let beside = batch.beside.as_ref().expect("two inputs").flatten_from(1).expect("rows");
        assert_eq!((batch.x.dims(), beside.dims()), (&[3, 1, 16, 10][..], &[3, 64][..]));
        let rows = beside.to_vec2::<f32>().expect("values");
        assert!(rows.iter().all(|row| *row == rows[0]));
        assert!(batch.labels.iter().all(|label| *label == batch.labels[0]));
    }
}

#[test]
fn an_epoch_changes_sound_and_another_one_otherwise() {
    let mel = json!({"kind": "mel", "sample_rate": 8000, "n_fft": 512, "hop": 256, "mels": 16});
    let augment = json!({"online": [{"noise": 0.01, "chance": 0.5}, {"roll": [1, 4000], "chance": 0.5},
                                    {"stretch": [0.9, 1.1], "chance": 0.3}]});
    let changed = training(&mel, &augment);
    let first = bits(&epoch(&changed, 0, 1, 7));
    assert_eq!(first, bits(&epoch(&changed, 0, 3, 7)), "whatever the number of threads");
    assert_ne!(first, bits(&epoch(&changed, 1, 2, 7)));
    let plain = bits(&epoch(&training(&mel, &Value::Null), 0, 2, 7));
    let size = 16 * 32;
    let same = first.iter().flatten().zip(plain.iter().flatten()).collect::<Vec<_>>();
    let kept = same.chunks(size).filter(|example| example.iter().all(|(a, b)| a == b)).count();
    assert!((1..10).contains(&kept), "about one in six is left as it is: {kept} of 20");
    let masked = training(&mel, &json!({"masks": {"time": 1, "time_width": 8, "value": "zero"}}));
    assert_ne!(bits(&epoch(&masked, 0, 2, 7)), plain);
    assert_ne!(bits(&epoch(&masked, 0, 2, 7)), bits(&epoch(&masked, 1, 2, 7)));
}
