//! The one question that the suite asks of SQL: does the outer query promise an order?

/// Whether `ORDER BY` stands outside all parentheses, quotes and comments.
pub(crate) fn orders_rows(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skip_quoted(rest).or_else(|| skip_comment(rest));
        if let Some(length) = skipped {
            rest = &rest[length..];
            continue;
        }
        let word: &str = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        match first {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if !word.is_empty() && depth == 0 => words.push(word.to_ascii_lowercase()),
            _ => {}
        }
        rest = &rest[word.len().max(first.len_utf8())..];
    }
    words.windows(2).any(|pair| pair == ["order", "by"])
}

fn skip_quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    // A doubled quote ends one literal and begins the next, which comes to the same.
    Some(text[1..].find(quote).map_or(text.len(), |at| at + 2))
}

fn skip_comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let comment = text.strip_prefix("/*")?;
    Some(comment.find("*/").map_or(text.len(), |at| text.len() - comment.len() + at + 2))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::orders_rows;

    #[rstest]
    #[case("SELECT a FROM t ORDER BY a", true)]
    #[case("select a from t order\n  by a", true)]
    #[case("SELECT a FROM (SELECT a FROM t ORDER BY a) s", false)]
    #[case("SELECT 'ORDER BY' FROM t", false)]
    #[case("SELECT \"ORDER BY\" FROM t", false)]
    #[case("SELECT a FROM t -- ORDER BY a", false)]
    #[case("SELECT a FROM t /* ORDER BY a */", false)]
    #[case("SELECT a FROM t /*/ ORDER BY a */", false)]
    #[case("SELECT a FROM t /**/ ORDER BY a", true)]
    #[case("SELECT row_number() OVER (ORDER BY a) FROM t", false)]
    #[case("SELECT 'it''s' FROM t ORDER BY 1", true)]
    fn sees_the_outer_order_only(#[case] text: &str, #[case] ordered: bool) {
        assert_eq!(orders_rows(text), ordered);
    }
}
