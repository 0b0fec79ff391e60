"""What the driver is given when a kernel of the GPU is launched, told by a stand-in for the driver."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.errors import CudaError
from tinygrad_edu.kernels.numba_cuda import launching

_ARRAY = launching.parameters(4096, 12, np.dtype(np.float32))


class Driver:
    """Remembers the last launch, read as a driver reads it: a configuration, and one address for each parameter."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.seen: Any = None

    def cuLaunchKernelEx(self, configuration: Any, handle: Any, places: Any, extra: Any) -> int:  # noqa: N802
        sizes = (ctypes.c_uint32 * 7).from_address(configuration.value)
        stream = ctypes.c_uint64.from_address(configuration.value + 32).value
        attributes = ctypes.c_uint32.from_address(configuration.value + 48).value
        assert extra.value is None and not attributes
        types = [ctypes.c_int64] * 8 + [ctypes.c_double, ctypes.c_float, ctypes.c_bool]
        addresses = (ctypes.c_void_p * len(types)).from_address(places.value)
        numbers = [t.from_address(p or 0).value for t, p in zip(types, addresses, strict=True)]
        self.seen = handle.value, tuple(sizes), stream, numbers
        return self.answers.pop(0) if self.answers else 0


class Kernel:
    """What is used of Numba's."""

    def __init__(self) -> None:
        self.signatures: list[Any] = []

    def typeof_pyval(self, value: Any) -> Any:
        return type(value)

    def compile(self, signature: Any) -> Any:
        self.signatures.append(signature)
        function = SimpleNamespace(handle=77)
        return SimpleNamespace(_codelibrary=SimpleNamespace(get_cufunc=lambda: function))


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    array = SimpleNamespace(Array=lambda element, ndim, layout: (element, ndim, layout))
    contexts = SimpleNamespace(types=array, current_context=lambda: None)
    monkeypatch.setattr(launching, "_driver", lambda: made)
    monkeypatch.setattr(launching, "import_module", lambda _: contexts)
    monkeypatch.setattr(launching, "_known", {})
    return made


def test_each_parameter_is_where_its_address_says(driver: Driver) -> None:
    kernel = Kernel()
    for length in (5, -7):  # the same memory serves every launch
        launching.launch_by_driver(kernel, (3, 2), 64, 0, (length, _ARRAY, 0.25, np.float32(1.5), True))
        numbers = [length, 0, 0, 12, 4, 4096, 12, 4, 0.25, 1.5, True]
        assert driver.seen == (77, (3, 2, 1, 64, 1, 1, 0), 0, numbers)
    assert kernel.signatures == [(int, (np.float32, 1, "C"), float, np.float32, bool)]  # compiled once


def test_other_types_are_another_kernel(driver: Driver) -> None:
    kernel, other = Kernel(), launching.parameters(64, 12, np.dtype(np.int32))
    for array in (_ARRAY, other, _ARRAY):
        launching.launch_by_driver(kernel, np.int64(4), (8, 8), 9, (5, array, 0.25, np.float32(1.5), True))
        assert driver.seen[1:3] == ((4, 1, 1, 8, 8, 1, 0), 9)
    assert [signature[1][0] for signature in kernel.signatures] == [np.float32, np.int32]


def test_a_thread_without_a_context_gets_one(driver: Driver) -> None:
    driver.answers = [201, 0]
    launching.launch_by_driver(Kernel(), 1, 1, 0, (5, _ARRAY, 0.25, np.float32(1.5), True))
    assert not driver.answers


def test_what_the_driver_refuses_is_an_error(driver: Driver) -> None:
    driver.answers = [701]
    with pytest.raises(CudaError, match=r"did not launch a kernel of \(1, 1, 1\) blocks of \(9, 1, 1\)"):
        launching.launch_by_driver(Kernel(), 1, 9, 0, (5, _ARRAY, 0.25, np.float32(1.5), True))


@pytest.mark.parametrize("unknown", [(1, 2), np.zeros(3, np.float32), "text", None])
def test_other_arguments_are_refused(unknown: Any, driver: Driver) -> None:
    with pytest.raises(TypeError, match="argument 1 of a kernel is a"):
        launching.launch_by_driver(Kernel(), 1, 1, 0, (1, unknown))


def test_every_type_of_elements_has_a_class_of_its_own() -> None:
    kinds = [np.dtype(code) for code in "?bhilBHILefd"]
    found = [type(launching.parameters(0, 1, kind)) for kind in kinds]
    assert [kind.dtype for kind in found] == kinds
    assert type(launching.parameters(8, 2, kinds[0])) is found[0]
