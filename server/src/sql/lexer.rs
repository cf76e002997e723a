//! Tokens of Hyper's SQL, as far as telling statements apart needs them.
//!
//! Hyper differs from what one may expect; reading it otherwise would let a statement hide from the classifier:
//! - Block comments do not nest.
//! - A backslash means nothing in an ordinary string. After `E'...'`, a string that follows on the next line, or behind
//!   a comment, is a part of the same one, and a backslash means something in it as well.
//! - The tag of a dollar string is any text without a dollar that does not start with a digit: `$ ' $`. No name or word
//!   holds a dollar, so that `text$a$` opens a string.
//! - Names hold most characters beyond ASCII; only ASCII is folded to lower case. Some of those characters are white
//!   space to Hyper all the same, such as the no-break space, and others cannot be seen. Outside of quotes and comments
//!   they are refused, so that what is read here and what Hyper reads cannot differ by them; see [`is_odd`].

/// A token; comments and white space are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or an unquoted identifier, lower case as Hyper folds it.
    Word(String),
    /// An identifier in double quotes.
    Quoted(String),
    /// An identifier with Unicode escapes, `U&"..."`, whose name is not worked out.
    Escaped,
    /// A number.
    Number,
    /// A string, with its content where that is what stands between the quotes.
    Text(Option<String>),
    /// Anything else, one character at a time.
    Symbol(char),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    /// The name that it stands for where a name is expected.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// Why a text has no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    OpenString,
    OpenIdentifier,
    OpenComment,
    /// A character that is refused outside of quotes.
    Odd(Odd),
}

/// A character outside of quotes and comments of which nobody can see what it is, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odd {
    /// The character.
    pub character: char,
    /// Its line, from one on.
    pub line: usize,
    /// Its column in that line, from one on.
    pub column: usize,
}

/// All tokens of a text.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = blanks(sql)?;
    while let Some(first) = rest.chars().next() {
        let (token, after) = next(first, rest).map_err(|fault| located(fault, sql, rest))?;
        tokens.push(token);
        rest = blanks(after)?;
    }
    Ok(tokens)
}

/// Where the token of that number begins in a text, which has that many tokens.
pub(super) fn offset_of(sql: &str, number: usize) -> Option<usize> {
    let mut rest = blanks(sql).ok()?;
    for _ in 0..number {
        let (_, after) = next(rest.chars().next()?, rest).ok()?;
        rest = blanks(after).ok()?;
    }
    Some(sql.len() - rest.len())
}

/// An odd character is found in `rest`, which ends `sql`; its place is told by what precedes it.
fn located(fault: Fault, sql: &str, rest: &str) -> Fault {
    let Fault::Odd(Odd { character, .. }) = fault else { return fault };
    let before = &sql[..sql.len() - rest.len() + rest.find(character).unwrap_or_default()];
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lines = before.matches('\n').count();
    Fault::Odd(Odd { character, line: lines + 1, column: line.chars().count() + 1 })
}

/// Whether a character is refused outside of quotes and comments: control characters, white space beyond ASCII, and
/// what nobody sees (joiners, marks of direction, variation selectors, tags, fillers, noncharacters).
///
/// hyperd 0.0.26963 takes U+00A0, U+2000 to U+200F, U+2028, U+2029, U+3000 and U+FEFF for white space, and all other
/// characters beyond ASCII for letters; of the control characters it takes only U+0009 to U+000D.
pub(super) fn is_odd(c: char) -> bool {
    /// The last two code points of each plane are no characters.
    const NONCHARACTERS: u32 = 0xfffe;
    match c {
        '\t'..='\r' => false,
        '\u{ad}'
        | '\u{34f}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ if u32::from(c) & NONCHARACTERS == NONCHARACTERS => true,
        ' ' => false,
        c => c.is_control() || c.is_whitespace(),
    }
}

/// Every name and word in a text; none where what it names is not known here.
pub fn names(sql: &str) -> Option<std::collections::HashSet<String>> {
    let tokens = tokens(sql).ok()?;
    if tokens.contains(&Token::Escaped) {
        return None;
    }
    Some(tokens.iter().filter_map(Token::name).map(str::to_owned).collect())
}

/// A text without the semicolons and comments at its end; all of whose tokens are known to end.
pub(super) fn body(sql: &str) -> &str {
    let (mut rest, mut end) = (sql, 0);
    while let Ok(text) = blanks(rest)
        && let Some(first) = text.chars().next()
        && let Ok((token, after)) = next(first, text)
    {
        if token != Token::Symbol(';') {
            end = sql.len() - after.len();
        }
        rest = after;
    }
    &sql[..end]
}

/// What follows white space and comments.
fn blanks(mut text: &str) -> Result<&str, Fault> {
    loop {
        text = text.trim_start_matches(|c: char| matches!(c, ' ' | '\t'..='\r'));
        if let Some(comment) = text.strip_prefix("--") {
            text = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
        } else if let Some(comment) = text.strip_prefix("/*") {
            text = after(comment, "*/").ok_or(Fault::OpenComment)?;
        } else {
            return Ok(text);
        }
    }
}

/// The token that a text begins with, and what follows.
fn next(first: char, text: &str) -> Result<(Token, &str), Fault> {
    let rest = &text[first.len_utf8()..];
    Ok(match first {
        _ if is_odd(first) => return Err(odd(first)),
        '\'' => {
            let (content, rest) = quoted(rest, '\'', false).ok_or(Fault::OpenString)?;
            (Token::Text(Some(content)), rest)
        }
        '"' => {
            let (name, rest) = quoted(rest, '"', false).ok_or(Fault::OpenIdentifier)?;
            (Token::Quoted(name), rest)
        }
        '$' if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            let tag = &text[..rest.find('$').ok_or(Fault::OpenString)? + 2];
            let rest = after(&text[tag.len()..], tag).ok_or(Fault::OpenString)?;
            let content = &text[tag.len()..text.len() - rest.len() - tag.len()];
            (Token::Text(Some(content.to_owned())), rest)
        }
        '0'..='9' => (Token::Number, after_number(text)),
        _ if in_name(first) => {
            let (word, rest) = text.split_at(text.find(|c| !in_name(c)).unwrap_or(text.len()));
            if let Some(character) = word.chars().find(|c| is_odd(*c)) {
                return Err(odd(character));
            }
            if word.eq_ignore_ascii_case("e") && rest.starts_with('\'') {
                (Token::Text(None), after_escape_string(&rest[1..])?)
            } else if word.eq_ignore_ascii_case("u") && rest.starts_with("&\"") {
                (Token::Escaped, quoted(&rest[2..], '"', false).ok_or(Fault::OpenIdentifier)?.1)
            } else {
                (Token::Word(word.to_ascii_lowercase()), rest)
            }
        }
        _ => (Token::Symbol(first), rest),
    })
}

fn odd(character: char) -> Fault {
    Fault::Odd(Odd { character, line: 0, column: 0 })
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

fn after<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.find(end).map(|at| &text[at + end.len()..])
}

/// What follows the digits, fraction and exponent at the start of a text.
fn after_number(text: &str) -> &str {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut rest = &text[digits(text)..];
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = &fraction[digits(fraction)..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let end = digits(exponent);
        if end > 0 {
            rest = &exponent[end..];
        }
    }
    rest
}

/// What follows an `E'...'` and the strings that continue it.
fn after_escape_string(text: &str) -> Result<&str, Fault> {
    let mut rest = text;
    loop {
        rest = quoted(rest, '\'', true).ok_or(Fault::OpenString)?.1;
        // Where nothing but spaces part two strings, Hyper refuses the statement, however the second one is read.
        match blanks(rest)?.strip_prefix('\'') {
            Some(continued) => rest = continued,
            None => return Ok(rest),
        }
    }
}

/// The content up to the closing quote, which doubled stands for itself, and what follows.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            content.extend(chars.next().map(|(_, escaped)| escaped));
        } else if c != quote {
            content.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            chars.next();
            content.push(quote);
        } else {
            return Some((content, &text[at + quote.len_utf8()..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{is_odd, offset_of, tokens};

    /// What hyperd 0.0.26963 takes for white space; each of them was tried in `SELECT` + c + `1`, and so was every other
    /// character below U+10000.
    #[rstest]
    #[case('\u{a0}'..='\u{a0}')]
    #[case('\u{2000}'..='\u{200f}')]
    #[case('\u{2028}'..='\u{2029}')]
    #[case('\u{3000}'..='\u{3000}')]
    #[case('\u{feff}'..='\u{feff}')]
    fn what_hyper_takes_for_white_space_is_odd(#[case] range: std::ops::RangeInclusive<char>) {
        for c in range {
            assert!(is_odd(c), "{c:?}");
            assert!(tokens(&format!("SELECT {c}1")).is_err(), "{c:?}");
        }
    }

    #[test]
    fn letters_and_ascii_white_space_are_not_odd() {
        let odd = ('\u{21}'..='\u{7e}').chain("\t\n\u{b}\u{c}\r äßñçøéλж漢字あ한ا€😀".chars()).find(|c| is_odd(*c));
        assert_eq!(odd, None);
    }

    #[test]
    fn tokens_are_found_again_in_the_text() {
        let sql = "/* a */ EXPLAIN (analyze) 'b' SELECT";
        assert_eq!(offset_of(sql, 5).map(|at| &sql[at..]), Some("SELECT"));
    }
}
