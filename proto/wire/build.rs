//! Compiles `proto/glissando/v1` with a compiler written in Rust: nothing has to be installed to build this crate.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from("..");
    let files = ["types", "worker", "control"].map(|name| root.join(format!("glissando/v1/{name}.proto")));
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let descriptors = protox::compile(&files, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    tonic_prost_build::configure()
        .file_descriptor_set_path(out.join("glissando.v1.bin"))
        .compile_fds(descriptors.clone())?;
    // Kept for the reflection service; `compile_fds` reads descriptors and writes none.
    std::fs::write(out.join("glissando.v1.bin"), prost::Message::encode_to_vec(&descriptors))?;
    Ok(())
}
