//! A bell: rung after each commit, for those who wait for something new. Ringing it for nothing is harmless: whoever hears it looks.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// What is rung.
#[derive(Default)]
pub(super) struct Bell {
    rung: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

/// Done when the bell has rung since this was made.
pub(super) struct Ring<'b> {
    bell: &'b Bell,
    heard: u64,
    /// Who is to be woken
    waker: Option<Waker>,
}

impl Bell {
    /// Wakes all who wait.
    pub(super) fn ring(&self) {
        self.rung.set(self.rung.get().wrapping_add(1));
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Listens from now on. Look for what is new after this and before waiting, so that nothing comes in between unheard.
    pub(super) fn listen(&self) -> Ring<'_> {
        Ring {
            bell: self,
            heard: self.rung.get(),
            waker: None,
        }
    }
}

impl Future for Ring<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.bell.rung.get() != self.heard {
            return Poll::Ready(());
        }
        self.forget();
        let waker = context.waker().clone();
        self.bell.waiting.borrow_mut().push(waker.clone());
        self.waker = Some(waker);
        Poll::Pending
    }
}

impl Ring<'_> {
    fn forget(&mut self) {
        if let Some(waker) = self.waker.take() {
            let mut waiting = self.bell.waiting.borrow_mut();
            waiting.retain(|known| !known.will_wake(&waker));
        }
    }
}

impl Drop for Ring<'_> {
    /// Who waits no longer is not kept: in a quiet site nothing rings for days.
    fn drop(&mut self) {
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
        task::Wake,
    };

    use super::*;

    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_listens_hears_the_next_ring_once_and_none_from_before() {
        let (bell, woken) = (Bell::default(), Arc::new(Woken(AtomicU32::new(0))));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        bell.ring();
        let mut ring = pin!(bell.listen());
        assert_eq!(ring.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(ring.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        bell.ring();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(ring.as_mut().poll(&mut context), Poll::Ready(()));
        bell.ring();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn who_stops_waiting_is_forgotten() {
        let (bell, woken) = (Bell::default(), Arc::new(Woken(AtomicU32::new(0))));
        let waker = Waker::from(Arc::clone(&woken));
        for _ in 0..3 {
            let mut ring = pin!(bell.listen());
            let polled = ring.as_mut().poll(&mut Context::from_waker(&waker));
            assert_eq!(polled, Poll::Pending);
            assert_eq!(bell.waiting.borrow().len(), 1);
        }
        assert!(bell.waiting.borrow().is_empty());
    }

    #[test]
    fn what_is_rung_between_looking_and_waiting_is_heard() {
        let bell = Bell::default();
        let mut ring = pin!(bell.listen());
        bell.ring();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(ring.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
