//! Tokens of Hyper's SQL, as far as telling statements apart needs them.
//!
//! Hyper differs from what one may expect; reading it otherwise would let a statement hide from the classifier:
//! - Block comments do not nest.
//! - A backslash means nothing in an ordinary string. After `E'...'`, a string that follows on the next line, or behind
//!   a comment, is a part of the same one, and a backslash means something in it as well.
//! - The tag of a dollar string is any text without a dollar that does not start with a digit: `$ ' $`. No name or word
//!   holds a dollar, so that `text$a$` opens a string.
//! - Names hold all characters beyond ASCII, of which none is white space; only ASCII is folded to lower case.

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
    /// A string, in whatever quotes.
    Text,
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

/// What was opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    String,
    Identifier,
    Comment,
}

/// All tokens of a text.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, Open> {
    let mut tokens = Vec::new();
    let mut rest = blanks(sql)?;
    while let Some(first) = rest.chars().next() {
        let (token, after) = next(first, rest)?;
        tokens.push(token);
        rest = blanks(after)?;
    }
    Ok(tokens)
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
fn blanks(mut text: &str) -> Result<&str, Open> {
    loop {
        text = text.trim_start_matches(|c: char| matches!(c, ' ' | '\t'..='\r'));
        if let Some(comment) = text.strip_prefix("--") {
            text = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
        } else if let Some(comment) = text.strip_prefix("/*") {
            text = after(comment, "*/").ok_or(Open::Comment)?;
        } else {
            return Ok(text);
        }
    }
}

/// The token that a text begins with, and what follows.
fn next(first: char, text: &str) -> Result<(Token, &str), Open> {
    let rest = &text[first.len_utf8()..];
    Ok(match first {
        '\'' => (Token::Text, quoted(rest, '\'', false).ok_or(Open::String)?.1),
        '"' => {
            let (name, rest) = quoted(rest, '"', false).ok_or(Open::Identifier)?;
            (Token::Quoted(name), rest)
        }
        '$' if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            let tag = &text[..rest.find('$').ok_or(Open::String)? + 2];
            (Token::Text, after(&text[tag.len()..], tag).ok_or(Open::String)?)
        }
        '0'..='9' => (Token::Number, after_number(text)),
        _ if in_name(first) => {
            let (word, rest) = text.split_at(text.find(|c| !in_name(c)).unwrap_or(text.len()));
            if word.eq_ignore_ascii_case("e") && rest.starts_with('\'') {
                (Token::Text, after_escape_string(&rest[1..])?)
            } else if word.eq_ignore_ascii_case("u") && rest.starts_with("&\"") {
                (Token::Escaped, quoted(&rest[2..], '"', false).ok_or(Open::Identifier)?.1)
            } else {
                (Token::Word(word.to_ascii_lowercase()), rest)
            }
        }
        _ => (Token::Symbol(first), rest),
    })
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
fn after_escape_string(text: &str) -> Result<&str, Open> {
    let mut rest = text;
    loop {
        rest = quoted(rest, '\'', true).ok_or(Open::String)?.1;
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
