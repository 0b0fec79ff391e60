"""The library's own Value, Tensor and Conv2d pass the course's checks, through adapters of under 20 lines."""

from dataclasses import replace
from pathlib import Path

import pytest

from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.matrix import outcomes, told

ADAPTERS = sorted((Path(__file__).parent / "adapters").glob("*.py.txt"))


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda path: path.name.partition(".")[0])
def test_the_library_passes(adapter: Path) -> None:
    exercise = load().exercises[adapter.name.partition(".")[0]]
    free = {"forbid_import": [], "packages": ["numpy", "tinygrad_edu"], "limits": {"wall": 30.0}}
    source = adapter.read_text(encoding="utf-8")
    code = [line for line in source.splitlines() if line.strip() and not line.startswith('"""')]
    assert len(code) < 20
    exercise = replace(exercise, meta={**exercise.meta, **free})
    base = {module: (adapter.parent / f"{slug}.py.txt").read_text("utf-8") for module, slug in exercise.base.items()}
    (outcome,) = outcomes(exercise, [source], base=base)
    assert {check: told(v) for check, v in outcome.items() if v.state != "pass"} == {}
