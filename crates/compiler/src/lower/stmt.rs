//! Statements and patterns.

use bytecode::Constant;
use ruff_python_ast as ruff;
use ruff_text_size::{Ranged, TextSize};

use super::Lower;
use crate::{
    ast::{
        Alias, Arg, Arguments, ClassDef, ExceptHandler, Expr, For, FunctionDef, Keyword, MatchCase,
        Name, Pattern, PatternKind, Stmt, StmtKind, Try, TypeParam, TypeParamKind, WithItem,
    },
    error::{CompileError, ErrorKind, Result},
    instruction_sequence::Location,
};

impl Lower<'_> {
    pub(super) fn stmt(&mut self, stmt: &ruff::Stmt) -> Result<Stmt> {
        let end = self.statement_end(stmt);
        let mut location = self.span(stmt.start(), end);
        let kind = match stmt {
            ruff::Stmt::FunctionDef(node) => {
                location = self.definition(node.range().start(), end, &node.decorator_list);
                StmtKind::FunctionDef(Box::new(FunctionDef {
                    name: node.name.id.clone(),
                    args: self.arguments(Some(&node.parameters))?,
                    body: self.stmts(&node.body)?,
                    decorator_list: self.decorators(&node.decorator_list)?,
                    returns: self.opt(node.returns.as_deref())?,
                    type_params: self.type_params(node.type_params.as_deref())?,
                    is_async: node.is_async,
                }))
            }
            ruff::Stmt::ClassDef(node) => {
                location = self.definition(node.range().start(), end, &node.decorator_list);
                let (bases, keywords) = match &node.arguments {
                    Some(arguments) => {
                        (self.exprs(&arguments.args)?, self.keywords(&arguments.keywords)?)
                    }
                    None => (Vec::new(), Vec::new()),
                };
                StmtKind::ClassDef(Box::new(ClassDef {
                    name: node.name.id.clone(),
                    bases,
                    keywords,
                    body: self.stmts(&node.body)?,
                    decorator_list: self.decorators(&node.decorator_list)?,
                    type_params: self.type_params(node.type_params.as_deref())?,
                }))
            }
            ruff::Stmt::Return(node) => StmtKind::Return(self.opt(node.value.as_deref())?),
            ruff::Stmt::Delete(node) => StmtKind::Delete(self.exprs(&node.targets)?),
            ruff::Stmt::TypeAlias(node) => StmtKind::TypeAlias {
                name: self.boxed(&node.name)?,
                type_params: self.type_params(node.type_params.as_deref())?,
                value: self.boxed(&node.value)?,
            },
            ruff::Stmt::Assign(node) => StmtKind::Assign {
                targets: self.exprs(&node.targets)?,
                value: self.boxed(&node.value)?,
            },
            ruff::Stmt::AugAssign(node) => StmtKind::AugAssign {
                target: self.boxed(&node.target)?,
                op: node.op,
                value: self.boxed(&node.value)?,
            },
            ruff::Stmt::AnnAssign(node) => StmtKind::AnnAssign {
                target: self.boxed(&node.target)?,
                annotation: self.boxed(&node.annotation)?,
                value: self.opt(node.value.as_deref())?,
                simple: node.simple,
            },
            ruff::Stmt::For(node) => StmtKind::For(Box::new(For {
                target: self.expr(&node.target)?,
                iter: self.expr(&node.iter)?,
                body: self.stmts(&node.body)?,
                orelse: self.stmts(&node.orelse)?,
                is_async: node.is_async,
            })),
            ruff::Stmt::While(node) => StmtKind::While {
                test: self.boxed(&node.test)?,
                body: self.stmts(&node.body)?,
                orelse: self.stmts(&node.orelse)?,
            },
            ruff::Stmt::If(node) => {
                let test = self.boxed(&node.test)?;
                let body = self.stmts(&node.body)?;
                // Build `elif` chains from the end: each is an `if` in the previous `orelse`.
                let mut clauses = Vec::with_capacity(node.elif_else_clauses.len());
                for clause in &node.elif_else_clauses {
                    clauses.push((
                        self.opt(clause.test.as_ref())?,
                        self.stmts(&clause.body)?,
                        self.span(clause.range.start(), end),
                    ));
                }
                let mut orelse = Vec::new();
                for (test, body, location) in clauses.into_iter().rev() {
                    orelse = match test {
                        Some(test) => {
                            vec![Stmt { kind: StmtKind::If { test, body, orelse }, location }]
                        }
                        None => body,
                    };
                }
                StmtKind::If { test, body, orelse }
            }
            ruff::Stmt::With(node) => StmtKind::With {
                items: node
                    .items
                    .iter()
                    .map(|item| {
                        Ok(WithItem {
                            context_expr: self.expr(&item.context_expr)?,
                            optional_vars: self.opt(item.optional_vars.as_deref())?,
                        })
                    })
                    .collect::<Result<_>>()?,
                body: self.stmts(&node.body)?,
                is_async: node.is_async,
            },
            ruff::Stmt::Match(node) => StmtKind::Match {
                subject: self.boxed(&node.subject)?,
                cases: node
                    .cases
                    .iter()
                    .map(|case| {
                        Ok(MatchCase {
                            pattern: self.pattern(&case.pattern)?,
                            guard: self.opt(case.guard.as_deref())?,
                            body: self.stmts(&case.body)?,
                        })
                    })
                    .collect::<Result<_>>()?,
            },
            ruff::Stmt::Raise(node) => StmtKind::Raise {
                exc: self.opt(node.exc.as_deref())?,
                cause: self.opt(node.cause.as_deref())?,
            },
            ruff::Stmt::Try(node) => StmtKind::Try(Box::new(Try {
                body: self.stmts(&node.body)?,
                handlers: node
                    .handlers
                    .iter()
                    .map(|ruff::ExceptHandler::ExceptHandler(handler)| {
                        Ok(ExceptHandler {
                            typ: self.opt(handler.type_.as_deref())?,
                            name: handler.name.as_ref().map(|name| name.id.clone()),
                            body: self.stmts(&handler.body)?,
                            location: self.span(
                                handler.range.start(),
                                self.after_semicolon(handler.range.end()),
                            ),
                        })
                    })
                    .collect::<Result<_>>()?,
                orelse: self.stmts(&node.orelse)?,
                finalbody: self.stmts(&node.finalbody)?,
                is_star: node.is_star,
            })),
            ruff::Stmt::Assert(node) => StmtKind::Assert {
                test: self.boxed(&node.test)?,
                msg: self.opt(node.msg.as_deref())?,
            },
            ruff::Stmt::Import(node) => StmtKind::Import(self.aliases(&node.names)),
            ruff::Stmt::ImportFrom(node) => StmtKind::ImportFrom {
                module: node.module.as_ref().map(|module| module.id.clone()),
                names: self.aliases(&node.names),
                level: node.level,
            },
            ruff::Stmt::Global(node) => StmtKind::Global(names(&node.names)),
            ruff::Stmt::Nonlocal(node) => StmtKind::Nonlocal(names(&node.names)),
            ruff::Stmt::Expr(node) => StmtKind::Expr(self.boxed(&node.value)?),
            ruff::Stmt::Pass(_) => StmtKind::Pass,
            ruff::Stmt::Break(_) => StmtKind::Break,
            ruff::Stmt::Continue(_) => StmtKind::Continue,
            ruff::Stmt::IpyEscapeCommand(node) => {
                return Err(self.syntax_error(node.range, "invalid syntax"));
            }
        };
        Ok(Stmt { kind, location })
    }

    /// A compound statement ends after the semicolon of its last line.
    fn statement_end(&self, stmt: &ruff::Stmt) -> TextSize {
        match stmt {
            ruff::Stmt::FunctionDef(_)
            | ruff::Stmt::ClassDef(_)
            | ruff::Stmt::For(_)
            | ruff::Stmt::While(_)
            | ruff::Stmt::If(_)
            | ruff::Stmt::With(_)
            | ruff::Stmt::Match(_)
            | ruff::Stmt::Try(_) => self.after_semicolon(stmt.end()),
            _ => stmt.end(),
        }
    }

    fn after_semicolon(&self, end: TextSize) -> TextSize {
        let rest = self.source.as_bytes().get(end.to_usize()..).unwrap_or(&[]);
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match rest.get(blanks) {
            Some(b';') => end + TextSize::new(blanks as u32 + 1),
            _ => end,
        }
    }

    /// CPython's definitions begin at `def` or `class`, after the decorators.
    fn definition(
        &self,
        start: TextSize,
        end: TextSize,
        decorators: &[ruff::Decorator],
    ) -> Location {
        let start = match decorators.last() {
            Some(decorator) => self.skip_trivia(decorator.range().end()),
            None => start,
        };
        self.span(start, end)
    }

    /// The offset of the next token that is neither a newline nor a comment.
    pub(super) fn skip_trivia(&self, from: TextSize) -> TextSize {
        let bytes = self.source.as_bytes();
        let mut at = from.to_usize();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'#' => {
                    while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                        at += 1;
                    }
                }
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'\\' | b')' => at += 1,
                _ => break,
            }
        }
        TextSize::new(at as u32)
    }

    fn decorators(&mut self, decorators: &[ruff::Decorator]) -> Result<Vec<Expr>> {
        decorators.iter().map(|decorator| self.expr(&decorator.expression)).collect()
    }

    pub(super) fn keywords(&mut self, keywords: &[ruff::Keyword]) -> Result<Vec<Keyword>> {
        keywords
            .iter()
            .map(|keyword| {
                Ok(Keyword {
                    arg: keyword.arg.as_ref().map(|arg| arg.id.clone()),
                    value: self.expr(&keyword.value)?,
                    location: self.location(keyword),
                })
            })
            .collect()
    }

    fn aliases(&mut self, aliases: &[ruff::Alias]) -> Vec<Alias> {
        aliases
            .iter()
            .map(|alias| Alias {
                name: alias.name.id.clone(),
                asname: alias.asname.as_ref().map(|name| name.id.clone()),
                location: self.location(alias),
            })
            .collect()
    }

    fn arg(&mut self, parameter: &ruff::Parameter) -> Result<Arg> {
        let end = parameter.annotation.as_ref().map_or(parameter.name.range.end(), |a| a.end());
        let end = end.max(parameter.name.range.end()).max(parameter.range.end());
        Ok(Arg {
            arg: parameter.name.id.clone(),
            annotation: self.opt(parameter.annotation.as_deref())?,
            location: self.span(parameter.name.range.start(), end),
        })
    }

    pub(super) fn arguments(&mut self, parameters: Option<&ruff::Parameters>) -> Result<Arguments> {
        let mut arguments = Arguments::default();
        let Some(parameters) = parameters else { return Ok(arguments) };
        for parameter in &parameters.posonlyargs {
            arguments.posonlyargs.push(self.arg(&parameter.parameter)?);
        }
        for parameter in &parameters.args {
            arguments.args.push(self.arg(&parameter.parameter)?);
        }
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            if let Some(default) = &parameter.default {
                arguments.defaults.push(self.expr(default)?);
            }
        }
        for parameter in &parameters.kwonlyargs {
            arguments.kwonlyargs.push(self.arg(&parameter.parameter)?);
            let default = parameter.default.as_deref();
            arguments.kw_defaults.push(default.map(|default| self.expr(default)).transpose()?);
        }
        if let Some(parameter) = &parameters.vararg {
            arguments.vararg = Some(Box::new(self.arg(parameter)?));
        }
        if let Some(parameter) = &parameters.kwarg {
            arguments.kwarg = Some(Box::new(self.arg(parameter)?));
        }
        Ok(arguments)
    }

    fn type_params(&mut self, params: Option<&ruff::TypeParams>) -> Result<Vec<TypeParam>> {
        let Some(params) = params else { return Ok(Vec::new()) };
        params
            .type_params
            .iter()
            .map(|param| {
                let location = self.location(param);
                let (kind, name, default) = match param {
                    ruff::TypeParam::TypeVar(node) => {
                        let bound = self.opt(node.bound.as_deref())?;
                        (TypeParamKind::TypeVar { bound }, &node.name, &node.default)
                    }
                    ruff::TypeParam::ParamSpec(node) => {
                        (TypeParamKind::ParamSpec, &node.name, &node.default)
                    }
                    ruff::TypeParam::TypeVarTuple(node) => {
                        (TypeParamKind::TypeVarTuple, &node.name, &node.default)
                    }
                };
                let default = self.opt(default.as_deref())?;
                Ok(TypeParam { kind, name: name.id.clone(), default, location })
            })
            .collect()
    }

    fn patterns(&mut self, patterns: &[ruff::Pattern]) -> Result<Vec<Pattern>> {
        patterns.iter().map(|pattern| self.pattern(pattern)).collect()
    }

    fn pattern(&mut self, pattern: &ruff::Pattern) -> Result<Pattern> {
        let mut location = self.location(pattern);
        let kind = match pattern {
            ruff::Pattern::MatchValue(node) => {
                location = self.location(&*node.value);
                PatternKind::MatchValue(self.boxed(&node.value)?)
            }
            ruff::Pattern::MatchSingleton(node) => PatternKind::MatchSingleton(match node.value {
                ruff::Singleton::None => Constant::None,
                ruff::Singleton::True => Constant::Bool(true),
                ruff::Singleton::False => Constant::Bool(false),
            }),
            ruff::Pattern::MatchSequence(node) => {
                PatternKind::MatchSequence(self.patterns(&node.patterns)?)
            }
            ruff::Pattern::MatchMapping(node) => PatternKind::MatchMapping {
                keys: self.exprs(&node.keys)?,
                patterns: self.patterns(&node.patterns)?,
                rest: node.rest.as_ref().map(|rest| rest.id.clone()),
            },
            ruff::Pattern::MatchClass(node) => PatternKind::MatchClass {
                cls: self.boxed(&node.cls)?,
                patterns: self.patterns(&node.arguments.patterns)?,
                kwd_attrs: node.arguments.keywords.iter().map(|k| k.attr.id.clone()).collect(),
                kwd_patterns: node
                    .arguments
                    .keywords
                    .iter()
                    .map(|keyword| self.pattern(&keyword.pattern))
                    .collect::<Result<_>>()?,
            },
            ruff::Pattern::MatchStar(node) => {
                PatternKind::MatchStar(node.name.as_ref().map(|name| name.id.clone()))
            }
            ruff::Pattern::MatchAs(node) => PatternKind::MatchAs {
                pattern: match &node.pattern {
                    Some(pattern) => Some(Box::new(self.pattern(pattern)?)),
                    None => None,
                },
                name: node.name.as_ref().map(|name| name.id.clone()),
            },
            ruff::Pattern::MatchOr(node) => PatternKind::MatchOr(self.patterns(&node.patterns)?),
        };
        Ok(Pattern { kind, location })
    }
}

fn names(identifiers: &[ruff::Identifier]) -> Vec<Name> {
    identifiers.iter().map(|identifier| identifier.id.clone()).collect()
}

impl Lower<'_> {
    pub(super) fn unexpected(&self, what: &str) -> Box<CompileError> {
        CompileError::new(ErrorKind::SystemError, format!("unexpected {what} in the syntax tree"))
    }
}
