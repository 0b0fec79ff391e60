"""Properties that hold for any shapes, strides and types: Hypothesis looks for a counterexample."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

import tinygrad_edu as tg

few = settings(max_examples=60)
sizes = st.integers(0, 3)
shapes = hn.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
types = st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_])
small = st.integers(-4, 4).map(float)


@st.composite
def arrays(draw: Any, shape: Any = shapes, dtype: Any = types) -> Any:
    """An array of small numbers that are exact in every type, its memory laid out at random."""
    kind = draw(dtype)
    low = 0 if kind in (np.uint8, np.bool_) else -4
    array = draw(hn.arrays(np.int64, draw(shape), elements=st.integers(low, 1 if kind is np.bool_ else 4)))
    array = np.asarray(array).astype(kind)
    order = draw(st.permutations(range(array.ndim)))
    if array.ndim:
        array = np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order).astype(int))
    steps = tuple(draw(st.sampled_from([1, 2])) for _ in range(array.ndim))
    spread = np.zeros([n * s for n, s in zip(array.shape, steps, strict=True)], array.dtype)
    place = tuple(slice(None, None, s) for s in steps)
    if draw(st.booleans()) and array.ndim:
        spread[place] = array
        return spread[place]
    return array


floats = arrays(dtype=st.just(np.float64))


def tensor(array: Any, requires_grad: bool = False) -> Any:
    """A Tensor on the array's own memory, strides and all."""
    out = tg.from_numpy(array)
    return out.requires_grad_() if requires_grad else out


@st.composite
def broadcastable(draw: Any, dtype: Any = types) -> Any:
    pair = draw(hn.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3))
    return tuple(draw(arrays(shape=st.just(shape), dtype=dtype)) for shape in pair.input_shapes)


@few
@given(arrays())
def test_there_and_back(array: Any) -> None:
    t = tensor(array)
    assert t.numpy() is array and tuple(t.shape) == array.shape
    for d, (stride, size) in enumerate(zip(array.strides, array.shape, strict=True)):
        if array.size and size > 1:  # where there are no neighbours, NumPy may say 0
            assert t.stride(d) == stride // array.itemsize
    np.testing.assert_array_equal(np.array(t.tolist(), dtype=array.dtype).reshape(array.shape), array)
    np.testing.assert_array_equal(t.contiguous().numpy(), array)
    assert t.contiguous().is_contiguous() and t.is_contiguous() == array.flags.c_contiguous
    np.testing.assert_array_equal(t.clone().numpy(), array)
    np.testing.assert_array_equal(t.reshape(-1).numpy(), array.reshape(-1))


@few
@given(broadcastable())
def test_arithmetic_broadcasts_and_commutes(pair: Any) -> None:
    a, b = map(tensor, pair)
    total, product = a + b, a * b
    assert tuple(total.shape) == np.broadcast_shapes(a.shape, b.shape)
    assert total.dtype is product.dtype is (b + a).dtype is tg.result_type(a, b)
    if total.dtype is not tg.bool and total.dtype is not tg.uint8:
        expected = pair[0].astype(np.float64) + pair[1].astype(np.float64)
        np.testing.assert_array_equal(total.numpy().astype(np.float64), expected)
    assert tg.equal(total, b + a) and tg.equal(product, b * a)
    np.testing.assert_array_equal((a < b).numpy(), (b > a).numpy())
    np.testing.assert_array_equal((a == b).numpy(), ~(a != b).numpy())


@few
@given(broadcastable(dtype=st.just(np.float64)))
def test_gradients_have_the_shapes_of_their_inputs(pair: Any) -> None:
    a, b = (tensor(x, requires_grad=True) for x in pair)
    (a * b).sum().backward()
    assert a.grad.shape == a.shape and b.grad.shape == b.shape
    # d sum(a * b) is linear: what comes back is the other operand, added up over the repetitions
    full_a, full_b = np.broadcast_arrays(*pair)
    assert np.isclose((a.grad.numpy() * pair[0]).sum(), (full_a * full_b).sum())
    assert np.isclose((b.grad.numpy() * pair[1]).sum(), (full_a * full_b).sum())


@few
@given(floats, st.data())
def test_reductions_agree_with_numpy_and_spread_their_gradient(array: Any, data: Any) -> None:
    dims = None
    if array.ndim and data.draw(st.booleans()):
        dims = data.draw(st.lists(st.integers(-array.ndim, array.ndim - 1), max_size=3))
        dims = list({d % array.ndim: d for d in dims}.values())
    keepdim = data.draw(st.booleans())
    x = tensor(array, requires_grad=True)
    axis = tuple(dims) if dims else None
    total = x.sum(dims, keepdim=keepdim) if dims is not None else x.sum()
    expected = array.sum(axis, keepdims=keepdim) if dims is not None else array.sum()
    np.testing.assert_allclose(total.detach().numpy(), expected)
    assert tuple(total.shape) == np.shape(expected)
    total.backward(tg.ones_like(total))
    np.testing.assert_array_equal(x.grad.numpy(), np.ones(array.shape))
    if array.size:
        np.testing.assert_array_equal(x.detach().amax(dims or None, keepdim).numpy(), array.max(axis, keepdims=keepdim))


@few
@given(floats, st.data())
def test_moving_dimensions_moves_gradients_back(array: Any, data: Any) -> None:
    order = data.draw(st.permutations(range(array.ndim)))
    x = tensor(array, requires_grad=True)
    weights = np.arange(array.size, dtype=np.float64).reshape(np.transpose(array, order).shape)
    (x.permute(order) * tg.tensor(weights)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), weights.transpose(np.argsort(order).astype(int)))
    assert x.permute(order).data_ptr() == x.data_ptr()


@few
@given(hn.mutually_broadcastable_shapes(signature="(m,n),(n,k)->(m,k)", max_dims=2, min_side=0, max_side=3), st.data())
def test_matrix_products(found: Any, data: Any) -> None:
    left, right = (data.draw(arrays(shape=st.just(s), dtype=st.just(np.float64))) for s in found.input_shapes)
    a, b = tensor(left, requires_grad=True), tensor(right, requires_grad=True)
    out = a @ b
    np.testing.assert_allclose(out.detach().numpy(), left @ right)
    out.sum().backward()
    ones = np.ones(out.shape)
    assert a.grad.shape == a.shape and b.grad.shape == b.shape
    np.testing.assert_allclose((a.grad.numpy() * left).sum(), (ones * (left @ right)).sum(), atol=1e-9)
    np.testing.assert_allclose((b.grad.numpy() * right).sum(), (ones * (left @ right)).sum(), atol=1e-9)


@few
@given(st.lists(sizes, min_size=1, max_size=3), sizes, st.integers(0, 2), st.data())
def test_what_is_joined_comes_apart(lengths: list[int], other: int, dim: int, data: Any) -> None:
    parts = []
    for length in lengths:
        shape = [other] * 3
        shape[dim] = length
        parts.append(data.draw(arrays(shape=st.just(tuple(shape)), dtype=st.just(np.float64))))
    leaves = [tensor(part, requires_grad=True) for part in parts]
    joined = tg.cat(leaves, dim - 3)
    np.testing.assert_array_equal(joined.detach().numpy(), np.concatenate(parts, dim))
    start = 0
    for leaf, length in zip(leaves, lengths, strict=True):
        assert tg.equal(joined.narrow(dim, start, length), leaf)
        start += length
    joined.backward(joined.detach())
    for leaf, part in zip(leaves, parts, strict=True):
        np.testing.assert_array_equal(leaf.grad.numpy(), part)


@few
@given(floats, st.data())
def test_any_basic_index_reads_and_writes_like_numpy(array: Any, data: Any) -> None:
    def forward(index: Any) -> bool:
        items = index if isinstance(index, tuple) else (index,)
        return all(item.step is None or item.step > 0 for item in items if isinstance(item, slice))

    index = data.draw(hn.basic_indices(array.shape, allow_newaxis=True, allow_ellipsis=True).filter(forward))
    x = tensor(array.copy())
    np.testing.assert_array_equal(x[index].numpy(), array[index])
    written = array.copy()
    written[index] = 9.0
    x[index] = 9.0
    np.testing.assert_array_equal(x.numpy(), written)


@few
@given(arrays(shape=hn.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)), st.data())
def test_any_integer_array_index_reads_like_numpy(array: Any, data: Any) -> None:
    index = data.draw(hn.integer_array_indices(array.shape, result_shape=hn.array_shapes(max_dims=2, max_side=3)))
    np.testing.assert_array_equal(tensor(array)[index].numpy(), array[index])
    mask = data.draw(hn.arrays(np.bool_, array.shape))
    np.testing.assert_array_equal(tensor(array)[tg.tensor(mask)].numpy(), array[mask])


@few
@given(floats)
def test_a_chain_of_functions_stays_finite_and_differentiable(array: Any) -> None:
    x = tensor(array, requires_grad=True)
    y = (x.sigmoid() * x.tanh() + x.exp().sqrt()).relu() + (x * x + 1).log()
    y.sum().backward()
    assert np.isfinite(x.grad.numpy()).all() and x.grad.shape == x.shape


@few
@given(arrays(), types)
def test_conversion_is_numpys(array: Any, kind: Any) -> None:
    dtype = tg.tensor(np.zeros(1, kind)).dtype
    if np.issubdtype(array.dtype, np.floating) and kind is np.uint8:
        array = np.asarray(abs(array))  # a negative float has no byte: that is left to the machine
    converted = tensor(array).to(dtype)
    assert converted.dtype is dtype
    np.testing.assert_array_equal(converted.numpy(), array.astype(kind))
