"""A batch of distributions seen as one, of more dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.distribution import Distribution
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Independent"]


class Independent(Distribution):
    """The last batch dimensions become dimensions of the event: log probabilities are summed over them.

    Raises:
        ValueError: there are not so many batch dimensions.

    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu.distributions import Normal
    >>> Independent(Normal(tg.zeros(3), 1.0), 1).event_shape
    torch.Size([3])
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {len(batch)}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        kept = len(batch) - reinterpreted_batch_ndims
        super().__init__(batch[:kept], (*batch[kept:], *base_distribution.event_shape), validate_args)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Independent:
        more = self._event_shape[: self.reinterpreted_batch_ndims]
        return Independent(self.base_dist.expand((*batch_shape, *more)), self.reinterpreted_batch_ndims, False)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the distributions have it."""
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        """That of the distributions, for each."""
        return constraints.independent(self.base_dist.support, self.reinterpreted_batch_ndims)

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    def summed(self, values: Tensor) -> Tensor:
        """The sum over the dimensions that belong to the event."""
        count = self.reinterpreted_batch_ndims
        return values.sum(tuple(range(-count, 0))) if count else values

    def log_prob(self, value: Tensor) -> Tensor:
        return self.summed(self.base_dist.log_prob(value))

    def entropy(self) -> Tensor:
        return self.summed(self.base_dist.entropy())
