//! The power: goes at random in the histories, and in a short life at every single moment at which it can, one after the other.

use super::{
    invariants::Check,
    world::{DAY, World},
};

/// When the power goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// Before this write, counted from nought; keeping a commit counts as one
    BeforeWrite(u32),
    /// Right after this commit, counted from one: kept, and nobody hears
    AfterCommit(u32),
}

/// A cut that is planned: in the asking of this number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) asking: u32,
    pub(super) cut: Cut,
}

/// A short life in which everything happens once; with a cut, or without.
fn live(seed: u64, plan: Option<Plan>) -> (World, Check) {
    let mut world = World::new(seed, None, None);
    world.calm = true;
    world.plan = plan;
    let check = all_of(&mut world);
    (world, check)
}

fn all_of(world: &mut World) -> Check {
    while world.known.is_none() {
        world.learn()?;
    }
    for _ in 0..2 {
        world.fill_in();
        world.send(world.forms.len() - 1)?;
    }
    world.send(0)?;
    world.run_errands()?;
    world.press_confirm()?;
    world.publish_and_learn()?;
    world.press_withdraw()?;
    world.replace_kek();
    world.run_errands()?;
    world.fill_in();
    world.now += 3 * DAY;
    world.send(2)?;
    world.now += 6 * DAY;
    world.run_errands()?;
    world.look_around()?;
    world.settle()
}

#[test]
fn the_power_may_go_before_each_write_and_after_each_commit() {
    let mut cuts = 0;
    for seed in 1..=4 {
        let (world, check) = live(seed, None);
        assert_eq!(check, Ok(()), "without a cut");
        let askings = world.askings;
        for asking in 0..askings {
            let kinds: [fn(u32) -> Cut; 2] =
                [Cut::BeforeWrite, |number| Cut::AfterCommit(number + 1)];
            for kind in kinds {
                // Until there is nothing left to cut in this asking.
                for number in 0.. {
                    let cut = kind(number);
                    let (world, check) = live(seed, Some(Plan { asking, cut }));
                    let told = || world.trace.join("\n");
                    assert!(
                        check.is_ok(),
                        "seed {seed}, asking {asking}, {cut:?}: {check:?}\n{}",
                        told()
                    );
                    if !world.died {
                        break;
                    }
                    cuts += 1;
                }
            }
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 300, "only {cuts} cuts");
}
