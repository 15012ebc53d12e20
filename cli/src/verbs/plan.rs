//! `gliss plan`: what a sweep file would do. Runs nothing.

use comfy_table::Cell;
use gliss_spec::Planned;
use serde_json::{Value, json};

use super::Setting;
use crate::args::{Output, PlanArgs};
use crate::cache;
use crate::examine::{self, DataSeen, Examined, NetSeen};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::Slots;
use crate::pace::Pace;
use crate::printer::Printer;
use crate::sweep_file::SweepFile;
use crate::table::{number, plain, span, text, value};

/// Nets whose layers are printed; the others are named.
const DRAWN: usize = 3;
/// Classes that are printed.
const CLASSES: usize = 50;
/// Points that are printed.
const SAMPLE: u64 = 5;

/// Says what may not be meant as it stands.
pub(super) fn warn(printer: &Printer, planned: &Planned) {
    for warning in &planned.warnings {
        printer.warning(warning);
    }
}

/// Looks at everything that a plan would use.
pub(super) fn examine(setting: &Setting, planned: &Planned, look: bool) -> Result<Examined, Failure> {
    let cache = cache::folder(&setting.global);
    examine::examine(planned, &cache, look, &Pace::read(&cache))
}

/// Checks a sweep file and says what it would do.
pub(super) fn plan(setting: &Setting, args: &PlanArgs) -> Result<Exit, Failure> {
    let file = SweepFile::read(&args.file)?;
    let planned = &file.planned;
    let examined = examine(setting, planned, !args.file.no_data_check)?;
    let slots = Slots::of(&args.local)?.count;
    let printer = &setting.printer;
    match setting.global.output {
        Output::Json => crate::table::json(printer, &as_json(planned, &examined, slots)),
        Output::Csv => points_csv(printer, planned)?,
        Output::Table => {
            warn(printer, planned);
            show(printer, planned, &examined, slots);
        }
    }
    Ok(Exit::Done)
}

fn as_json(planned: &Planned, examined: &Examined, slots: usize) -> Value {
    let plan = &planned.plan;
    let nets = examined.nets.iter().map(|n| {
        let layers = n
            .layers
            .iter()
            .map(|l| json!({"name": l.name, "output": l.output, "parameters": l.parameters, "macs": l.macs}));
        json!({
            "net": n.net, "inputs": n.inputs, "classes": n.classes, "points": n.points, "parameters": n.parameters(),
            "macs": n.macs(), "layers": layers.collect::<Vec<_>>(),
        })
    });
    let data = examined.data.iter().map(|d| {
        let classes: Option<serde_json::Map<String, Value>> =
            d.inspection.as_ref().map(|i| i.classes.iter().map(|(c, n)| (c.clone(), json!(n))).collect());
        let warnings: Vec<String> = d.inspection.iter().flat_map(|i| &i.warnings).map(ToString::to_string).collect();
        let [train, valid, test] = d.sides;
        let sides: Option<serde_json::Map<String, Value>> = d.inspection.as_ref().map(|i| {
            let side = |([train, valid, test], (class, _)): (&[usize; 3], &(String, usize))| {
                (class.clone(), json!({"train": train, "valid": valid, "test": test}))
            };
            d.class_sides.iter().zip(&i.classes).map(side).collect()
        });
        json!({
            "data": d.what, "points": d.points, "classes": classes, "warnings": warnings,
            "examples": d.inspection.as_ref().map(|i| i.examples), "train": train, "valid": valid, "test": test,
            "class_sides": sides,
        })
    });
    json!({
        "name": plan.name, "description": plan.description, "objective": plan.objective, "points": planned.points,
        "trials": planned.points, "fingerprint": plan.fingerprint, "epochs": examined.epochs,
        "data": data.collect::<Vec<_>>(), "nets": nets.collect::<Vec<_>>(),
        "estimate": {"seconds": examined.seconds / slots as f64, "slots": slots, "measured": examined.measured},
        "warnings": planned.warnings,
    })
}

fn points_csv(printer: &Printer, planned: &Planned) -> Result<(), Failure> {
    let points: Vec<_> = (0..planned.points).map_while(|i| planned.plan.space.point(i)).collect();
    let mut paths: Vec<String> = Vec::new();
    for (path, _) in points.iter().flatten() {
        if !paths.iter().any(|p| p == path.as_str()) {
            paths.push(path.to_string());
        }
    }
    let choice = |point: &gliss_types::Point, path: &String| {
        point.iter().find(|(p, _)| p.as_str() == path).map_or_else(String::new, |(_, v)| value(v))
    };
    let lines: Vec<Vec<String>> = points.iter().map(|point| paths.iter().map(|p| choice(point, p)).collect()).collect();
    crate::table::csv(printer, &paths, &lines)
}

fn show(printer: &Printer, planned: &Planned, examined: &Examined, slots: usize) {
    let plan = &planned.plan;
    printer.data(format!("{}  {}", plan.name, plan.description).trim_end());
    let goal = if plan.objective.better(1.0, 0.0) { "largest" } else { "smallest" };
    printer.data(&format!("{} trials, ranked by the {goal} {}", planned.points, plan.objective.metric));
    let gliss_types::Conduct { priority, max_running, .. } = plan.conduct;
    if priority != 0 {
        printer.data(&format!(
            "  priority {priority}: served {}",
            if priority > 0 { "before others" } else { "after others" }
        ));
    }
    if let Some(most) = max_running {
        printer.data(&format!("  at most {most} run at once"));
    }
    for dimension in &plan.space.dimensions {
        let values: Vec<String> = dimension.values.iter().take(12).map(value).collect();
        let more = dimension.values.len().saturating_sub(12);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        printer.data(&format!("  {} = {}{more}", dimension.path, values.join(", ")));
    }
    if !plan.space.rows.is_empty() {
        printer.data(&format!("  {} rows listed one by one", plan.space.rows.len()));
    }
    for data in &examined.data {
        show_data(printer, data);
    }
    for net in examined.nets.iter().take(DRAWN) {
        show_net(printer, net);
    }
    for net in examined.nets.iter().skip(DRAWN) {
        printer.data(&format!("\nnet {}\n  {} parameters, {} points", net.net, net.parameters(), net.points));
    }
    printer.data("\npoints");
    for index in 0..planned.points.min(SAMPLE) {
        let Some(point) = plan.space.point(index) else { break };
        let choices: Vec<String> = point.iter().map(|(p, v)| format!("{p}={}", value(v))).collect();
        printer.data(&format!("  t{}  {}", index + 1, choices.join("  ")));
    }
    if planned.points > SAMPLE {
        printer.data(&format!("  ... {} more (`--output csv` lists all)", planned.points - SAMPLE));
    }
    let basis = if examined.measured { "as measured here" } else { "a first guess: nothing was measured here yet" };
    let time = span(examined.seconds / slots as f64);
    printer.data(&format!("\n{} epochs in all, about {time} on {slots} slots ({basis})", examined.epochs));
    if !examined.looked {
        printer.data("data were not looked at: ten classes and 1000 examples are assumed");
    }
}

fn show_data(printer: &Printer, data: &DataSeen) {
    printer.data(&format!("\ndata {}", data.what));
    let Some(inspection) = &data.inspection else { return };
    let [train, valid, test] = data.sides;
    printer.data(&format!(
        "  {} examples in {} classes: {train} train, {valid} validate, {test} test",
        inspection.examples,
        inspection.classes.len()
    ));
    let unused = inspection.examples.saturating_sub(train + valid + test);
    if unused > 0 {
        printer.data(&format!("  {unused} on no side"));
    }
    let class = |((name, n), [train, valid, test]): (&(String, usize), &[usize; 3])| {
        format!("{name} {n} ({train}/{valid}/{test})")
    };
    let classes: Vec<String> = inspection.classes.iter().zip(&data.class_sides).take(CLASSES).map(class).collect();
    let more = inspection.classes.len().saturating_sub(CLASSES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    printer.data(&format!("  {}{more}", classes.join(", ")));
    for warning in &inspection.warnings {
        printer.talk(&format!("  warning: {warning}"));
    }
}

fn show_net(printer: &Printer, net: &NetSeen) {
    let shape = |dims: &[usize]| dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
    printer.data(&format!("\nnet {}  ({} points)", net.net, net.points));
    let mut table = plain(&["layer", "output", "parameters", "MACs"]);
    let note = if net.assumed { " (for clips of 30 s)" } else { "" };
    for (i, input) in net.inputs.iter().enumerate() {
        let name = if i == 0 { "input" } else { "beside" };
        table.add_row([Cell::new(name), Cell::new(format!("{}{note}", shape(input)))]);
    }
    for layer in &net.layers {
        table.add_row([
            Cell::new(&layer.name),
            Cell::new(shape(&layer.output)),
            number(layer.parameters),
            number(layer.macs),
        ]);
    }
    table.add_row([Cell::new("total"), Cell::new(""), number(net.parameters()), number(net.macs())]);
    for line in text(&table).lines() {
        printer.data(&format!("  {line}"));
    }
}
