//! The simulator: random histories of a ledger, with everything going wrong that can, checked against a simple model after each step.
//!
//! It drives the real book upon plain SQLite. A history follows from its seed alone; when one fails, its seed and its last steps are
//! printed, and `cargo xtask simulate --seed S --steps 1` runs it again.

mod alarm;

mod courier;

mod eraser;

mod invariants;

mod keeper;

mod mender;

mod model;

mod operator;

mod outside;

mod postman;

mod power;

mod puller;

mod reader;

mod site;

mod visitor;

mod witness;

mod world;

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    process,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{dice::Dice, sabotage::Sabotage};
use world::World;

/// The steps of the normal test run.
const STEPS: u64 = 200_000;

/// One history in so many is on a file instead of in memory.
const ON_FILE: u64 = 32;

/// So many broken histories are enough to choose the shortest from.
const ENOUGH: usize = 12;

/// How much of a broken history is told: mostly all.
const LAST_LINES: usize = 60;

#[test]
fn the_invariants_hold_after_each_step_of_random_histories() {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    let steps: u64 = number("SAYSO_SIMULATE_STEPS").unwrap_or(STEPS);
    let first: u64 = number("SAYSO_SIMULATE_SEED").unwrap_or(1);
    let (next, taken) = (AtomicU64::new(first), AtomicU64::new(0));
    let broken = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, Into::into);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while taken.load(Ordering::Relaxed) < steps {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    match history(seed, None) {
                        Ok(length) => drop(taken.fetch_add(length, Ordering::Relaxed)),
                        Err(story) => {
                            taken.fetch_add(story.step, Ordering::Relaxed);
                            let mut broken = broken.lock().expect("no thread panicked");
                            broken.push(story);
                            if broken.len() >= ENOUGH {
                                return;
                            }
                        }
                    }
                }
            });
        }
    });
    let (histories, taken) = (next.into_inner() - first, taken.into_inner());
    println!("{taken} steps in {histories} histories from seed {first}");
    let broken = broken.into_inner().expect("no thread panicked");
    if let Some(shortest) = broken.iter().min_by_key(|story| story.step) {
        panic!(
            "{} histories broke; the shortest:\n{}",
            broken.len(),
            shortest.told
        );
    }
}

/// So many steps are enough to notice what a store does wrong.
const NOTICED_WITHIN: u64 = 20_000;

#[test]
fn whatever_breaks_an_invariant_is_noticed() {
    for (sabotage, sentence) in Sabotage::ALL {
        let mut taken = 0;
        let story = (1..).find_map(|seed| match history(seed, Some(sabotage)) {
            Ok(length) => {
                taken += length;
                assert!(taken < NOTICED_WITHIN, "{sabotage:?} goes unnoticed");
                None
            }
            Err(story) => Some(story),
        });
        let story = story.expect("seeds do not end");
        println!(
            "{sabotage:?} after {} steps: {}",
            taken + story.step,
            story.sentence
        );
        assert!(
            story.sentence.starts_with(sentence),
            "{sabotage:?} should be noticed by «{sentence}»:\n{}",
            story.told
        );
    }
}

/// A history that broke.
struct Story {
    step: u64,
    sentence: String,
    told: String,
}

/// One history; gives how many steps it had.
fn history(seed: u64, sabotage: Option<Sabotage>) -> Result<u64, Story> {
    // Not the world's own dice: the length is no part of what happens.
    let length = [20, 60, 250, 250, 600][Dice::new(!seed).below(5) as usize];
    let file = seed
        .is_multiple_of(ON_FILE)
        .then(|| env::temp_dir().join(format!("sayso-simulator-{}-{seed}.sqlite", process::id())));
    let mut world = World::new(seed, file.clone(), sabotage);
    // A panic within the book is found by this line.
    let told = panic::catch_unwind(AssertUnwindSafe(|| {
        (1..=length + 1).find_map(|step| {
            let check = if step > length {
                world.settle()
            } else {
                world.step()
            };
            check.err().map(|sentence| (step, sentence))
        })
    }));
    let (step, sentence) = match told {
        Ok(None) => (0, String::new()),
        Ok(Some(broken)) => broken,
        Err(_) => (length, "a panic, see above".to_owned()),
    };
    if let Some(file) = file {
        let _ = fs::remove_file(file);
    }
    if step == 0 {
        return Ok(length);
    }
    let from = world.trace.len().saturating_sub(LAST_LINES);
    let lines = world.trace[from..].join("\n");
    let told = format!(
        "seed {seed}, step {step} of {length}\n{lines}\nBROKEN {sentence}\nagain: cargo xtask simulate --seed {seed} --steps 1"
    );
    Err(Story {
        step,
        sentence,
        told,
    })
}
