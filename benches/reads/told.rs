//! What an answer tells, so that servers with other schemas can be seen to tell the same.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values of the fields of one name, wherever in the answer, in their order: numbers, and texts that are none.
#[derive(Debug, Default)]
struct Values {
    numbers: Vec<f64>,
    texts: Vec<String>,
}

/// Fields that servers tell in ways of their own.
const OWN: [&str; 4] = ["createdAt", "id", "priority", "rowId"];
/// Within which sums are the same: some are rounded to cents.
const ROUNDED: f64 = 0.006;

fn gather(name: &str, value: &Value, all: &mut BTreeMap<String, Values>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| gather(name, value, all)),
        Value::Array(values) => values.iter().for_each(|value| gather(name, value, all)),
        // Some servers leave out what has nothing to tell.
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let plain = name.trim_end_matches("Milli").trim_end_matches("Quantity");
            let one = if name.ends_with("Milli") { 1_000.0 } else { 1.0 };
            let values = all.entry(plain.to_owned()).or_default();
            match text.parse::<f64>() {
                Ok(0.0) => {}
                Ok(number) => values.numbers.push(number / one),
                Err(_) => values.texts.push(text),
            }
        }
    }
}

fn told(answer: &Value) -> BTreeMap<String, Values> {
    let mut all = BTreeMap::new();
    gather("", answer, &mut all);
    all.retain(|name, _| !OWN.contains(&name.as_str()));
    for values in all.values_mut() {
        values.numbers.sort_by(f64::total_cmp);
        values.texts.sort();
    }
    all
}

/// Panics unless both tell the same in the fields that both have, of which there is one at least.
pub fn same(what: &str, ours: &Value, theirs: &Value) {
    let (ours, theirs) = (told(ours), told(theirs));
    let mut compared = 0;
    for (name, ours) in &ours {
        let Some(theirs) = theirs.get(name) else { continue };
        let close = |(one, other): (&f64, &f64)| (one - other).abs() < ROUNDED;
        let same = ours.texts == theirs.texts
            && ours.numbers.len() == theirs.numbers.len()
            && ours.numbers.iter().zip(&theirs.numbers).all(close);
        assert!(same, "{what}: {name} is {theirs:?} in place of {ours:?}");
        compared += ours.texts.len() + ours.numbers.len();
    }
    assert!(compared > 0, "{what}: nothing to compare, {theirs:?} and {ours:?}");
}
