"""Every test here that takes `lib` runs twice: with our library, and with PyTorch, which must behave the same."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(params=["ours", pytest.param("PyTorch", marks=pytest.mark.oracle)])
def lib(request: pytest.FixtureRequest) -> Any:
    if request.param == "ours":
        import tinygrad_edu

        return tinygrad_edu
    return pytest.importorskip("torch")
