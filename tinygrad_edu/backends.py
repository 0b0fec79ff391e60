"""torch.backends: which libraries and devices there are behind the Tensors. None but NumPy; so the answers are no.

(The code that computes is in the room `kernels`.)
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]


class Backend(ModuleType):
    """A backend that is not there; its switches can be set, as programs do, and change nothing.

    In PyTorch each is a module, which ``import torch.backends.cudnn as cudnn`` imports.
    """

    def __init__(self, name: str, **switches: Any) -> None:
        super().__init__(f"{__name__}.{name}")
        self.__dict__.update(switches)

    def is_available(self) -> bool:
        """False."""
        return False

    def is_built(self) -> bool:
        """False."""
        return False

    def version(self) -> None:
        """None: there is no version of what is not there."""

    def __repr__(self) -> str:
        return f"<backend {self.__name__.removeprefix(__name__)[1:]}: not available>"


cuda = Backend("cuda", matmul=Backend("cuda.matmul", allow_tf32=False))
cudnn = Backend("cudnn", enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
mps, mkl, mkldnn, openmp = Backend("mps"), Backend("mkl"), Backend("mkldnn"), Backend("openmp")
