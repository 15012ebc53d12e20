//! Files of weights: PyTorch's own, the published ImageNet nets and musicnn against their goldens, and broken files.
#![expect(clippy::print_stdout, reason = "errors against goldens are shown with --nocapture")]

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use gliss_nets::{Mode, Network, Part};
use gliss_train::weights::{WeightsError, WeightsFile, check, load};
use gliss_types::recipe::{Family, Mlp, Net};

mod support;

type Outcome = Result<(), Box<dyn Error>>;

/// 3-4-2, as PyTorch saved it: under its names at the top of the file, and inside a training's checkpoint.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights").join(name)
}

fn mlp(hidden: u32) -> Net {
    Family::Mlp(Mlp { hidden: vec![hidden], dropout: 0.0, norm: false }).into()
}

#[test]
fn a_pytorch_file_gives_pytorch_s_outputs() -> Outcome {
    for name in ["mlp.pth", "mlp_inside.pth"] {
        let network = Network::build(&mlp(4), &[&[3]], 2, 0, &Device::Cpu)?;
        check(&fixture(name), &mlp(4), &[&[3]], 2, Part::Whole)?;
        load(&fixture(name), &network, Part::Whole)?;
        let x = (Tensor::arange(0f32, 6.0, &Device::Cpu)?.reshape((2, 3))? / 6.0)?;
        let y = network.forward(&[&x], Mode::Eval)?.to_vec2::<f32>()?;
        // What the module that was saved gives for the same input.
        let expected = [[-0.297_015_58, -0.341_058_3], [-0.158_855_54, -0.520_879_45]];
        for (row, expected) in y.iter().zip(expected) {
            for (value, expected) in row.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-6, "{name}: {y:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_head_begins_anew_and_the_body_must_fit() -> Outcome {
    let ten = Network::build(&mlp(4), &[&[3]], 10, 7, &Device::Cpu)?;
    let head = ten.parameters()[2].1.as_tensor().copy()?;
    load(&fixture("mlp.pth"), &ten, Part::Body)?;
    assert!((ten.parameters()[0].1.to_vec2::<f32>()?[0][0] + 0.572_427_15).abs() < 1e-7);
    assert_eq!(ten.parameters()[2].1.to_vec2::<f32>()?, head.to_vec2::<f32>()?, "the last layer is as it was");
    let error = load(&fixture("mlp.pth"), &ten, Part::Whole).expect_err("two classes are not ten");
    let text = format!("{error}: {}", error.source().expect("says which"));
    assert!(text.contains("fc.1.weight") && text.contains("[2, 4]") && text.contains("[10, 4]"), "{text}");
    let error = check(&fixture("mlp.pth"), &mlp(5), &[&[3]], 2, Part::Body).expect_err("five are not four");
    assert!(error.source().expect("says which").to_string().contains("fc.0.weight"));
    let deep = Family::Mlp(Mlp { hidden: vec![4, 2], dropout: 0.0, norm: false }).into();
    let wider = Family::Mlp(Mlp { hidden: vec![4, 2, 9], dropout: 0.0, norm: false }).into();
    check(&fixture("mlp.pth"), &deep, &[&[3]], 2, Part::Body)?;
    let error = check(&fixture("mlp.pth"), &wider, &[&[3]], 2, Part::Body).expect_err("a layer is missing");
    assert!(error.source().expect("says which").to_string().contains("`fc.2.weight` not at all"), "{error:?}");
    Ok(())
}

#[test]
fn broken_files_are_errors() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("broken");
    let open = |bytes: &[u8]| -> Result<HashMap<String, Vec<usize>>, WeightsError> {
        fs::write(&path, bytes).expect("written");
        let file = WeightsFile::open(&path)?;
        let names = ["fc.0.weight", "fc.0.bias", "fc.1.weight", "fc.1.bias"];
        let mut read = HashMap::new();
        for name in names {
            let tensor = file.tensor(name)?;
            read.insert(name.to_owned(), tensor.dims().to_vec());
        }
        Ok(read)
    };
    assert!(matches!(WeightsFile::open(&folder.path().join("nowhere")), Err(WeightsError::Io { .. })));
    assert!(matches!(open(b""), Err(WeightsError::Safetensors { .. })));
    assert!(matches!(open(b"not weights at all"), Err(WeightsError::Safetensors { .. })));
    assert!(matches!(open(b"PK\x03\x04 and no more"), Err(WeightsError::Pickle { .. })));
    assert!(matches!(open(&[255; 64]), Err(WeightsError::Safetensors { .. })));
    let sound = fs::read(fixture("mlp.pth"))?;
    assert_eq!(open(&sound)?.len(), 4);
    for end in (0..sound.len() - 1).step_by(37) {
        assert!(open(&sound[..end]).is_err(), "cut at {end}");
    }
    // What a changed byte does to a value is nobody's business here: but it must not do more.
    for place in 0..sound.len() {
        let mut changed = sound.clone();
        changed[place] ^= 1 << (place % 8);
        if let Ok(read) = open(&changed) {
            assert!(read.values().flatten().product::<usize>() <= 1 << 30, "changed at {place}: {read:?}");
        }
    }
    Ok(())
}

/// Logits (or, with `softmax`, probabilities) of a published net for a picture of the golden file.
fn published(net: &str, file: &str, picture: &str) -> Result<Option<Vec<f32>>, Box<dyn Error>> {
    let Some(folder) = support::real_data("imagenet") else { return Ok(None) };
    let goldens = candle_core::safetensors::load(folder.join("golden_imagenet.safetensors"), &Device::Cpu)?;
    let x = goldens[picture].permute((2, 0, 1))?.unsqueeze(0)?.contiguous()?;
    let shape = &x.dims()[1..];
    let network = Network::build(&Net::named(net).expect("a preset"), &[shape], 1000, 0, &Device::Cpu)?;
    load(&folder.join(file), &network, Part::Whole)?;
    Ok(Some(network.forward(&[&x], Mode::Eval)?.flatten_all()?.to_vec1::<f32>()?))
}

#[test]
fn imagenet_nets_give_their_published_answers() -> Outcome {
    let Some(folder) = support::real_data("imagenet") else { return Ok(()) };
    let goldens = candle_core::safetensors::load(folder.join("golden_imagenet.safetensors"), &Device::Cpu)?;
    for (animal, class) in [("cat", 285), ("coffee", 967)] {
        let squeezenet = "squeezenet1_0_deepcompressed.safetensors";
        let logits = published("squeezenet1_0", squeezenet, &format!("squeezenet.{animal}.input_bgr_hwc"))?;
        let logits = logits.expect("the folder is there");
        let expected = goldens[&format!("squeezenet.{animal}.logits")].to_vec1::<f32>()?;
        let off = difference(&logits, &expected);
        println!("squeezenet1_0 {animal}: logits off by {off:.1e}");
        assert!(off < 1e-3 && top(&logits) == class, "{animal}: off by {off}, top {}", top(&logits));
        let mobilenet = "mobilenet_v1_0.25_224.safetensors";
        let logits = published("mobilenet_v1_025", mobilenet, &format!("mobilenet.{animal}.input_hwc"))?;
        let probabilities = softmax(&logits.expect("the folder is there"));
        let expected = goldens[&format!("mobilenet.{animal}.probs")].to_vec1::<f32>()?;
        let off = difference(&probabilities, &expected);
        println!("mobilenet_v1_025 {animal}: probabilities off by {off:.1e}");
        assert!(off < 1e-4 && top(&probabilities) == class, "{animal}: off by {off}");
    }
    Ok(())
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all: f32 = logits.iter().map(|v| (v - top).exp()).sum();
    logits.iter().map(|v| (v - top).exp() / all).collect()
}

fn top(values: &[f32]) -> usize {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0)
}

#[test]
fn musicnn_gives_its_published_tags_and_embeddings() -> Outcome {
    let Some(folder) = support::real_data("musicnn") else { return Ok(()) };
    const PATCH: usize = 187;
    for clip in ["vibeace", "brahms", "fishin"] {
        let goldens = candle_core::safetensors::load(folder.join(format!("golden_{clip}.safetensors")), &Device::Cpu)?;
        let patches = goldens["logmel_reflect"].narrow(0, 0, 3 * PATCH)?.reshape((3, 1, PATCH, 96))?;
        for model in ["MSD_musicnn", "MTT_musicnn"] {
            let file = folder.join(format!("{model}.safetensors"));
            let golden = |name: &str| goldens[&format!("{model}.{name}")].flatten_all()?.to_vec1::<f32>();
            let net = Net::named("musicnn").expect("a preset");
            let tagger = Network::build(&net, &[&[1, PATCH, 96]], 50, 0, &Device::Cpu)?;
            load(&file, &tagger, Part::Whole)?;
            let logits = tagger.forward(&[&patches], Mode::Eval)?.flatten_all()?.to_vec1::<f32>()?;
            let tags: Vec<f32> = logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
            let embedder = Network::musicnn_embedding(PATCH, &Device::Cpu)?;
            load(&file, &embedder, Part::Whole)?;
            let embedding = embedder.forward(&[&patches], Mode::Eval)?.flatten_all()?.to_vec1::<f32>()?;
            // Batch norms of small variances make the largest values thousands of times the others.
            let pooled = golden("max_pool")?;
            let largest = pooled.iter().map(|value| value.abs()).fold(1.0, f32::max);
            let off = [
                difference(&tags, &golden("taggram")?),
                difference(&logits, &golden("logits")?),
                difference(&embedding, &pooled) / largest,
            ];
            let [tag, logit, share] = off;
            println!(
                "{clip} {model}: tags off by {tag:.1e}, logits {logit:.1e}, embeddings {share:.1e} of {largest:.0}"
            );
            assert!(tag < 5e-6 && logit < 1e-4 && share < 1e-5, "{clip} {model}: {off:?}");
        }
    }
    Ok(())
}
