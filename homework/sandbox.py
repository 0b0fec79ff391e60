"""Boxes for untrusted programs: bubblewrap on Linux. What is in the box is listed here; the rest is out of sight.

In the box: the Python that runs us (its standard library, read-only), the libraries an exercise allows, the kit, the
probes and the submission (read-only), and one folder to write results to. Not in it: a network, a home, other
processes, judges, solutions, mistakes, and tinygrad_edu itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

BOX, SITE = "/box", "/box-site"
LIBRARIES = (
    "numpy", "numpy.libs", "numba", "llvmlite", "llvmlite.libs", "scipy", "scipy.libs", "graphviz",
)  # fmt: skip
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives")
TEMPORARY = 64 << 20  # bytes of /tmp and of /dev/shm in the box, each
NOBODY = "65534"
NOT_INSTALLED = "not installed"


def bwrap(root: Path, sites: Sequence[str]) -> tuple[list[str], list[str]]:
    """The command that runs a batch's worker in a box; a launcher for `Batch`."""
    python = os.path.realpath(sys.executable)
    worker = [python, "-I", "-S", "-B", f"{BOX}/kit/worker.py", f"{BOX}/jobs.json"]
    return [*_box(root, sites), *worker], [SITE]


def _box(root: Path | None, sites: Sequence[str]) -> list[str]:
    command = [
        "bwrap", "--unshare-all", "--unshare-user", "--uid", NOBODY, "--gid", NOBODY, "--die-with-parent",
        "--new-session", "--cap-drop", "ALL", "--hostname", "box", "--clearenv",
        "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",
        "--setenv", "OPENBLAS_NUM_THREADS", "1", "--setenv", "PYTHONHASHSEED", "0",
    ]  # fmt: skip
    for folder in SYSTEM:
        command += ["--ro-bind-try", folder, folder]
    command += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    for folder in _site_folders():  # what is installed beside the standard library is not for students
        command += ["--tmpfs", folder, "--remount-ro", folder]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/dev/shm", "/tmp"):
        command += ["--size", str(TEMPORARY), "--tmpfs", folder]
    for site in sites:
        for name in LIBRARIES:
            if (Path(site) / name).is_dir():
                command += ["--ro-bind", str(Path(site) / name), f"{SITE}/{name}"]
    if root is not None:
        command += ["--ro-bind", str(root), BOX, "--bind", str(root / "out"), f"{BOX}/out", "--chdir", BOX]
        (root / "out").mkdir(exist_ok=True)
    # What the box itself is made of lies in memory that no limit of a process counts: nothing may be written there.
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/"]


def _site_folders() -> list[str]:
    """The folders with installed packages that would come in with the standard library or /usr."""
    found = {sysconfig.get_path("purelib", vars={"base": sys.base_prefix, "platbase": sys.base_prefix})}
    for pattern in ("lib/python3/dist-packages", "lib/python3*/site-packages", "lib/python3*/dist-packages",
                    "local/lib/python3*/dist-packages", "local/lib/python3*/site-packages"):  # fmt: skip
        found |= {str(path) for base in ("/usr", sys.base_prefix) for path in Path(base).glob(pattern)}
    return sorted(path for path in found if os.path.isdir(path))


@cache
def why_not_bwrap() -> str:
    """Why bubblewrap cannot be used here, or an empty text if a trial run works."""
    if shutil.which("bwrap") is None:
        return NOT_INSTALLED
    python = os.path.realpath(sys.executable)
    with tempfile.TemporaryDirectory(prefix="tinyedu-") as folder:
        command = [*_box(Path(folder), []), python, "-I", "-S", "-c", "print('in the box')"]
        try:
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if done.returncode == 0 and b"in the box" in done.stdout:
        return ""
    return (done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"])[0]
