"""What these tests start is a user's own program: it finds what lies beside it, however the tests were started."""

import pytest


@pytest.fixture(autouse=True)
def a_users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PYTHONSAFEPATH, by which .ci/run keeps the clone off the path of the tests of the built package."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
