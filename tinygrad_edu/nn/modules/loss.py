"""Losses as modules, made from the table of `nn.functional.losses` and `margins`."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.nn.functional import ctc, distributions, margins
from tinygrad_edu.nn.functional.losses import LOSSES
from tinygrad_edu.nn.modules.distance import PairwiseDistance
from tinygrad_edu.nn.modules.from_table import FromFunction, module_of

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss",
    "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]  # fmt: skip

_ = (ctc, distributions, margins)  # their rows are in the table

_TENSORS = (
    "input", "target", "input1", "input2", "anchor", "positive", "negative", "var",
    "log_probs", "targets", "input_lengths", "target_lengths",
)  # fmt: skip
_UNWEIGHTED = ("L1Loss", "MSELoss", "HuberLoss")  # their functions can be weighted, the modules cannot
_BY_NAME = ("GaussianNLLLoss", "TripletMarginWithDistanceLoss")


def _module(name: str) -> type[FromFunction]:
    leave = (*_TENSORS, "weight") if name in _UNWEIGHTED else _TENSORS
    return module_of(name, LOSSES[name], __name__, leave=leave, keyword=name in _BY_NAME, prints=False)


L1Loss, MSELoss, SmoothL1Loss, HuberLoss = map(_module, ("L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss"))
NLLLoss, CrossEntropyLoss = map(_module, ("NLLLoss", "CrossEntropyLoss"))
BCELoss, BCEWithLogitsLoss = map(_module, ("BCELoss", "BCEWithLogitsLoss"))
KLDivLoss, PoissonNLLLoss, GaussianNLLLoss = map(_module, ("KLDivLoss", "PoissonNLLLoss", "GaussianNLLLoss"))
MarginRankingLoss, HingeEmbeddingLoss = map(_module, ("MarginRankingLoss", "HingeEmbeddingLoss"))
SoftMarginLoss, CosineEmbeddingLoss = map(_module, ("SoftMarginLoss", "CosineEmbeddingLoss"))
MultiMarginLoss, MultiLabelMarginLoss = map(_module, ("MultiMarginLoss", "MultiLabelMarginLoss"))
CTCLoss = _module("CTCLoss")
MultiLabelSoftMarginLoss, TripletMarginLoss = map(_module, ("MultiLabelSoftMarginLoss", "TripletMarginLoss"))

_WithDistance: Any = _module("TripletMarginWithDistanceLoss")


class TripletMarginWithDistanceLoss(_WithDistance):
    """The triplet loss with a distance of your own, a function or a module; by default the Euclidean one."""

    __signature__ = _WithDistance.__signature__

    def __init__(self, *, distance_function: Any = None, **options: Any) -> None:
        super().__init__(distance_function=None, **options)
        self.__dict__.pop("distance_function")  # it may become a part
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
