//! Frame blocks: what `return`, `break` and `continue` must undo.

use bytecode::{Constant, Op};

use super::{CO_MAXBLOCKS, Compiler};
use crate::{
    ast::{ExprContext, Name, Stmt},
    error::Result,
    instruction_sequence::{Label, Location, NO_LOCATION},
};

/// What a frame block is, with what is needed to leave it.
#[derive(Clone, Copy)]
pub(super) enum BlockKind<'a> {
    WhileLoop,
    ForLoop,
    TryExcept,
    FinallyTry(&'a [Stmt]),
    FinallyEnd,
    With,
    AsyncWith,
    HandlerCleanup(Option<&'a Name>),
    PopValue,
    ExceptionHandler,
    ExceptionGroupHandler,
    AsyncComprehensionGenerator,
    StopIteration,
}

/// A block that is open where code is being generated.
#[derive(Clone, Copy)]
pub(super) struct FrameBlock<'a> {
    pub(super) kind: BlockKind<'a>,
    /// Where `continue` goes.
    pub(super) start: Option<Label>,
    /// Where `break` goes.
    pub(super) exit: Option<Label>,
    location: Location,
}

impl<'a> Compiler<'a> {
    pub(super) fn push_block(
        &mut self,
        kind: BlockKind<'a>,
        start: Option<Label>,
        exit: Option<Label>,
        location: Location,
    ) -> Result {
        if self.unit().blocks.len() >= CO_MAXBLOCKS {
            return self.error(location, "too many statically nested blocks");
        }
        if matches!(kind, BlockKind::FinallyEnd) {
            self.disable_warning += 1;
        }
        self.unit().blocks.push(FrameBlock { kind, start, exit, location });
        Ok(())
    }

    pub(super) fn pop_block(&mut self) {
        if let Some(FrameBlock { kind: BlockKind::FinallyEnd, .. }) = self.unit().blocks.pop() {
            self.disable_warning -= 1;
        }
    }

    /// Leave the innermost blocks; up to a loop, which is returned, if `to_loop`.
    pub(super) fn unwind_blocks(
        &mut self,
        location: &mut Location,
        preserve_tos: bool,
        to_loop: bool,
    ) -> Result<Option<FrameBlock<'a>>> {
        let Some(top) = self.unit().blocks.last().copied() else { return Ok(None) };
        if matches!(top.kind, BlockKind::ExceptionGroupHandler) {
            return self.error(
                *location,
                "'break', 'continue' and 'return' cannot appear in an except* block",
            );
        }
        if to_loop && matches!(top.kind, BlockKind::WhileLoop | BlockKind::ForLoop) {
            return Ok(Some(top));
        }
        self.pop_block();
        self.unwind_block(location, &top, preserve_tos)?;
        let found = self.nested(|c| c.unwind_blocks(location, preserve_tos, to_loop))?;
        self.push_block(top.kind, top.start, top.exit, top.location)?;
        Ok(found)
    }

    pub(super) fn unwind_block(
        &mut self,
        location: &mut Location,
        block: &FrameBlock<'a>,
        preserve_tos: bool,
    ) -> Result {
        match block.kind {
            BlockKind::WhileLoop
            | BlockKind::ExceptionHandler
            | BlockKind::ExceptionGroupHandler
            | BlockKind::AsyncComprehensionGenerator
            | BlockKind::StopIteration => {}
            BlockKind::ForLoop | BlockKind::PopValue => {
                if preserve_tos {
                    self.add(Op::SWAP, 2, *location);
                }
                self.op(Op::POP_TOP, *location);
            }
            BlockKind::TryExcept => self.op(Op::POP_BLOCK, *location),
            BlockKind::FinallyTry(finalbody) => {
                self.op(Op::POP_BLOCK, *location);
                if preserve_tos {
                    self.push_block(BlockKind::PopValue, None, None, *location)?;
                }
                self.stmts(finalbody)?;
                if preserve_tos {
                    self.pop_block();
                }
                // The finally body seems to run after the statement that leaves.
                *location = NO_LOCATION;
            }
            BlockKind::FinallyEnd => {
                if preserve_tos {
                    self.add(Op::SWAP, 2, *location);
                }
                self.op(Op::POP_TOP, *location);
                if preserve_tos {
                    self.add(Op::SWAP, 2, *location);
                }
                self.op(Op::POP_BLOCK, *location);
                self.op(Op::POP_EXCEPT, *location);
            }
            BlockKind::With | BlockKind::AsyncWith => {
                *location = block.location;
                self.op(Op::POP_BLOCK, *location);
                if preserve_tos {
                    self.add(Op::SWAP, 3, *location);
                    self.add(Op::SWAP, 2, *location);
                }
                self.call_exit_with_nones(*location);
                if matches!(block.kind, BlockKind::AsyncWith) {
                    self.await_value(2, *location);
                }
                self.op(Op::POP_TOP, *location);
                *location = NO_LOCATION;
            }
            BlockKind::HandlerCleanup(name) => {
                if name.is_some() {
                    self.op(Op::POP_BLOCK, *location);
                }
                if preserve_tos {
                    self.add(Op::SWAP, 2, *location);
                }
                self.op(Op::POP_BLOCK, *location);
                self.op(Op::POP_EXCEPT, *location);
                if let Some(name) = name {
                    self.clear_name(name, *location)?;
                }
            }
        }
        Ok(())
    }

    /// `name = None; del name`
    pub(super) fn clear_name(&mut self, name: &Name, location: Location) -> Result {
        self.load_const(Constant::None, location);
        self.name_op(name, ExprContext::Store, location)?;
        self.name_op(name, ExprContext::Del, location)
    }
}
