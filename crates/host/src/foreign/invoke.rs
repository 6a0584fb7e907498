//! The two assembly routines: out of and into Rust.

use std::{arch::naked_asm, mem::offset_of};

use super::{Registers, closure::dispatch};

/// Call `function` with `registers` loaded and `words` words of `stack` on the
/// stack, and put what it returns into `registers`.
///
/// # Safety
///
/// The function takes its arguments from there.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn invoke(
    registers: *mut Registers,
    function: usize,
    stack: *const u64,
    words: usize,
) {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "mov rbx, rdi",
        "mov r11, rsi",
        "lea rax, [rcx*8 + 15]",
        "and rax, -16",
        "sub rsp, rax",
        "mov rdi, rsp",
        "mov rsi, rdx",
        "cld",
        "rep movsq",
        "movsd xmm0, [rbx + {vectors}]",
        "movsd xmm1, [rbx + {vectors} + 8]",
        "movsd xmm2, [rbx + {vectors} + 16]",
        "movsd xmm3, [rbx + {vectors} + 24]",
        "movsd xmm4, [rbx + {vectors} + 32]",
        "movsd xmm5, [rbx + {vectors} + 40]",
        "movsd xmm6, [rbx + {vectors} + 48]",
        "movsd xmm7, [rbx + {vectors} + 56]",
        "mov rdi, [rbx + {integers}]",
        "mov rsi, [rbx + {integers} + 8]",
        "mov rdx, [rbx + {integers} + 16]",
        "mov rcx, [rbx + {integers} + 24]",
        "mov r8, [rbx + {integers} + 32]",
        "mov r9, [rbx + {integers} + 40]",
        // A variadic function is told how many vector registers may be used.
        "mov eax, 8",
        "call r11",
        "mov [rbx + {integer_results}], rax",
        "mov [rbx + {integer_results} + 8], rdx",
        "movsd [rbx + {vector_results}], xmm0",
        "movsd [rbx + {vector_results} + 8], xmm1",
        "mov rcx, [rbx + {x87_count}]",
        "test rcx, rcx",
        "jz 2f",
        "fstp tbyte ptr [rbx + {x87_results}]",
        "cmp rcx, 1",
        "je 2f",
        "fstp tbyte ptr [rbx + {x87_results} + 16]",
        "2:",
        "lea rsp, [rbp - 16]",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        integers = const offset_of!(Registers, integers),
        vectors = const offset_of!(Registers, vectors),
        integer_results = const offset_of!(Registers, integer_results),
        vector_results = const offset_of!(Registers, vector_results),
        x87_count = const offset_of!(Registers, x87_count),
        x87_results = const offset_of!(Registers, x87_results),
    )
}

/// Where every trampoline jumps: `r10` points to its slot, whose second word is
/// the closure. Save the argument registers, let Rust do the work, load the
/// results.
///
/// # Safety
///
/// Only trampolines jump here.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn enter() {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, {size}",
        "mov [rsp + {integers}], rdi",
        "mov [rsp + {integers} + 8], rsi",
        "mov [rsp + {integers} + 16], rdx",
        "mov [rsp + {integers} + 24], rcx",
        "mov [rsp + {integers} + 32], r8",
        "mov [rsp + {integers} + 40], r9",
        "movsd [rsp + {vectors}], xmm0",
        "movsd [rsp + {vectors} + 8], xmm1",
        "movsd [rsp + {vectors} + 16], xmm2",
        "movsd [rsp + {vectors} + 24], xmm3",
        "movsd [rsp + {vectors} + 32], xmm4",
        "movsd [rsp + {vectors} + 40], xmm5",
        "movsd [rsp + {vectors} + 48], xmm6",
        "movsd [rsp + {vectors} + 56], xmm7",
        "mov qword ptr [rsp + {x87_count}], 0",
        "mov rdi, [r10 + 8]",
        "mov rsi, rsp",
        "lea rdx, [rbp + 16]",
        "call {dispatch}",
        "mov rax, [rsp + {integer_results}]",
        "mov rdx, [rsp + {integer_results} + 8]",
        "movsd xmm0, [rsp + {vector_results}]",
        "movsd xmm1, [rsp + {vector_results} + 8]",
        "mov rcx, [rsp + {x87_count}]",
        "test rcx, rcx",
        "jz 3f",
        "cmp rcx, 1",
        "je 2f",
        "fld tbyte ptr [rsp + {x87_results} + 16]",
        "2:",
        "fld tbyte ptr [rsp + {x87_results}]",
        "3:",
        "leave",
        "ret",
        size = const size_of::<Registers>(),
        dispatch = sym dispatch,
        integers = const offset_of!(Registers, integers),
        vectors = const offset_of!(Registers, vectors),
        integer_results = const offset_of!(Registers, integer_results),
        vector_results = const offset_of!(Registers, vector_results),
        x87_count = const offset_of!(Registers, x87_count),
        x87_results = const offset_of!(Registers, x87_results),
    )
}

const _: () = assert!(size_of::<Registers>().is_multiple_of(16), "the stack stays aligned");
