"""What functions with several named results return: tuples whose parts have names, printed as PyTorch prints them."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

__all__ = [
    "aminmax", "cummax", "cummin", "histogram", "kthvalue", "linalg_eigh", "linalg_lstsq", "linalg_qr",
    "linalg_slogdet", "linalg_svd", "median", "mode", "nanmedian", "qr", "slogdet", "sort", "svd", "topk",
]  # fmt: skip


def named(name: str, fields: str = "values indices") -> Any:
    """A tuple type with named parts.

    >>> named("sort")(1, 2)
    torch.return_types.sort(
    values=1,
    indices=2)
    """

    def show(self: Any) -> str:
        parts = ",\n".join(f"{field}={part!r}" for field, part in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{parts})"

    base: Any = namedtuple(name, fields)  # type: ignore[misc]  # noqa: PYI024 - the name is given
    return type(name, (base,), {"__slots__": (), "__repr__": show, "__module__": __name__})


sort, topk, kthvalue, mode = named("sort"), named("topk"), named("kthvalue"), named("mode")
median, nanmedian, cummax, cummin = named("median"), named("nanmedian"), named("cummax"), named("cummin")
aminmax, histogram = named("aminmax", "min max"), named("histogram", "hist bin_edges")
qr, svd, slogdet = named("qr", "Q R"), named("svd", "U S V"), named("slogdet", "sign logabsdet")
linalg_qr, linalg_svd = named("linalg_qr", "Q R"), named("linalg_svd", "U S Vh")
linalg_slogdet = named("linalg_slogdet", "sign logabsdet")
linalg_eigh = named("linalg_eigh", "eigenvalues eigenvectors")
linalg_lstsq = named("linalg_lstsq", "solution residuals rank singular_values")
