//! The crate in twenty lines: text from standard input, records as JSON to standard output.
//!
//! ```sh
//! cargo run -p shirwatch-parsers --example explain < event.log
//! ```

use std::io::{self, Read, Write};

use shirwatch_parsers::{Settings, parse};

fn main() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    for record in parse(&text, &Settings::default()) {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&record)?)?;
    }
    Ok(())
}
