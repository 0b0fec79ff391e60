"""`Module`: a function with parameters. Write `__init__` to make the parts and `forward` to say how they are used."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.nn.modules.hooks import (
    EVERYWHERE,
    Hooked,
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from tinygrad_edu.nn.modules.state import Stateful
from tinygrad_edu.tensors.device import device as Device
from tinygrad_edu.tensors.dtype import as_dtype, bfloat16
from tinygrad_edu.tensors.dtype import dtype as DType
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "Module", "register_module_backward_hook", "register_module_forward_hook", "register_module_forward_pre_hook",
    "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
]  # fmt: skip

_PLAIN = {
    "training": True,
    "_parameters": dict,
    "_buffers": dict,
    "_non_persistent_buffers_set": set,
    "_modules": dict,
    "_forward_pre_hooks": dict,
    "_forward_hooks": dict,
    "_backward_pre_hooks": dict,
    "_backward_hooks": dict,
    "_state_dict_pre_hooks": dict,
    "_state_dict_hooks": dict,
    "_load_state_dict_pre_hooks": dict,
    "_load_state_dict_post_hooks": dict,
}


class Module(Stateful, Hooked):
    """The base of all layers and networks.

    Parameters, buffers and modules that are assigned to attributes become parts: ``parameters()`` lists them,
    ``to()`` converts them, ``state_dict()`` saves them.

    Attributes:
        training: True after ``train()``, False after ``eval()``; Dropout and BatchNorm look at it.

    >>> import tinygrad_edu as tg
    >>> class Line(tg.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = tg.nn.Parameter(tg.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> Line()(tg.tensor(3.0))
    tensor(6., grad_fn=<MulBackward0>)
    """

    dump_patches = False  # PyTorch's former switch, which programs may look at

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            given = [*map(repr, args), *kwargs]
            raise TypeError(f"{type(self).__name__}.__init__() got unexpected arguments: {', '.join(given)}")
        for name, value in _PLAIN.items():
            object.__setattr__(self, name, value() if isinstance(value, type) else value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass says it.

        Raises:
            NotImplementedError: this class does not.
        """
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function: define forward(self, x) in it'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        own = self.__dict__
        try:
            hooked = (
                own["_forward_hooks"]
                or own["_forward_pre_hooks"]
                or own["_backward_hooks"]
                or own["_backward_pre_hooks"]
                or EVERYWHERE
            )
        except KeyError:
            kind = type(self).__name__
            raise AttributeError(
                f"{kind} was called, but Module.__init__() was not: begin the __init__ of {kind} with "
                "super().__init__()"
            ) from None
        if hooked:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    # --- modes -----------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Put this module and all inside it into training mode (or out of it), and return self."""
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {type(mode).__name__}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Leave training mode: Dropout lets everything pass, BatchNorm uses what it has learned."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for gradients of all parameters, or freeze them, and return self."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or fill them with zeros)."""
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                param.grad = param.grad.detach()
                param.grad.zero_()

    # --- converting ------------------------------------------------------------------------------------------------

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put ``fn(t)`` in the place of every parameter, gradient and buffer; parameters stay the same objects."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for param in self._parameters.values():
                if param is None:
                    continue
                grad = param.grad
                param.grad = None
                param.data = fn(param.data)
                if grad is not None:
                    param.grad = fn(grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert parameters and buffers in place: ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``; return self.

        A dtype is given to what is floating point; integers keep theirs.

        Raises:
            TypeError: the dtype is not floating point; DeviceError: the device is not available.
        """
        kwargs.pop("non_blocking", None)
        device, wanted = kwargs.pop("device", None), kwargs.pop("dtype", None)
        other = kwargs.pop("tensor", None)
        if kwargs:
            raise TypeError(f"to() got an unexpected keyword argument {next(iter(kwargs))!r}")
        for arg in (*args, other):
            if isinstance(arg, Tensor):
                device, wanted = arg.device, arg.dtype
            elif isinstance(arg, DType):
                wanted = arg
            elif isinstance(arg, (str, int, Device)) and not isinstance(arg, bool):
                device = arg
            elif arg is not None and not isinstance(arg, bool):
                raise TypeError(f"to() takes a dtype, a device or a Tensor, got {type(arg).__name__}")
        if wanted is not None and not as_dtype(wanted, "to").is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={wanted}: "
                "parameters need gradients, and integers have none"
            )

        def convert(tensor: Tensor) -> Tensor:
            if device is not None:
                tensor = tensor.to(device)
            return tensor.to(wanted) if wanted is not None and tensor.is_floating_point() else tensor

        return self._apply(convert)

    def _cast(self, name: str) -> Self:
        return self._apply(lambda t: getattr(t, name)() if t.is_floating_point() else t)

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._cast("float")

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._cast("double")

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._cast("half")

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to a dtype."""
        return self._apply(lambda t: t.to(dst_type))

    def bfloat16(self) -> Self:
        """Raises DTypeError: NumPy has no such type; use half()."""
        return self.to(bfloat16)

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move to a device without copying values: here they are kept, which is allowed."""
        return self._apply(lambda t: t.to(device), recurse)

    def share_memory(self) -> Self:
        """Self: parameters reach other processes as copies."""
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: there is no compiler, and the result is the same. Said as a warning."""
        warnings.warn(
            f"{type(self).__name__}.compile: there is no compiler in tinygrad_edu; the module runs as it is.",
            UserWarning,
            stacklevel=2,
        )

    def cpu(self) -> Self:
        """Move parameters and buffers to the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Move parameters and buffers to a GPU.

        Raises:
            DeviceError: there is none that this library can use.
        """
        return self.to(
            Device("cuda") if device is None else Device("cuda", device) if isinstance(device, int) else device
        )

    # --- printing --------------------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return self.__class__.__name__

    def extra_repr(self) -> str:
        """What stands in the parentheses when the module is printed; a subclass may define it."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        lines = extra_lines + child_lines
        if len(extra_lines) == 1 and not child_lines:
            return f"{self._get_name()}({extra_lines[0]})"
        inside = "\n  " + "\n  ".join(lines) + "\n" if lines else ""
        return f"{self._get_name()}({inside})"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
