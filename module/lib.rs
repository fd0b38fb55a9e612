//! `pushguard` as a module: what the platform calls is exported where it is written, in `src/cloudflare/`.

use pushguard as _;
