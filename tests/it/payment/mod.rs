//! Payments as sellers make them, and the policy for them.

mod choice;
mod link;
mod policy;
