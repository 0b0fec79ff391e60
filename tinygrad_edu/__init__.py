"""tinygrad_edu: PyTorch's idea, small enough to read. ``import tinygrad_edu as torch`` over a lecture's code.

Names are loaded when they are first used (PEP 562): a program that only uses :class:`Value` never imports NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Where each public name lives. A module is imported when one of its names is first asked for.
_homes: dict[str, str] = {
    name: module
    for module, names in {
        "value": "Value",
        "engine.modes": "no_grad enable_grad set_grad_enabled inference_mode is_grad_enabled is_inference_mode_enabled",
        "engine.anomaly": "is_anomaly_enabled is_anomaly_check_nan_enabled",
        "tensors.tensor": "Tensor",
        "tensors.untracked": "is_inference",
        "tensors.size": "Size",
        "tensors.device": "device",
        "errors": "OutOfMemoryError",
        "tensors.dtype": "dtype float16 float32 float64 half float double int8 int16 int32 int64 short int long uint8 "
        "bool bfloat16 get_default_dtype set_default_dtype",
        "tensors.limits": "finfo iinfo",
        "tensors.promotion": "promote_types can_cast",
        "tensors.printing": "get_printoptions set_printoptions",
        "tensors.legacy": "BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor "
        "ShortTensor is_nonzero set_default_tensor_type typename",
        "tensors.memory": "UntypedStorage channels_last channels_last_3d contiguous_format is_storage layout "
        "memory_format preserve_format strided",
        "settings": "are_deterministic_algorithms_enabled compile e get_backend get_default_device "
        "get_float32_matmul_precision get_matmul get_num_interop_threads get_num_threads inf nan newaxis pi "
        "set_backend set_default_device set_float32_matmul_precision set_matmul set_num_interop_threads "
        "set_num_threads use_backend use_deterministic_algorithms use_matmul",
        "tensors.creation": "tensor as_tensor from_numpy zeros ones empty full scalar_tensor eye zeros_like ones_like "
        "empty_like full_like",
        "tensors.sequences": "arange linspace logspace",
        "tensors.exchange": "asarray from_dlpack frombuffer",
        "tensors.random": "Generator manual_seed seed initial_seed default_generator",
        "tensors.draws": "rand randn randint randperm normal rand_like randn_like randint_like bernoulli multinomial "
        "get_rng_state set_rng_state",
        "tensors.functions": "cat concat concatenate stack where is_tensor broadcast_shapes allclose equal result_type",
        "nn.functional:adaptive_max_pool1d_with_indices": "adaptive_max_pool1d",  # torch's gives both
        "nn.functional": "adaptive_avg_pool1d avg_pool1d bilinear celu celu_ channel_shuffle "
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity group_norm "
        "hardshrink layer_norm max_pool1d max_pool2d max_pool3d pairwise_distance pixel_shuffle "
        "pixel_unshuffle prelu relu_ rms_norm rrelu rrelu_ selu selu_ threshold threshold_",
        "optim.minimize": "minimize",
        "serialization": "save load",
        "amp": "autocast",
        "compat": "load_ipython_extension unload_ipython_extension",
    }.items()
    for name in names.split()
}
_rooms = (
    "accelerator", "amp", "autograd", "backends", "compat", "cuda", "distributed", "distributions", "engine", "errors",
    "kernels", "linalg", "mps", "multiprocessing", "nn", "onnx", "ops", "optim", "random", "serialization", "special",
    "train", "utils", "value", "version", "vision", "viz",
)  # fmt: skip

if TYPE_CHECKING:  # for editors and type checkers
    from tinygrad_edu.engine.modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
    from tinygrad_edu.optim.minimize import minimize
    from tinygrad_edu.serialization import load, save
    from tinygrad_edu.tensors.creation import (
        as_tensor,
        empty,
        empty_like,
        eye,
        from_numpy,
        full,
        full_like,
        ones,
        ones_like,
        tensor,
        zeros,
        zeros_like,
    )
    from tinygrad_edu.tensors.device import device
    from tinygrad_edu.tensors.draws import normal, rand, rand_like, randint, randn, randn_like, randperm
    from tinygrad_edu.tensors.dtype import bool, dtype, float32, float64, int64
    from tinygrad_edu.tensors.functions import allclose, cat, is_tensor, stack, where
    from tinygrad_edu.tensors.random import Generator, manual_seed
    from tinygrad_edu.tensors.sequences import arange, linspace
    from tinygrad_edu.tensors.size import Size
    from tinygrad_edu.tensors.tensor import Tensor
    from tinygrad_edu.value import Value

__all__ = [
    "Generator",
    "Size",
    "Tensor",
    "Value",
    "allclose",
    "arange",
    "as_tensor",
    "cat",
    "device",
    "dtype",
    "empty",
    "empty_like",
    "enable_grad",
    "eye",
    "float32",
    "float64",
    "from_numpy",
    "full",
    "full_like",
    "inference_mode",
    "int64",
    "is_grad_enabled",
    "is_tensor",
    "linspace",
    "load",
    "manual_seed",
    "minimize",
    "no_grad",
    "normal",
    "ones",
    "ones_like",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "save",
    "set_grad_enabled",
    "stack",
    "tensor",
    "where",
    "zeros",
    "zeros_like",
]


def __getattr__(name: str) -> Any:
    home = _homes.get(name)
    if home is not None:
        module, _, other_name = home.partition(":")
        found = getattr(import_module(f"tinygrad_edu.{module}"), other_name or name)
    elif name in _rooms:
        return import_module(f"tinygrad_edu.{name}")
    elif name.startswith("_"):
        raise AttributeError(name)
    else:  # every operation is a function too: exp(x) is x.exp()
        found = import_module("tinygrad_edu.tensors.functions").functional(name)
        if found is None:
            raise AttributeError(f"module 'tinygrad_edu' has no attribute {name!r}{_near(name)}")
    globals()[name] = found
    return found


def _near(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, __dir__(), 1)
    return f": did you mean {close[0]!r}?" if close else ""


def __dir__() -> list[str]:
    from tinygrad_edu.ops.registry import operations
    from tinygrad_edu.tensors.composed import COMPOSED

    names = {op.method_name for op in operations().values() if isinstance(op.method_name, str)}
    return sorted({*_homes, *_rooms, *names, *COMPOSED, "__version__"})
