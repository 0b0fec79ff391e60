"""All schedules of learning rates, under the module name that they have in PyTorch."""

from tinygrad_edu.optim.annealing import CosineAnnealingLR, CosineAnnealingWarmRestarts, OneCycleLR
from tinygrad_edu.optim.combined import ChainedScheduler, SequentialLR
from tinygrad_edu.optim.cycles import CyclicLR
from tinygrad_edu.optim.decays import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from tinygrad_edu.optim.plateau import ReduceLROnPlateau
from tinygrad_edu.optim.schedule import LRScheduler

_LRScheduler = LRScheduler  # PyTorch's name for it before version 2, still used in lectures

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
