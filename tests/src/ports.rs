//! Ports that nobody uses. Below 32768, where Linux begins to hand out ports for outgoing connections.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 20_000;
const SPAN: u16 = 12_000;

/// The first of `count` consecutive free ports. No two calls in one process get the same.
#[must_use]
pub fn free(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that run at the same time begin elsewhere.
    let start = (std::process::id() % u32::from(SPAN / 16)) * 16;
    for _ in 0..SPAN / count {
        let offset = NEXT.fetch_add(count, Ordering::Relaxed);
        let sum = (start + u32::from(offset)) % u32::from(SPAN - count);
        let first = FIRST + u16::try_from(sum).expect("less than the span");
        if (first..first + count).all(is_free) {
            return first;
        }
    }
    panic!("no {count} consecutive free ports from {FIRST} on");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
