"""The state of a run at the end of an epoch: all that the next epoch's numbers depend on, in one file.

The model, the optimizer, the callbacks (a schedule is one), the history, and every stream of random numbers: our own
default one, Python's and NumPy's global ones, and what the data, the model, the loss and the callbacks keep in their
attributes, be it a Generator of ours, of NumPy, or a `random.Random`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_edu.serialization import load, save
from tinygrad_edu.tensors.random import Generator, default_generator
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.train.callbacks import Callback, Run

__all__ = ["check_loader", "generators", "read_state", "write_state"]

FORMAT = "tinygrad_edu.train 2"
SOURCES = (Generator, np.random.Generator, np.random.RandomState, random.Random)
LONG = 100  # a list of more elements holds data, not transforms


def write_state(path: str | os.PathLike[str], run: Run, callbacks: Sequence[Callback]) -> None:
    """Write the run's state; the file under `path` is replaced in one step."""
    save(_state(run, callbacks), path)


def read_state(path: str | os.PathLike[str], run: Run, callbacks: Sequence[Callback]) -> None:
    """Put the run into the state that a file holds.

    Raises what `load` raises for a damaged file, and ValueError or what `load_state_dict` raises where the file is of
    another model, optimizer or list of callbacks; the run is then as it was before.
    """
    state, name = load(path), repr(os.fspath(path))
    if not isinstance(state, dict) or not str(state.get("format")).startswith("tinygrad_edu.train "):
        raise ValueError(f"fit: {name} is no checkpoint of fit. Give the path that fit(checkpoint=) wrote.")
    if state["format"] != FORMAT:
        raise ValueError(f"fit: {name} was written by another version of tinygrad_edu. Train anew, to another path.")
    before = _state(run, callbacks)
    wrong = [key for key, value in before.items() if type(state.get(key)) is not type(value)]
    if wrong or not 0 <= state["epoch"] == len(state["history"]):
        what = ", ".join(wrong) or "epoch, history"
        raise ValueError(f"fit: {name} is damaged, or was changed by another program: see {what}.")
    wanted, found = before["columns"], state["columns"]
    if wanted != found:
        raise ValueError(
            f"fit: the run in {name} has the columns {', '.join(found)}; "
            f"this one has {', '.join(wanted)}. Resume with the same metrics and validation, or give another path."
        )
    for what in ("optimizers", "callbacks", "generators"):
        here, there = before["kinds"][what], state["kinds"].get(what)
        if here != there:
            raise ValueError(
                f"fit: the run in {name} had other {what}: {_listed(there)}; this one has {_listed(here)}. "
                "Resume with the same ones, or give another path."
            )
    try:
        _restore(run, callbacks, state)
    except BaseException:
        _restore(run, callbacks, before)
        raise


def _state(run: Run, callbacks: Sequence[Callback]) -> dict[str, Any]:
    names = ["loss", *(metric.name for metric in run.metrics)]
    sources = _sources(run, callbacks)
    return {
        "format": FORMAT,
        "columns": names + ([] if run.valid is None else [f"valid_{name}" for name in names]),
        "kinds": {
            "optimizers": [type(run.optimizer).__name__],
            "callbacks": [_kind(callback) for callback in callbacks],
            "generators": [type(source).__name__ for source in sources],
        },
        "epoch": run.epoch,
        "stop": run.stop,
        "model": {name: tensor.clone() for name, tensor in run.model.state_dict().items()},
        "optimizer": run.optimizer.state_dict(),
        "callbacks": [callback.state_dict() for callback in callbacks],
        "history": [dict(row) for row in run.history.rows],
        "streams": [_stream(source) for source in sources],
        "random": random.getstate(),
        "numpy": np.random.get_state(),
    }


def _restore(run: Run, callbacks: Sequence[Callback], state: dict[str, Any]) -> None:
    run.model.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"])
    for callback, inner in zip(callbacks, state["callbacks"], strict=True):
        callback.load_state_dict(inner)
    run.epoch, run.stop, run.history.rows = state["epoch"], state["stop"], state["history"]
    for source, stream in zip(_sources(run, callbacks), state["streams"], strict=True):
        if isinstance(source, np.random.Generator):
            source.bit_generator.state = stream
        elif isinstance(source, random.Random):
            source.setstate(stream)
        else:
            source.set_state(stream)
    random.setstate(state["random"])
    np.random.set_state(state["numpy"])


def _stream(source: Any) -> Any:
    """Where a source of random numbers stands."""
    if isinstance(source, np.random.Generator):
        return source.bit_generator.state
    return source.getstate() if isinstance(source, random.Random) else source.get_state()


def _sources(run: Run, callbacks: Sequence[Callback]) -> list[Any]:
    return generators(run.data, run.valid, *run.model.modules(), run.loss, *callbacks)


def _kind(callback: Callback) -> str:
    """The class of a callback; of a schedule also that of what it steps."""
    inner = getattr(callback, "scheduler", None)
    return type(callback).__name__ + ("" if inner is None else f" of {type(inner).__name__}")


def _listed(names: Any) -> str:
    return ", ".join(map(str, names)) if names else "none"


def generators(*roots: Any) -> list[Any]:
    """Our default generator and all sources of random numbers in the attributes of these objects, in a fixed order.

    >>> from tinygrad_edu.utils.data import DataLoader
    >>> own = Generator()
    >>> generators(DataLoader(range(4), shuffle=True, generator=own)) == [default_generator, own]
    True
    """
    found: list[Any] = [default_generator]
    seen = {id(default_generator)}
    todo = list(reversed(roots))
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(
            thing, (str, bytes, type, ModuleType, Tensor, np.ndarray, random.SystemRandom)
        ):
            continue
        seen.add(id(thing))
        if isinstance(thing, SOURCES):
            found.append(thing)
        else:
            todo.extend(reversed(list(_parts(thing))))
    return found


def _parts(thing: Any) -> Iterator[Any]:
    if isinstance(thing, (list, tuple)):
        yield from thing if len(thing) <= LONG else ()
    elif isinstance(thing, dict):
        yield from thing.values() if len(thing) <= LONG else ()
    else:
        yield from getattr(thing, "__dict__", {}).values()


def check_loader(loader: Any) -> None:
    """Raise ValueError where a loader's workers live longer than an epoch: their random numbers cannot be saved."""
    if getattr(loader, "persistent_workers", False):
        raise ValueError(
            "fit: persistent_workers keep random numbers in their processes, which a checkpoint cannot hold. "
            "Let the DataLoader start its workers anew in each epoch (persistent_workers=False)."
        )
