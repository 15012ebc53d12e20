//! The walk against the published counts and against what is built.

use candle_core::{DType, Device, Tensor};
use gliss_types::recipe::{Family, LiuCnn, Mlp, Net, PRESETS};

use super::{LayerRow, Mode, NetError, Network, walk};

fn published() -> Net {
    Net::named("liu_cnn").expect("is a net")
}

fn mlp(hidden: &[u32]) -> Net {
    Family::Mlp(Mlp { hidden: hidden.to_vec(), dropout: 0.0, norm: false }).into()
}

fn liu(depth: u32, filters: u32) -> Net {
    let Family::LiuCnn(published) = published().family else { unreachable!("it is of that family") };
    Family::LiuCnn(LiuCnn { depth, filters, dense: vec![], dense_dropout: 0.0, ..published }).into()
}

fn learnt(rows: &[LayerRow]) -> u64 {
    rows.iter().map(|row| row.parameters).sum()
}

/// Name, inputs, classes, parameters, millions of multiply-accumulates (0 where no document says).
type Published<'a> = (&'a str, &'a [&'a [usize]], usize, u64, f64);

#[test]
fn counts_are_the_papers() -> Result<(), NetError> {
    let rows = walk(&published(), &[&[3, 128, 128]], 8)?;
    let convs: Vec<u64> = rows.iter().filter(|r| r.name.starts_with("conv")).map(|r| r.parameters).collect();
    assert_eq!(convs, [1456, 1576, 1168, 4640]);
    let outputs: Vec<&[usize]> = rows.iter().map(|r| r.output.as_slice()).collect();
    assert!(
        outputs.contains(&&[4, 64, 64][..]) && outputs.contains(&&[32, 8, 8][..]) && outputs.contains(&&[2048][..])
    );
    // The documents' totals and millions of multiply-accumulates (cut, not rounded); that of MobileNet counts running statistics.
    #[rustfmt::skip]
    let expected: &[Published<'_>] = &[
        ("mlp_32", &[&[57]], 10, 2_186, 0.0),
        ("mlp_100", &[&[57]], 10, 6_810, 0.0),
        ("mlp_128_64", &[&[57]], 10, 16_330, 0.0),
        ("alexnet", &[&[3, 288, 432]], 10, 57_044_810, 1746.0),
        ("alexnet", &[&[3, 256, 1320]], 1000, 61_100_840, 4700.0),
        ("resnet18", &[&[3, 256, 1320]], 10, 11_181_642, 12_281.0),
        ("resnet18", &[&[3, 288, 432]], 1000, 11_689_512, 4535.0),
        ("vgg16", &[&[3, 288, 432]], 10, 134_301_514, 38_200.0),
        ("vgg16", &[&[3, 256, 1320]], 1000, 138_357_544, 103_418.0),
        ("liu_cnn", &[&[3, 128, 128]], 8, 298_624, 32.9),
        ("liu_cnn_3valid", &[&[3, 128, 128]], 8, 326_752, 0.0),
        ("liu_cnn_3same", &[&[3, 128, 128]], 8, 556_128, 0.0),
        ("liu_cnn_code", &[&[3, 128, 128]], 8, 1_055_088, 0.0),
        ("liu_dcnn", &[&[3, 128, 128]], 8, 12_587_932, 75.4),
        ("liu_crnn", &[&[3, 128, 128]], 8, 857_848, 38.9),
        ("liu_dcrnn", &[&[3, 128, 128]], 8, 342_530, 84.1),
        ("nnet2_2d", &[&[1, 1025, 977]], 8, 1_777_350, 1533.0),
        ("nnet2_1d", &[&[1, 1_000_000]], 8, 1_776_326, 0.0),
        ("nnet2_mix", &[&[1, 1025, 977], &[1, 1_000_000]], 8, 1_776_838, 0.0),
        ("alexnet_rect", &[&[1, 668, 64]], 10, 93_550_218, 4049.0),
        ("resnet18_d2l", &[&[1, 668, 64]], 10, 11_178_378, 1484.0),
        ("gct_base1d", &[&[96, 936]], 8, 36_392, 21.2),
        ("gct_q1", &[&[96, 936]], 8, 45_784, 10.8),
        ("gct_mlp753", &[&[753]], 8, 24_456, 0.0),
        ("gct_base2d", &[&[1, 96, 936]], 8, 107_496, 125.7),
        ("gct_base2d", &[&[1, 96, 125]], 8, 107_496, 16.7),
        ("vgg13", &[&[3, 96, 125]], 8, 128_983_624, 2734.0),
        ("vgg16", &[&[3, 96, 125]], 8, 134_293_320, 3697.0),
        ("vgg19", &[&[3, 96, 125]], 8, 139_603_016, 4660.0),
        ("resnet18", &[&[3, 96, 125]], 8, 11_180_616, 444.0),
        ("resnet34", &[&[3, 96, 936]], 8, 21_288_776, 6610.0),
        ("resnet50", &[&[3, 96, 125]], 8, 23_524_424, 1001.0),
        ("resnet101", &[&[3, 96, 125]], 8, 42_516_552, 1910.0),
        ("spec_embed", &[&[1, 96, 936], &[753]], 8, 132_104, 0.0),
        ("squeezenet1_0", &[&[3, 227, 227]], 1000, 1_248_424, 0.0),
        ("musicnn", &[&[1, 187, 96]], 50, 787_159, 0.0),
        ("mobilenet_v1_025", &[&[3, 224, 224]], 1000, 475_544, 0.0),
    ];
    for (name, inputs, classes, parameters, mega) in expected {
        let rows = walk(&Net::named(name).expect("is a net"), inputs, *classes)?;
        let buffers = rows.iter().map(|row| row.buffers).sum::<u64>();
        let counted = if *name == "mobilenet_v1_025" { buffers } else { 0 };
        assert_eq!(learnt(&rows) + counted, *parameters, "{name}");
        let macs = rows.iter().map(|row| row.macs).sum::<u64>() as f64 / 1e6;
        assert!(*mega == 0.0 || (macs - mega).abs() < 0.01 * mega, "{name}: {macs} million, not {mega}");
    }
    Ok(())
}

#[test]
fn presets_can_be_built_on_the_inputs_that_they_name() -> Result<(), NetError> {
    for preset in PRESETS {
        let net = Net::named(preset.name).expect("is a net");
        let rows = walk(&net, preset.inputs, preset.classes)?;
        assert_eq!(rows.last().map(|row| row.output.as_slice()), Some(&[preset.classes][..]), "{}", preset.name);
        let mut names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}: no name twice", preset.name);
    }
    Ok(())
}

#[test]
fn what_is_built_is_what_was_walked() -> Result<(), Box<dyn std::error::Error>> {
    for (net, input, classes) in [
        (published(), vec![1, 64, 64], 10),
        (liu(3, 2), vec![3, 13, 22], 3),
        (mlp(&[128, 64]), vec![57], 10),
        (mlp(&[5]), vec![3, 4, 2], 3),
        (mlp(&[]), vec![6, 5], 2),
    ] {
        let rows = walk(&net, &[&input], classes)?;
        let network = Network::build(&net, &[&input], classes, 5, &Device::Cpu)?;
        assert_eq!(rows.iter().map(|r| r.parameters).sum::<u64>(), network.parameter_count() as u64);
        for (name, var) in network.parameters() {
            let layer = name.rsplit_once('.').map(|(layer, _)| layer);
            assert!(
                rows.iter().any(|r| Some(r.name.as_str()) == layer && r.parameters >= var.elem_count() as u64),
                "{name}"
            );
        }
        let batch: Vec<usize> = [2].iter().chain(&input).copied().collect();
        let x = Tensor::ones(batch, DType::F32, &Device::Cpu)?;
        let y = network.forward(&[&x], Mode::Eval)?;
        assert_eq!(y.dims(), [2, classes]);
        assert_eq!(rows.last().map(|r| r.output.as_slice()), Some(&[classes][..]));
        assert!(!y.track_op(), "an evaluation keeps no graph");
    }
    Ok(())
}

#[test]
fn what_cannot_be_built_is_refused_by_the_walk() {
    let cases = [
        (published(), vec![3, 8, 8], 10),
        (published(), vec![57], 10),
        (mlp(&[8]), vec![1, 8, 0], 10),
        (mlp(&[8]), vec![usize::MAX, 3], 10),
        (mlp(&[8]), vec![0], 10),
        (mlp(&[8]), vec![4], 0),
        (mlp(&[65_536; 16]), vec![57], 10),
        (published(), vec![usize::MAX, 1 << 20, 1 << 20], 10),
    ];
    for (net, input, classes) in cases {
        let error = walk(&net, &[&input], classes).expect_err("cannot be built");
        let built = Network::build(&net, &[&input], classes, 0, &Device::Cpu).expect_err("cannot be built");
        assert_eq!(error.to_string(), built.to_string(), "{input:?}");
    }
    let network = Network::build(&mlp(&[4]), &[&[3]], 2, 0, &Device::Cpu).expect("is a net");
    let x = Tensor::zeros((2, 4), DType::F32, &Device::Cpu).expect("has room");
    assert!(matches!(network.forward(&[&x], Mode::Eval), Err(NetError::Batch { .. })));
}
