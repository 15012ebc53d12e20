//! The command line of `gliss nets`.

use clap::{Args, Subcommand};

/// What is asked about nets.
#[derive(Debug, Subcommand)]
pub(crate) enum NetsVerb {
    /// The layers of a net: shapes, parameters, multiply-accumulates, memory. Allocates none of it.
    #[command(after_help = "\
Examples:
  gliss nets show resnet18 --input 3x256x1320
  gliss nets show spec_embed --input 1x96x936 --beside 753 --classes 8
  gliss nets show liu_cnn --set depth=3 --set padding=valid --output json")]
    Show(ShowArgs),
}

/// Arguments of `nets show`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    /// A net that `gliss nets` lists.
    pub(crate) net: String,
    /// Shape of one example, such as 3x128x128 or 57 [default: the one it was published with].
    #[arg(long, value_name = "SHAPE", value_parser = shape)]
    pub(crate) input: Option<Shape>,
    /// Shape of an example of the second input, for nets that take two.
    #[arg(long, value_name = "SHAPE", value_parser = shape)]
    pub(crate) beside: Option<Shape>,
    /// Classes to tell apart [default: as published].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) classes: Option<u32>,
    /// Examples in a step, for the memory that it takes.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) batch: u32,
    /// A setting of the net, such as `depth=3` or `filters=[8, 16]`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
}

/// The shape of one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape(pub(crate) Vec<usize>);

/// Sides with an `x` between them.
fn shape(text: &str) -> Result<Shape, String> {
    let side = |part: &str| part.parse::<usize>().ok().filter(|side| (1..=1 << 30).contains(side));
    let sides: Option<Vec<usize>> = text.split('x').map(side).collect();
    match sides {
        Some(sides) if sides.len() <= 3 => Ok(Shape(sides)),
        _ => Err(format!("`{text}` is not a shape like 57, 96x936 or 3x128x128")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_sides() {
        assert_eq!(shape("57"), Ok(Shape(vec![57])));
        assert_eq!(shape("3x256x1320"), Ok(Shape(vec![3, 256, 1320])));
        for bad in ["", "x", "3x", "0x3", "-1", "3x3x3x3", "3×3", "99999999999"] {
            assert!(shape(bad).is_err(), "{bad} was taken");
        }
    }
}
