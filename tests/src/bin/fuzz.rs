//! `cargo xtask fuzz [--examples 50] [--seed 1]`: as the test does it, for as long as you like.

use std::process::ExitCode;

use sayso_tests::{fuzz, stack::Stack};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = [50, 1];
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let place = match word.as_str() {
            "--examples" => 0,
            "--seed" => 1,
            _ => return refuse(word),
        };
        match words.next().and_then(|number| number.parse().ok()) {
            Some(number) => numbers[place] = number,
            None => return refuse(word),
        }
    }
    match fuzz::judge(&Stack::start(), numbers[0], numbers[1]) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(found) => {
            println!("{found}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(word: &str) -> ExitCode {
    eprintln!("cargo xtask fuzz [--examples 50] [--seed 1]: {word} is not understood");
    ExitCode::FAILURE
}
