//! Payments as sellers make them, and the policy for them.

mod link;
mod policy;
