"""A softmax over very many classes, of which few are frequent (Grave et al., 2017): rare ones go by way of clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.nn.modules.container import ModuleList, Sequential
from tinygrad_edu.nn.modules.linear import Linear
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.ops.index import take_along
from tinygrad_edu.tensors.functions import cat
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log probability of each target, and minus their mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log probabilities of classes that are numbered from the most frequent to the rarest.

    The head tells the classes below ``cutoffs[0]`` apart, and the clusters of the others, each with a smaller
    projection than the one before it.

    Raises:
        ValueError: cutoffs that do not rise between 1 and n_classes - 1.

    >>> import tinygrad_edu as tg
    >>> net = AdaptiveLogSoftmaxWithLoss(16, 100, [10, 40])
    >>> net(tg.zeros(3, 16), tg.tensor([1, 20, 99])).output.shape, net.log_prob(tg.zeros(3, 16)).shape
    (torch.Size([3]), torch.Size([3, 100]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        edges = list(cutoffs)
        if not edges:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if any(int(c) != c for c in edges) or edges != sorted(set(edges)) or edges[0] < 1 or edges[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                f"value is between 1 and n_classes-1, got {edges} for {n_classes} classes"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*edges, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = edges[0]
        self.n_clusters = len(edges)
        self.head_size = self.shortlist_size + self.n_clusters
        made = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **made)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            inside = int(in_features // div_value ** (i + 1))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            down, out = (Linear(*shape, bias=False, **made) for shape in ((in_features, inside), (inside, size)))
            self.tail.append(Sequential(down, out))

    def reset_parameters(self) -> None:
        """All weights begin again."""
        for module in self.modules():
            if isinstance(module, Linear):
                module.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """Inputs (N, in_features) and targets (N,), or one of each, give ``output`` (N,) and the mean ``loss``.

        Raises:
            RuntimeError: sizes that do not fit, or a target that is no class.
        """
        if target_.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input_.ndim != target_.ndim + 1:
            raise RuntimeError(
                f"{target_.ndim}D target tensor expects {target_.ndim + 1}D input tensors, but found inputs with size "
                f"{input_.shape}"
            )
        rows = input_ if target_.ndim else input_.unsqueeze(0)
        wanted = target_._data.reshape(-1)
        if rows.shape[0] != wanted.size:
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if wanted.size and (wanted.min() < 0 or wanted.max() >= self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{wanted.min()}, "
                f"{wanted.max()}] were found. "
            )
        group = np.searchsorted(self.cutoffs, wanted, side="right")  # 0 for the head's own classes
        place = np.where(group == 0, wanted, self.shortlist_size + group - 1)
        output = take_along(self.head(rows).log_softmax(1), place[:, None], 1).squeeze(1)
        parts, members = [output[group == 0]], [np.flatnonzero(group == 0)]
        for i, cluster in enumerate(self.tail):
            inside = np.flatnonzero(group == i + 1)
            if inside.size:
                within = cluster(rows[inside]).log_softmax(1)
                chosen = (wanted[inside] - self.cutoffs[i])[:, None]
                parts.append(output[inside] + take_along(within, chosen, 1).squeeze(1))
                members.append(inside)
        output = cat(parts)[np.argsort(np.concatenate(members))]
        return _ASMoutput(output if target_.ndim else output.squeeze(0), -output.mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """The log probabilities of all classes: (N, in_features) gives (N, n_classes)."""
        head = self.head(input).log_softmax(1)
        size = self.shortlist_size
        tails = [self.tail[i](input).log_softmax(1) + head[:, size + i : size + i + 1] for i in range(self.n_clusters)]
        found: Tensor = cat([head[:, :size], *tails], 1)
        return found

    def predict(self, input: Tensor) -> Tensor:
        """The likeliest class of each row: (N, in_features) gives (N,)."""
        return self.log_prob(input).argmax(1)
