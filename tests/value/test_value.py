"""What a Value does: arithmetic with anything on either side, gradients, names, comparisons, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Value
from tinygrad_edu.errors import GradError, ShapeError


def grads(out: Value, *leaves: Value) -> list[Any]:
    out.backward()
    return [leaf.grad for leaf in leaves]


class TestNumbers:
    @pytest.mark.parametrize(
        ("make", "value", "derivative"),
        [
            (lambda x: x + 2, 5.0, 1.0),
            (lambda x: 2 + x, 5.0, 1.0),
            (lambda x: x - 2, 1.0, 1.0),
            (lambda x: 2 - x, -1.0, -1.0),
            (lambda x: x * 2, 6.0, 2.0),
            (lambda x: 2 * x, 6.0, 2.0),
            (lambda x: x / 2, 1.5, 0.5),
            (lambda x: 6 / x, 2.0, -6 / 9),
            (lambda x: x**2, 9.0, 6.0),
            (lambda x: 2**x, 8.0, 8 * np.log(2)),
            (lambda x: x**x, 27.0, 27 * (np.log(3) + 1)),
            (lambda x: -x, -3.0, -1.0),
            (lambda x: abs(-x), 3.0, 1.0),
            (lambda x: True + x, 4.0, 1.0),
            (lambda x: np.float64(2) * x, 6.0, 2.0),
            (lambda x: x - np.float32(2), 1.0, 1.0),
            (lambda x: x * x, 9.0, 6.0),
            (lambda x: x / x, 1.0, 0.0),
            (lambda x: x - x, 0.0, 0.0),
            (lambda x: x.mean() + x.sum() + x.max(), 9.0, 3.0),
        ],
    )
    def test_operators_with_numbers_on_either_side(self, make: Any, value: float, derivative: float) -> None:
        x = Value(3.0)
        out = make(x)
        assert isinstance(out, Value) and type(out.data) is float
        assert out.data == pytest.approx(value, rel=1e-15)
        assert grads(out, x) == [pytest.approx(derivative, rel=1e-14, abs=1e-15)]

    def test_augmented_operators_make_new_nodes(self) -> None:
        x = y = Value(3.0)
        y += 1
        y *= 2
        y -= 1
        y /= 7
        assert (x.data, y.data) == (3.0, 1.0)
        assert grads(y, x) == [2 / 7]

    def test_data_is_always_a_float(self) -> None:
        numbers = [Value(x).data for x in (1, True, np.int64(3), np.float32(0.5), np.array(2))]
        assert numbers == [1.0, 1.0, 3.0, 0.5, 2.0] and all(type(x) is float for x in numbers)

    def test_float_and_bool(self) -> None:
        assert float(Value(2.5)) == 2.5
        assert bool(Value(1.0)) and not Value(0.0)

    def test_sum_of_a_list_of_values(self) -> None:
        values = [Value(float(i)) for i in range(5)]
        total = sum(values)
        assert isinstance(total, Value) and total.data == 10.0
        assert grads(total, *values) == [1.0] * 5

    @pytest.mark.parametrize("wrong", ["2", None, {}, object()])
    def test_what_is_no_number_is_refused(self, wrong: Any) -> None:
        with pytest.raises(TypeError):
            Value(1.0) + wrong
        with pytest.raises(TypeError):
            wrong * Value(1.0)
        with pytest.raises(TypeError):
            Value(wrong)

    def test_a_value_of_a_value_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"\.data"):
            Value(Value(1.0))


class TestNamesAndGraph:
    def test_previous_nodes_and_operation_as_micrograd_has_them(self) -> None:
        a, b = Value(2.0), Value(-3.0)
        assert (a._prev, a._op) == ((), "")
        assert [(a + b)._op, (a - b)._op, (a * b)._op, (a / b)._op, (a**2)._op] == ["+", "-", "*", "/", "**2"]
        assert a.relu()._op == "ReLU" and a.tanh()._op == "tanh" and a.exp()._op == "exp"
        assert (a * b)._prev == (a, b)

    def test_both_edges_of_a_square_and_the_order_survive(self) -> None:
        x, y = Value(2.0), Value(3.0)
        square, difference = x * x, y - x
        assert square._prev[0] is x and square._prev[1] is x and len(square._prev) == 2
        assert difference._prev[0] is y and difference._prev[1] is x

    def test_names(self) -> None:
        assert Value(1.0, "a").name == "a" and Value(1.0, name="b").label == "b"
        lecture = Value(1.0, label="c")
        assert lecture.name == lecture.label == "c"
        lecture.label = "d"
        assert lecture.name == "d"
        assert Value(1.0).name is None and Value(1.0).label == ""

    def test_printing(self) -> None:
        x = Value(2.0)
        y = x * 3
        y.backward()
        assert repr(y) == "Value(data=6.0, grad=1.0)"
        assert repr(x) == "Value(data=2.0, grad=3.0)"

    def test_comparisons_look_at_data_and_hashes_at_identity(self) -> None:
        a, b = Value(2.0), Value(2.0)
        assert a == b and not a != b and a <= b and a >= b and not a < b and not a > b
        assert a == 2 and a != 3 and a < 3 and a > 1 and 1 < a
        assert len({a, b}) == 2 and hash(a) != hash(b)
        assert max(Value(1.0), Value(5.0), Value(3.0)).data == 5.0
        np.testing.assert_array_equal(Value([1.0, 3.0]) > 2, [False, True])

    def test_it_is_drawn(self) -> None:
        source = (Value(2.0, "x") * 3).draw_graph().source
        assert "x" in source and "×" in source


class TestBackward:
    def test_gradients_before_are_zero(self) -> None:
        assert Value(1.0).grad == 0.0 and (Value(1.0) * 2).grad == 0.0 and Value([1.0, 2.0]).grad == 0.0

    def test_leaves_add_up_and_nodes_between_hold_the_last_pass(self) -> None:
        x = Value(3.0)
        y = x * x
        z = y * 2
        z.backward()
        z.backward()
        assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)
        (x * 5).backward()
        assert x.grad == 29.0

    def test_every_node_reached_has_its_gradient(self) -> None:
        x = Value(2.0)
        a = x * 3
        b = a + x
        c = a * b
        c.backward()
        assert (a.grad, b.grad, x.grad) == (14.0, 6.0, 48.0)

    def test_zero_grad_clears_all_nodes_behind(self) -> None:
        x = Value(3.0)
        y = x * x
        z = y + x
        z.backward()
        z.zero_grad()
        assert (x.grad, y.grad, z.grad) == (0.0, 0.0, 0.0)
        z.backward()
        assert x.grad == 7.0

    def test_a_leaf_alone(self) -> None:
        x = Value(3.0)
        x.backward()
        x.backward()
        assert x.grad == 2.0

    def test_create_graph_gives_derivatives_of_any_order(self) -> None:
        x = Value(2.0)
        order = x**4
        for derivative in [32.0, 48.0, 48.0, 24.0]:
            x.grad = 0.0
            order.backward(create_graph=True)
            order = x.grad
            assert isinstance(order, Value) and order.data == derivative
        x.grad = 0.0
        order.backward()
        assert x.grad == 0.0

    @pytest.mark.parametrize(
        ("make", "second"),
        [
            (lambda x: x.exp(), np.exp(0.5)),
            (lambda x: x.log(), -4.0),
            (lambda x: 1 / x, 16.0),
            (lambda x: x.sqrt(), -0.25 * 0.5**-1.5),
            (lambda x: x.sin() * x.cos(), -2 * np.sin(1.0)),
            (lambda x: x.tanh(), -2 * np.tanh(0.5) * (1 - np.tanh(0.5) ** 2)),
            (lambda x: x.sigmoid() + x.relu() + abs(x), -0.05755680),
        ],
    )
    def test_second_derivatives_of_a_number(self, make: Any, second: float) -> None:
        x = Value(0.5)
        make(x).backward(create_graph=True)
        gradient, x.grad = x.grad, 0.0
        gradient.backward()
        assert x.grad == pytest.approx(second, rel=1e-6)

    def test_no_grad_records_nothing(self) -> None:
        x = Value(3.0)
        with tg.no_grad():
            y, z = x * x + 1, Value([1.0]) * x
        assert (y.data, y._prev, z._prev) == (10.0, (), ())
        assert (x * x)._prev == (x, x)


class TestArrays:
    def test_made_from_lists_and_arrays(self) -> None:
        x = Value([[1, 2], [3, 4]])
        assert x.shape == (2, 2) and x.data.dtype == np.float64
        kept = np.ones(3, np.float32)
        assert Value(kept).data is kept
        assert Value(2.0).shape == ()

    def test_an_array_on_the_left_asks_the_value(self) -> None:
        x = Value(2.0)
        out = np.array([1.0, 2.0]) * x
        assert isinstance(out, Value)
        np.testing.assert_array_equal(out.data, [2.0, 4.0])
        assert grads(out.sum(), x) == [3.0]
        for out in (np.ones(2) + x, np.ones(2) - x, np.ones(2) / x, np.ones(2) ** x, [1.0, 1.0] * Value([1.0, 2.0])):
            assert isinstance(out, Value) and out.shape == (2,)

    def test_gradients_come_back_to_the_shape_before_broadcasting(self) -> None:
        a, b, c = Value([[1.0], [2.0]]), Value([10.0, 20.0, 30.0]), Value(2.0)
        ((a * b + c) * 1.0).sum().backward()
        np.testing.assert_array_equal(a.grad, [[60.0], [60.0]])
        np.testing.assert_array_equal(b.grad, [3.0, 3.0, 3.0])
        assert c.grad == 6.0 and type(c.grad) is float

    def test_matrix_product_on_both_sides(self) -> None:
        a = np.array([[1.0, 2.0], [3.0, 4.0]])
        x = Value([1.0, -1.0])
        left, right = a @ x, x @ a
        np.testing.assert_array_equal(left.data, [-1.0, -1.0])
        np.testing.assert_array_equal(right.data, [-2.0, -2.0])
        np.testing.assert_array_equal(grads(left.sum() + right.sum(), x)[0], [4 + 3, 6 + 7])

    def test_reductions_reshape_transpose_and_indexing(self) -> None:
        x = Value(np.arange(6.0).reshape(2, 3))
        assert x.sum().data == 15.0 and x.mean().data == 2.5 and x.max().data == 5.0
        np.testing.assert_array_equal(x.sum(0).data, [3.0, 5.0, 7.0])
        np.testing.assert_array_equal(x.mean(dim=1, keepdim=True).data, [[1.0], [4.0]])
        assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.transpose(0, 1).shape == (3, 2)
        assert x[1, 2].data == 5.0 and x[0].shape == (3,) and x[:, 1:].shape == (2, 2)
        (x[0].sum() + x[:, 1].sum() * 10 + x[[1, 1]].sum() * 100).backward()
        np.testing.assert_array_equal(x.grad, [[1.0, 11.0, 1.0], [200.0, 210.0, 200.0]])

    def test_second_derivatives_of_arrays(self) -> None:
        x = Value([1.0, 2.0])
        (x**3).sum().backward(create_graph=True)
        gradient, x.grad = x.grad, 0.0
        gradient.sum().backward()
        np.testing.assert_array_equal(x.grad, [6.0, 12.0])

    def test_two_inputs_do_not_share_a_gradient_array(self) -> None:
        a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
        (a + b).sum().backward()
        a.grad += 1.0
        np.testing.assert_array_equal(b.grad, [1.0, 1.0])

    def test_data_of_one_element_may_start(self) -> None:
        x = Value([[3.0]])
        (x * x).backward()
        np.testing.assert_array_equal(x.grad, [[6.0]])


class TestRefusals:
    def test_backward_on_an_array(self) -> None:
        x = Value([1.0, 2.0])
        y = x * 2
        with pytest.raises(GradError, match=r"shape \(2,\).*sum"):
            y.backward()
        assert x.grad == 0.0 and y.grad == 0.0

    def test_shapes_that_do_not_fit_are_both_shown(self) -> None:
        with pytest.raises(ShapeError, match=r"add.*\(2, 3\).*\(4,\)"):
            Value(np.ones((2, 3))) + Value(np.ones(4))
        with pytest.raises(ShapeError, match=r"matmul.*\(2, 3\).*\(2, 3\)"):
            Value(np.ones((2, 3))) @ Value(np.ones((2, 3)))
        with pytest.raises(ShapeError, match="reshape"):
            Value(np.ones((2, 3))).reshape(4)
        with pytest.raises(IndexError):
            Value(np.ones((2, 3))).sum(2)

    def test_a_number_cannot_be_indexed(self) -> None:
        with pytest.raises(IndexError, match="number"):
            Value(1.0)[0]

    def test_text_and_ragged_lists(self) -> None:
        for wrong in (["a"], [[1.0], [1.0, 2.0]]):
            with pytest.raises((TypeError, ValueError)):
                Value(wrong)


def test_arrays_with_infinities_and_nan_do_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    x = Value([0.0, -1.0, np.inf])
    y = x.log() * x.sqrt() + 0 * x + x / Value([0.0, 0.0, 1.0]) - x.max() * x.sum()
    y.sum().backward()
    y.sum().backward(create_graph=True)
    assert [str(w.message) for w in recwarn] == []


class TestNumbersAreNotSequences:
    def test_iteration(self) -> None:
        with pytest.raises(TypeError, match="number"):
            list(Value(1.0))
        with pytest.raises(TypeError, match="number"):
            len(Value(1.0))
        rows = list(Value([[1.0, 2.0], [3.0, 4.0]]))
        assert [row.data.tolist() for row in rows] == [[1.0, 2.0], [3.0, 4.0]] and len(Value([1.0, 2.0])) == 2

    def test_comparisons_with_arrays(self) -> None:
        np = pytest.importorskip("numpy")
        assert (Value(3.0) == np.array([3.0, 4.0])).tolist() == [True, False]
        assert (np.array([2.0, 5.0]) < Value(3.0)).tolist() == [True, False]
        assert (Value([1.0, 2.0]) == [1, 3]).tolist() == [True, False]

    def test_a_number_on_the_left_stands_first(self) -> None:
        x = Value(3.0)
        for made, first in ((0.2 * x, 0.2), (4 + x, 4.0), (5 - x, 5.0), (6 / x, 6.0)):
            assert [v.data for v in made._prev] == [first, 3.0]

    def test_data_may_be_assigned_any_number(self) -> None:
        x = Value(2.0)
        x.data = 3
        y = x * x
        y.backward()
        assert (y.data, x.grad) == (9.0, 6.0)

    def test_what_is_no_number(self) -> None:
        with pytest.raises(TypeError, match="list of Values"):
            Value([Value(1.0), Value(2.0)])
        with pytest.raises(ValueError, match="equally long"):
            Value([[1, 2], [3]])
        assert Value(10**400).data == float("inf")
