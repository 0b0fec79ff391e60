"""The error types: each says which operation failed, with what, which rule it broke, and what to do next.

Every type derives from the one that PyTorch raises in the same place, so ``except RuntimeError`` written for
PyTorch keeps working.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ChoiceError",
    "CudaError",
    "DTypeError",
    "DeviceError",
    "DimError",
    "DivergenceError",
    "EmptyListError",
    "ElementCountError",
    "ExportError",
    "GradError",
    "GraphTooLargeError",
    "IntegerOverflowError",
    "LinAlgError",
    "LineSearchError",
    "NoDerivativeError",
    "MissingExtraError",
    "MissingFontError",
    "MpsError",
    "NotProvidedError",
    "OptimizerError",
    "OutOfMemoryError",
    "RenderError",
    "ShapeError",
    "TextError",
    "broadcast_error",
]


class ShapeError(RuntimeError):
    """Shapes that an operation cannot combine."""


class EmptyListError(ShapeError, ValueError):
    """A list of Tensors with nothing in it. (PyTorch raises either type, by operation.)"""


class DTypeError(NotImplementedError):
    """A data type that an operation cannot take. (PyTorch raises this or a RuntimeError, and this is one.)"""


class TextError(TypeError, ValueError):
    """Text where numbers are needed. (PyTorch raises either type, by where it stands.)"""


class IntegerOverflowError(RuntimeError, ValueError):
    """An integer that int64 cannot hold. (PyTorch has raised either type.)"""


class DeviceError(RuntimeError):
    """An unknown or unavailable device, or operands on different ones."""


class CudaError(DeviceError, AssertionError):
    """CUDA was asked for; an AssertionError as well, which is what a PyTorch built without CUDA raises."""


class OutOfMemoryError(RuntimeError):
    """The GPU has no memory left for a tensor. The program can go on when it lets go of some."""


class MpsError(DeviceError, NotImplementedError):
    """Apple's GPU was asked for; what makes Tensors there is not implemented in a PyTorch built without it."""


class GradError(RuntimeError):
    """Something asked of autograd that its rules do not allow."""


class NoDerivativeError(GradError, NotImplementedError):
    """Backward through an operation of which only the values are known."""


class ExportError(GradError, BufferError):
    """A Tensor whose memory cannot be lent to another library because its history would be lost."""


class ElementCountError(ShapeError, ValueError):
    """A Tensor of several elements, or none, where a single number is needed."""


class LinAlgError(RuntimeError):
    """A matrix for which the result does not exist, such as the inverse of a singular one."""


class DimError(IndexError):
    """A dimension or an index out of range."""


class NotProvidedError(NotImplementedError):
    """A name that is there so that programs can import it was called."""


class ChoiceError(ValueError):
    """An unknown name for one of our own choices, such as a backend, in a call or in an environment variable."""


class OptimizerError(ValueError):
    """An unknown optimizer, or a hyper-parameter outside its range."""


class LineSearchError(OptimizerError, RuntimeError):
    """An unknown line search. (PyTorch raises a RuntimeError for that one, at the first step.)"""


class DivergenceError(ArithmeticError):
    """A training whose loss is no longer a finite number."""


class GraphTooLargeError(ValueError):
    """A graph with more nodes than a picture of it could show."""


class RenderError(RuntimeError):
    """A picture that could not be laid out, drawn or written."""


class MissingFontError(RenderError):
    """Characters that no font at hand can draw."""


class MissingExtraError(ImportError):
    """A feature whose optional packages are not installed; the message gives the pip command."""


def broadcast_error(operation: str, *shapes: Sequence[int]) -> ShapeError:
    """The error for shapes that do not broadcast: shows them and names the first dimension that disagrees.

    >>> print(broadcast_error("add", (2, 3), (4,)))
    add: shapes (2, 3) and (4,) do not broadcast: the size of the last dimension is 3 in one and 4 in the other. \
Sizes are compared from the right and must be equal or 1; reshape or unsqueeze one of them.
    """
    listed = " and ".join(str(tuple(shape)) for shape in shapes)
    why = "their sizes disagree"
    for position in range(1, max(map(len, shapes)) + 1):
        sizes = {shape[-position] for shape in shapes if len(shape) >= position} - {1}
        if len(sizes) > 1:
            where = "the last dimension" if position == 1 else f"dimension {-position}"
            one, other = sorted(sizes)[:2]
            why = f"the size of {where} is {one} in one and {other} in the other"
            break
    return ShapeError(
        f"{operation}: shapes {listed} do not broadcast: {why}. "
        "Sizes are compared from the right and must be equal or 1; reshape or unsqueeze one of them."
    )
