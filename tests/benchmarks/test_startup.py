"""The start-up figures can be had where PyTorch is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks/ is not installed; last, so that tinygrad_edu is

from benchmarks import startup


def test_pytorch_is_left_out_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(startup, "find_spec", lambda name: None)
    monkeypatch.setattr(startup, "wall_seconds", lambda command: 0.01)  # no processes in a test
    monkeypatch.setattr(sys, "argv", ["startup", "--rounds", "1", "--json"])
    startup.main()
    assert startup.TORCH not in startup.commands() and startup.DEMO in startup.commands()
    document = json.loads(capsys.readouterr().out)
    assert startup.TORCH not in str(document["results"]) and startup.VALUE in str(document["results"])


def test_pytorch_is_measured_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "find_spec", lambda name: object())
    assert startup.TORCH in startup.commands()
