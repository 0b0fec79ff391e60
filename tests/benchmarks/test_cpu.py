"""The CPU table's rows exist in both libraries under the same names; its choosing and its ratios."""

import numpy as np
import pytest

import tinygrad_edu as tg
import tinygrad_edu.nn
import tinygrad_edu.optim
import tinygrad_edu.utils.data
from benchmarks.cpu import TORCH, chosen, verdicts
from benchmarks.growth import FAMILIES, FLOPS, with_shares
from benchmarks.workloads import WORKLOADS


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKLOADS)
def test_a_row_runs(name: str) -> None:
    tg.manual_seed(0)
    out = WORKLOADS[name].build(tg)()
    if isinstance(out, tg.Tensor):
        assert np.isfinite(out.detach().numpy()).all()


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", WORKLOADS)
def test_a_row_does_the_same_work_in_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = (WORKLOADS[name].build(lib)() for lib in (tg, torch))
    if isinstance(ours, tg.Tensor):
        assert tuple(ours.shape) == tuple(theirs.shape)
    elif isinstance(ours, int):
        assert ours == theirs


def test_rows_are_chosen_by_a_part_of_their_names() -> None:
    assert [w.name for w in chosen(["gelu", "silu"])] == ["gelu of 10^6", "silu of 10^6"]
    assert [w.name for w in chosen([], threads=2)] == ["batched matmul 32x8x64x64, 2 threads, forward"]
    assert len(chosen([])) == len(WORKLOADS)
    assert chosen(["no such row"]) == []


def test_the_ratio_is_ours_over_pytorchs() -> None:
    results = {TORCH: {"gelu of 10^6": 100.0}, "ours": {"gelu of 10^6": 50.0}}
    assert verdicts(results, "ours") == [("gelu of 10^6", 0.5, WORKLOADS["gelu of 10^6"].reach)]


def test_a_share_of_the_best_rate() -> None:
    family = FAMILIES[0]
    times = {f"{f.name}: {n}": 1.0 for f in FAMILIES for n in f.sizes}
    best = {f.unit: 2e-9 * 8**3 / 1e-6 * 4 for f in FAMILIES}  # four times what 8 x 8 x 8 in one microsecond is
    assert family.unit == FLOPS
    assert with_shares(times, best)["matmul n x n: 8, % of best"] == pytest.approx(25.0)
