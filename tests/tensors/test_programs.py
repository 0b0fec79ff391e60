"""Small programs run by us and by PyTorch: they print the same, and where one raises, both do.

Each program is a function of the library; what it prints (or raises) is compared as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore:Using backward:UserWarning")]

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def leaf(t: Any, *shape: int) -> Any:
    count = 1
    for size in shape:
        count *= size
    return (t.arange(count, dtype=t.float32).reshape(shape) / 4 + 0.5).requires_grad_()


# --- views and in-place changes -----------------------------------------------------------------------------------


@program
def a_view_follows_its_base(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    row = y[0]
    y.mul_(3)
    row.sum().backward()
    return row.detach(), x.grad


@program
def a_base_follows_its_view(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x * 2
    y[:, 1].mul_(10)
    y.t()[0].add_(1)
    (y * y.detach()).sum().backward()
    return y, x.grad


@program
def views_of_views(t: Any) -> Any:
    x = leaf(t, 2, 3, 4)
    y = x + 0
    y.transpose(0, 2)[1:3].permute(1, 0, 2)[0].mul_(5)
    y.view(-1)[::5].zero_()
    (y * t.arange(24.0).reshape(2, 3, 4)).sum().backward()
    return y, x.grad


@program
def a_constant_becomes_recorded(t: Any) -> Any:
    x, y = leaf(t, 3), t.zeros(2, 3)
    y[0] = x * x
    y[1, :2] = x[1:]
    y.sum().backward()
    return y, x.grad


@program
def overwritten_parts_have_no_gradient(t: Any) -> Any:
    x = leaf(t, 4)
    y = x * 3
    y[1:3] = t.tensor([7.0, 8.0])
    y.sum().backward()
    return y, x.grad, y.requires_grad


@program
def a_mask_written(t: Any) -> Any:
    x = leaf(t, 2, 3)
    y = x.exp()
    y[x > 1] = 0.0
    y.sum().backward()
    return x.grad


@program
def augmented_assignment(t: Any) -> Any:
    x = leaf(t, 3)
    y = x.clone()
    y += 1
    y *= x
    y -= 2 * x
    y /= 3
    y.sum().backward()
    return y, x.grad


@program
def an_in_place_square_twice_backward(t: Any) -> Any:
    x = leaf(t, 3)
    y = x.clone()
    y *= y
    y.sum().backward()
    y.sum().backward()


@program
def in_place_on_a_view_that_the_rule_needs(t: Any) -> Any:
    x, w = leaf(t, 2, 3), leaf(t, 3)
    y = x * 1
    y[0].mul_(w)
    y[1].pow_(2)
    y.sum().backward()
    return y.detach(), x.grad, w.grad


@program
def a_leaf_is_updated_under_no_grad(t: Any) -> Any:
    x = leaf(t, 3)
    with t.no_grad():
        x -= 0.5
        x[0] = 9.0
        x.clamp_(max=1)
    return x, x.requires_grad, x.is_leaf


@program
def fill_zero_and_copy(t: Any) -> Any:
    x = leaf(t, 2)
    y = x * 1
    y.zero_()
    z = x * 1
    z.fill_(3.0)
    w = x * 1
    w.copy_(2 * x)
    (y + z + w).sum().backward()
    return y.detach(), z.detach(), w.detach(), x.grad


@program
def versions_count_through_views(t: Any) -> Any:
    y = t.ones(2, 3)
    before = y._version if isinstance(y._version, int) else y._version[0]
    y[0].add_(1)
    y.t().mul_(2)
    y.detach().sub_(1)
    after = y._version if isinstance(y._version, int) else y._version[0]
    return after - before, y


@program
def a_saved_value_changed(t: Any) -> Any:
    x = leaf(t, 3)
    y = x * 1
    z = y.exp() * y
    y.add_(1)
    z.sum().backward()


@program
def a_saved_output_changed(t: Any) -> Any:
    x = leaf(t, 3)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


@program
def a_change_that_hurts_nobody(t: Any) -> Any:
    x = leaf(t, 3)
    y = x + 1
    z = y * 2
    y.mul_(100)
    z.sum().backward()
    return x.grad


@program
def a_saved_value_changed_through_a_view(t: Any) -> Any:
    x = leaf(t, 2, 2)
    y = x * 1
    z = y * y
    y[0].zero_()
    z.sum().backward()


@program
def a_leaf_changed_in_place(t: Any) -> Any:
    leaf(t, 3).add_(1)


@program
def a_view_of_a_leaf_changed_in_place(t: Any) -> Any:
    leaf(t, 3)[0].add_(1)


@program
def a_broadcast_that_grows_in_place(t: Any) -> Any:
    t.ones(3).add_(t.ones(2, 3))


@program
def floats_into_integers_in_place(t: Any) -> Any:
    t.tensor([1, 2]).mul_(1.5)


@program
def integers_into_floats_in_place(t: Any) -> Any:
    x = t.ones(2)
    x += t.tensor([1, 2])
    return x


@program
def expanded_memory_written(t: Any) -> Any:
    t.zeros(1).expand(3).add_(1)


@program
def detached_memory_is_shared(t: Any) -> Any:
    x = leaf(t, 3)
    x.detach()[0] = 100.0
    x.data[1] = 200.0
    return x


# --- backward ------------------------------------------------------------------------------------------------------


@program
def twice_without_retaining(t: Any) -> Any:
    y = (leaf(t, 2) ** 2).sum()
    y.backward()
    y.backward()


@program
def several_leaves_and_shared_parts(t: Any) -> Any:
    a, b, c = leaf(t, 2, 3), leaf(t, 3), leaf(t, 2, 1)
    hidden = (a * b).tanh() + c
    loss = (hidden * hidden).mean() + hidden.max() + (a.sum(1, keepdim=True) / c).sum()
    loss.backward()
    return loss, a.grad, b.grad, c.grad


@program
def gradient_of_gradient(t: Any) -> Any:
    x = leaf(t, 3)
    (x.sigmoid() * x**3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    (first * first).sum().backward()
    return first.detach(), x.grad


@program
def a_penalty_through_matmul_and_max(t: Any) -> Any:
    w, x = leaf(t, 3, 2), leaf(t, 4, 3)
    out = (x @ w).max(dim=1).values
    out.sum().backward(create_graph=True)
    gradient, w.grad = x.grad, None
    x.grad = None
    gradient.pow(2).sum().backward()
    return gradient.detach(), w.grad, x.grad


@program
def hooks_and_retained_gradients(t: Any) -> Any:
    x = leaf(t, 2)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (y * y).sum().backward()
    return y.grad, x.grad


@program
def inputs_given_to_backward(t: Any) -> Any:
    x, y = leaf(t, 2), leaf(t, 2)
    (x * y).sum().backward(inputs=[y])
    return x.grad, y.grad


@program
def a_seed_for_a_matrix(t: Any) -> Any:
    x = leaf(t, 2, 2)
    (x @ x).backward(t.eye(2))
    return x.grad


@program
def nothing_to_differentiate(t: Any) -> Any:
    t.ones(2).sum().backward()


@program
def a_result_of_several_elements(t: Any) -> Any:
    (leaf(t, 2) * 2).backward()


@program
def a_wrong_seed(t: Any) -> Any:
    (leaf(t, 2) * 2).backward(t.ones(3))


@program
def no_grad_inside_a_graph(t: Any) -> Any:
    x = leaf(t, 2)
    y = x * 2
    with t.no_grad():
        z = y * 3
    (y * z).sum().backward()
    return z.requires_grad, x.grad


@program
def nan_and_infinity(t: Any) -> Any:
    x = t.tensor([0.0, -1.0, 4.0], requires_grad=True)
    y = x.sqrt() + x.log() + 1 / x
    y.sum().backward()
    return y, x.grad


# --- printing ------------------------------------------------------------------------------------------------------


@program
def prints(t: Any) -> Any:
    x = leaf(t, 2, 2)
    return x, x @ x, (x * 1e6).sum(), x > 1, x.long(), x.double() / 3, x[0, 0], t.zeros(0), t.zeros(2, 0), x.max(0)


@program
def prints_of_types(t: Any) -> Any:
    return t.tensor([1, 2]), t.tensor([True]), t.tensor(3.0, dtype=t.float64), t.float32, t.ones(2).shape, t.tensor(2.5)


@program
def promotion(t: Any) -> Any:
    a, b, c = t.tensor([1, 2]), t.tensor([0.5, 1.5]), t.tensor([True, False])
    return a + b, a * c, a / 2, b * 2, a**2, c + c, a + 1.5, (a > 1) | c, b + t.tensor(1.0).double()


# --- what is refused -----------------------------------------------------------------------------------------------


@program
def item_of_many(t: Any) -> Any:
    t.ones(2).item()


@program
def truth_of_many(t: Any) -> Any:
    bool(t.ones(2))


@program
def mean_of_integers(t: Any) -> Any:
    t.tensor([1, 2]).mean()


@program
def gradients_of_integers(t: Any) -> Any:
    t.tensor([1, 2], requires_grad=True)


@program
def numpy_of_a_parameter(t: Any) -> Any:
    leaf(t, 2).numpy()


@program
def matmul_of_two_types(t: Any) -> Any:
    t.ones(2, 2) @ t.ones(2, 2).double()


@program
def shapes_that_do_not_fit(t: Any) -> Any:
    t.ones(2, 3) + t.ones(2)


@program
def a_view_across_memory(t: Any) -> Any:
    t.ones(2, 3).t().view(6)


@program
def length_of_a_number(t: Any) -> Any:
    len(t.tensor(1.0))


def outcome(library: Any, function: Callable[[Any], Any]) -> tuple[str, Any]:
    try:
        result = function(library)
    except Exception as error:
        return "raises", error
    return "prints", "\n".join(map(repr, result)) if isinstance(result, tuple) else repr(result)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    kind, expected = outcome(torch, PROGRAMS[name])
    found_kind, found = outcome(tg, PROGRAMS[name])
    assert found_kind == kind, f"PyTorch {kind} {expected!r}, we {found_kind} {found!r}"
    if kind == "prints":
        assert found == expected
    else:
        assert isinstance(found, type(expected)), f"PyTorch raises {expected!r}, we {found!r}"
        assert len(str(found)) > 15
