"""Tensor: the vectorised class that users train with, and the functions that make and combine Tensors.

(The room is called ``tensors`` because ``tinygrad_edu.tensor`` is the function that makes one.)
"""

# These give Tensor its operators and methods.
from tinygrad_edu.tensors import functions as _functions  # noqa: F401
from tinygrad_edu.tensors import legacy as _legacy  # noqa: F401
from tinygrad_edu.tensors import memory as _memory  # noqa: F401
