//! Runs a request's future. A wake polls it there and then: the usual way, by a queue of tasks and a microtask of the
//! platform for each wake, took a tenth of a request. So a request is only ever polled in callbacks of its own, too.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake},
};

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;

struct Task {
    /// None once it is done.
    future: RefCell<Option<Pin<Box<dyn Future<Output = JsValue>>>>>,
    /// It was woken while it was polled.
    again: Cell<bool>,
    /// Who waits, once there is a promise.
    resolve: RefCell<Option<Function>>,
}

// SAFETY: the module has one thread. `Wake` asks for these, since others have more.
unsafe impl Send for Task {}
unsafe impl Sync for Task {}

impl Task {
    fn poll(self: &Arc<Self>) -> Poll<JsValue> {
        let waker = self.clone().into();
        let mut context = Context::from_waker(&waker);
        // Woken by itself, in the middle of being polled: the loop below sees it.
        let Ok(mut future) = self.future.try_borrow_mut() else {
            self.again.set(true);
            return Poll::Pending;
        };
        loop {
            self.again.set(false);
            match future.as_mut().map(|future| future.as_mut().poll(&mut context)) {
                Some(Poll::Ready(value)) => {
                    *future = None;
                    return Poll::Ready(value);
                }
                Some(Poll::Pending) if self.again.get() => {}
                // Pending, or woken once more when all was done.
                _ => return Poll::Pending,
            }
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if let Poll::Ready(value) = self.poll()
            && let Some(resolve) = self.resolve.take()
        {
            // A promise's own function does not throw.
            let _ = resolve.call1(&JsValue::UNDEFINED, &value);
        }
    }
}

/// The value, if nobody had to be waited for; otherwise a promise of it.
pub fn run(future: impl Future<Output = JsValue> + 'static) -> JsValue {
    let task = Arc::new(Task {
        future: RefCell::new(Some(Box::pin(future))),
        again: Cell::new(false),
        resolve: RefCell::new(None),
    });
    match task.poll() {
        Poll::Ready(value) => value,
        // JavaScript runs nothing in between that could wake it.
        Poll::Pending => Promise::new(&mut |resolve, _| {
            task.resolve.replace(Some(resolve));
        })
        .into(),
    }
}
