"""A wide LSTM or GRU gives the same on compiled gates as on NumPy: results, gradients, sequences of several lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

pytest.importorskip("numba")


def results(kind: str, backend: str, lengths: Any) -> list[Any]:
    tg.manual_seed(0)
    net = getattr(tg.nn, kind)(5, 140, num_layers=2, bidirectional=True)
    x = tg.rand(6, 40, 5, requires_grad=True)
    fed = x if lengths is None else tg.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    with tg.use_backend(backend):
        out, last = net(fed)
        h, c = last if kind == "LSTM" else (last, last)
        data = out if lengths is None else out.data
        ((data * data).sum() + h.sum() + (c * 0.5).sum()).backward()
    assert x.grad is not None
    return [t.detach().numpy() for t in (data, h, c, x.grad, *(p.grad for p in net.parameters()))]


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("lengths", [None, [1 + i % 6 for i in range(40)]])
def test_as_on_numpy(kind: str, lengths: Any) -> None:
    for a, b in zip(results(kind, "numpy", lengths), results(kind, "numba", lengths), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
