"""Settings for the whole suite: what is drawn at random is the same on every run, on every machine."""

import sys

import pytest
from hypothesis import settings

# No luck and no clock in the tests: a failure can be repeated, a slow machine fails nothing.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def the_same_numbers() -> None:
    """What a test draws without naming a seed does not depend on which tests its process ran before."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    if "tinygrad_edu.tensors.random" in sys.modules:  # (not loaded for those that watch what is loaded)
        sys.modules["tinygrad_edu"].manual_seed(0)
