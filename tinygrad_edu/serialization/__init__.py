"""`save` and `load`: objects in files that hold data and names, never code.

A file is a zip archive (see `archive`) of arrays and a description of how they hang together (see `structure`).
Loading makes Tensors, numbers, text and containers; a class of the user is only made if it was allowed.
"""

from __future__ import annotations

import os
from typing import IO, Any

from tinygrad_edu.serialization.archive import content_of, name_of, read, write
from tinygrad_edu.serialization.foreign import program_of, read_foreign
from tinygrad_edu.serialization.places import moved_to
from tinygrad_edu.serialization.safetensors import is_safetensors, pack, unpack
from tinygrad_edu.serialization.structure import (
    Decoder,
    Encoder,
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from tinygrad_edu.tensors.creation import check_device
from tinygrad_edu.utils.files import opened_for_writing

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save"]


def save(
    obj: object,
    f: str | os.PathLike[str] | IO[bytes],
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write an object to a path or a file object, such as BytesIO.

    Tensors, arrays, numbers, text, bytes, None, dtypes, and lists, tuples, dicts, sets of them are data that anybody
    can load. Objects of other classes are written as the name of their class and their attributes. Tensors that share
    memory, as views do, share it after loading as well. A file under a path is replaced in one step: it
    never is half written. A path that ends in ``.safetensors`` is written in that format, which PyTorch's users can
    read, and takes only a dict of Tensors by name. The pickle options are accepted and have no effect.

    Raises:
        pickle.PicklingError: something that has no importable name, such as a lambda. OSError: the file cannot be
            written.

    >>> import io, tinygrad_edu as tg
    >>> file = io.BytesIO()
    >>> save({"weight": tg.ones(2), "epoch": 3}, file)
    >>> load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors"):
        content = pack(obj)
        with opened_for_writing(f) as file:
            file.write(content)
        return
    encoder = Encoder()
    encoder.root = encoder.encode(obj)
    description = encoder.description()
    write(f, description, encoder.arrays)


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read an object that `save` has written, or Tensors and containers that the real PyTorch has saved.

    Args:
        f: a path, or a file object opened for reading bytes.
        map_location: where Tensors shall lie: a device, or a dict from saved to wanted ones; by default where they
            were. (A function is asked, and Tensors lie on the CPU.)
        weights_only: None and True make only data and classes named in `safe_globals`. False imports and calls
            whatever the file names: only for files from people you trust.
        pickle_module, mmap, pickle_load_args: accepted, and without effect.

    Raises:
        pickle.UnpicklingError: the file names a class that is not allowed.
        RuntimeError: the file is cut, changed, or no file of `save`. EOFError: it is empty.
    """
    if isinstance(map_location, dict):
        for place in map_location.values():
            check_device(place, "load")
    elif not callable(map_location):
        check_device(map_location, "load")
    content, name = content_of(f), name_of(f)
    if is_safetensors(content):
        return moved_to(map_location, unpack(content, name))
    program = program_of(content)
    if program is not None:
        return moved_to(map_location, read_foreign(content, program, name))
    description, arrays = read(content, name)
    try:
        return Decoder(description, arrays, trust=weights_only is False, place=map_location).root()
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise RuntimeError(f"load: the description in {name} does not fit its classes or arrays: {error!r}.") from error
