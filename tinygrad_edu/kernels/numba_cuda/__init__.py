"""Kernels for the GPU, written with numba.cuda, on `DeviceArray`: NumPy's face, the GPU's memory.

How a call finds its way. ``kernels.softmax(a)`` with an array of the device looks here first: a file named in
`chosen.FILES` that has the name in its ``__all__`` computes it. Where none has, the specification (``kernels/*.py``)
runs with NumPy's functions computing on the device, one launch each. A NumPy function that has no kernel raises
NotImplementedError with its name; nothing falls back to the CPU.

| file | what is in it |
|---|---|
| `runtime` | numba.cuda itself, whether it is there, launching |
| `memory`, `streams` | the caching allocator; the stream on which all is put |
| `array`, `layout` | `DeviceArray`; shapes and strides without elements |
| `quick`, `tape`, `replay` | what was worked out for arrays that lie so, found again: formulas; whole calls |
| `formulas`, `scalars`, `elementwise` | one line for each elementwise operation; kernels made from them |
| `mapping`, `turning`, `vectors` | the text of such kernels; for transposed operands; several elements at once |
| `reductions`, `indexing`, `gathering`, `products` | what is not elementwise, in the plainest way |
| `sorting`, `ordering`, `counting`, `searching` | sorting by merging, and what is made of sorted lines |
| `triangular`, `orthogonal` | LU, Cholesky; QR, singular values, eigenvalues |
| `series`, `special` | the gamma function's kin and the inverse of the error function |
| `philox`, `draws`, `dropout` | random numbers: the CPU's stream, a distribution in one launch |
| `pieces`, `pointers`, `steps` | one launch over many arrays, found by their addresses; optimizers |
| `making`, `shaping`, `functions`, `protocol` | NumPy's functions and operators by their names |
| `specification` | the specification on the device |

To add a kernel
---------------
1. Write a file in this folder with functions of the *same name and arguments as the specification's*
   (``kernels/*.py``), list them in its ``__all__``, and list the file in `chosen.FILES`. A function that is not meant
   for its arguments returns ``NotImplemented``: the specification then computes.
2. An elementwise one is a line: ``mapped("a / (ONE + exp(-a))", (a,), (a.dtype,), a.dtype)``. Letters are the inputs in
   order (arrays or numbers), each converted to the type given for it; `formulas` says which functions there are.
3. Any other: ``out = empty(shape, dtype)``; a kernel as a plain function, or made from text where its rank or types
   vary, compiled once (``functools.lru_cache`` around a maker that calls ``compiled``). Arrays go to it as
   ``a.block.typed(a.dtype)``, the whole block in one dimension, with ``a.offset // a.itemsize`` and strides in elements
   (``stride // a.itemsize``); pass sizes as arguments. Launch with ``launch(kernel, blocks, threads, *arguments)``:
   ``grid_for(n)`` for a loop ``for k in range(cuda.grid(1), n, cuda.gridsize(1))``, which any number of threads may
   walk. A kernel that shares memory takes a fixed number of threads; make it small where ``simulated()``, where every
   thread is one of the operating system's. In the simulator two shared arrays made on one line of source are the same
   array: write them on two. Kernel text gets its names (``cuda``, ``exp``, ``int64`` ...) from ``functions()``.
   From its third call with arrays of one layout a kernel is not called: what it launched is launched again (`replay`).
   So its launches may depend on its arguments, and on nothing else; a file whose kernels do is listed in `chosen.ANEW`.
4. Say beside it why no cell has two writers, or that it uses atomics and so varies in the last bit.
5. Test it in ``tests/cuda``: a line in the table of ``test_kernels.py`` (name, arguments) compares it with the
   specification on NumPy, on shapes that are no multiple of a tile, strided, broadcast and empty. These tests run in
   the simulator (``NUMBA_ENABLE_CUDASIM=1 pytest tests/cuda``), and ``pytest -m gpu`` runs the same on a real GPU.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tinygrad_edu.kernels.numba_cuda.chosen import ANEW, own
from tinygrad_edu.kernels.numba_cuda.protocol import install
from tinygrad_edu.kernels.numba_cuda.replay import replayed
from tinygrad_edu.kernels.numba_cuda.specification import on_device

__all__ = ["lookup"]

install()


@functools.cache
def lookup(name: str, specification: Any, refuse: Callable[..., None] | None = None) -> Callable[..., Any]:
    """What computes `name` on the device: a kernel from here, else the specification running there.

    Args:
        refuse: called with the arguments before a call that has not been made like this before.
    """
    plain: Callable[..., Any] = on_device(specification)
    kernel = own(name)

    def chosen(*args: Any, **options: Any) -> Any:
        if refuse is not None:
            refuse(args)
        if kernel is None:
            return plain(*args, **options)
        result = kernel(*args, **options)
        return plain(*args, **options) if result is NotImplemented else result

    if kernel is not None and kernel.__module__.rpartition(".")[2] in ANEW:
        return chosen
    return lambda *args, **options: replayed(chosen, args, options)
