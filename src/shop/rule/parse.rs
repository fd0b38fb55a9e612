//! Logic, fields and functions. What stands after a field is read in `compare`.

use std::ops::Range;

use super::{
    MAX_DEPTH, MAX_ITEMS,
    error::{Wrong, shown},
    field::{self, Field, Kind},
    lex::{self, Token},
    suggest::nearest,
    syntax::{Expr, Logic, Operand, Test},
};

/// Operators in words, after the symbol that says the same where there is one.
const OPERATORS: [(&str, &str); 15] = [
    ("==", "eq"),
    ("!=", "ne"),
    ("<", "lt"),
    ("<=", "le"),
    (">", "gt"),
    (">=", "ge"),
    ("~", "matches"),
    ("!", "not"),
    ("&&", "and"),
    ("^^", "xor"),
    ("||", "or"),
    ("contains", "contains"),
    ("in", "in"),
    ("wildcard", "wildcard"),
    ("strict", "strict"),
];
const FUNCTIONS: [&str; 5] = ["lower", "upper", "len", "starts_with", "ends_with"];

pub type Parsed<T> = Result<T, Wrong>;

pub fn parse(text: &str, part: Range<usize>) -> Parsed<Expr> {
    let end = Token { kind: lex::Kind::End, at: part.end..part.end };
    let mut parser = Parser { text, tokens: lex::lex(text, part), end, next: 0, depth: 0, items: 0 };
    if matches!(parser.token().kind, lex::Kind::End) {
        return Err(parser.wrong("the rule is empty"));
    }
    let rule = parser.joined(Logic::Or)?;
    match parser.token().kind {
        lex::Kind::End => Ok(rule),
        lex::Kind::Symbol(")") => Err(parser.wrong("this ) closes nothing")),
        lex::Kind::Symbol(",") => {
            Err(parser.wrong("unexpected ,: commas stand in sets and functions, and numbers have no thousands marks"))
        }
        _ => Err(parser.expected("and, or, xor or the end")),
    }
}

pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    /// Behind the last one.
    end: Token<'a>,
    next: usize,
    depth: usize,
    items: usize,
}

/// A value that is asked about, its type, and where it stands.
pub struct Subject<'a> {
    pub operand: Operand,
    pub kind: Kind,
    pub name: &'a str,
}

impl<'a> Parser<'a> {
    /// Parts between operators of this strength, each of which is made of tighter ones.
    fn joined(&mut self, logic: Logic) -> Parsed<Expr> {
        let first = self.part(logic)?;
        if !self.is_operator(logic.symbol()) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.is_operator(logic.symbol()) {
            self.step();
            parts.push(self.part(logic)?);
        }
        Ok(logic.join(parts))
    }

    fn part(&mut self, logic: Logic) -> Parsed<Expr> {
        match logic.tighter() {
            Some(tighter) => self.joined(tighter),
            None => self.negated(),
        }
    }

    fn negated(&mut self) -> Parsed<Expr> {
        if self.is_operator("!") {
            self.enter()?;
            let inner = self.negated()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.is_symbol("(") {
            let open = self.enter()?;
            let inner = self.joined(Logic::Or)?;
            self.close(&open, ")", "and, or, xor or )")?;
            self.depth -= 1;
            return Ok(inner);
        }
        self.statement()
    }

    /// Steps over what opens a level.
    fn enter(&mut self) -> Parsed<Range<usize>> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong(format!("the rule is nested too deeply (maximum is {MAX_DEPTH} levels)")));
        }
        self.depth += 1;
        Ok(self.step())
    }

    /// What is true or false by itself.
    fn statement(&mut self) -> Parsed<Expr> {
        let test = match self.token().kind {
            lex::Kind::Word("true") => return Ok(self.constant(true)),
            lex::Kind::Word("false") => return Ok(self.constant(false)),
            lex::Kind::Word("starts_with") => Test::StartsWith,
            lex::Kind::Word("ends_with") => Test::EndsWith,
            _ => {
                let subject = self.subject()?;
                return self.comparison(subject);
            }
        };
        let (name, open) = self.call()?;
        let subject = self.subject()?;
        if subject.kind != Kind::Text {
            return Err(self.argument(name, "a text", &subject));
        }
        if !self.is_symbol(",") {
            return Err(self.expected(", and a text in quotes"));
        }
        self.step();
        let text = self.text("a text in quotes")?;
        self.close(&open, ")", ")")?;
        self.depth -= 1;
        Ok(Expr::Compare(subject.operand, test(text)))
    }

    fn constant(&mut self, value: bool) -> Expr {
        self.step();
        Expr::Constant(value)
    }

    /// A function's name and the parenthesis after it.
    fn call(&mut self) -> Parsed<(&'a str, Range<usize>)> {
        let name = self.step();
        let name = self.source(&name);
        if !self.is_symbol("(") {
            return Err(self.expected(&format!("( after {name}")));
        }
        Ok((name, self.enter()?))
    }

    fn subject(&mut self) -> Parsed<Subject<'a>> {
        let Token { kind: lex::Kind::Word(word), at } = self.token() else {
            return Err(self.expected("a field or a function"));
        };
        let (word, start) = (*word, at.start);
        let (operand, kind) = match word {
            "lower" => self.changed(Operand::Lower)?,
            "upper" => self.changed(Operand::Upper)?,
            "len" => self.counted()?,
            "custom" => {
                self.step();
                if !self.is_symbol("[") {
                    return Err(self.expected("a name after custom, as in custom[\"name\"]"));
                }
                let open = self.step();
                let name = self.text("a name in quotes")?;
                self.close(&open, "]", "]")?;
                (Operand::Field(Field::Custom(name)), Kind::Text)
            }
            word => {
                let field = Field::find(word).ok_or_else(|| self.unknown(word))?;
                self.step();
                let kind = field.kind();
                (Operand::Field(field), kind)
            }
        };
        let end = self.before();
        let name = self.text.get(start..end).unwrap_or_default();
        Ok(Subject { operand, kind, name })
    }

    fn changed(&mut self, change: fn(Box<Operand>) -> Operand) -> Parsed<(Operand, Kind)> {
        let (name, open) = self.call()?;
        let inner = self.subject()?;
        if inner.kind != Kind::Text {
            return Err(self.argument(name, "a text", &inner));
        }
        self.close(&open, ")", ")")?;
        self.depth -= 1;
        Ok((change(Box::new(inner.operand)), Kind::Text))
    }

    fn counted(&mut self) -> Parsed<(Operand, Kind)> {
        let (name, open) = self.call()?;
        let inner = self.subject()?;
        if !matches!(inner.kind, Kind::Text | Kind::List) {
            return Err(self.argument(name, "a text or a list", &inner));
        }
        self.close(&open, ")", ")")?;
        self.depth -= 1;
        Ok((Operand::Len(Box::new(inner.operand)), Kind::Number))
    }

    /// A function was given a value of another type.
    fn argument(&self, function: &str, wanted: &str, given: &Subject<'_>) -> Wrong {
        let end = self.before();
        let message = format!("{function} takes {wanted}, and {} is {}", shown(given.name), given.kind.noun());
        Wrong::new(end - given.name.len()..end, message)
    }

    fn unknown(&self, word: &str) -> Wrong {
        let is_called = matches!(self.tokens.get(self.next + 1), Some(Token { kind: lex::Kind::Symbol("("), .. }));
        let message = if let Some(message) = lower_case(word) {
            message
        } else if operator_of(word).is_some() {
            return self.expected("a field or a function");
        } else if is_called {
            match nearest(word, FUNCTIONS.into_iter()) {
                Some(name) => format!("unknown function {}, did you mean {name}?", shown(word)),
                None => {
                    format!("unknown function {}: there are lower, upper, len, starts_with and ends_with", shown(word))
                }
            }
        } else {
            field::unknown(word)
        };
        self.wrong(message)
    }

    /// A text in quotes, and nothing else.
    pub fn text(&mut self, what: &str) -> Parsed<String> {
        let lex::Kind::Text(text) = &self.token().kind else {
            return Err(self.expected(what));
        };
        let text = text.clone();
        self.step();
        Ok(text)
    }

    /// Steps over the end of what was opened.
    pub fn close(&mut self, open: &Range<usize>, closing: &str, what: &str) -> Parsed<()> {
        match self.token().kind {
            lex::Kind::Symbol(symbol) if symbol == closing => {
                self.step();
                Ok(())
            }
            lex::Kind::End => {
                let message = format!("this {} is never closed", self.source(open));
                Err(Wrong::new(open.clone(), message))
            }
            _ => Err(self.expected(what)),
        }
    }

    pub fn count_item(&mut self) -> Parsed<()> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(self.wrong(format!("the sets have too many items (maximum is {MAX_ITEMS} in a rule)")));
        }
        Ok(())
    }

    /// The token that comes next.
    pub fn token(&self) -> &Token<'a> {
        self.tokens.get(self.next).unwrap_or(&self.end)
    }

    /// Steps over the next token, and tells where it stood.
    pub fn step(&mut self) -> Range<usize> {
        let Token { kind, at } = self.token();
        let (is_last, at) = (matches!(kind, lex::Kind::Bad(_) | lex::Kind::End), at.clone());
        self.next += usize::from(!is_last);
        at
    }

    /// Where the token ends that was stepped over last.
    fn before(&self) -> usize {
        self.next.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.at.end)
    }

    pub fn source(&self, at: &Range<usize>) -> &'a str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.token().kind, lex::Kind::Symbol(known) if known == symbol)
    }

    fn is_operator(&self, symbol: &str) -> bool {
        self.operator() == Some(symbol)
    }

    /// The operator that comes next, by its symbol where it has one.
    pub fn operator(&self) -> Option<&'static str> {
        match self.token().kind {
            lex::Kind::Symbol("(" | ")" | "{" | "}" | "[" | "]" | ",") => None,
            lex::Kind::Symbol(symbol) => Some(symbol),
            lex::Kind::Word(word) => operator_of(word),
            _ => None,
        }
    }

    /// Something is wrong with the next token.
    pub fn wrong(&self, message: impl Into<String>) -> Wrong {
        Wrong::new(self.token().at.clone(), message)
    }

    /// The next token isn't what has to stand there.
    pub fn expected(&self, what: &str) -> Wrong {
        let token = self.token();
        let found = match &token.kind {
            lex::Kind::Bad(message) => return self.wrong(message),
            lex::Kind::End => "the end".to_owned(),
            lex::Kind::Word(word) => match lower_case(word) {
                Some(message) => return self.wrong(message),
                None => shown(word),
            },
            _ => shown(self.source(&token.at)),
        };
        self.wrong(format!("expected {what}, found {found}"))
    }
}

fn operator_of(word: &str) -> Option<&'static str> {
    OPERATORS.iter().find(|(_, known)| *known == word).map(|(symbol, _)| *symbol)
}

/// What to say of an operator, function or constant in capitals.
fn lower_case(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let is_ours = operator_of(&lower).is_some() || FUNCTIONS.contains(&lower.as_str());
    let is_ours = is_ours || matches!(lower.as_str(), "true" | "false");
    (is_ours && lower != word).then(|| format!("{word} is written in lower case: {lower}"))
}
