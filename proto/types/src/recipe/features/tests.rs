//! Every input of the papers as a recipe, and what a plan must refuse.

use serde_json::{Value, json};

use super::{Features, Normalise, Segments};
use crate::recipe::{Augment, Training};
use crate::{Recipe, Settings};

fn read(value: Value) -> Result<Training, Vec<crate::settings::Issue>> {
    let settings: Settings = serde_json::from_value(value).expect("a mapping");
    match Recipe::read(&settings)?.0 {
        Recipe::Train(training) => Ok(*training),
        Recipe::Noop(_) => panic!("a recipe that trains"),
    }
}

fn on_sound(features: Value, augment: Value) -> Result<Training, Vec<crate::settings::Issue>> {
    read(json!({"data": {"source": "synth"}, "features": features, "augment": augment, "net": {"name": "mlp"}}))
}

fn good(features: Value, augment: Value) -> Training {
    let shown = format!("{features} {augment}");
    let training = on_sound(features, augment).unwrap_or_else(|issues| panic!("{shown}: {issues:?}"));
    let recipe = Recipe::Train(Box::new(training.clone()));
    let again = Recipe::from_canonical(&recipe.canonical()).expect("its own form is readable");
    assert_eq!(again, recipe, "{shown}");
    assert_eq!(again.canonical(), recipe.canonical());
    training
}

fn known(features: &Features) -> Vec<usize> {
    features.dims().into_iter().map(|dim| dim.expect("the settings say it")).collect()
}

#[test]
fn the_papers_inputs_have_the_papers_shapes() {
    // 000, 1.3 c: the padded mel; b: pictures are of another source.
    let first = json!({"kind": "mel", "sample_rate": 22_050, "n_fft": 1024, "mels": 256, "power": 1, "frames": 1320,
                       "channels": 3, "normalise": "range"});
    let training = good(first.clone(), Value::Null);
    assert_eq!(known(&training.features), [3, 256, 1320]);
    let mut as_run = first;
    as_run["of_complex"] = json!(true);
    good(as_run, Value::Null);
    good(json!({"kind": "statistics"}), Value::Null);
    // 001, 2.2.
    assert_eq!(known(&good(json!({"seconds": 30, "colours": "magma"}), Value::Null).features), [3, 128, 128]);
    // 002, 3.2: whole clips and segments.
    let wave = json!({"kind": "waveform", "sample_rate": 44_100, "samples": 1_000_000});
    let stft = json!({"kind": "stft", "sample_rate": 44_100, "samples": 1_000_000, "hop": 1024, "normalise": "global"});
    assert_eq!(known(&good(wave.clone(), Value::Null).features), [1, 1_000_000]);
    assert_eq!(known(&good(stft.clone(), Value::Null).features), [1, 1025, 977]);
    for (mut features, shape) in [(wave, vec![1, 131_072]), (stft, vec![1, 1025, 129])] {
        features["segments"] = json!({"samples": 131_072, "overlap": 0.5});
        let training = good(features, Value::Null);
        assert_eq!(known(&training.features), shape);
        let pieces = training.features.segments.as_ref().and_then(|s| s.pieces(44_100)).expect("cut");
        assert_eq!((pieces.length, pieces.hop, pieces.of(1_000_000)), (131_072, 65_536, 14));
    }
    // 003, 4.2.
    let third = json!({"kind": "mel", "sample_rate": 22_050, "win_length": 1984, "hop": 992, "mels": 64, "compress": "none",
                       "frames": 668, "layout": "time_bands", "normalise": "position", "ddof": 1});
    let training = good(third, Value::Null);
    assert_eq!(known(&training.features), [1, 668, 64]);
    assert_eq!((training.features.input.normalise, training.features.input.ddof), (Normalise::Position, 1));
    // 004, 5.2 and 5.4.
    let fourth = json!({"kind": "mel", "n_fft": 1024, "mels": 96, "normalise": "global", "channels": 0});
    let training = good(fourth.clone(), Value::Null);
    assert_eq!(training.features.dims(), [Some(96), None], "as long as the shortest clip");
    assert_eq!(training.features.shapes_of(Some(29.93)), [[Some(96), Some(936)]]);
    let mut cut = fourth;
    cut["channels"] = json!(3);
    cut["segments"] = json!({"frames": 125, "aggregate": "vote", "aggregate_valid": false});
    assert_eq!(known(&good(cut, Value::Null).features), [3, 96, 125]);
    let musicnn = json!({"kind": "mel", "n_fft": 512, "hop": 256, "mels": 96, "compress": "musicnn"});
    good(musicnn, Value::Null);
    assert_eq!(known(&good(json!({"kind": "embedding", "path": "/v"}), Value::Null).features), [753]);
}

#[test]
fn the_papers_augmentations_are_recipes() {
    let online = json!({"online": [
        {"noise": 0.005, "chance": 0.25}, {"stretch": [0.9, 1.1], "chance": 0.25}, {"roll": 1600, "chance": 0.25},
        {"pitch": [0, 4], "chance": 0.25}, {"percussive": true, "chance": 0.25}]});
    assert_eq!(good(json!({}), online).augment.online.len(), 5);
    let copies = json!({"copies": [{"pitch": 1}, {"pitch": -1}, {"stretch": 0.93, "length": "free"},
                                   {"stretch": 1.07, "length": "free"}]});
    assert_eq!(good(json!({}), copies).augment.copies.len(), 4);
    let drawn = json!({"copies": [[{"noise": 0.0025}, {"roll": [0, 7999]},
                                   {"stretch": {"one_of": [0.8, 0.9, 1.0, 1.1]}, "length": "free"}]],
                       "copies_of": ["train", "valid"], "seed": 7});
    let training = good(json!({"kind": "mel"}), drawn);
    assert_eq!((training.augment.copies[0].len(), training.augment.seed), (3, 7));
    let masks = json!({"masks": {"time": 2, "time_width": 40, "bands": 1, "value": "zero"}});
    assert_eq!(good(json!({"kind": "mel"}), masks).augment.masks.bands_width, 27);
    good(json!({}), json!({"online": [{"speed": {"one_of": [0.9, 1.1]}, "length": "free"}]}));
}

#[test]
fn what_is_left_out_leaves_the_canonical_form_as_it_was() {
    let canonical = Recipe::Train(Box::new(good(json!({}), Value::Null))).canonical();
    let expected = concat!(
        r#"{"batch":32,"data":{"clips_per_style":40,"sample_rate":22050,"seconds":6.0,"seed":0,"source":"synth"},"#,
        r#""epochs":10,"features":{"colours":"grey","height":128,"hop":512,"kind":"mel_picture","mels":128,"n_fft":2048,"#,
        r#""sample_rate":16000,"seconds":0.0,"width":128},"net":{"dropout":0.0,"hidden":[128,64],"name":"mlp"},"#,
        r#""optimiser":{"beta1":0.9,"beta2":0.999,"eps":1e-8,"lr":0.001,"name":"adam","weight_decay":0.0},"#,
        r#""schedule":{"name":"constant"},"seed":0,"split":{"by_group":false,"method":"stratified","seed":0,"test":0.15,"#,
        r#""valid":0.15},"task":"train"}"#
    );
    assert_eq!(canonical, expected, "keys of earlier recipes stay what they were");
    assert!(Augment::default().is_none());
}

#[test]
fn combinations_that_cannot_be_are_refused_with_a_remedy() {
    let mel = json!({"kind": "mel"});
    let long = json!({"online": [{"stretch": 0.9, "length": "free"}]});
    let cases = [
        (json!({"kind": "mel", "win_length": 4096}), Value::Null, "features.win_length"),
        (json!({"kind": "mel", "of_complex": true}), Value::Null, "features.of_complex"),
        (json!({"kind": "mel", "channels": 2}), Value::Null, "features.channels"),
        (json!({"kind": "mel", "fit": "fixed"}), Value::Null, "features.frames"),
        (json!({"kind": "mel", "seconds": 3, "samples": 9000}), Value::Null, "features.samples"),
        (json!({"kind": "columns"}), Value::Null, "features.kind"),
        (json!({"kind": "image"}), Value::Null, "features.kind"),
        (json!({"kind": "embedding"}), Value::Null, "features.path"),
        (json!({"kind": "waveform", "segments": {"frames": 5}}), Value::Null, "features.segments.frames"),
        (json!({"kind": "mel", "segments": {"samples": 500}}), Value::Null, "features.segments.samples"),
        (json!({"kind": "mel", "segments": {}}), Value::Null, "features.segments.samples"),
        (json!({"kind": "mel", "segments": {"frames": 5, "seconds": 3}}), Value::Null, "features.segments.frames"),
        (
            json!({"kind": "mel", "samples": 16_000, "segments": {"seconds": 3}}),
            Value::Null,
            "features.segments.seconds",
        ),
        (
            json!({"kind": "embedding", "path": "/v", "segments": {"seconds": 3}}),
            Value::Null,
            "features.segments.seconds",
        ),
        (json!({"kind": "mel", "beside": {"kind": "stft"}}), Value::Null, "features.beside.kind"),
        (json!({"kind": "mel", "beside": {"n_fft": 512}}), Value::Null, "features.beside.kind"),
        (json!({"kind": "mel", "segments": {"frames": 5}}), long.clone(), "augment.online"),
        (json!({}), json!({"masks": {"time": 1}}), "augment.masks.time"),
        (json!({"kind": "embedding", "path": "/v"}), json!({"copies": [{"pitch": 1}]}), "augment.copies"),
        (mel.clone(), json!({"online": [{"pitch": 99}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"roll": 0.5}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"noise": [0.1, 0.05]}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"noise": 0.1, "pitch": 1}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"noise": 0.1, "chance": 0}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"noise": 0.1, "length": "free"}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"percussive": false}]}), "augment.online"),
        (mel.clone(), json!({"online": [{"stretch": {"one_of": []}}]}), "augment.online"),
        (mel.clone(), json!({"online": 3}), "augment.online"),
        (mel.clone(), json!({"copies": [[{"noise": 0.1}], 3]}), "augment.copies"),
        (mel.clone(), json!({"copies": [{"pitch": 1}], "copies_of": ["test"]}), "augment.copies_of"),
    ];
    for (features, augment, path) in cases {
        let shown = format!("{features} {augment}");
        let issues = on_sound(features, augment).expect_err(&shown);
        assert!(issues.iter().any(|issue| issue.path == path), "{shown}: {issues:?}");
    }
    let table = json!({"data": {"source": "table", "path": "/t"}, "augment": {"online": [{"noise": 0.1}]}});
    assert!(read(table).expect_err("no sound").iter().any(|issue| issue.path == "augment.online"));
    for (features, word) in [
        (json!({"kind": "mel", "channels": 0}), "channels"),
        (json!({"kind": "waveform", "samples": 16_000}), "waveform"),
        (json!({"kind": "statistics"}), "statistics"),
    ] {
        let net = json!({"data": {"source": "synth"}, "features": features, "net": {"name": "liu_cnn"}});
        let issues = read(net).expect_err("no picture");
        assert!(issues.iter().any(|issue| issue.path == "net.name" && issue.to_string().contains(word)), "{issues:?}");
    }
}

#[test]
fn a_second_input_goes_with_nets_that_take_two() {
    let issues = on_sound(json!({"kind": "waveform", "samples": 9000, "beside": {"kind": "stft"}}), Value::Null);
    let issues = issues.expect_err("a net of one input");
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert!(issues[0].to_string().contains("takes one input"), "{issues:?}");
    let with = |features: Value, net: &str| {
        read(json!({"data": {"source": "synth"}, "features": features, "net": {"name": net}}))
    };
    let both = json!({"kind": "stft", "beside": {"kind": "waveform", "samples": 9000}});
    with(both.clone(), "nnet2_mix").expect("goes with two");
    for (features, net, path) in [
        (json!({"kind": "stft"}), "nnet2_mix", "net.name"),
        (both.clone(), "spec_embed", "features.beside.kind"),
        (both, "nnet2_1d", "features.beside.kind"),
        (json!({"kind": "stft"}), "nnet2_1d", "net.name"),
        (json!({"kind": "statistics"}), "gct_q1", "net.name"),
    ] {
        let issues = with(features, net).expect_err(net);
        assert!(issues.iter().any(|issue| issue.path == path), "{net}: {issues:?}");
    }
    let rates = json!({"kind": "waveform", "segments": {"samples": 4096},
                       "beside": {"kind": "stft", "sample_rate": 44_100}});
    let issues = on_sound(rates, Value::Null).expect_err("two rates");
    assert!(issues.iter().any(|issue| issue.path == "features.beside.sample_rate"), "{issues:?}");
}

#[test]
fn pieces_are_counted_as_they_fit() {
    let segments = |settings: Value| -> Segments {
        let features = json!({"kind": "waveform", "segments": settings});
        good(features, Value::Null).features.segments.expect("cut")
    };
    let half = segments(json!({"seconds": 3, "overlap": 0.5})).pieces(16_000).expect("of the waveform");
    assert_eq!((half.length, half.hop), (48_000, 24_000));
    assert_eq!([0, 47_999, 48_000, 71_999, 72_000].map(|samples| half.of(samples)), [0, 0, 1, 1, 2]);
    let apart = segments(json!({"samples": 100})).pieces(16_000).expect("of the waveform");
    assert_eq!((apart.hop, apart.of(1000)), (100, 10));
}
