"""Functions and methods of Tensors against NumPy: joining, choosing, shaping, creating, converting, comparing."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ShapeError


def leaf(data: Any) -> Any:
    return tg.tensor(data, dtype=tg.float64, requires_grad=True)


class TestJoining:
    def test_cat(self) -> None:
        a, b = leaf([[1.0, 2.0]]), leaf([[3.0, 4.0], [5.0, 6.0]])
        joined = tg.cat([a, b])
        assert joined.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
        (joined * tg.tensor([[1.0], [10.0], [100.0]])).sum().backward()
        assert a.grad.tolist() == [[1.0, 1.0]] and b.grad.tolist() == [[10.0, 10.0], [100.0, 100.0]]
        assert tg.cat((a, a), dim=-1).shape == (1, 4) and tg.concat([a, b]).shape == (3, 2)

    def test_cat_promotes_and_skips_the_empty_vector(self) -> None:
        joined = tg.cat([tg.tensor([1]), tg.tensor([0.5]), tg.tensor([])])
        assert joined.dtype is tg.float32 and joined.tolist() == [1.0, 0.5]
        x = leaf([[1.0]])
        tg.cat([tg.tensor([]), x]).sum().backward()
        assert x.grad.tolist() == [[1.0]]

    def test_stack(self) -> None:
        a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
        assert tg.stack([a, b], dim=1).tolist() == [[1.0, 3.0], [2.0, 4.0]]
        (tg.stack([a, b, a]) * tg.tensor([[1.0], [2.0], [4.0]])).sum().backward()
        assert a.grad.tolist() == [5.0, 5.0] and b.grad.tolist() == [2.0, 2.0]

    def test_their_memory_is_in_order_also_where_the_parts_were_transposed(self) -> None:
        part = tg.arange(6).reshape(2, 3).t()
        for joined in (tg.cat([part, part]), tg.stack([part, part]), part[[0, 1, 2]]):
            assert joined.is_contiguous() and joined.view(-1).shape == (joined.numel(),)

    def test_what_they_refuse(self) -> None:
        for wrong in ([], (), [tg.ones(2), tg.ones(3, 2)], [tg.tensor(1.0)]):
            with pytest.raises(RuntimeError):
                tg.cat(wrong)
        with pytest.raises(RuntimeError, match="one shape"):
            tg.stack([tg.ones(2), tg.ones(3)])
        with pytest.raises(IndexError):
            tg.cat([tg.ones(2)], dim=1)
        for wrong in (tg.ones(2), [1.0, 2.0], 3):
            with pytest.raises(TypeError):
                tg.cat(wrong)


class TestChoosing:
    def test_where(self) -> None:
        x, y = leaf([-1.0, 2.0]), leaf([[10.0], [20.0]])
        out = tg.where(x > 0, x, y)
        assert out.tolist() == [[10.0, 2.0], [20.0, 2.0]]
        out.sum().backward()
        assert x.grad.tolist() == [0.0, 2.0] and y.grad.tolist() == [[1.0], [1.0]]
        assert x.where(x > 0, 0.0).tolist() == [0.0, 2.0]

    def test_where_with_numbers_and_alone(self) -> None:
        mask = tg.tensor([True, False])
        assert tg.where(mask, 1.0, 0.0).dtype is tg.float32 and tg.where(mask, 1, 0).tolist() == [1, 0]
        rows, columns = tg.where(tg.eye(2) > 0)
        assert rows.tolist() == columns.tolist() == [0, 1]
        with pytest.raises(RuntimeError, match="bool"):
            tg.where(tg.ones(2), 1.0, 0.0)
        with pytest.raises(ShapeError, match="where|choose"):
            tg.where(mask, tg.ones(3), 0.0)

    def test_nan_in_the_branch_not_taken_does_not_spread(self) -> None:
        x = leaf([0.0, 4.0])
        tg.where(x > 0, x.sqrt(), 0.0).sum().backward()
        assert math.isnan(x.grad[0].item()) and x.grad[1].item() == 0.25, "0 * inf is nan, as in PyTorch"

    def test_clamp(self) -> None:
        x = leaf([-2.0, 0.5, 2.0])
        assert x.clamp(-1, 1).tolist() == [-1.0, 0.5, 1.0]
        assert x.clamp(min=0).tolist() == [0.0, 0.5, 2.0] and tg.clamp(x, max=0).tolist() == [-2.0, 0.0, 0.0]
        x.clamp(-1, 1).sum().backward()
        assert x.grad.tolist() == [0.0, 1.0, 0.0]
        assert tg.tensor([1, 5]).clamp(max=2.5).tolist() == [1.0, 2.5]
        assert tg.tensor([1, 5]).clamp(max=3).dtype is tg.int64
        with pytest.raises(RuntimeError, match="min.*max"):
            x.clamp()

    def test_max_and_min_in_all_their_forms(self) -> None:
        x = tg.tensor([[1.0, 5.0, 3.0], [4.0, 4.0, 0.0]])
        assert x.max().item() == 5.0 and x.min().item() == 0.0
        values, indices = x.max(dim=1)
        assert values.tolist() == [5.0, 4.0] and indices.tolist() == [1, 0] and indices.dtype is tg.int64
        pair = tg.min(x, 0, keepdim=True)
        assert pair.values.tolist() == [[1.0, 4.0, 0.0]] and pair.indices.tolist() == [[0, 1, 1]]
        assert tg.max(x, tg.tensor(2.0)).tolist() == [[2.0, 5.0, 3.0], [4.0, 4.0, 2.0]]
        assert x.argmax().item() == 1 and x.argmax(1).tolist() == [1, 0] and x.argmin(dim=0).tolist() == [0, 1, 1]
        with pytest.raises(RuntimeError, match="empty|numel"):
            tg.zeros(0).max()
        with pytest.raises(IndexError):
            tg.zeros(0, 2).max(0)


class TestShapes:
    def test_expand_repeats_without_copying(self) -> None:
        x = leaf([[1.0], [2.0]])
        y = x.expand(-1, 3)
        assert y.shape == (2, 3) and y.stride() == (1, 0)
        y.sum().backward()
        assert x.grad.tolist() == [[3.0], [3.0]]
        assert x.expand(4, 2, 3).shape == (4, 2, 3) and x.expand_as(tg.ones(2, 5)).shape == (2, 5)
        with pytest.raises(RuntimeError, match="single memory location|memory location"):
            tg.ones(1).expand(3).add_(1)

    def test_view_needs_memory_in_order_and_reshape_copies(self) -> None:
        x = tg.arange(6).view(2, 3)
        x.view(-1)[0] = 9
        assert x[0, 0].item() == 9
        with pytest.raises(RuntimeError, match="reshape"):
            x.t().view(6)
        y = x.t().reshape(6)
        y[0] = 0
        assert x[0, 0].item() == 9 and x.t().contiguous().view(6).tolist() == [9, 3, 1, 4, 2, 5]

    def test_round_trips(self) -> None:
        x = tg.arange(24).reshape(2, 3, 4)
        assert tg.equal(x.permute(2, 0, 1).permute(1, 2, 0), x)
        assert tg.equal(x.transpose(0, 2).transpose(2, 0), x) and x.mT.shape == (2, 4, 3)
        assert tg.equal(x.unsqueeze(1).squeeze(1), x) and x[None].squeeze().shape == (2, 3, 4)
        assert x.flatten().shape == (24,) if hasattr(x, "flatten") else True
        assert x.T.shape == (4, 3, 2) and x.size() == x.shape and x.size(-1) == 4 and x.dim() == x.ndim == 3

    def test_views_share_memory(self) -> None:
        x = tg.zeros(2, 3)
        for view in (x.view(6), x.t(), x.permute(1, 0), x[0], x[:, 1:], x.unsqueeze(0), x.narrow(1, 0, 2), x.detach()):
            before = x.sum().item()
            view[(0,) * view.ndim] += 1.0
            assert x.sum().item() == before + 1.0


class TestCreation:
    def test_types_follow_the_data(self) -> None:
        floats, ints, bools = tg.float32, tg.int64, tg.bool
        for data, dtype in (([1.0], floats), ([1], ints), ([True], bools), ([1, 2.0], floats), ([], floats)):
            assert tg.tensor(data).dtype is dtype
        assert tg.tensor(np.zeros(2)).dtype is tg.float64 and tg.tensor(np.int32(1)).dtype is tg.int32
        assert tg.tensor([tg.tensor(1), tg.tensor(2)]).tolist() == [1, 2]
        assert tg.tensor([1, 2], dtype=tg.float64).dtype is tg.float64

    def test_tensor_copies_and_from_numpy_shares(self) -> None:
        array = np.zeros(2, np.float32)
        copied, shared, also = tg.tensor(array), tg.from_numpy(array), tg.as_tensor(array)
        array[0] = 5.0
        assert (copied[0].item(), shared[0].item(), also[0].item()) == (0.0, 5.0, 5.0)
        shared[1] = 7.0
        assert array[1] == 7.0 and shared.numpy() is array
        x = tg.ones(2)
        assert tg.as_tensor(x) is x and x.numpy().base is x.numpy().base

    def test_filled_counted_and_like(self) -> None:
        assert tg.zeros(2, 3).tolist() == [[0.0] * 3] * 2 and tg.ones((2,)).tolist() == [1.0, 1.0]
        assert tg.full((2,), 7).dtype is tg.int64 and tg.full((), 0.5).item() == 0.5
        assert tg.arange(3).tolist() == [0, 1, 2] and tg.arange(0, 1, 0.25).tolist() == [0.0, 0.25, 0.5, 0.75]
        assert tg.arange(5, 0, -2).tolist() == [5, 3, 1] and tg.arange(3.0).dtype is tg.float32
        assert tg.linspace(0, 1, 5).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0] and tg.linspace(1, 2, 1).tolist() == [1.0]
        assert tg.eye(2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
        x = tg.ones(2, 3, dtype=tg.float64)
        for make in (tg.zeros_like, tg.ones_like, tg.empty_like, tg.rand_like, tg.randn_like):
            assert make(x).shape == (2, 3) and make(x).dtype is tg.float64
        assert tg.full_like(x, 2).sum().item() == 12.0 and not tg.zeros_like(x).requires_grad
        assert tg.empty(2, 2).shape == (2, 2) and x.new_zeros(2).dtype is tg.float64

    def test_what_creation_refuses(self) -> None:
        for wrong, error in (
            (lambda: tg.tensor([[1.0], [1.0, 2.0]]), ValueError),
            (lambda: tg.tensor("a"), TypeError),
            (lambda: tg.tensor(["a"]), TypeError),
            (lambda: tg.tensor([None]), (TypeError, RuntimeError)),
            (lambda: tg.tensor([1.0, 1j]), TypeError),
            (lambda: tg.tensor([2**70]), RuntimeError),
            (lambda: tg.zeros(-1), RuntimeError),
            (lambda: tg.zeros(1.5), TypeError),
            (lambda: tg.arange(0, 1, 0), (ValueError, RuntimeError)),
            (lambda: tg.arange(0, 1, -1), (ValueError, RuntimeError)),
            (lambda: tg.linspace(0, 1, -1), (ValueError, RuntimeError)),
            (lambda: tg.from_numpy([1.0]), TypeError),
            (lambda: tg.from_numpy(np.arange(3)[::-1]), ValueError),
            (lambda: tg.ones(2, device="cuda"), (RuntimeError, AssertionError)),
            (lambda: tg.ones(2, device="gpu"), RuntimeError),
            (lambda: tg.ones(2, dtype="float33"), (TypeError, RuntimeError)),
        ):
            with pytest.raises(error) as caught:
                wrong()
            assert len(str(caught.value)) > 15


class TestConversion:
    def test_item_tolist_and_python_numbers(self) -> None:
        x = tg.tensor([[1.5]])
        assert (x.item(), float(x), int(x), bool(x), x.tolist()) == (1.5, 1.5, 1, True, [[1.5]])
        assert type(tg.tensor(2).item()) is int and type(tg.tensor(True).item()) is bool
        assert [10, 20, 30][tg.tensor(1)] == 20
        for wrong in (tg.ones(2), tg.zeros(0)):
            with pytest.raises(RuntimeError, match=rf"{wrong.numel()} elements"):
                wrong.item()
        with pytest.raises(RuntimeError, match="ambiguous"):
            bool(tg.ones(2))
        with pytest.raises(TypeError):
            [1, 2][tg.tensor(0.0)]

    def test_dtypes_convert_and_gradients_convert_back(self) -> None:
        x = tg.tensor([1.7, -1.7], requires_grad=True)
        assert x.long().tolist() == [1, -1] and x.to(tg.float64).dtype is tg.float64 and x.float() is x
        (x.double() * 3).sum().backward()
        assert x.grad is not None and x.grad.dtype is tg.float32 and x.grad.tolist() == [3.0, 3.0]
        assert x.to("cpu") is x and x.type_as(tg.ones(1, dtype=tg.float64)).dtype is tg.float64
        assert tg.tensor([0, 2]).bool().tolist() == [False, True]

    def test_copies(self) -> None:
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        for same in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            assert same.tolist() == [1.0, 2.0] and same.requires_grad and same is not x
            same.data[0] = 5.0
        assert x.tolist() == [1.0, 2.0]
        with pytest.raises(RuntimeError, match="detach"):
            copy.deepcopy(x * 2)

    def test_an_array_on_the_left_gives_a_tensor(self) -> None:
        x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
        array = np.array([3.0, 4.0])
        for out in (array * x, array + x, array - x, array / x, array @ x, np.float64(2) * x):
            assert isinstance(out, tg.Tensor) and out.requires_grad


class TestComparison:
    def test_results_are_bools_without_history(self) -> None:
        x = leaf([1.0, 2.0, 3.0])
        assert (x > 1).tolist() == [False, True, True]
        assert (x == tg.tensor([1.0, 0.0, 3.0])).tolist() == [True, False, True]
        assert (2 <= x).tolist() == [False, True, True] and (x != 2).dtype is tg.bool and not (x > 1).requires_grad
        assert ((x > 1) & (x < 3)).tolist() == [False, True, False] and (~(x > 1)).tolist() == [True, False, False]
        assert (x == "a") is False and (x != None) is True  # noqa: E711 - the operator is what is tested
        assert (x > 0).all().item() and not (x > 5).any().item()

    def test_comparing_types_of_different_kinds(self) -> None:
        assert (tg.tensor([2**53 + 1]) == tg.tensor([2**53])).tolist() == [False]
        assert (tg.tensor([True, False]) == tg.tensor([1.0, 0.0])).tolist() == [True, True]
        with pytest.raises(TypeError):
            tg.ones(1) < "a"  # noqa: B015 - the operator is what is tested

    def test_allclose_and_equal(self) -> None:
        x = tg.tensor([1.0, 2.0])
        assert tg.allclose(x, x + 1e-7) and not tg.allclose(x, x + 1e-3) and tg.equal(x, x.clone())
        assert not tg.equal(x, tg.tensor([1.0])) and x.allclose(x)

    def test_tensors_are_hashed_by_identity(self) -> None:
        x, y = tg.ones(1), tg.ones(1)
        assert len({x, y, x}) == 2


class TestPromotion:
    @pytest.mark.parametrize(
        ("make", "dtype"),
        [
            (lambda: tg.tensor([1]) + 1, "int64"),
            (lambda: tg.tensor([1]) + 1.0, "float32"),
            (lambda: tg.tensor([1]) / 2, "float32"),
            (lambda: tg.tensor([True]) + True, "bool"),
            (lambda: tg.tensor([True]) + 1, "int64"),
            (lambda: tg.ones(1) * tg.ones(1, dtype=tg.float64), "float64"),
            (lambda: tg.ones(1) * tg.tensor(2.0, dtype=tg.float64), "float32"),
            (lambda: tg.tensor([1]) * tg.tensor(2.0, dtype=tg.float64), "float64"),
            (lambda: tg.ones(1) * np.float64(2), "float32"),
            (lambda: tg.tensor([1]).exp(), "float32"),
            (lambda: tg.tensor([True, True]).sum(), "int64"),
            (lambda: tg.tensor([1]) ** 2, "int64"),
            (lambda: tg.tensor([1]) ** 0.5, "float32"),
            (lambda: tg.ones(1, dtype=tg.float64) ** 2, "float64"),
            (lambda: 2 ** tg.tensor([1]), "int64"),
            (lambda: 1.0 - tg.tensor([1]), "float32"),
        ],
    )
    def test_result_type(self, make: Any, dtype: str) -> None:
        assert repr(make().dtype) == f"torch.{dtype}"

    def test_what_has_no_common_meaning(self) -> None:
        for wrong in (
            lambda: tg.tensor([1, 2]).mean(),
            lambda: tg.ones(2, 2) @ tg.ones(2, 2, dtype=tg.float64),
            lambda: tg.tensor([True]) - tg.tensor([True]),
            lambda: -tg.tensor([True]),
            lambda: tg.tensor([2]) ** -1,
        ):
            with pytest.raises(RuntimeError) as caught:
                wrong()
            assert len(str(caught.value)) > 30


class TestBadInput:
    """Every message names the operation and what was given; nothing has changed afterwards."""

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda x: x + tg.ones(4), RuntimeError, ["add", "(2, 3)", "(4,)", "last dimension"]),
            (lambda x: x * tg.ones(3, 3), RuntimeError, ["mul", "(2, 3)", "(3, 3)", "dimension -2"]),
            (lambda x: x.maximum(tg.ones(4)), RuntimeError, ["maximum", "(2, 3)", "(4,)"]),
            (lambda x: x < tg.ones(4), RuntimeError, ["lt", "(2, 3)", "(4,)"]),
            (lambda x: x @ tg.ones(2, 3), RuntimeError, ["matmul", "(2, 3)", "3 columns", "2 rows"]),
            (lambda x: x @ tg.ones(2), RuntimeError, ["matmul", "(2,)"]),
            (lambda x: x @ 2, TypeError, ["matmul", "int"]),
            (lambda x: x + "a", TypeError, ["str"]),
            (lambda x: x.reshape(4), RuntimeError, ["reshape", "4", "(2, 3)"]),
            (lambda x: x.view(7), RuntimeError, ["7", "6"]),
            (lambda x: x.expand(3, 3), RuntimeError, ["expand", "(2, 3)", "(3, 3)"]),
            (lambda x: x.sum(2), IndexError, ["sum", "2", "-2 to 1"]),
            (lambda x: x.sum("a"), TypeError, []),
            (lambda x: x.transpose(0, 2), IndexError, ["transpose", "2"]),
            (lambda x: x.permute(0, 0), RuntimeError, ["permute"]),
            (lambda x: x.unsqueeze(5), IndexError, ["unsqueeze", "5"]),
            (lambda x: x.narrow(0, 1, 2), RuntimeError, ["narrow"]),
            (lambda x: x.exp(2), TypeError, []),
            (lambda x: x.sum(axes=0, dimension=1), TypeError, ["sum", "dimension"]),
            (lambda x: x.item(), RuntimeError, ["6 elements"]),
            (lambda x: x.backward(), RuntimeError, ["scalar", "(2, 3)"]),
            (lambda x: x.add_(tg.ones(4)), RuntimeError, ["add", "(4,)"]),
            (lambda x: x.to("tpu"), RuntimeError, ["tpu"]),
            (lambda x: x.to("cuda"), RuntimeError, ["cuda"]),
            (lambda x: x.to(7), TypeError, ["int"]),
        ],
    )
    def test_refused(self, call: Any, error: type[Exception], words: list[str]) -> None:
        x = tg.ones(2, 3, requires_grad=True)
        with pytest.raises(error) as caught:
            call(x)
        for word in words:
            assert word in str(caught.value)
        assert x.tolist() == [[1.0] * 3] * 2 and x.grad is None and x.is_leaf and x._counter == [0]

    def test_names_that_do_not_exist_are_told_with_a_near_one(self) -> None:
        with pytest.raises(AttributeError, match="'zeros'"):
            tg.zeross  # noqa: B018
        with pytest.raises(AttributeError, match="exq"):
            tg.ones(1).exq()

    def test_text_is_no_tensor(self) -> None:
        for wrong in (lambda: tg.exp("a"), lambda: tg.exp([1.0]), lambda: tg.cat("ab"), lambda: tg.relu(1.0)):
            with pytest.raises(TypeError):
                wrong()
