"""What docs/add-an-operation.md promises: its first block, alone in a file, is found by the loop of gradient checks.

The page itself (forward, methods, function form, drawing) is executed by test_docs.py. Everything happens in other
processes, so the throw-away operations never reach the table of this one.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "add-an-operation.md").read_text(encoding="utf-8")


def first_block() -> str:
    match = re.search(r"```python\n(.*?)```", PAGE, re.S)
    assert match is not None and "def bump" in match[1]
    return match[1]


def gradient_check(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the page, with the operation's file in a folder of its own."""
    (folder / "bump.py").write_text(source, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "bump",
        "-k",
        "bump",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, str(PROJECT / "tests" / "ops" / "test_gradients.py")],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
    )


def test_the_page_names_the_command_that_is_tested() -> None:
    assert "-p bump tests/ops/test_gradients.py -k bump" in PAGE


def test_the_operation_is_checked_on_both_classes(tmp_path: Path) -> None:
    done = gradient_check(tmp_path, first_block())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_wrong_derivative_is_found(tmp_path: Path) -> None:
    done = gradient_check(tmp_path, first_block().replace("-2 * a * out", "2 * a * out"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed" in done.stdout
