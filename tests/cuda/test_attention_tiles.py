"""Attention in the tiles of a card, as the simulator's own are small."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_kernels import check, made


@pytest.mark.slow
def test_attention_in_the_tiles_of_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's tiles are small; here are those of a card, 256 threads a block, filled and overlapping."""
    from tinygrad_edu.kernels.attention import attention
    from tinygrad_edu.kernels.numba_cuda import attention as own

    monkeypatch.setattr(own, "simulated", lambda: False)
    for queries, keys, width, values, causal in ((70, 40, 5, 20, False), (66, 66, 17, 16, True)):
        q, k, v, mask = made(1, queries, width), made(1, keys, width), made(1, keys, values), made(queries, keys)
        check("attention", (q, k, v, mask, causal, 0.5))
        out, low = attention(q, k, v, mask, causal, 0.5)
        check("attention_back", (made(*out.shape), q, k, v, low, mask, causal, 0.5))
