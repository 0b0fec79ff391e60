"""The command on docs/add-an-operation.md: the page's first block, alone in a file, gets into the gradient checks.

The rest of the page is executed by test_docs.py, and what it promises is tested in tests/ops/test_add_an_operation.py.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "add-an-operation.md").read_text(encoding="utf-8")


def test_the_operation_of_the_page_is_checked_on_both_classes(tmp_path: Path) -> None:
    definition = re.search(r"```python\n(.*?)```", PAGE, re.S)
    command = re.search(r"^PYTHONPATH=\. \S*python (-m pytest -p bump .*)$", PAGE, re.M)
    assert definition and command
    (tmp_path / "bump.py").write_text(definition[1], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *command[1].split(), "-p", "no:cacheprovider"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
