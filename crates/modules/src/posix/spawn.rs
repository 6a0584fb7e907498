//! `posix_spawn`.

use host::spawn::{FileAction, SpawnOptions};
use macros::pymodule;
use object::{AsObject, Obj, Result, Thread, Tuple, exceptions, raise};

use crate::support::{Path, int_arg, retry};

use super::process::{argument_list, environment_list, fs_string};

fn file_actions(th: Thread<'_>, actions: Obj<'_>) -> Result<Vec<FileAction>> {
    if !object::protocol::mapping::is_sequence(actions) {
        raise!(th, TypeError, "file_actions must be a sequence or None");
    }
    let mut list = Vec::new();
    for action in object::protocol::iter::collect(th, actions)? {
        let Some(items) = action.obj().downcast::<Tuple>().map(Tuple::items) else {
            raise!(th, TypeError, "Each file_actions element must be a non-empty tuple");
        };
        let [tag, rest @ ..] = items else {
            raise!(th, TypeError, "Each file_actions element must be a non-empty tuple");
        };
        list.push(match (int_arg(th, *tag)?, rest) {
            (0, [fd, path, flags, mode]) => FileAction::Open {
                fd: int_arg(th, *fd)?,
                path: fs_string(th, *path)?,
                flags: int_arg(th, *flags)?,
                mode: int_arg(th, *mode)? as u32,
            },
            (1, [fd]) => FileAction::Close(int_arg(th, *fd)?),
            (2, [fd, to]) => FileAction::Dup2(int_arg(th, *fd)?, int_arg(th, *to)?),
            (3, [fd]) => FileAction::CloseFrom(int_arg(th, *fd)?),
            (0, _) => {
                raise!(th, TypeError, "A open file_action tuple must have 5 elements")
            }
            (1, _) => raise!(th, TypeError, "A close file_action tuple must have 2 elements"),
            (2, _) => raise!(th, TypeError, "A dup2 file_action tuple must have 3 elements"),
            (3, _) => raise!(th, TypeError, "A closefrom file_action tuple must have 2 elements"),
            _ => raise!(th, TypeError, "Unknown file_actions identifier"),
        });
    }
    Ok(list)
}

#[allow(clippy::too_many_arguments, reason = "the arguments of posix_spawn")]
fn do_spawn(
    th: Thread<'_>,
    function: &str,
    path: &Path,
    argv: Obj<'_>,
    env: Obj<'_>,
    actions: Option<Obj<'_>>,
    setpgroup: Option<Obj<'_>>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<Obj<'_>>,
    setsigdef: Option<Obj<'_>>,
    scheduler: Option<Obj<'_>>,
) -> Result<i32> {
    let args = argument_list(th, function, argv, false)?;
    let environment = if env.is_none() {
        host::env::all()
            .into_iter()
            .filter_map(|entry| std::ffi::CString::new(entry).ok())
            .collect()
    } else {
        environment_list(th, function, env)?
    };
    let given =
        |object: Option<Obj<'_>>| object.filter(|object| !object.is_none()).map(|o| o.own());
    let signals = |object: Option<Obj<'_>>| -> Result<Option<Vec<i32>>> {
        let Some(object) = given(object) else { return Ok(None) };
        crate::_signal::signal_list(th, object.obj()).map(Some)
    };
    let mut options = SpawnOptions {
        reset_ids: resetids,
        new_session: setsid,
        mask: signals(setsigmask)?,
        default_signals: signals(setsigdef)?,
        ..SpawnOptions::default()
    };
    if let Some(actions) = given(actions) {
        options.actions = file_actions(th, actions.obj())?;
    }
    if let Some(group) = given(setpgroup) {
        options.group = Some(int_arg(th, group.obj())?);
    }
    if let Some(scheduler) = given(scheduler) {
        let Some(items) = scheduler.obj().downcast::<Tuple>().map(Tuple::items) else {
            raise!(th, TypeError, "scheduler must be a tuple or None");
        };
        let [policy, param] = items else {
            raise!(th, TypeError, "A scheduler tuple must have two elements");
        };
        let policy = if policy.is_none() { None } else { Some(int_arg(th, *policy)?) };
        let priority = object::Protocol::getattr(param, th, object::id!(th, "sched_priority"))?;
        options.scheduler = Some((policy, int_arg(th, priority.obj())?));
    }
    let search = function == "posix_spawnp";
    match retry(th, || host::spawn::spawn(path.name(), search, &args, &environment, &options))? {
        Ok(pid) => Ok(pid),
        Err(error) => Err(exceptions::io_error(th, &error, path.object())),
    }
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Execute the program specified by path in a new process.
    #[sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"]
    #[allow(clippy::too_many_arguments, reason = "the arguments of posix_spawn")]
    fn posix_spawn(
        th: Thread<'_>,
        path: Path,
        argv: Obj<'_>,
        env: Obj<'_>,
        file_actions: Option<Obj<'_>>,
        setpgroup: Option<Obj<'_>>,
        resetids: bool,
        setsid: bool,
        setsigmask: Option<Obj<'_>>,
        setsigdef: Option<Obj<'_>>,
        scheduler: Option<Obj<'_>>,
    ) -> Result<i32> {
        do_spawn(
            th,
            "posix_spawn",
            &path,
            argv,
            env,
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask,
            setsigdef,
            scheduler,
        )
    }

    /// Execute the program specified by path in a new process, searching PATH.
    #[sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"]
    #[allow(clippy::too_many_arguments, reason = "the arguments of posix_spawn")]
    fn posix_spawnp(
        th: Thread<'_>,
        path: Path,
        argv: Obj<'_>,
        env: Obj<'_>,
        file_actions: Option<Obj<'_>>,
        setpgroup: Option<Obj<'_>>,
        resetids: bool,
        setsid: bool,
        setsigmask: Option<Obj<'_>>,
        setsigdef: Option<Obj<'_>>,
        scheduler: Option<Obj<'_>>,
    ) -> Result<i32> {
        do_spawn(
            th,
            "posix_spawnp",
            &path,
            argv,
            env,
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask,
            setsigdef,
            scheduler,
        )
    }
}
