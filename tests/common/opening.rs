//! A store that is opened without a server.

use nam_needs::store::{Connect, Rules};

/// How such a one reaches its database; every wait in it ends in time.
pub fn connect(url: &str) -> Connect {
    Connect {
        url: url.into(),
        pool_size: 4,
        statement_timeout_ms: 20_000,
        lock_timeout_ms: 20_000,
        slow_query_ms: 500,
    }
}

/// What its operator would have decided.
pub const RULES: Rules = Rules {
    confirm_every_days: 90,
    items: 200,
    import_rows: 2_000,
};
