"""Sampling for several processes, for programs that import it."""

from tinygrad_edu.absent import absent_class

__all__ = ["DistributedSampler"]

DistributedSampler = absent_class(
    "utils.data.distributed.DistributedSampler",
    "tinygrad_edu trains in one process. Use DataLoader(shuffle=True), or RandomSampler.",
)
