//! The walk against the published counts and against what is built.

use candle_core::{DType, Device, Tensor};
use gliss_types::recipe::{LiuCnn, Mlp, Net};

use super::{Mode, NetError, Network, walk};

fn published() -> Net {
    Net::LiuCnn(LiuCnn { depth: 4, filters: 4, dropout: 0.5, dense: vec![128, 128, 64, 32, 16], dense_dropout: 0.5 })
}

fn mlp(hidden: &[u32]) -> Net {
    Net::Mlp(Mlp { hidden: hidden.to_vec(), dropout: 0.0 })
}

#[test]
fn counts_are_the_papers() -> Result<(), NetError> {
    let rows = walk(&published(), &[3, 128, 128], 8)?;
    let convs: Vec<u64> = rows.iter().filter(|r| r.name.starts_with("conv")).map(|r| r.parameters).collect();
    assert_eq!(convs, [1456, 1576, 1168, 4640]);
    assert_eq!(rows.iter().map(|r| r.parameters).sum::<u64>(), 298_624);
    let macs = rows.iter().map(|r| r.macs).sum::<u64>();
    assert_eq!(macs / 100_000, 328, "{macs}: 32.9 million, cut and not rounded");
    let outputs: Vec<&[usize]> = rows.iter().map(|r| r.output.as_slice()).collect();
    assert!(
        outputs.contains(&&[4, 64, 64][..]) && outputs.contains(&&[32, 8, 8][..]) && outputs.contains(&&[2048][..])
    );
    for (hidden, parameters) in [(vec![128, 64], 16_330), (vec![32], 2186), (vec![100], 6810), (vec![], 580)] {
        let rows = walk(&mlp(&hidden), &[57], 10)?;
        assert_eq!(rows.iter().map(|r| r.parameters).sum::<u64>(), parameters, "{hidden:?}");
    }
    Ok(())
}

#[test]
fn what_is_built_is_what_was_walked() -> Result<(), Box<dyn std::error::Error>> {
    let odd = Net::LiuCnn(LiuCnn { depth: 3, filters: 2, dropout: 0.1, dense: vec![], dense_dropout: 0.0 });
    for (net, input, classes) in [
        (published(), vec![1, 64, 64], 10),
        (odd, vec![3, 13, 22], 3),
        (mlp(&[128, 64]), vec![57], 10),
        (mlp(&[5]), vec![3, 4, 2], 3),
        (mlp(&[]), vec![6, 5], 2),
    ] {
        let rows = walk(&net, &input, classes)?;
        let network = Network::build(&net, &input, classes, 5, &Device::Cpu)?;
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
        let y = network.forward(&x, Mode::Eval)?;
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
        let error = walk(&net, &input, classes).expect_err("cannot be built");
        let built = Network::build(&net, &input, classes, 0, &Device::Cpu).expect_err("cannot be built");
        assert_eq!(error.to_string(), built.to_string(), "{input:?}");
    }
    let network = Network::build(&mlp(&[4]), &[3], 2, 0, &Device::Cpu).expect("is a net");
    let x = Tensor::zeros((2, 4), DType::F32, &Device::Cpu).expect("has room");
    assert!(matches!(network.forward(&x, Mode::Eval), Err(NetError::Batch { .. })));
}
