"""Instance normalisation: each channel of each sample by itself (Ulyanov et al., 2016)."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from tinygrad_edu.nn.functional.norms import instance_norm
from tinygrad_edu.nn.modules.batchnorm import LazyNorm, _BatchNorm
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]  # fmt: skip


class _InstanceNorm(_BatchNorm):
    """What the three share; they differ in the number of dimensions that they take."""

    spatial: ClassVar[int]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _channels(self, input: Tensor) -> int:
        spatial = self.spatial
        if input.ndim not in (spatial + 1, spatial + 2):
            raise ValueError(f"expected {spatial + 1}D or {spatial + 2}D input (got {input.ndim}D input)")
        return int(input.shape[-spatial - 1])

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *size) or (C, *size) in the same shape.

        Raises:
            ValueError: another number of dimensions, or of channels where these have parameters.
        """
        spatial, channels = self.spatial, self._channels(input)
        if channels != self.num_features:
            told = (
                f"expected input's size at dim={input.ndim - spatial - 1} to match num_features ({self.num_features}), "
                f"but got: {channels}."
            )
            if self.affine:
                raise ValueError(told)
            warnings.warn(
                f"input's size at dim={input.ndim - spatial - 1} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        x = input if input.ndim == spatial + 2 else input.unsqueeze(0)
        out = instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out if input.ndim == spatial + 2 else out.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """For sequences (N, C, L) or (C, L)."""

    spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """For images (N, C, H, W) or (C, H, W)."""

    spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """For volumes (N, C, D, H, W) or (C, D, H, W)."""

    spatial = 3


class _LazyInstanceNorm(LazyNorm):
    _channels = _InstanceNorm._channels  # (the batch dimension may be missing)


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """An InstanceNorm1d that takes `num_features` from its first input; affine and tracking by default."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """An InstanceNorm2d that takes `num_features` from its first input; affine and tracking by default."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """An InstanceNorm3d that takes `num_features` from its first input; affine and tracking by default."""

    cls_to_become = InstanceNorm3d
