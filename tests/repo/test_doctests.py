"""The examples in the docstrings of every module run, and print what they say they print."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SOURCES = {"tinygrad_edu": PROJECT / "tinygrad_edu"} | {f"tinygrad_edu.{n}": PROJECT / n for n in ("cli", "homework")}
OPTIONAL = {"numba", "scipy", "matplotlib", "PIL", "sklearn", "safetensors", "IPython", "torch", "llvmlite"}

# What changes how a whole process imports, and wants one in which PyTorch has not been imported yet.
OWN_PROCESS = {"tinygrad_edu.compat"}
OPTIONS = doctest.ELLIPSIS | doctest.FAIL_FAST


def module_names() -> list[str]:
    names = []
    for package, folder in SOURCES.items():
        for file in sorted(folder.rglob("*.py")):
            parts = [package, *file.relative_to(folder).with_suffix("").parts]
            names.append(".".join(part for part in parts if part != "__init__"))
    return [name for name in names if not name.endswith(".__main__")]


@pytest.mark.parametrize("name", module_names())
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in OPTIONAL:
            pytest.skip(f"needs {error.name}")
        raise
    monkeypatch.chdir(tmp_path)  # examples may write pictures
    if name in OWN_PROCESS:
        code = f"import doctest, sys, {name} as m; sys.exit(doctest.testmod(m, optionflags={OPTIONS}).failed)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return
    result = doctest.testmod(module, optionflags=OPTIONS)
    assert result.failed == 0, f"an example of {name} prints something else (see above)"
