//! Draws the chains of a text from standard input: the crate in twenty lines.
//!
//! ```text
//! echo "ErrorCode=X,'Type=A.B,Message=m,Source=s,'" | cargo run -p shirwatch-parsers --example explain
//! ```

#![allow(clippy::print_stdout, reason = "a command line tool prints its result")]

use std::io::Read;

use shirwatch_parsers::{Settings, parse};

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    for record in parse(&text, &Settings::default()) {
        println!("{} {}", record.format.as_str(), record.message.lines().next().unwrap_or(""));
        for (depth, link) in record.chain.iter().enumerate() {
            let name = link.type_name.as_deref().unwrap_or("error");
            println!("{}└─ {name}: {}", "   ".repeat(depth), link.message);
        }
    }
    Ok(())
}
