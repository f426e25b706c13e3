//! Turns the catalogue from YAML into lines of JSON while the program is built.
//!
//! ```text
//! src/catalogue/rules/*.yaml  →  $OUT_DIR/rules.txt  →  include_str! in load/built_in.rs
//! ```
//!
//! So that no YAML is read when the program starts, where a rule ends is known without reading
//! it, and a file that is not valid YAML fails the build with its name and line. What the rules
//! *say* is left to the laws in `check.rs`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use serde_json::Value;

const RULES: &str = "src/catalogue/rules";

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={RULES}");
    println!("cargo:rerun-if-changed=src/catalogue/build.rs");
    let mut lines = String::new();
    for path in files()? {
        println!("cargo:rerun-if-changed={}", path.display());
        lines += &family(&path)?;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("rules.txt");
    Ok(fs::write(out, lines)?)
}

/// The files of the catalogue, sorted so that every build is the same.
fn files() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(RULES)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// One file: its name, and each rule on a line of its own.
fn family(path: &Path) -> Result<String, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    // Otherwise `y`, `no` and `off` in a text would be read as true and false.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    match serde_saphyr::from_str_with_options::<Vec<Value>>(&text, options) {
        // JSON has no line breaks but where it is told to.
        Ok(rules) => Ok(rules.iter().fold(format!("# {name}\n"), |all, it| format!("{all}{it}\n"))),
        Err(error) => Err(format!("{} is not valid YAML: {error}", path.display()).into()),
    }
}
