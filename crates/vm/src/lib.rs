//! Execution: interpreter, frames, calls, generators, import, life cycle.
