"""Runs a script as `python SCRIPT.py` would, with PyTorch's names leading here: as `__main__`, with its own arguments.

Worker processes know the names and the script's classes through `child`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from tinygrad_edu.compat import install
from tinygrad_edu.compat.children import SCRIPT, ChildSpec

__all__ = ["run", "run_in_child"]

HERE = os.path.dirname(__file__)


def run(script: str | os.PathLike[str], arguments: Sequence[str] = ()) -> int:
    """Run a script to its end; the answer is the exit code.

    A SystemExit of the script goes on to the caller. Any other exception is shown through `sys.excepthook`, with a
    traceback that begins in the script, and gives 1 (130 for Ctrl-C).

    Raises:
        OSError: the file cannot be read.
    """
    install()
    name = os.path.abspath(script)
    source = Path(name).read_bytes()
    main = ModuleType("__main__")
    main.__dict__.update(
        __file__=name, __loader__=SourceFileLoader("__main__", name), __package__=None, __spec__=ChildSpec()
    )
    sys.argv = [os.fspath(script), *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(name))
    os.environ[SCRIPT] = name
    sys.modules["__main__"] = main
    try:
        exec(_compiled(source, name), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        shown = error.with_traceback(_users_part(error.__traceback__, name))
        before = error.__context__
        if before is not None and before.__traceback__ is not None:  # how our own code came to raise it is no news
            began = before.__traceback__.tb_frame.f_code.co_filename
            error.__suppress_context__ |= began.startswith(os.path.dirname(HERE))
        sys.excepthook(type(shown), shown, shown.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def run_in_child(namespace: dict[str, Any]) -> None:
    """Run the parent's script in a process that it started: in the namespace of what Python takes for its main module.

    Its ``__name__`` there is ``__mp_main__``, so that what stands under ``if __name__ == "__main__":`` does not run.
    """
    name = os.environ.get(SCRIPT, "")
    install()
    os.environ[SCRIPT] = name  # for the processes that this one starts
    namespace["__spec__"] = ChildSpec()
    if not name:
        return  # the parent is a notebook or a prompt
    for key in [key for key in namespace if not key.startswith("__")]:
        del namespace[key]
    namespace.update(__file__=name, __loader__=SourceFileLoader("__main__", name), __package__=None, __doc__=None)
    exec(_compiled(Path(name).read_bytes(), name), namespace)


def _compiled(source: bytes, name: str) -> CodeType:
    return compile(source, name, "exec", dont_inherit=True)


def _users_part(trace: TracebackType | None, script: str) -> TracebackType | None:
    """A traceback without our frames above the script, and without the import hook's below an `import`."""
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    step = trace
    while step is not None:
        if step.tb_next is not None and step.tb_next.tb_frame.f_code.co_filename.startswith(HERE):
            step.tb_next = None
        step = step.tb_next
    return trace
