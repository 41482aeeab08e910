use proptest::prelude::*;

use super::*;

fn query(text: &str) -> Query {
    Query::parse(text).expect("a query")
}

#[test]
fn a_snippet_marks_whole_words_and_escapes_the_rest() {
    for (text, asked, expected) in [
        ("Surgical masks", "mask", Some("Surgical <mark>masks</mark>")),
        (
            "Équipement médical",
            "MEDICAL equip",
            Some("<mark>Équipement</mark> <mark>médical</mark>"),
        ),
        ("e\u{301}quipe", "equipe", Some("<mark>e\u{301}quipe</mark>")),
        ("أقنعة طبية", "اقنعة", Some("<mark>أقنعة</mark> طبية")),
        (
            "<b onclick='x'>Water</b> & \"food\"",
            "water",
            Some("&lt;b onclick=&#39;x&#39;&gt;<mark>Water</mark>&lt;/b&gt; &amp; &quot;food&quot;"),
        ),
        (
            "<mark>rice</mark>",
            "rice",
            Some("&lt;mark&gt;<mark>rice</mark>&lt;/mark&gt;"),
        ),
        ("Masks", "gloves", None),
    ] {
        let made = snippet(&query(asked), [text]);
        assert_eq!(made.as_deref(), expected, "{text}");
    }
}

#[test]
fn a_snippet_is_cut_around_the_part_with_most_words() {
    let text = format!(
        "water {} clean drinking water for families {}",
        "x ".repeat(200),
        "y ".repeat(200)
    );
    let made = snippet(&query("clean water"), [text.as_str()]).expect("a snippet");
    assert!(
        made.contains("<mark>clean</mark> drinking <mark>water</mark> for families"),
        "{made}"
    );
    assert!(unmarked(&made).chars().count() <= 160, "{made}");
    let long = "w".repeat(5_000);
    let made = snippet(&query("ww"), [long.as_str()]).expect("a snippet");
    assert!(unmarked(&made).chars().count() <= 160, "{made}");
}

#[test]
fn the_text_with_most_words_gives_the_snippet_and_the_first_of_equals() {
    let made = snippet(
        &query("oxygen cylinders"),
        ["Oxygen", "Oxygen cylinders, 40 l", "cylinders of oxygen"],
    );
    assert_eq!(
        made.as_deref(),
        Some("<mark>Oxygen</mark> <mark>cylinders</mark>, 40 l")
    );
}

/// Words of four characters, w007 for one, with `between` after each but the last.
fn run(words: std::ops::RangeInclusive<usize>, between: &str) -> String {
    let words: Vec<String> = words.map(|number| format!("w{number:03}")).collect();
    words.join(between)
}

/// The same as a snippet with one of them marked, and a blank between.
fn marked(words: std::ops::RangeInclusive<usize>, mark: &str) -> String {
    run(words, " ").replace(mark, &format!("<mark>{mark}</mark>"))
}

#[test]
fn a_snippet_begins_forty_characters_before_its_match_and_has_160_in_whole_words() {
    let x = |count| "x".repeat(count);
    let w = |count| "w".repeat(count);
    for (what, text, asked, expected) in [
        ("in the middle", run(0..=299, " "), "w100", marked(92..=123, "w100")),
        ("at the beginning", run(0..=299, " "), "w002", marked(0..=31, "w002")),
        ("at the end", run(0..=102, " "), "w100", marked(92..=102, "w100")),
        (
            "both ends within words",
            run(0..=299, " ").replace(" w100", "  w100"),
            "w100",
            marked(93..=123, "w100").replace(" <mark>", "  <mark>"),
        ),
        (
            "the end at the end of a word",
            run(0..=299, " ").replace("w100 ", "w100  "),
            "w100",
            marked(92..=123, "w100").replace("</mark> ", "</mark>  "),
        ),
        (
            "the end at the beginning of a match",
            run(0..=299, ","),
            "w124 w100",
            run(92..=123, ",").replace("w100", "<mark>w100</mark>") + ",",
        ),
        (
            "a longer word before",
            format!("{} ww", x(100)),
            "ww",
            "<mark>ww</mark>".into(),
        ),
        (
            "a longer word after",
            format!("ww {}", x(500)),
            "ww",
            "<mark>ww</mark>".into(),
        ),
        (
            "a longer word alone",
            w(5_000),
            "ww",
            format!("<mark>{}</mark>", w(160)),
        ),
        (
            "a longer word after another",
            format!("see {}", w(5_000)),
            "ww",
            format!("see <mark>{}</mark>", w(156)),
        ),
    ] {
        let made = snippet(&query(asked), [text.as_str()]);
        assert_eq!(made, Some(expected), "{what}");
    }
}

#[test]
fn words_count_together_as_far_as_a_snippet_surely_reaches() {
    let part = |dashes| format!("clean{}water", "-".repeat(dashes));
    let rest = format!("{}clean water", "-".repeat(400));
    for (dashes, expected) in [
        (
            110,
            format!(
                "<mark>clean</mark>{}<mark>water</mark>{}",
                "-".repeat(110),
                "-".repeat(40)
            ),
        ),
        (111, format!("{}<mark>clean</mark> <mark>water</mark>", "-".repeat(40))),
    ] {
        let text = part(dashes) + &rest;
        let made = snippet(&query("clean water"), [text.as_str()]);
        assert_eq!(made, Some(expected), "{dashes}");
    }
}

#[test]
fn a_word_counts_once_however_often_it_stands() {
    let text = format!("food food food {} water food", "-".repeat(400));
    let made = snippet(&query("food water"), [text.as_str()]).expect("a snippet");
    assert!(made.ends_with("<mark>water</mark> <mark>food</mark>"), "{made}");
    let made = snippet(&query("oxygen cylinders"), ["Oxygen", "Oxygen, oxygen", "Nothing"]);
    assert_eq!(made.as_deref(), Some("<mark>Oxygen</mark>"));
}

#[test]
fn what_folds_into_letters_and_what_folding_drops_is_of_the_word() {
    for (text, asked, expected) in [
        ("5 ㎏", "kg", "5 <mark>㎏</mark>"),
        // Several words of the query's in one of the text.
        ("½½ l", "2", "<mark>½½</mark> l"),
        ("مـاء", "ماء", "<mark>مـاء</mark>"),
        ("\u{301}a", "a", "\u{301}<mark>a</mark>"),
        ("b\u{301}\u{327}", "b", "<mark>b\u{301}\u{327}</mark>"),
        ("l’eau", "eau", "l’<mark>eau</mark>"),
    ] {
        assert_eq!(snippet(&query(asked), [text]).as_deref(), Some(expected), "{text}");
    }
}

fn unmarked(snippet: &str) -> String {
    snippet
        .replace("<mark>", "")
        .replace("</mark>", "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

proptest! {
    #[test]
    fn any_snippet_is_a_part_of_its_text_with_marks_alone(
        text in "(\\PC|[a-e <>&'\"]|mark|\u{301}|\u{640}|أ|é){0,300}",
        asked in "[a-e]{1,2}( [a-e]{1,2}){0,3}|mark|\\PC{1,4}",
    ) {
        let Ok(query) = Query::parse(&asked) else { return Ok(()) };
        let Some(made) = snippet(&query, [text.as_str()]) else { return Ok(()) };
        let tags = made.matches('<').count();
        prop_assert_eq!(tags, made.matches("<mark>").count() * 2);
        prop_assert_eq!(tags, made.matches("</mark>").count() * 2);
        prop_assert_eq!(tags, made.matches('>').count());
        prop_assert!(tags > 0);
        prop_assert!(text.contains(&unmarked(&made)), "{:?} in {:?}", made, text);
    }

    #[test]
    fn the_words_of_any_text_stand_where_words_are_marked(text in "(\\PC|[ab '½ŉ-]|\u{301}|\u{640}|أ|é|ß|㎏|’){0,60}") {
        let characters: Vec<char> = text.chars().collect();
        let found = spans(&characters);
        let marked = found.iter().filter_map(|place| characters.get(place.clone()));
        let marked: Vec<String> = marked.flat_map(|word| words(&word.iter().collect::<String>())).collect();
        prop_assert_eq!(marked, words(&text));
    }
}
