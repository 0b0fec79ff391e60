"""Programs written for PyTorch run as they stand, and print what PyTorch prints.

Beside each program in scripts/ stands what it printed under the real PyTorch 2.13; they use no random numbers.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))
NUMBER = re.compile(r"-?\d+\.\d+")


def printed(command: list[str], folder: Path) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, encoding="utf-8", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(got: str, script: Path) -> None:
    """The same text; numbers may differ by one in their last decimal, where rounding falls to the other side."""
    wanted = script.with_suffix(".txt").read_text(encoding="utf-8")
    assert NUMBER.sub("#", got) == NUMBER.sub("#", wanted)
    for ours, theirs in zip(NUMBER.findall(got), NUMBER.findall(wanted), strict=True):
        last = 10.0 ** -len(theirs.partition(".")[2])
        assert abs(float(ours) - float(theirs)) < 1.5 * last, (ours, theirs)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_unchanged(script: Path, tmp_path: Path) -> None:
    check(printed(["-m", "tinygrad_edu.cli.main", "run", str(script)], tmp_path), script)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_with_our_name_in_its_imports(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = script.read_text(encoding="utf-8")
    source = re.sub(r"^import torch$", "import tinygrad_edu as torch", source, flags=re.M)
    source = re.sub(r"^(from|import) torch(?=[. ])", r"\1 tinygrad_edu", source, flags=re.M)
    exec(compile(source, script, "exec"), {"__name__": "__main__"})
    check(capsys.readouterr().out, script)


@pytest.mark.oracle
@pytest.mark.slow  # PyTorch starts anew for each
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_pytorch_prints_what_stands_beside_the_script(script: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    check(printed([str(script)], tmp_path), script)
