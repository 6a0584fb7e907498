//! `resource`: limits and usage.

use host::process::Limit;
use macros::pymodule;
use object::{AsObject, Int, IntoObject, Module, Obj, Ref, Result, Thread, exceptions, raise};

use crate::{
    posix::{RUSAGE, rusage},
    support::{check, structseq::StructSeq as _},
};

fn number(th: Thread<'_>, object: Obj<'_>) -> Result<u64> {
    let index = Int::index(th, object)?;
    match Int::to_i64(index.obj()) {
        // The name of infinity.
        Some(-1) => Ok(u64::MAX),
        _ if Int::sign(index.obj()) < 0 => raise!(th, ValueError, "Cannot convert negative int"),
        _ => match Int::to_u64(index.obj()) {
            Some(value) => Ok(value),
            None => raise!(th, OverflowError, "Python int too large for C rlim_t"),
        },
    }
}

fn limits(th: Thread<'_>, object: Obj<'_>) -> Result<Limit> {
    let items = object::protocol::iter::collect(th, object)?;
    let [current, maximum] = items.as_slice() else {
        raise!(th, ValueError, "expected a tuple of 2 integers");
    };
    Ok(Limit { rlim_cur: number(th, current.obj())?, rlim_max: number(th, maximum.obj())? })
}

fn pair(th: Thread<'_>, limit: Limit) -> Result<(Ref, Ref)> {
    let number = |limit: u64| match limit {
        u64::MAX => Int::from_i64(th, -1),
        limit => limit.into_object(th),
    };
    Ok((number(limit.rlim_cur)?, number(limit.rlim_max)?))
}

fn known(th: Thread<'_>, resource: i32) -> Result<u32> {
    match u32::try_from(resource) {
        Ok(resource) if resource < 16 => Ok(resource),
        _ => raise!(th, ValueError, "invalid resource specified"),
    }
}

fn failed<T>(th: Thread<'_>, result: std::io::Result<T>) -> Result<T> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            raise!(th, ValueError, "current limit exceeds maximum limit")
        }
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            raise!(th, ValueError, "not allowed to raise maximum limit")
        }
        result => check(th, result),
    }
}

#[pymodule]
pub mod resource {
    use super::*;

    #[sig = "(who, /)"]
    fn getrusage(th: Thread<'_>, who: i32) -> Result<Ref> {
        match host::process::getrusage(who) {
            Ok(usage) => rusage(th, &usage),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                raise!(th, ValueError, "invalid who parameter")
            }
            Err(error) => Err(crate::support::os_error(th, &error)),
        }
    }

    #[sig = "(resource, /)"]
    fn getrlimit(th: Thread<'_>, resource: i32) -> Result<(Ref, Ref)> {
        let resource = known(th, resource)?;
        pair(th, check(th, host::process::getrlimit(resource))?)
    }

    #[sig = "(resource, limits, /)"]
    fn setrlimit(th: Thread<'_>, resource: i32, limits: Obj<'_>) -> Result<()> {
        let resource = known(th, resource)?;
        let limits = super::limits(th, limits)?;
        failed(th, host::process::setrlimit(resource, limits))
    }

    #[sig = "(pid, resource, limits=None, /)"]
    fn prlimit(
        th: Thread<'_>,
        pid: i32,
        resource: i32,
        limits: Option<Obj<'_>>,
    ) -> Result<(Ref, Ref)> {
        let resource = known(th, resource)?;
        let new = match limits.filter(|limits| !limits.is_none()) {
            Some(limits) => Some(super::limits(th, limits)?),
            None => None,
        };
        pair(th, failed(th, host::process::prlimit(pid, resource, new))?)
    }

    #[sig = "()"]
    fn getpagesize(_: Thread<'_>) -> i64 {
        4096
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        crate::support::add_ints(th, module, CONSTANTS)?;
        RUSAGE.add_to(th, module)?;
        module.set(th, "error", exceptions::types::OSError().obj())
    }
}

/// Integer constants of the module.
static CONSTANTS: &[(&str, i64)] = &[
    ("RLIMIT_AS", 9),
    ("RLIMIT_CORE", 4),
    ("RLIMIT_CPU", 0),
    ("RLIMIT_DATA", 2),
    ("RLIMIT_FSIZE", 1),
    ("RLIMIT_MEMLOCK", 8),
    ("RLIMIT_MSGQUEUE", 12),
    ("RLIMIT_NICE", 13),
    ("RLIMIT_NOFILE", 7),
    ("RLIMIT_NPROC", 6),
    ("RLIMIT_OFILE", 7),
    ("RLIMIT_RSS", 5),
    ("RLIMIT_RTPRIO", 14),
    ("RLIMIT_RTTIME", 15),
    ("RLIMIT_SIGPENDING", 11),
    ("RLIMIT_STACK", 3),
    ("RLIM_INFINITY", -1),
    ("RUSAGE_CHILDREN", -1),
    ("RUSAGE_SELF", 0),
    ("RUSAGE_THREAD", 1),
];
