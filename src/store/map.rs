//! Maps of what was read, by id or code.

use std::collections::HashMap;

/// What was read, by id or code. The keys are ours, so nobody can choose them to be slow; a page looks up thousands of them, for which
/// the standard library's hash takes several times as long.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
