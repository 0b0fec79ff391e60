"""The homework's commands as a student types them, in a folder of theirs."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tinygrad_edu.cli.main import main


def tinyedu(folder: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    """Run `tinyedu hw ...` in a folder; the output of both streams. In this process where no encoding is asked for."""
    if not environment:
        out = io.StringIO()
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(out):
            patched.chdir(folder)
            patched.setenv("COLUMNS", "100")
            patched.setenv("LANG", "C.UTF-8")
            with pytest.raises(SystemExit) as ended:
                main(["hw", *arguments])
        assert ended.value.code == code, out.getvalue()
        return out.getvalue()
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu.cli.main", "hw", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "100", "NO_COLOR": "1", "LANG": "C.UTF-8", **environment},
    )  # fmt: skip
    text = done.stdout.decode(environment.get("PYTHONIOENCODING", "utf-8"))
    assert done.returncode == code, text
    return text
