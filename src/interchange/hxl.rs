//! Hashtags of the Humanitarian Exchange Language: `#country+code` under a column's header says what the column holds.

/// A hashtag and its attributes, in lower case. The order of attributes means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    name: String,
    attributes: Vec<String>,
}

impl Tag {
    /// Reads `#country+code`, in any case and with any blanks around its parts. A `#` alone is no tag, nor is a word
    /// that begins with a digit.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().strip_prefix('#')?.split('+').map(str::trim);
        let name = word(parts.next()?)?;
        let attributes = parts.map(word).collect::<Option<Vec<_>>>()?;
        Some(Self { name, attributes })
    }

    /// Whether a column tagged `column` is one that this tag asks for: the same hashtag with at least these attributes.
    pub fn asks_for(&self, column: &Self) -> bool {
        self.name == column.name
            && self
                .attributes
                .iter()
                .all(|attribute| column.attributes.contains(attribute))
    }

    /// Whether a column's tag is this one, but for attributes that name a vocabulary of codes: `+v_iso3`.
    pub fn is(&self, column: &Self) -> bool {
        let is_vocabulary = |attribute: &String| attribute.starts_with("v_");
        self.asks_for(column)
            && column
                .attributes
                .iter()
                .all(|attribute| is_vocabulary(attribute) || self.attributes.contains(attribute))
    }

    /// How many attributes it has: of several columns that match, the one with the fewest is the closest.
    pub const fn attributes(&self) -> usize {
        self.attributes.len()
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.name)?;
        self.attributes
            .iter()
            .try_for_each(|attribute| write!(f, "+{attribute}"))
    }
}

fn word(text: &str) -> Option<String> {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let goes_on = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (begins && goes_on).then(|| text.to_ascii_lowercase())
}

/// The hashtags of a row, where it is a row of hashtags: each cell is blank or a tag, and there are some.
pub fn row<'a>(cells: impl Iterator<Item = &'a str>) -> Option<Vec<Option<Tag>>> {
    let tags = cells
        .map(|cell| match cell.trim() {
            "" => Some(None),
            cell => Tag::parse(cell).map(Some),
        })
        .collect::<Option<Vec<_>>>()?;
    tags.iter().any(Option::is_some).then_some(tags)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_hash_alone_is_no_tag() {
        assert_eq!(Tag::parse("#"), None);
        assert_eq!(Tag::parse("# "), None);
        assert_eq!(Tag::parse("#1st"), None);
        assert_eq!(Tag::parse("country"), None);
        assert_eq!(Tag::parse("#country+"), None);
    }

    #[test]
    fn case_blanks_and_order_mean_nothing() {
        let asked = Tag::parse("#Country +Code").unwrap();
        assert_eq!(asked.to_string(), "#country+code");
        assert!(asked.asks_for(&Tag::parse("#country+v_iso3+code").unwrap()));
        assert!(!asked.asks_for(&Tag::parse("#country+name").unwrap()));
        assert!(!asked.asks_for(&Tag::parse("#adm1+code").unwrap()));
    }

    #[test]
    fn a_row_of_tags_may_have_blank_cells_but_no_words() {
        assert_eq!(row(["", "#inneed"].into_iter()).unwrap().len(), 2);
        assert_eq!(row(["#", "#inneed"].into_iter()), None);
        assert_eq!(row(["", ""].into_iter()), None);
    }
}
