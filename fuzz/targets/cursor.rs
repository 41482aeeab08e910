//! Cursors: what is no cursor of ours is BAD_CURSOR, what is one means the same again; and a cursor that somebody made
//! up with a right checksum, which is no secret, breaks nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nam_needs::domain::filter::Filter;
use nam_needs::error::Error;
use nam_needs::store::assistance_request::{self as requests, OrderBy, OrderField};
use nam_needs::store::page::{Arguments, KeyValue, Paging};
use sha2::{Digest, Sha256};

use super::source::Source;
use super::world::{Database, world};

pub const WORDS: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    ",",
    "null",
    "{\"i\":\"00000000000000000000000000000000\"}",
    "{\"s\":\"",
    "{\"t\":",
    "{\"d\":\"2020-05-04\"}",
    "{\"d\":\"+262142-12-31\"}",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "\\u0000",
    "\"",
    "=",
    "_",
    "-",
    "A",
];

const COLUMNS: [entity::assistance_request::Column; 1] = [entity::assistance_request::Column::Id];

fn paging(cursor: &str, backwards: bool) -> Result<Paging, Error> {
    let cursor = Some(cursor.to_owned());
    let arguments = if backwards {
        Arguments {
            last: Some(3),
            before: cursor,
            ..Arguments::default()
        }
    } else {
        Arguments {
            after: cursor,
            ..Arguments::default()
        }
    };
    Paging::new(&arguments, 3, 10, "noun", "order", "filter")
}

/// The cursor with this payload, as anybody can make it who reads our source.
fn forged(payload: &[u8]) -> String {
    let fingerprint = Sha256::digest("noun\u{0}order\u{0}filter");
    let digest = Sha256::new().chain_update(fingerprint).chain_update(payload).finalize();
    URL_SAFE_NO_PAD.encode([payload, &digest[..8]].concat())
}

pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        is_bad_or_means_the_same(text);
    }
    let cursor = forged(bytes);
    if let Some(paging) = is_bad_or_means_the_same(&cursor) {
        let values = paging.bounds()[0].unwrap().to_vec();
        one_character_else_is_bad(&paging.cursor(values.clone()).text(), &mut Source(bytes));
        // Rows in memory, of which one lies where the cursor does.
        let rows = [
            values.clone(),
            vec![KeyValue::Int(7); values.len()],
            vec![KeyValue::Null; values.len()],
        ];
        let page = paging.of_memory(rows.into_iter(), &[true, false], |row, values| {
            values.extend_from_slice(row)
        });
        assert!(
            page.rows.iter().all(|(row, _)| row != &values),
            "what comes after a row is not the row"
        );
        of_rows_in_sql(bytes, &cursor);
    }
}

fn is_bad_or_means_the_same(cursor: &str) -> Option<Paging> {
    match paging(cursor, false) {
        Ok(read) => {
            let values = read.bounds()[0].unwrap();
            let again = paging(&read.cursor(values.to_vec()).text(), false)
                .unwrap_or_else(|_| panic!("our own cursor of {values:?}"));
            assert_eq!(again.bounds(), read.bounds());
            Some(read)
        }
        Err(error) => {
            assert_eq!(error.code(), "BAD_CURSOR");
            None
        }
    }
}

fn one_character_else_is_bad(genuine: &str, source: &mut Source<'_>) {
    let mut text = genuine.as_bytes().to_vec();
    let at = usize::from(source.byte()) % text.len();
    let other = source.one_of(b"ABCxyz019-_=+/ \0");
    if text[at] != other {
        text[at] = other;
        let text = String::from_utf8(text).unwrap();
        assert!(paging(&text, false).is_err(), "{text} for {genuine}");
    }
}

fn of_rows_in_sql(bytes: &[u8], cursor: &str) {
    let mut source = Source(bytes);
    let order = source.some(|source| OrderBy {
        field: source.one_of(&[
            OrderField::Reference,
            OrderField::UpdatedAt,
            OrderField::NeededBy,
            OrderField::Priority,
            OrderField::PeopleInNeed,
        ]),
        descending: source.flag(),
    });
    let backwards = source.flag();
    world(|world| {
        let reader = world.reader(Database::Sqlite, true);
        let paging = paging(cursor, backwards).unwrap_or_else(|error| panic!("{error:?}"));
        let everything = Filter::default();
        let page = requests::page(&reader, &everything, &order, &paging, &COLUMNS, false);
        if let Err(error) = world.wait(page) {
            assert_eq!(error.code(), "BAD_CURSOR", "{error:?}");
        }
    });
}
