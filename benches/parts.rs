//! What the parts of a request take that need neither a database nor a network: admitting a document, cursors, adding up
//! sums, writing JSON.
//!
//! ```sh
//! cargo bench --bench parts               # and the name of a part, to measure that alone
//! ```
//! By `cargo test` each is done once: that checks that all of it works, not how fast.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, reason = "only the server is asked")]
#[path = "reads/workloads.rs"]
mod workloads;

use std::hint::black_box;

use async_graphql::{Value, value};
use chrono::DateTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nam_needs::domain::limits::Limits;
use nam_needs::domain::totals::Sums;
use nam_needs::graphql;
use nam_needs::graphql::node::GlobalId;
use nam_needs::graphql::written::json;
use nam_needs::http::gate::{Gate, Incoming};
use nam_needs::store::page::{Arguments, KeyValue, Paging};
use serde_json::Map;
use uuid::Uuid;

use workloads::WORKLOADS;

/// Sums that a server adds up for an analysis, about: countries by categories.
const SUMS: i128 = 10_000;
/// Objects of a page.
const OBJECTS: usize = 50;

/// A request by id, and a page of three levels: with a text that the gate has never seen, and with one that it knows.
fn gate(criterion: &mut Criterion) {
    let gate = Gate::new(&graphql::sdl()).unwrap();
    let limits = Limits::default();
    let mut variables = Map::new();
    let id = GlobalId::AssistanceRequest(Uuid::from_u128(7)).encode();
    variables.insert("id".to_owned(), id.to_string().into());
    let admit = |document: &str| {
        let incoming = Incoming {
            document,
            operation_name: None,
            variables: variables.clone(),
            limits: &limits,
            max_cost: limits.signed_in_cost,
            introspection: true,
        };
        gate.admit(black_box(&incoming)).unwrap()
    };
    let mut group = criterion.benchmark_group("gate");
    for workload in &WORKLOADS[..2] {
        let (name, _) = workload.name.split_once(' ').unwrap();
        let mut count = 0;
        let mut unseen = || {
            count += 1;
            format!("{} # {count}", workload.query)
        };
        group.bench_function(format!("{name}, unseen"), |bencher| {
            bencher.iter_batched(&mut unseen, |document| admit(&document), BatchSize::SmallInput);
        });
        group.bench_function(format!("{name}, known"), |bencher| {
            bencher.iter(|| admit(workload.query))
        });
    }
    group.finish();
}

/// The cursor of a row by a time and its id, and a page that begins at it.
fn cursors(criterion: &mut Criterion) {
    let page = |after: Option<String>| {
        let arguments = Arguments {
            first: Some(50),
            after,
            ..Arguments::default()
        };
        Paging::new(&arguments, 25, 100, "requests", "createdAt", "").unwrap()
    };
    let at = DateTime::from_timestamp_micros(1_600_000_000_123_456).unwrap();
    let keys = || vec![KeyValue::Time(at), KeyValue::Id(Uuid::from_u128(7))];
    let paging = page(None);
    let text = paging.cursor(keys()).text();
    assert_eq!(page(Some(text.clone())).bounds()[0], Some(&keys()[..]));
    let mut group = criterion.benchmark_group("cursor");
    group.bench_function("written", |bencher| {
        bencher.iter_batched(keys, |keys| paging.cursor(keys).text(), BatchSize::SmallInput);
    });
    group.bench_function("read", |bencher| {
        bencher.iter_batched(|| Some(text.clone()), &page, BatchSize::SmallInput);
    });
    group.finish();
}

fn totals(criterion: &mut Criterion) {
    let sums: Vec<Sums> = (0..SUMS)
        .map(|n| Sums::of([n * 7_000_000, n, n * 11, n * 13, n * 17, n * 19, n * 23]))
        .collect();
    let mut group = criterion.benchmark_group("totals");
    group.throughput(Throughput::Elements(sums.len().try_into().unwrap()));
    group.bench_function("added up", |bencher| {
        bencher.iter(|| black_box(&sums).iter().copied().fold(Sums::default(), Sums::plus));
    });
    group.finish();
}

/// A page of objects as the executor answers it: value by value, and as rows are answered, which are JSON already.
fn written(criterion: &mut Criterion) {
    let object = |n: usize| {
        value!({
            "id": format!("QXNzaXN0YW5jZVJlcXVlc3Q6{n}"),
            "title": format!("Needs of district {n}, \"lot\" {n}"),
            "country": { "name": "Côte d'Ivoire" },
            "items": [{ "quantity": "120000", "category": { "name": "Gloves" }, "contributions": { "nodes": [] } }]
        })
    };
    let values: Vec<Value> = (0..OBJECTS).map(object).collect();
    let bytes = |value: &Value| {
        let mut out = Vec::new();
        json::write(&mut out, value);
        out
    };
    let rows: Vec<Value> = values.iter().map(|value| Value::Binary(bytes(value).into())).collect();
    let page = |nodes: Vec<Value>| value!({ "assistanceRequests": { "nodes": nodes } });
    let (values, rows) = (page(values), page(rows));
    assert_eq!(bytes(&values), bytes(&rows));
    let mut group = criterion.benchmark_group("written");
    group.throughput(Throughput::Bytes(bytes(&values).len().try_into().unwrap()));
    group.bench_function("values", |bencher| bencher.iter(|| bytes(black_box(&values))));
    group.bench_function("rows", |bencher| bencher.iter(|| bytes(black_box(&rows))));
    group.finish();
}

criterion_group!(parts, gate, cursors, totals, written);
criterion_main!(parts);
