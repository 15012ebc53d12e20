//! Nets, trained or not: what cannot be shown, asked or written.

use insta::assert_snapshot;

use crate::said::{refused, said};
use crate::world::Place;

#[test]
fn nets_that_cannot_be() {
    let place = Place::new();
    for (name, args) in [
        ("nets_unknown", &["nets", "show", "resnet19"][..]),
        ("nets_too_small", &["nets", "show", "liu_cnn", "--input", "3x8x8"]),
        ("nets_no_depth", &["nets", "show", "resnet", "--set", "depth=19", "--input", "3x64x64"]),
        ("nets_no_setting", &["nets", "show", "mlp", "--set", "depht=3"]),
        ("nets_family_without_shape", &["nets", "show", "conv2d"]),
        ("nets_no_shape", &["nets", "show", "mlp", "--input", "3*4"]),
        ("nets_two_inputs", &["nets", "show", "gct_base2d", "--beside", "753"]),
    ] {
        assert_snapshot!(name, refused(&place, 2, args));
    }
    assert_snapshot!("nets_show", said(&place, &["nets", "show", "gct_mlp753", "--batch", "8"]));
}

#[test]
fn nets_that_cannot_answer() {
    let place = Place::new();
    place.write("noop.yaml", "name: two\nrecipe: {task: noop}\nparameters: {seed: {values: [1, 2]}}\n");
    place.ask(&["run", "noop.yaml"]);
    place.write("text.safetensors", "these are no weights");
    for (name, args) in [
        ("predict_no_trial", &["predict", "s1/t9", "x.wav"][..]),
        ("predict_trained_nothing", &["predict", "s1/t1", "x.wav"]),
        ("predict_no_net", &["predict", "nowhere.safetensors", "x.wav"]),
        ("predict_no_weights", &["predict", "text.safetensors", "x.wav"]),
        ("predict_no_file", &["predict", "s1/t1"]),
        ("export_no_trial", &["export", "s1/t9"]),
        ("export_sweep", &["export", "s1"]),
    ] {
        assert_snapshot!(name, refused(&place, 2, args));
    }
}
