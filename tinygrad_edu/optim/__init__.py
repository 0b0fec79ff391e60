"""Optimizers, hand-written: one formula a file, equal to PyTorch's; and `minimize`, which runs them."""

from importlib import import_module
from typing import Any

from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.optim.adadelta import Adadelta
from tinygrad_edu.optim.adagrad import Adagrad
from tinygrad_edu.optim.adam import Adam, AdamW
from tinygrad_edu.optim.adamax import Adamax
from tinygrad_edu.optim.lbfgs import LBFGS
from tinygrad_edu.optim.minimize import OPTIMIZERS, MinimizeResult, minimize
from tinygrad_edu.optim.nadam import NAdam
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.radam import RAdam
from tinygrad_edu.optim.rmsprop import RMSprop
from tinygrad_edu.optim.rprop import Rprop
from tinygrad_edu.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "MinimizeResult",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "minimize",
]


def __getattr__(name: str) -> Any:
    if name == "swa_utils":  # it loads the modules of nn, which optimizers do without
        return import_module("tinygrad_edu.optim.swa_utils")
    raise AttributeError(f"module 'tinygrad_edu.optim' has no attribute {name!r}")
