"""The wheel holds the whole package, its data and its licences, and puts nothing else on the import path."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import tinygrad_edu

PROJECT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = SETTINGS["tool"]["setuptools"]["packages"]
FOLDERS = SETTINGS["tool"]["setuptools"]["package-dir"]


def sources() -> dict[str, Path]:
    """Every module on disk under the name it is installed by (`tinygrad_edu/cli/main.py`)."""
    found = {}
    for package, folder in FOLDERS.items():
        for file in (PROJECT / folder).rglob("*.py"):
            found[f"{package.replace('.', '/')}/{file.relative_to(PROJECT / folder).as_posix()}"] = file
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("setuptools", minversion="77", reason="needs the setuptools of the extra `test`")
    # Built from a copy: setuptools keeps a build folder whose leftovers would go into the next wheel.
    copy = tmp_path_factory.mktemp("source")
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(PROJECT / name, copy)
    for folder in FOLDERS.values():
        shutil.copytree(PROJECT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(target), str(copy)], check=True)
    (file,) = target.glob("*.whl")
    return zipfile.ZipFile(file)


def test_every_folder_with_modules_is_listed() -> None:
    on_disk = {name.rpartition("/")[0].replace("/", ".") for name in sources()}
    assert sorted(on_disk) == sorted(PACKAGES)


def test_every_package_has_an_init() -> None:
    assert [p for p in PACKAGES if f"{p.replace('.', '/')}/__init__.py" not in sources()] == []


def test_the_wheel_holds_every_module_and_no_other(wheel: zipfile.ZipFile) -> None:
    assert sorted(name for name in wheel.namelist() if name.endswith(".py")) == sorted(sources())


def test_nothing_else_stands_at_the_top_level(wheel: zipfile.ZipFile) -> None:
    info = f"tinygrad_edu-{tinygrad_edu.__version__}.dist-info"
    assert {name.split("/")[0] for name in wheel.namelist()} == {"tinygrad_edu", info}


def test_fonts_types_and_licences_are_in(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "tinygrad_edu/py.typed" in names
    fonts = [name for name in names if name.startswith("tinygrad_edu/viz/fonts/")]
    assert any(name.endswith(".ttf") for name in fonts)
    assert any("LICENSE" in name for name in fonts), "the font travels with its licence"
    licences = [name for name in names if ".dist-info/licenses/" in name]
    assert any(name.endswith("licenses/LICENSE") for name in licences)
    assert any("fonts" in name for name in licences)


def test_the_homeworks_texts_and_programs_are_in(wheel: zipfile.ZipFile) -> None:
    on_disk = [f for f in (PROJECT / "homework").rglob("*") if f.suffix in (".toml", ".md", ".txt")]
    wanted = {f"tinygrad_edu/homework/{f.relative_to(PROJECT / 'homework').as_posix()}" for f in on_disk}
    assert wanted and wanted <= set(wheel.namelist())


def test_the_digits_are_in_with_their_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {f"tinygrad_edu/vision/datasets/optdigits.{ending}" for ending in ("npz", "md")} <= set(names)


def test_the_command_is_declared(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "tinyedu = tinygrad_edu.cli.main:main" in wheel.read(name).decode()
