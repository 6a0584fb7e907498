//! Expressions.

use bytecode::Constant;
use num_bigint::BigInt;
use ruff_python_ast as ruff;
use ruff_text_size::TextRange;

use super::Lower;
use crate::{
    ast::{BoolOp, Comprehension, Expr, ExprContext, ExprKind, Lambda},
    error::{CompileError, CompileWarning, ErrorKind, Result},
};

fn context(ctx: ruff::ExprContext) -> ExprContext {
    match ctx {
        ruff::ExprContext::Load | ruff::ExprContext::Invalid => ExprContext::Load,
        ruff::ExprContext::Store => ExprContext::Store,
        ruff::ExprContext::Del => ExprContext::Del,
    }
}

impl Lower<'_> {
    pub(super) fn expr(&mut self, expr: &ruff::Expr) -> Result<Expr> {
        let location = self.location(expr);
        let kind = match expr {
            ruff::Expr::BoolOp(node) => ExprKind::BoolOp {
                op: match node.op {
                    ruff::BoolOp::And => BoolOp::And,
                    ruff::BoolOp::Or => BoolOp::Or,
                },
                values: self.exprs(&node.values)?,
            },
            ruff::Expr::Named(node) => ExprKind::NamedExpr {
                target: self.boxed(&node.target)?,
                value: self.boxed(&node.value)?,
            },
            ruff::Expr::BinOp(_) => return self.bin_op(expr),
            ruff::Expr::UnaryOp(node) => {
                ExprKind::UnaryOp { op: node.op, operand: self.boxed(&node.operand)? }
            }
            ruff::Expr::Lambda(node) => ExprKind::Lambda(Box::new(Lambda {
                args: self.arguments(node.parameters.as_deref())?,
                body: self.expr(&node.body)?,
            })),
            ruff::Expr::If(node) => ExprKind::IfExp {
                test: self.boxed(&node.test)?,
                body: self.boxed(&node.body)?,
                orelse: self.boxed(&node.orelse)?,
            },
            ruff::Expr::Dict(node) => {
                let mut keys = Vec::with_capacity(node.items.len());
                let mut values = Vec::with_capacity(node.items.len());
                for item in &node.items {
                    keys.push(item.key.as_ref().map(|key| self.expr(key)).transpose()?);
                    values.push(self.expr(&item.value)?);
                }
                ExprKind::Dict { keys, values }
            }
            ruff::Expr::Set(node) => ExprKind::Set(self.exprs(&node.elts)?),
            ruff::Expr::ListComp(node) => ExprKind::ListComp {
                elt: self.boxed(&node.elt)?,
                generators: self.generators(&node.generators)?,
            },
            ruff::Expr::SetComp(node) => ExprKind::SetComp {
                elt: self.boxed(&node.elt)?,
                generators: self.generators(&node.generators)?,
            },
            ruff::Expr::DictComp(node) => {
                let Some(key) = &node.key else {
                    return Err(self.syntax_error(
                        node.range,
                        "dict unpacking cannot be used in dict comprehension",
                    ));
                };
                ExprKind::DictComp {
                    key: self.boxed(key)?,
                    value: self.boxed(&node.value)?,
                    generators: self.generators(&node.generators)?,
                }
            }
            ruff::Expr::Generator(node) => ExprKind::GeneratorExp {
                elt: self.boxed(&node.elt)?,
                generators: self.generators(&node.generators)?,
            },
            ruff::Expr::Await(node) => ExprKind::Await(self.boxed(&node.value)?),
            ruff::Expr::Yield(node) => ExprKind::Yield(self.opt(node.value.as_deref())?),
            ruff::Expr::YieldFrom(node) => ExprKind::YieldFrom(self.boxed(&node.value)?),
            ruff::Expr::Compare(node) => ExprKind::Compare {
                left: self.boxed(&node.left)?,
                ops: node.ops.to_vec(),
                comparators: self.exprs(&node.comparators)?,
            },
            ruff::Expr::Call(node) => {
                let func = self.boxed(&node.func)?;
                let mut args = self.exprs(&node.arguments.args)?;
                // A generator expression that is the only argument shares the call's parentheses.
                if let [ruff::Expr::Generator(generator)] = &*node.arguments.args
                    && !generator.parenthesized
                    && let [arg] = args.as_mut_slice()
                {
                    arg.location = self.location(&node.arguments);
                }
                ExprKind::Call { func, args, keywords: self.keywords(&node.arguments.keywords)? }
            }
            ruff::Expr::FString(node) => return self.f_string(node),
            ruff::Expr::TString(node) => return self.t_string(node),
            ruff::Expr::StringLiteral(node) => return self.string_literal(node),
            ruff::Expr::BytesLiteral(node) => return self.bytes_literal(node),
            ruff::Expr::NumberLiteral(node) => {
                return Ok(Expr::constant(self.number(node)?, location));
            }
            ruff::Expr::BooleanLiteral(node) => {
                return Ok(Expr::constant(Constant::Bool(node.value), location));
            }
            ruff::Expr::NoneLiteral(_) => return Ok(Expr::constant(Constant::None, location)),
            ruff::Expr::EllipsisLiteral(_) => {
                return Ok(Expr::constant(Constant::Ellipsis, location));
            }
            ruff::Expr::Attribute(node) => ExprKind::Attribute {
                value: self.boxed(&node.value)?,
                attr: node.attr.id.clone(),
                ctx: context(node.ctx),
            },
            ruff::Expr::Subscript(node) => ExprKind::Subscript {
                value: self.boxed(&node.value)?,
                slice: self.boxed(&node.slice)?,
                ctx: context(node.ctx),
            },
            ruff::Expr::Starred(node) => {
                ExprKind::Starred { value: self.boxed(&node.value)?, ctx: context(node.ctx) }
            }
            ruff::Expr::Name(node) => {
                // A keyword by another spelling, which normalisation makes the keyword.
                if matches!(node.id.as_str(), "None" | "True" | "False") {
                    let message =
                        format!("identifier field can't represent '{}' constant", node.id);
                    return Err(CompileError::new(ErrorKind::ValueError, message));
                }
                ExprKind::Name { id: node.id.clone(), ctx: context(node.ctx) }
            }
            ruff::Expr::List(node) => {
                ExprKind::List { elts: self.exprs(&node.elts)?, ctx: context(node.ctx) }
            }
            ruff::Expr::Tuple(node) => {
                ExprKind::Tuple { elts: self.exprs(&node.elts)?, ctx: context(node.ctx) }
            }
            ruff::Expr::Slice(node) => ExprKind::Slice {
                lower: self.opt(node.lower.as_deref())?,
                upper: self.opt(node.upper.as_deref())?,
                step: self.opt(node.step.as_deref())?,
            },
            ruff::Expr::IpyEscapeCommand(_) => return Err(self.unexpected("escape command")),
        };
        Ok(Expr { kind, location })
    }

    /// Chains like `a + b + c …` are deep on the left; walk them in a loop.
    fn bin_op(&mut self, expr: &ruff::Expr) -> Result<Expr> {
        let mut spine = Vec::new();
        let mut leftmost = expr;
        while let ruff::Expr::BinOp(node) = leftmost {
            spine.push(node);
            leftmost = &node.left;
        }
        let mut result = self.expr(leftmost)?;
        for node in spine.into_iter().rev() {
            let kind = ExprKind::BinOp {
                left: Box::new(result),
                op: node.op,
                right: self.boxed(&node.right)?,
            };
            result = Expr { kind, location: self.location(node) };
        }
        Ok(result)
    }

    fn generators(&mut self, generators: &[ruff::Comprehension]) -> Result<Vec<Comprehension>> {
        generators
            .iter()
            .map(|generator| {
                Ok(Comprehension {
                    target: self.expr(&generator.target)?,
                    iter: self.expr(&generator.iter)?,
                    ifs: self.exprs(&generator.ifs)?,
                    is_async: generator.is_async,
                })
            })
            .collect()
    }

    /// A keyword right after a number is read, but should not be there.
    pub(super) fn warn_number(&mut self, range: TextRange) {
        let next = self.source.as_bytes().get(range.end().to_usize());
        if !next.is_some_and(u8::is_ascii_alphabetic) {
            return;
        }
        let text = self.text(range).as_bytes();
        let what = match (text.get(1).map(u8::to_ascii_lowercase), text.last()) {
            (Some(b'x'), _) => "hexadecimal",
            (Some(b'o'), _) => "octal",
            (Some(b'b'), _) => "binary",
            (_, Some(b'j' | b'J')) => "imaginary",
            _ => "decimal",
        };
        let message = format!("invalid {what} literal");
        let (line, end) = self.lines.position(range.end());
        let mut error = self.error_at(line, end - 1, &message);
        error.end_offset = error.offset;
        if let Some(text) = &mut error.text {
            text.truncate(text.trim_end_matches('\n').len());
        }
        self.warnings.push(CompileWarning { message, lineno: line, error });
    }

    fn number(&mut self, node: &ruff::ExprNumberLiteral) -> Result<Constant> {
        self.warn_number(node.range);
        Ok(match &node.value {
            ruff::Number::Int(int) => match int.as_u64() {
                Some(small) => Constant::Int(BigInt::from(small)),
                None => Constant::Int(self.big_int(node)?),
            },
            ruff::Number::Float(value) => Constant::Float(*value),
            ruff::Number::Complex { real, imag } => Constant::Complex(*real, *imag),
        })
    }

    fn big_int(&mut self, node: &ruff::ExprNumberLiteral) -> Result<BigInt> {
        let text: Vec<u8> = self.text(node.range).bytes().filter(|byte| *byte != b'_').collect();
        let radix = match text.get(1).map(u8::to_ascii_lowercase) {
            Some(b'x') => 16,
            Some(b'o') => 8,
            Some(b'b') => 2,
            _ => 10,
        };
        let digits = if radix == 10 { &text[..] } else { text.get(2..).unwrap_or(&[]) };
        let limit = self.max_digits;
        if radix == 10 && limit > 0 && digits.len() > limit {
            let message = format!(
                "Exceeds the limit ({limit} digits) for integer string conversion: value \
                 has {} digits; use sys.set_int_max_str_digits() to increase the limit - Consider \
                 hexadecimal for huge integer literals to avoid decimal conversion limits.",
                digits.len()
            );
            let mut error = self.syntax_error(node.range, message);
            error.end_offset = error.offset;
            return Err(error);
        }
        BigInt::parse_bytes(digits, radix)
            .ok_or_else(|| self.syntax_error(node.range, "invalid decimal literal"))
    }
}
