//! Expressions over builtin types, with what CPython says of each.
//!
//! `recorded.txt` holds lines `expression`, `name = expression` and, behind
//! each, `=> repr` or `=> Type: message` as CPython 3.14 gave them. This file
//! has just enough of an evaluator: no functions, no statements but assignment.

use std::collections::HashMap;

use object::{
    AsObject, Bytes, CompareOp, Dict, Int, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    Type,
    alloc::Mode,
    args::borrow_all,
    protocol::{compare, mapping, number},
    thread::boot,
    types,
};

struct Evaluator<'a> {
    th: Thread<'a>,
    names: HashMap<String, Ref>,
    text: Vec<char>,
    at: usize,
}

impl Evaluator<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at) == Some(&' ') {
            self.at += 1;
        }
    }

    fn eat(&mut self, what: &str) -> bool {
        self.blanks();
        let found = self.text[self.at..].iter().take(what.len()).collect::<String>() == what;
        if found {
            self.at += what.len();
        }
        found
    }

    fn peek(&mut self) -> char {
        self.blanks();
        self.text.get(self.at).copied().unwrap_or('\n')
    }

    fn comparison(&mut self) -> Result {
        let left = self.sum()?;
        let ops = [
            ("<=", CompareOp::Le),
            (">=", CompareOp::Ge),
            ("==", CompareOp::Eq),
            ("!=", CompareOp::Ne),
            ("<", CompareOp::Lt),
            (">", CompareOp::Gt),
        ];
        for (symbol, op) in ops {
            if self.eat(symbol) {
                let right = self.sum()?;
                return compare::rich_compare(self.th, left.obj(), right.obj(), op);
            }
        }
        if self.eat("in ") {
            let right = self.sum()?;
            let found = mapping::contains(self.th, right.obj(), left.obj())?;
            return Ok(types::bool_(found).own());
        }
        if self.eat("is ") {
            let right = self.sum()?;
            return Ok(types::bool_(left.obj().is(right.obj())).own());
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result {
        let mut left = self.product()?;
        loop {
            let op = match self.peek() {
                '+' => number::ADD,
                '-' => number::SUBTRACT,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product()?;
            left = number::binary(self.th, op, left.obj(), right.obj())?;
        }
    }

    fn product(&mut self) -> Result {
        let mut left = self.unary()?;
        loop {
            let op = match self.peek() {
                '*' => number::MULTIPLY,
                '%' => number::REMAINDER,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.unary()?;
            left = number::binary(self.th, op, left.obj(), right.obj())?;
        }
    }

    fn unary(&mut self) -> Result {
        if self.eat("-") {
            let value = self.unary()?;
            let zero = Int::from_i64(self.th, 0)?;
            return number::binary(self.th, number::SUBTRACT, zero.obj(), value.obj());
        }
        let base = self.primary()?;
        if self.eat("**") {
            let exponent = self.unary()?;
            return number::power(self.th, base.obj(), exponent.obj(), types::none());
        }
        Ok(base)
    }

    fn primary(&mut self) -> Result {
        let mut value = self.atom()?;
        loop {
            if self.eat(".") {
                let name = self.name();
                value = value.getattr(self.th, &*Str::intern(self.th, &name)?)?;
            } else if self.eat("(") {
                value = self.call(value)?;
            } else if self.eat("[") {
                let key = self.subscript()?;
                value = value.get_item(self.th, key.obj())?;
            } else {
                return Ok(value);
            }
        }
    }

    fn call(&mut self, callee: Ref) -> Result {
        let (mut args, mut names) = (Vec::new(), Vec::new());
        while !self.eat(")") {
            let start = self.at;
            let name = self.name();
            if !name.is_empty() && self.peek() == '=' && self.text.get(self.at + 1) != Some(&'=') {
                self.at += 1;
                names.push(Str::intern(self.th, &name)?.upcast());
            } else {
                self.at = start;
            }
            args.push(self.comparison()?);
            self.eat(",");
        }
        let names = Tuple::from_refs(self.th, names)?;
        let names = (!names.items().is_empty()).then_some(&*names);
        callee.call_kw(self.th, borrow_all(&args), names)
    }

    fn subscript(&mut self) -> Result {
        let mut parts = vec![None];
        loop {
            match self.peek() {
                ']' => break,
                ':' => {
                    self.at += 1;
                    parts.push(None);
                }
                _ => {
                    let value = self.comparison()?;
                    *parts.last_mut().unwrap() = Some(value);
                }
            }
        }
        self.at += 1;
        if parts.len() == 1 {
            return Ok(parts.remove(0).unwrap());
        }
        parts.resize(3, None);
        let part = |i: usize| parts[i].as_ref().map_or(types::none(), |part: &Ref| part.obj());
        types::Slice::new(self.th, part(0), part(1), part(2)).map(Ref::upcast)
    }

    fn name(&mut self) -> String {
        self.blanks();
        let rest = self.text[self.at..].iter();
        let name: String = rest.take_while(|c| c.is_alphanumeric() || **c == '_').collect();
        self.at += name.chars().count();
        name
    }

    fn items(&mut self, close: char) -> Result<(Vec<Ref>, bool)> {
        let (mut items, mut comma) = (Vec::new(), false);
        while self.peek() != close {
            items.push(self.comparison()?);
            comma |= self.eat(",");
        }
        self.at += 1;
        Ok((items, comma))
    }

    fn atom(&mut self) -> Result {
        let th = self.th;
        match self.peek() {
            '(' => {
                self.at += 1;
                let (mut items, comma) = self.items(')')?;
                if items.len() == 1 && !comma {
                    return Ok(items.remove(0));
                }
                Tuple::from_refs(th, items).map(Ref::upcast)
            }
            '[' => {
                self.at += 1;
                let (items, _) = self.items(']')?;
                List::from_refs(th, items).map(Ref::upcast)
            }
            '{' => {
                self.at += 1;
                let dict = Dict::new(th)?;
                while !self.eat("}") {
                    let key = self.comparison()?;
                    assert!(self.eat(":"));
                    let value = self.comparison()?;
                    dict.set(th, key.obj(), value.obj())?;
                    self.eat(",");
                }
                Ok(dict.upcast())
            }
            quote @ ('\'' | '"') => {
                let start = self.at + 1;
                let end = start + self.text[start..].iter().position(|c| *c == quote).unwrap();
                self.at = end + 1;
                let text: String = self.text[start..end].iter().collect();
                Str::from_code_points(th, &unescape(&text)).map(Ref::upcast)
            }
            'b' if matches!(self.text.get(self.at + 1), Some('\'' | '"')) => {
                self.at += 1;
                let text = self.atom()?;
                let text = text.downcast::<Str>().unwrap();
                let bytes: Vec<u8> = text.units().iter().map(|code| code as u8).collect();
                Bytes::new(th, &bytes).map(Ref::upcast)
            }
            c if c.is_ascii_digit() => {
                let text: String = self.text[self.at..]
                    .iter()
                    .take_while(|c| c.is_alphanumeric() || **c == '.')
                    .collect();
                self.at += text.len();
                match text.parse::<i64>() {
                    Ok(value) => Int::from_i64(th, value),
                    Err(_) => types::Float::new(th, text.parse().unwrap()).map(Ref::upcast),
                }
            }
            _ => {
                let name = self.name();
                match self.names.get(&name) {
                    Some(value) => Ok(value.clone()),
                    None => {
                        panic!("unknown name {name:?} in {}", self.text.iter().collect::<String>())
                    }
                }
            }
        }
    }

    /// What `line` gives, as recorded.
    fn line(&mut self, line: &str) -> String {
        let mut expression = line;
        let mut target = None;
        if let Some((name, rest)) = line.split_once(" = ")
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        {
            (target, expression) = (Some(name), rest);
        }
        (self.text, self.at) = (expression.chars().collect(), 0);
        let result = self.comparison().and_then(|value| match target {
            Some(name) => {
                self.names.insert(name.to_owned(), value);
                Ok("None".to_owned())
            }
            None => value.repr(self.th).map(|text| text.to_string()),
        });
        result.unwrap_or_else(|raised| {
            let exception = self.th.take_exception(raised);
            let text = exception.str(self.th).map_or("?".into(), |text| text.to_string());
            format!("{}: {text}", exception.obj().type_name())
        })
    }
}

/// The code points of the inside of a literal.
fn unescape(text: &str) -> Vec<u32> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c.into());
            continue;
        }
        let c = chars.next().unwrap_or('\\');
        let digits = match c {
            'n' => 0,
            't' | 'r' | '\\' => 0,
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let hex: String = chars.by_ref().take(digits).collect();
        out.push(match c {
            'n' => 10,
            't' => 9,
            'r' => 13,
            _ if digits > 0 => u32::from_str_radix(&hex, 16).unwrap(),
            other => other.into(),
        });
    }
    out
}

#[test]
fn expressions_give_what_cpython_gives() {
    let th = boot(Mode::default());
    let mut names = HashMap::new();
    let mut add = |name: &str, value: Obj<'_>| names.insert(name.to_owned(), value.own());
    for decl in types::builtin_types() {
        let ty: &Type = (decl.ty)();
        add(ty.name(), ty.obj());
    }
    for (name, ty) in object::exceptions::all() {
        add(name, ty.obj());
    }
    add("None", types::none());
    add("True", types::bool_(true));
    add("False", types::bool_(false));
    let mut evaluator = Evaluator { th, names, text: Vec::new(), at: 0 };
    let (mut wrong, mut total) = (Vec::new(), 0);
    let lines: Vec<&str> =
        include_str!("recorded.txt").lines().chain(include_str!("strings.txt").lines()).collect();
    for pair in lines.chunks(2) {
        let [line, expected] = pair else { continue };
        let expected = expected.trim_start_matches("=> ").replace('␤', "\n");
        let got = evaluator.line(line);
        total += 1;
        if got != expected {
            wrong.push(format!("{line}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {total} differ:\n{}", wrong.len(), wrong.join("\n"));
}
