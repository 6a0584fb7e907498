//! Pending calls: what any thread, attached or not, asks others to do soon.
//!
//! A call is for the main thread or for whichever thread of an interpreter comes
//! first. They wait in one queue of the process; the evaluation breaker of each
//! thread that runs says that there is something, until one has looked. One thread of an
//! interpreter runs them at a time, and a call that is run runs no others: one
//! that waits for another thread adds itself again.

use std::{
    ffi::{c_int, c_void},
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use object::{Interpreter, Result, Thread, ThreadState, error, thread::breaker};

/// A function of C code; it returns -1 with an exception.
pub type Function = unsafe extern "C" fn(*mut c_void) -> c_int;

struct Call {
    /// The address of the interpreter, 0 for the main thread.
    owner: usize,
    function: Function,
    arg: usize,
}

static CALLS: Mutex<Vec<Call>> = Mutex::new(Vec::new());

/// Who runs calls: interpreters and their threads.
static RUNNING: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// How many calls may wait for an interpreter, and for the main thread.
const MAX_PENDING: usize = 300;
const MAX_PENDING_MAIN: usize = 32;

fn calls() -> std::sync::MutexGuard<'static, Vec<Call>> {
    CALLS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address(interp: &Interpreter) -> usize {
    std::ptr::from_ref(interp).addr()
}

/// Let a thread of `interp`, or the main thread, call a function with an
/// argument; false if too many calls wait.
pub fn add(interp: Option<&'static Interpreter>, function: Function, arg: *mut c_void) -> bool {
    let (owner, most) = match interp {
        Some(interp) => (address(interp), MAX_PENDING),
        None => (0, MAX_PENDING_MAIN),
    };
    let Some(interp) = interp.or_else(Interpreter::main) else { return false };
    let mut calls = calls();
    if calls.iter().filter(|call| call.owner == owner).count() >= most {
        return false;
    }
    calls.push(Call { owner, function, arg: arg.expose_provenance() });
    drop(calls);
    interp.ask_threads(breaker::PENDING_CALL);
    true
}

/// Run the calls that wait for the calling thread; those that are added meanwhile
/// have to wait for the next time.
pub fn run(th: Thread<'_>) -> Result<()> {
    let own = address(th.interp());
    if !begin(th, own) {
        return Ok(());
    }
    th.interp().threads.stop_asking(breaker::PENDING_CALL);
    let is_main = th.is_main();
    let mine = |call: &Call| call.owner == own || call.owner == 0 && is_main;
    let result = run_waiting(mine);
    running().retain(|(interp, _)| *interp != own);
    // Who came meanwhile went away.
    let waiting = |owner| calls().iter().any(|call| call.owner == owner);
    let (for_any, for_main) = (waiting(own), waiting(0));
    let main = th.interp().threads.main_ident();
    for state in th.interp().all_threads() {
        if for_any || for_main && state.ident() == main {
            state.eval_breaker.fetch_or(breaker::PENDING_CALL, Ordering::Relaxed);
        }
    }
    result
}

fn running() -> std::sync::MutexGuard<'static, Vec<(usize, usize)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn state_address(state: &ThreadState) -> usize {
    std::ptr::from_ref(state).addr()
}

/// Note that the calling thread runs calls, unless one of the interpreter does.
fn begin(th: Thread<'_>, own: usize) -> bool {
    let mut running = running();
    if let Some((_, thread)) = running.iter().find(|(interp, _)| *interp == own) {
        // In the child of a fork, who ran them may be gone.
        if th.interp().all_threads().any(|state| state_address(state) == *thread) {
            return false;
        }
        running.retain(|(interp, _)| *interp != own);
    }
    running.push((own, state_address(th.state())));
    true
}

fn run_waiting(mine: impl Fn(&Call) -> bool) -> Result<()> {
    let mut left = calls().iter().filter(|call| mine(call)).count();
    while left > 0 {
        left -= 1;
        let next = {
            let mut calls = calls();
            calls.iter().position(&mine).map(|index| calls.remove(index))
        };
        let Some(call) = next else { break };
        let arg = std::ptr::with_exposed_provenance_mut(call.arg);
        // SAFETY: who added it promised that the function may be called with the argument.
        if unsafe { (call.function)(arg) } < 0 {
            return Err(error::Raised);
        }
    }
    Ok(())
}
