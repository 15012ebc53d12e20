//! `gliss nets`.

use comfy_table::Cell;
use gliss_nets::{LayerRow, walk};
use gliss_types::recipe::{Net, PRESETS, Preset};
use gliss_types::{Issue, Settings};

use serde_json::{Map, Value, json};

use super::Setting;
use crate::args::Output;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::nets_args::{NetsVerb, Shape, ShowArgs};
use crate::printer::Printer;
use crate::table::{self, number, plain, text};

/// Numbers of four bytes that training keeps for each parameter: itself, its gradient, Adam's two moments.
const PER_PARAMETER: u64 = 4;

/// What a net comes to.
struct Totals {
    parameters: u64,
    buffers: u64,
    macs: u64,
    /// Numbers that layers give for one example.
    values: u64,
}

impl Totals {
    fn of(layers: &[LayerRow]) -> Totals {
        let sum = |of: &dyn Fn(&LayerRow) -> u64| layers.iter().fold(0u64, |all, row| all.saturating_add(of(row)));
        Totals {
            parameters: sum(&|row| row.parameters),
            buffers: sum(&|row| row.buffers),
            macs: sum(&|row| row.macs),
            values: sum(&|row| row.output.iter().fold(1u64, |all, &n| all.saturating_mul(n as u64))),
        }
    }

    /// Bytes that a step with Adam keeps at least: parameters with what belongs to them, and what every layer gives.
    fn bytes(&self, batch: u64) -> u64 {
        let numbers = PER_PARAMETER.saturating_mul(self.parameters).saturating_add(self.values.saturating_mul(batch));
        numbers.saturating_mul(4)
    }
}

/// Lists the nets, or shows one.
pub(super) fn nets(setting: &Setting, verb: Option<NetsVerb>) -> Result<Exit, Failure> {
    match verb {
        None => list(setting),
        Some(NetsVerb::Show(args)) => show(setting, &args),
    }
}

fn shape(dims: &[usize]) -> String {
    dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}

fn inputs(preset: &Preset) -> String {
    preset.inputs.iter().map(|input| shape(input)).collect::<Vec<_>>().join(" + ")
}

fn list(setting: &Setting) -> Result<Exit, Failure> {
    let mut rows = Vec::with_capacity(PRESETS.len());
    for preset in PRESETS {
        let net = Net::named(preset.name).expect("every preset is a net, which a test sees to");
        let layers = walk(&net, preset.inputs, preset.classes).map_err(|error| cannot_be(&chain(&error)))?;
        rows.push((preset, Totals::of(&layers)));
    }
    match setting.global.output {
        Output::Json => {
            let row = |(preset, totals): &(&Preset, Totals)| {
                json!({
                    "name": preset.name, "family": preset.family, "about": preset.about, "inputs": preset.inputs,
                    "classes": preset.classes, "parameters": totals.parameters, "buffers": totals.buffers,
                    "macs": totals.macs,
                })
            };
            table::json(&setting.printer, &json!(rows.iter().map(row).collect::<Vec<_>>()));
        }
        Output::Csv => {
            let header = ["name", "family", "inputs", "classes", "parameters", "macs", "about"].map(str::to_owned);
            let line = |(preset, totals): &(&Preset, Totals)| {
                let numbers = [preset.classes as u64, totals.parameters, totals.macs].map(|n| n.to_string());
                let words = [preset.name.to_owned(), preset.family.to_owned(), inputs(preset)];
                words.into_iter().chain(numbers).chain([preset.about.to_owned()]).collect::<Vec<String>>()
            };
            table::csv(&setting.printer, &header, &rows.iter().map(line).collect::<Vec<_>>())?;
        }
        Output::Table => {
            let mut table = plain(&["net", "input", "classes", "parameters", "MACs", "what"]);
            for (preset, totals) in &rows {
                table.add_row([
                    Cell::new(preset.name),
                    Cell::new(inputs(preset)),
                    number(preset.classes),
                    number(totals.parameters),
                    number(totals.macs),
                    Cell::new(preset.about),
                ]);
            }
            setting.printer.data(&text(&table));
            setting.printer.talk("`gliss nets show NET` lists its layers, `--input` and `--set` change what goes in");
        }
    }
    Ok(Exit::Done)
}

fn show(setting: &Setting, args: &ShowArgs) -> Result<Exit, Failure> {
    let net = chosen(args)?;
    let preset = PRESETS.iter().find(|preset| preset.name == args.net);
    let published = |i: usize| preset.and_then(|preset| preset.inputs.get(i)).map(|input| input.to_vec());
    let input = args.input.clone().map(|Shape(sides)| sides).or_else(|| published(0));
    let beside = args.beside.clone().map(|Shape(sides)| sides);
    let beside = beside.or_else(|| published(1).filter(|_| net.family.takes_two()));
    let Some(input) = input else {
        let message = format!("failed to show `{}`: it is a family, and no shape goes with it", args.net);
        return Err(Failure::new(Exit::Usage, message, "give the shape of an example with `--input`"));
    };
    let classes = args.classes.map_or_else(|| preset.map_or(10, |preset| preset.classes), |n| n as usize);
    let shapes: Vec<&[usize]> = [Some(input.as_slice()), beside.as_deref()].into_iter().flatten().collect();
    let layers = walk(&net, &shapes, classes).map_err(|error| cannot_be(&chain(&error)))?;
    let totals = Totals::of(&layers);
    let bytes = totals.bytes(args.batch.into());
    match setting.global.output {
        Output::Json => {
            let layer = |row: &LayerRow| {
                json!({
                    "name": row.name, "output": row.output, "parameters": row.parameters, "buffers": row.buffers,
                    "macs": row.macs,
                })
            };
            table::json(
                &setting.printer,
                &json!({
                    "net": net, "inputs": shapes, "classes": classes, "parameters": totals.parameters,
                    "buffers": totals.buffers, "macs": totals.macs, "batch": args.batch, "step_bytes": bytes,
                    "layers": layers.iter().map(layer).collect::<Vec<_>>(),
                }),
            );
        }
        Output::Csv => {
            let header = ["layer", "output", "parameters", "buffers", "macs"].map(str::to_owned);
            let line = |row: &LayerRow| {
                let numbers = [row.parameters, row.buffers, row.macs].map(|n| n.to_string());
                [row.name.clone(), shape(&row.output)].into_iter().chain(numbers).collect::<Vec<String>>()
            };
            table::csv(&setting.printer, &header, &layers.iter().map(line).collect::<Vec<_>>())?;
        }
        Output::Table => print(&setting.printer, &layers, &totals, &shapes, (args.batch, bytes)),
    }
    Ok(Exit::Done)
}

fn print(printer: &Printer, layers: &[LayerRow], totals: &Totals, shapes: &[&[usize]], (batch, bytes): (u32, u64)) {
    let mut table = plain(&["layer", "output", "parameters", "MACs"]);
    for (i, input) in shapes.iter().enumerate() {
        table.add_row([Cell::new(if i == 0 { "input" } else { "beside" }), Cell::new(shape(input))]);
    }
    for row in layers {
        table.add_row([Cell::new(&row.name), Cell::new(shape(&row.output)), number(row.parameters), number(row.macs)]);
    }
    table.add_row([Cell::new("total"), Cell::new(""), number(totals.parameters), number(totals.macs)]);
    printer.data(&text(&table));
    if totals.buffers > 0 {
        printer.data(&format!("{} running statistics beside the parameters", totals.buffers));
    }
    let mega = bytes as f64 / f64::from(1 << 20);
    printer.data(&format!("at least {mega:.1} MiB for a step of {batch} with Adam, in f32"));
}

/// The net with its settings.
fn chosen(args: &ShowArgs) -> Result<Net, Failure> {
    let mut settings = Map::new();
    for setting in &args.settings {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            let message = format!("failed to read `--set {setting}`: it has no `=`");
            Failure::new(Exit::Usage, message, "write a setting of the net as `--set depth=3`")
        })?;
        // What is no JSON is a word.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        settings.insert(name.trim_start_matches("net.").to_owned(), value);
    }
    settings.insert("name".to_owned(), Value::String(args.net.clone()));
    let mut all = Map::new();
    all.insert("net".to_owned(), Value::Object(settings));
    Net::of(&Settings::new(all)).map_err(|issues| {
        let lines: Vec<String> = issues.iter().map(Issue::to_string).collect();
        Failure::new(Exit::Usage, format!("failed to read the net: {}", lines.join("; ")), "`gliss nets` lists them")
    })
}

fn cannot_be(why: &str) -> Failure {
    let remedy = "give it another `--input`, or change its layers with `--set`";
    Failure::new(Exit::Usage, format!("failed to lay out the net: {why}"), remedy)
}
