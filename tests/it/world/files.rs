//! Objects under keys, in memory. Putting and deleting can fail.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use pushguard::platform::{Content, Fault, LocalBoxFuture};

#[derive(Default)]
pub struct Files {
    kept: RefCell<BTreeMap<String, (String, Vec<u8>)>>,
    pub put_breaks: Cell<bool>,
    /// Which piece was opened last.
    pub opened: Cell<Option<(u64, u64)>>,
    pub delete_breaks: Cell<bool>,
}

impl Files {
    /// The keys of all that is there.
    pub fn keys(&self) -> Vec<String> {
        self.kept.borrow().keys().cloned().collect()
    }

    /// Type and content.
    pub fn at(&self, key: &str) -> (String, Vec<u8>) {
        self.kept.borrow().get(key).cloned().unwrap_or_else(|| panic!("nothing lies at {key}"))
    }
}

impl pushguard::platform::Files for Files {
    fn put<'a>(&'a self, key: &'a str, mime: &'a str, content: Content) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            if self.put_breaks.replace(false) {
                return Err(Fault("the upload broke off".into()));
            }
            let bytes = match content {
                Content::Bytes(bytes) => bytes,
                Content::Stream(stream) => stream.downcast_ref::<Vec<u8>>().expect("a stream of these tests").clone(),
            };
            self.kept.borrow_mut().insert(key.to_owned(), (mime.to_owned(), bytes));
            Ok(())
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<(String, Vec<u8>)>, Fault>> {
        Box::pin(std::future::ready(Ok(self.kept.borrow().get(key).cloned())))
    }

    fn open<'a>(
        &'a self,
        key: &'a str,
        first: u64,
        length: u64,
    ) -> LocalBoxFuture<'a, Result<Option<Rc<dyn Any>>, Fault>> {
        self.opened.set(Some((first, length)));
        let kept = self.kept.borrow();
        let piece = kept.get(key).map(|(_, bytes)| {
            let first = usize::try_from(first).expect("a place in memory");
            let piece = bytes.get(first..first + usize::try_from(length).expect("a length in memory"));
            piece.map(|piece| Rc::new(piece.to_vec()) as Rc<dyn Any>).ok_or(Fault("it is shorter".into()))
        });
        Box::pin(std::future::ready(piece.transpose()))
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            if self.delete_breaks.replace(false) {
                return Err(Fault("the bucket did not answer".into()));
            }
            self.kept.borrow_mut().remove(key);
            Ok(())
        })
    }
}
