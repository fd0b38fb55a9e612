//! What the platform limits, counts and breaks: database, cache, log.

mod crash;
mod database_size;
mod kv;
mod log;
mod retention;
mod round_trips;
mod shards;
