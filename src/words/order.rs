//! Words of the order page: receipt, feedback, questions and their threads.

words! {
    pub struct Order in "order" {
    }
}
