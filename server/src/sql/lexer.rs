//! Tokens of Hyper's SQL, as far as telling statements apart needs them.
//!
//! Two things differ from what one may expect: Hyper's block comments do not nest, and a backslash means nothing in an
//! ordinary string. Reading either otherwise would let a statement hide from the classifier.

/// A token; comments and white space are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or an unquoted identifier, lower case as Hyper folds it.
    Word(String),
    /// An identifier in double quotes.
    Quoted(String),
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
    let mut rest = sql;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = if first.is_whitespace() {
            rest.trim_start()
        } else if rest.starts_with("--") {
            rest.find(['\n', '\r']).map_or("", |end| &rest[end..])
        } else if let Some(comment) = rest.strip_prefix("/*") {
            after(comment, "*/").ok_or(Open::Comment)?
        } else if first == '\'' {
            tokens.push(Token::Text);
            quoted(&rest[1..], '\'', false).ok_or(Open::String)?.1
        } else if first == '"' {
            let (name, rest) = quoted(&rest[1..], '"', false).ok_or(Open::Identifier)?;
            tokens.push(Token::Quoted(name));
            rest
        } else if let Some(tag) = dollar_tag(rest) {
            tokens.push(Token::Text);
            after(&rest[tag.len()..], tag).ok_or(Open::String)?
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
            let (word, rest) = rest.split_at(end);
            if word.eq_ignore_ascii_case("e") && rest.starts_with('\'') {
                tokens.push(Token::Text);
                quoted(&rest[1..], '\'', true).ok_or(Open::String)?.1
            } else {
                tokens.push(Token::Word(word.to_lowercase()));
                rest
            }
        } else {
            tokens.push(Token::Symbol(first));
            &rest[first.len_utf8()..]
        };
    }
    Ok(tokens)
}

fn after<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.find(end).map(|at| &text[at + end.len()..])
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

/// `$$` or `$tag$` at the start of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let tag = &inner[..end];
    let valid = tag.chars().all(|c| c.is_alphanumeric() || c == '_') && !tag.starts_with(|c: char| c.is_numeric());
    valid.then(|| &text[..end + 2])
}
