"""Tensor: the vectorised class that users train with, and the functions that make and combine Tensors.

(The room is called ``tensors`` because ``tinygrad_edu.tensor`` is the function that makes one.)
"""

from tinygrad_edu.tensors import functions as _functions  # noqa: F401 - gives Tensor its operators and methods
