//! category
