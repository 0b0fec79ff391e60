"""For pytest: ``-p tests.cuda.emulator.plugin`` runs tests on the emulated card, and fails those in which it found
something, whatever they did with the error. (With ``-n`` each worker loads it.)
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from tests.cuda.emulator import driver, start

start()


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    """No launch of the test was stopped."""
    count = ctypes.c_int.in_dll(driver(), "emu_findings")
    before = count.value
    yield
    if count.value != before:
        driver().emu_finding.restype = ctypes.c_char_p
        pytest.fail(f"the emulator: {driver().emu_finding().decode()}")
