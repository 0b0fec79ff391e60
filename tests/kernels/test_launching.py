"""What a kernel of the GPU is given when it is launched without Numba, told by a stand-in for the driver."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.numba_cuda import launching


def array(size: int, address: int) -> Any:
    return SimpleNamespace(
        ndim=1, strides=(4,), dtype=np.dtype(np.float32), size=size,
        device_ctypes_pointer=ctypes.c_void_p(address), __class__=object,
    )  # fmt: skip


class Driver:
    """Remembers the parameters of the last launch, read as a driver reads them: one address each."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.seen: Any = None

    def __call__(self, handle: Any, *rest: Any) -> Any:
        *sizes, shared, stream, parameters, extra = rest
        places = (ctypes.c_void_p * 10).from_address(parameters)
        types = [ctypes.c_int64] * 8 + [ctypes.c_double, ctypes.c_float]
        self.seen = tuple(sizes), stream, [t.from_address(p or 0).value for t, p in zip(types, places, strict=True)]
        return (self.status,)


def made(driver: Driver) -> tuple[Any, tuple[Any, ...]]:
    args = (5, array(12, 4096), 0.25, np.float32(1.5))
    kinds = launching._kinds(args)
    assert kinds == (int, np.dtype(np.float32), float, np.float32)
    return launching._Launcher(None, "handle", kinds, driver), args


def test_each_parameter_is_where_its_address_says() -> None:
    driver = Driver()
    launch, args = made(driver)
    for length in (5, -7):  # the same memory serves every launch
        assert launch((3, 2), 64, 0, (length, *args[1:]))
        assert driver.seen == ((3, 2, 1, 64, 1, 1), 0, [length, 0, 0, 12, 4, 4096, 12, 4, 0.25, 1.5])


def test_what_the_driver_refuses_is_left_to_numba() -> None:
    launch, args = made(Driver(status=201))
    assert not launch(1, 1, 0, args)


def test_integers_beyond_64_bits_are_left_to_numba() -> None:
    driver = Driver()
    launch, args = made(driver)
    assert not launch(1, 1, 0, (2**64, *args[1:]))
    assert driver.seen is None


@pytest.mark.parametrize("unknown", [(1, 2), SimpleNamespace(ndim=2), "text"])
def test_other_arguments_are_left_to_numba(unknown: Any) -> None:
    assert launching.launcher(object(), (1, unknown)) == (None, None)
