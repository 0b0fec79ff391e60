"""The compiled steps give the same bits as the formulas in NumPy, and write nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

pytest.importorskip("numba")

SIZE = (300, 64)  # enough for the compiled step
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "adam": (tg.optim.Adam, {"lr": 0.01}),
    "adam, L2": (tg.optim.Adam, {"lr": 0.01, "weight_decay": 0.1, "maximize": True}),
    "adam, amsgrad": (tg.optim.Adam, {"lr": 0.01, "amsgrad": True}),
    "adam, amsgrad, L2": (tg.optim.Adam, {"lr": 0.01, "amsgrad": True, "weight_decay": 0.1}),
    "adamw, amsgrad": (tg.optim.AdamW, {"lr": 0.01, "amsgrad": True}),
    "adamw": (tg.optim.AdamW, {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-3}),
    "sgd": (tg.optim.SGD, {"lr": 0.1}),
    "momentum": (tg.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    "nesterov": (tg.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "rmsprop": (tg.optim.RMSprop, {"lr": 0.01}),
    "rmsprop, momentum": (tg.optim.RMSprop, {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}),
    "rmsprop, centered": (tg.optim.RMSprop, {"lr": 0.01, "centered": True, "weight_decay": 0.1}),
    "rmsprop, both": (tg.optim.RMSprop, {"lr": 0.01, "momentum": 0.9, "centered": True}),
    "adagrad": (tg.optim.Adagrad, {"lr": 0.1, "maximize": True}),
    "adagrad, L2": (tg.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.1, "eps": 0.1}),
    "adadelta": (tg.optim.Adadelta, {}),
    "adadelta, L2": (tg.optim.Adadelta, {"lr": 0.5, "rho": 0.7, "weight_decay": 0.1}),
    "adamax": (tg.optim.Adamax, {"lr": 0.1, "betas": [0.8, 0.7]}),
    "adamax, L2": (tg.optim.Adamax, {"lr": 0.1, "weight_decay": 0.1}),
    "nadam": (tg.optim.NAdam, {"lr": 0.1}),
    "nadam, L2": (tg.optim.NAdam, {"lr": 0.1, "weight_decay": 0.1, "momentum_decay": 0.1}),
    "nadam, decoupled": (tg.optim.NAdam, {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "radam": (tg.optim.RAdam, {"lr": 0.1, "betas": (0.9, 0.8)}),  # rectified from the sixth step on
    "radam, L2": (tg.optim.RAdam, {"lr": 0.1, "betas": [0.9, 0.8], "weight_decay": 0.1}),
    "radam, decoupled": (tg.optim.RAdam, {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "rprop": (tg.optim.Rprop, {"lr": 0.1, "etas": [0.4, 1.3], "step_sizes": [0.03, 0.2]}),
}


def trained(kind: Any, options: dict[str, Any], backend: str, dtype: Any, transposed: bool = False) -> list[Any]:
    """Two parameters, one of them small, after eight steps; and the optimizer's state."""
    generator = tg.Generator().manual_seed(0)
    large, small = (tg.rand(*size, generator=generator, dtype=dtype) for size in (SIZE, (7,)))
    params = [large.T if transposed else large, small]
    optimizer = kind([p.requires_grad_() for p in params], **options)
    with tg.use_backend(backend):
        for step in range(8):
            for p in params:
                p.grad = tg.rand(*p.shape, generator=generator, dtype=dtype) - 0.7 + 0.1 * step
            params[0].grad[0, :3] = tg.tensor([0.0, float("inf"), float("nan")])
            optimizer.step()
    state = [value for entries in optimizer.state.values() for value in entries.values()]
    return [t.detach().numpy().copy() for t in [*params, *state]]


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("name", CASES)
def test_same_bits_as_numpy(name: str, dtype: Any) -> None:
    for transposed in (False, True):
        plain, fused = (trained(*CASES[name], backend, dtype, transposed) for backend in ("numpy", "numba"))
        for a, b in zip(plain, fused, strict=True):
            np.testing.assert_array_equal(a, b)


def test_every_kernel_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_edu.kernels.numba_cpu import more_steps, steps

    done: list[str] = []

    def noted(name: str, kernel: Any) -> Any:
        def run(*arguments: Any) -> Any:
            result = kernel(*arguments)
            done.extend([name] if result is None else [])
            return result

        return run

    with tg.use_backend("numba"):
        table = tg.kernels.choice._choice.load()
        for name in {*steps.__all__, *more_steps.__all__}:
            monkeypatch.setitem(table, name, noted(name, table[name]))
    used = set()
    for case, (kind, options) in CASES.items():
        done.clear()
        trained(kind, options, "numba", tg.float32)
        assert set(done) == {kind.kernel}, case
        used |= set(done)
    assert used == {*steps.__all__, *more_steps.__all__}


def test_a_formula_of_your_own_is_not_overlooked() -> None:
    class Halves(tg.optim.Adam):
        def update(self, param: Any, grad: Any, state: Any, group: Any) -> None:
            param *= 0.5

    x = tg.ones(*SIZE, requires_grad=True)
    optimizer = Halves([x])
    for _ in range(3):
        x.grad = tg.ones(*SIZE)
        optimizer.step()
    assert (x == 0.125).all()


CALLS: list[tuple[str, int, tuple[Any, ...]]] = [  # the kernel, its columns of arrays, and its numbers
    ("adam_step", 4, (3.0, 0.1, (0.9, 0.99), 1e-8, 0.1, True)),
    ("adam_step", 5, (3.0, 0.1, (0.9, 0.99), 1e-8, 0.1, True)),
    ("sgd_step", 3, (0.1, 0.9, 0.0, 0.1, True)),
    ("sgd_step", 2, (0.1, 0.9, 0.0, 0.1, False)),
    ("rmsprop_step", 3, (0.9, 0.1, 1e-8, 0.0, 0.1, False)),
    ("rmsprop_step", 4, (0.9, 0.1, 1e-8, 0.9, 0.1, False)),
    ("rmsprop_step", 4, (0.9, 0.1, 1e-8, 0.0, 0.1, True)),
    ("rmsprop_step", 5, (0.9, 0.1, 1e-8, 0.9, 0.1, True)),
    ("adagrad_step", 3, (0.1, 1e-8, 0.1)),
    ("adadelta_step", 4, (0.9, 1.0, 1e-6, 0.1)),
    ("adamax_step", 4, ((0.9, 0.99), 0.1, 1e-8, 0.1)),
    ("nadam_step", 4, ([], (0.9, 0.99), 0.1, (0.2, 0.3), 0.4, 1e-8, 0.1, 1.0)),
    ("radam_step", 4, ((0.9, 0.99), 0.1, True, 1e-8, 0.1, 1.0)),
    ("radam_step", 4, ((0.9, 0.99), 0.1, False, 1e-8, 0.0, 0.9)),
    ("rprop_step", 4, ((0.5, 1.2), (1e-6, 50.0))),
]


def test_every_kernel_has_such_a_call() -> None:
    from tinygrad_edu.kernels.numba_cpu import more_steps, steps

    assert {name for name, _, _ in CALLS} == {*steps.__all__, *more_steps.__all__}


def test_a_parameter_that_is_there_twice() -> None:
    """Its steps follow each other: two threads would take one each."""
    found = []
    number = tg.get_num_threads()
    tg.set_num_threads(2)
    try:
        for backend in ("numpy", "numba", "numba"):
            x = tg.linspace(-1, 1, 2_000_000).requires_grad_()
            with pytest.warns(UserWarning, match="duplicate"):
                optimizer = tg.optim.SGD([x, x], lr=0.1, weight_decay=0.5)
            with tg.use_backend(backend):
                x.grad = x.detach() * 0.3
                optimizer.step()
            found.append(x.detach().numpy())
    finally:
        tg.set_num_threads(number)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("name, columns, rest", CALLS)
@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_is_written_beside_the_arrays(
    name: str, columns: int, rest: Any, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinygrad_edu.kernels import threads as sharing
    from tinygrad_edu.kernels.numba_cpu import functions

    monkeypatch.setattr(sharing, "WORTH", 1 << 17)  # elements: enough for two threads here
    sizes = (1, 15, 16, 17, 100, 4097, 0, 300000)
    memories = [[np.full(4 * (size + 2048), 0xA5, np.uint8) for size in sizes] for _ in range(columns)]
    arrays = [[memory[4096:-4096].view("f4") for memory in column] for column in memories]
    for column in arrays:
        for array in column:
            array[:] = np.random.default_rng(0).random(array.size)
    before = [[array.copy() for array in column] for column in arrays]
    number = tg.get_num_threads()
    tg.set_num_threads(threads)
    try:
        assert functions()[name](*arrays, *rest) is None  # all parameters in one call
    finally:
        tg.set_num_threads(number)
    assert all((m[:4096] == 0xA5).all() and (m[-4096:] == 0xA5).all() for column in memories for m in column)
    for new, old in zip(arrays[1], before[1], strict=True):
        np.testing.assert_array_equal(new, old)  # the gradient is only read
    for new, old in zip(arrays[0], before[0], strict=True):
        assert (new != old).all()
    for row, alone in enumerate(zip(*before, strict=True)):  # the bits of a call for each
        functions()[name](*([array] for array in alone), *rest)
        for column, array in zip(arrays, alone, strict=True):
            np.testing.assert_array_equal(column[row], array)


def test_one_call_steps_the_whole_group(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_edu.kernels.numba_cpu import functions

    called: list[int] = []
    kernel = functions()["adam_step"]

    def counted(params: Any, *rest: Any) -> Any:
        called.append(len(params))
        return kernel(params, *rest)

    with tg.use_backend("numba"):
        choice = tg.kernels.choice._choice
        monkeypatch.setitem(choice.load(), "adam_step", counted)
        params = [tg.rand(*size, requires_grad=True) for size in (SIZE, (100, 100), (7,), (2, 3))]
        optimizer = tg.optim.Adam(params)
        for _ in range(3):
            for p in params:
                p.grad = tg.rand(*p.shape)
            optimizer.step()
    assert called == [3, 3, 3]  # the first step makes the state for it; the two small ones count as one
