#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn table(text: &str) -> Table {
    Table::of_bytes(text.as_bytes()).unwrap()
}

fn headers(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.header.as_str()).collect()
}

fn cells(table: &Table) -> Vec<(u64, Vec<Option<&str>>)> {
    let width = table.columns.len();
    let said = |record| (0..width).map(|column| Record::cell(record, column)).collect();
    table.records.iter().map(|record| (record.line, said(record))).collect()
}

fn faults(table: &Table) -> Vec<(u64, String)> {
    let fault = |record: &Record| Some((record.line, record.fault.as_ref()?.to_string()));
    table.records.iter().filter_map(fault).collect()
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_header() {
    let table = table("\u{feff}iso3,name\nNAM,Namibia\n");
    assert_eq!(headers(&table), ["iso3", "name"]);
    assert_eq!(table.column("ISO3"), Some(0));
}

#[test]
fn a_carriage_return_alone_ends_a_line_too() {
    let table = table("a\r1\r\r2\n3\r\n4\n\r5");
    let lines: Vec<_> = table
        .records
        .iter()
        .map(|record| (record.line, record.cell(0)))
        .collect();
    let told = [
        (2, Some("1")),
        (4, Some("2")),
        (5, Some("3")),
        (6, Some("4")),
        (8, Some("5")),
    ];
    assert_eq!(lines, told);
}

#[test]
fn columns_are_separated_by_commas_semicolons_or_tabs() {
    for text in [
        "a,b\n1,2\n",
        "a;b\n1;2\n",
        "a\tb\n1\t2\n",
        "\"a,x\";b\r\n1;2\r\n",
        "\n\na;b\n1;2",
    ] {
        let table = table(text);
        assert_eq!(table.columns.len(), 2, "{text:?}");
        assert_eq!(cells(&table)[0].1, [Some("1"), Some("2")], "{text:?}");
    }
    assert_eq!(headers(&table("only\n1\n")), ["only"]);
}

#[test]
fn lines_are_counted_through_quoted_newlines_and_blank_lines() {
    let text = "a,b\r\n\"one\r\ntwo\",1\r\n\r\n\r\nthree,2\r\n,\r\nfour,3\r\n";
    let table = table(text);
    let lines: Vec<u64> = table.records.iter().map(|record| record.line).collect();
    assert_eq!(lines, [2, 6, 8]);
    assert_eq!(table.records[0].cell(0), Some("one\r\ntwo"));
}

#[test]
fn cells_lose_their_blanks_and_say_when_they_say_nothing() {
    let table = table("code,n\nNA ,N/A\n\"  AFG\t\",-\n");
    assert_eq!(
        cells(&table),
        [(2, vec![Some("NA"), None]), (3, vec![Some("AFG"), None])]
    );
}

#[test]
fn hashtags_stand_under_the_header_or_for_it() {
    for text in [
        "Code,People\n#country+code,#inneed\nNAM,1\n",
        "#country +code,#inneed\nNAM,1\n",
        "People in need 2022\n\nCode,People\n#country+code,#inneed\nNAM,1\n",
    ] {
        let table = table(text);
        assert_eq!(table.column("#country+code"), Some(0), "{text}");
        assert_eq!(table.column("#inneed"), Some(1), "{text}");
        assert_eq!(table.records.len(), 1, "{text}");
        assert_eq!(table.records[0].cell(1), Some("1"), "{text}");
    }
    assert_eq!(table("Code,N\n#country+code,#inneed\nNAM,1\n").records[0].line, 3);
}

#[test]
fn of_several_columns_with_a_tag_the_closest_is_meant() {
    let table = table("#inneed+f,#inneed,#inneed+f+children\n1,2,3\n");
    assert_eq!(table.column("#inneed"), Some(1));
    assert_eq!(table.column("#inneed+f"), Some(0));
    assert_eq!(table.column("#inneed+children"), Some(2));
    assert_eq!(table.column("#affected"), None);
}

#[test]
fn a_header_that_is_a_lone_hash_is_a_header() {
    let table = table("#,Name\n,#country+name\n1,Namibia\n");
    assert_eq!(headers(&table), ["#", "Name"]);
    assert_eq!((table.column("#"), table.column("#country+name")), (Some(0), Some(1)));
}

#[test]
fn lines_with_too_few_or_too_many_columns_are_told() {
    let table = table("a,b\n1\n1,2,3\n1,2,\n");
    assert_eq!(
        faults(&table),
        [
            (2, "the line has 1 columns, the header 2".into()),
            (3, "the line has 3 columns, the header 2".into())
        ]
    );
    assert_eq!(table.records[0].cell(0), Some("1"));
}

#[test]
fn a_line_that_is_not_utf8_is_told_with_its_column() {
    let table = Table::of_bytes(b"a,name\n1,C\xf4te d'Ivoire\n2,Congo\n").unwrap();
    assert_eq!(
        faults(&table),
        [(2, "column name: this is not UTF-8: save the file as CSV UTF-8".into())]
    );
    assert_eq!(table.records[0].cell(0), Some("1"));
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_told() {
    let table = table("a,b\n1,2\n3,\"4\n5,6\n");
    assert_eq!(
        faults(&table),
        [(3, "a quotation mark is opened here and never closed".into())]
    );
}

#[test]
fn what_is_no_table_is_refused() {
    let refused = |bytes: &[u8]| Table::of_bytes(bytes).unwrap_err().to_string();
    assert!(refused(b"").contains("empty"));
    assert!(refused(b"\n\n").contains("empty"));
    assert!(refused(b"\xFF\xFEa\x00").contains("UTF-16"));
    assert!(refused(b"pa\xEDs\n1\n").contains("header on line 1"));
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_held() {
    let endless = std::io::repeat(b'x').take(MOST_BYTES * 4);
    assert!(Table::read(endless).unwrap_err().to_string().contains("64 MiB"));
    let long = "a\n".repeat(MOST_RECORDS + 2);
    assert!(
        Table::of_bytes(long.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("500000 records")
    );
}
