//! Prepares the clips that a recipe needs and says what it took: the tool for measuring the cache.
//!
//!     prepare RECIPE.json CACHE [THREADS]
//!
//! RECIPE.json holds the settings of a recipe; CACHE is the folder of the cache: an empty one for a cold start, the same
//! again for a warm one. THREADS is the number of processors by default. Peak memory is the system's count for the whole
//! process (`VmHWM`), pages of mapped files included; `RssAnon` is what is the process's own at the end.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use gliss_train::features::Clip;
use gliss_train::library::{Examples, Inputs};
use gliss_train::{Control, Library, cache};
use gliss_types::Recipe;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let recipe = arguments.next().ok_or("give the file of a recipe's settings")?;
    let cache_root = arguments.next().ok_or("give the folder of the cache")?;
    let threads = match arguments.next() {
        Some(text) => text.parse()?,
        None => std::thread::available_parallelism()?.get(),
    };
    let settings = serde_json::from_str(&fs::read_to_string(recipe)?)?;
    let (recipe, _) = Recipe::read(&settings)
        .map_err(|issues| issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let Recipe::Train(training) = recipe else { return Err("give a recipe that trains".into()) };
    let library = Library::new(&cache_root, threads);
    let stop = Control::new();
    let began = Instant::now();
    let examples = library.examples(&training, &mut |_, _| {}, &stop)?;
    let listed = began.elapsed().as_secs_f64();
    let deal = examples.deal(&training.split)?;
    examples.wait_for(&training, &deal, &mut |_, _| {}, &stop)?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} clips on {threads} threads: listed after {listed:.3} s, prepared after {seconds:.3} s",
        examples.len()
    );
    for warning in examples.warnings() {
        println!("warning: {warning}");
    }
    let held = cache::summary(Path::new(&cache_root))?;
    println!("cache: {} entries, {:.1} MB", held.entries, held.bytes as f64 / 1e6);
    let Inputs::Clips(clips) = &examples.inputs else { return Err("the recipe takes a table".into()) };
    let views = || (0..clips.len()).filter_map(|place| clips.get(place)).flat_map(Clip::views);
    let mapped: usize = views().filter(|view| view.is_mapped()).map(cache::View::bytes).sum();
    let all: usize = views().map(cache::View::bytes).sum();
    println!("views: {:.1} MB, of which {:.1} MB mapped", all as f64 / 1e6, mapped as f64 / 1e6);
    memory()?;
    checksums(&examples);
    Ok(())
}

/// What the system says of this process's memory.
fn memory() -> Result<(), Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    for line in
        status.lines().filter(|line| ["VmHWM", "VmRSS", "RssAnon", "RssFile"].iter().any(|n| line.starts_with(n)))
    {
        println!("{line}");
    }
    Ok(())
}

/// How fast the checksum of all that is mapped is computed, next to a plain copy of it.
fn checksums(examples: &Examples) {
    let Inputs::Clips(clips) = &examples.inputs else { return };
    let mut values = Vec::new();
    let began = Instant::now();
    for view in (0..clips.len()).filter_map(|place| clips.get(place)).flat_map(Clip::views) {
        view.read(0..view.len(), &mut values);
    }
    let read = began.elapsed().as_secs_f64();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let gigabytes = bytes.len() as f64 / 1e9;
    let began = Instant::now();
    let mut sum = 0;
    for entry in bytes.chunks(64 << 10) {
        sum ^= blake3::hash(entry).as_bytes()[0];
    }
    let hashed = began.elapsed().as_secs_f64();
    println!(
        "reading the views: {:.2} GB/s; BLAKE3 of as many bytes in pieces of 64 KiB: {:.2} GB/s, {hashed:.3} s (check {sum})",
        gigabytes / read,
        gigabytes / hashed
    );
}
