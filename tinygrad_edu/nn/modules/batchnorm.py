"""Batch normalisation: in training by the batch's mean and variance, in evaluation by what these were on the way."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygrad_edu.nn import init
from tinygrad_edu.nn.functional.norms import batch_norm
from tinygrad_edu.nn.modules.lazy import LazyModuleMixin
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter, Uninitialized
from tinygrad_edu.tensors.creation import empty, ones, tensor, zeros
from tinygrad_edu.tensors.dtype import int64
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"]


class _BatchNorm(Module):
    """What the three share; they differ in the number of dimensions that they take."""

    ranks: ClassVar[tuple[int, ...]]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            values = Parameter(empty(num_features, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, values)
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if track else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64, device=device) if track else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """The running mean, variance and count begin again."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Everything begins again."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            expected = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {expected} input (got {input.ndim}D input)")
        if input.shape[1] != self.num_features:
            raise RuntimeError(
                f"{type(self).__name__}: running_mean should contain {input.shape[1]} elements not "
                f"{self.num_features}: the input of shape {tuple(input.shape)} has {input.shape[1]} channels in "
                "dimension 1"
            )

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) in the same shape.

        Raises:
            ValueError: another number of dimensions, or one value per channel in training.
        """
        self._check(input)
        momentum = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if momentum is None:  # the plain average of all batches
                momentum = 1.0 / self.num_batches_tracked.item()
        from_batch = self.training or self.running_mean is None
        keeps = not self.training or self.track_running_stats
        return batch_norm(
            input,
            self.running_mean if keeps else None,
            self.running_var if keeps else None,
            self.weight,
            self.bias,
            from_batch,
            0.0 if momentum is None else momentum,
            self.eps,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """For vectors (N, C) and sequences (N, C, L)."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """For images (N, C, H, W)."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """For volumes (N, C, D, H, W)."""

    ranks = (5,)


class LazyNorm(LazyModuleMixin):
    """What lazy batch and instance normalisations share: `num_features` is the first input's number of channels."""

    num_features: int

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype)  # type: ignore[call-arg]
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self._wait("weight", *(["bias"] if bias else []), device=device, dtype=dtype)
        if track_running_stats:
            self._wait("running_mean", "running_var", buffers=True, device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=int64, device=device)

    def reset_parameters(self) -> None:
        """Everything begins again, if it has a shape."""
        if not self.has_uninitialized_params() and getattr(self, "num_features", 0) != 0:
            super().reset_parameters()  # type: ignore[misc]

    def _channels(self, input: Tensor) -> int:
        ranks: tuple[int, ...] = self.ranks  # type: ignore[attr-defined]
        if input.ndim not in ranks:
            expected = " or ".join(f"{rank}D" for rank in ranks)
            raise ValueError(f"expected {expected} input (got {input.ndim}D input)")
        return int(input.shape[1])

    def initialize_parameters(self, input: Tensor) -> None:
        """(N, C, ...): as many as dimension 1 has."""
        waiting = [x for x in (*self._parameters.values(), *self._buffers.values()) if isinstance(x, Uninitialized)]
        if waiting or not self.num_features:
            self.num_features = self._channels(input)
            for x in waiting:
                x.materialize((self.num_features,))
            if waiting:
                self.reset_parameters()


class LazyBatchNorm1d(LazyNorm, BatchNorm1d):
    """A BatchNorm1d that takes `num_features` from its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(LazyNorm, BatchNorm2d):
    """A BatchNorm2d that takes `num_features` from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(LazyNorm, BatchNorm3d):
    """A BatchNorm3d that takes `num_features` from its first input."""

    cls_to_become = BatchNorm3d
