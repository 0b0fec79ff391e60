"""The `*_like` functions: shape and type of another Tensor, a generator of one's own, an order in memory."""

from typing import Any

import pytest

import tinygrad_edu as tg

LIKE: dict[str, tuple[Any, ...]] = {
    "zeros_like": (), "ones_like": (), "empty_like": (), "full_like": (2.0,), "rand_like": (), "randn_like": (),
    "randint_like": (0, 5),
}  # fmt: skip


def test_none_is_forgotten() -> None:
    assert [name for name in dir(tg) if name.endswith("_like")] == sorted(LIKE)


@pytest.mark.parametrize("name", LIKE)
def test_shape_type_and_order(name: str) -> None:
    make, x = getattr(tg, name), tg.ones(2, 3, 4, 5, dtype=tg.float64)
    for format in (tg.preserve_format, tg.contiguous_format, None):
        made = make(x, *LIKE[name], memory_format=format)
        assert (made.shape, made.dtype, made.is_contiguous()) == (x.shape, x.dtype, True)
    made = make(x, *LIKE[name], dtype=tg.float32, memory_format=tg.channels_last, requires_grad=True)
    assert made.is_contiguous(memory_format=tg.channels_last) and made.is_leaf and made.requires_grad
    assert made.dtype is tg.float32 and made.shape == x.shape
    with pytest.raises(TypeError, match="memory_format"):
        make(x, *LIKE[name], memory_format="channels_last")


@pytest.mark.parametrize("name", ["zeros_like", "randint_like"])
def test_integers_take_no_gradient(name: str) -> None:
    with pytest.raises(RuntimeError, match="require gradients"):
        getattr(tg, name)(tg.ones(2, dtype=tg.int64), *LIKE[name], requires_grad=True)


@pytest.mark.parametrize("name", ["rand_like", "randn_like", "randint_like"])
def test_draws_come_from_the_generator_that_is_given(name: str) -> None:
    make, x = getattr(tg, name), tg.ones(50)
    state = tg.get_rng_state()
    first, second = (make(x, *LIKE[name], generator=tg.Generator().manual_seed(3)) for _ in range(2))
    assert tg.equal(first, second) and tg.equal(state, tg.get_rng_state())
