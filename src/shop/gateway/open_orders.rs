//! The bound of orders that nobody has paid.

use crate::shop::App;

/// How many orders of the account may wait for coins at a price that holds now, this one with them.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    pub now: i64,
    pub most: u32,
}

impl Open {
    pub fn of(app: &App) -> Open {
        Open { now: app.now(), most: app.platform.settings.max_open_orders }
    }
}
