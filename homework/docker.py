"""A box for untrusted programs where bubblewrap does not work: a container without a network, a home or rights.

The image holds a Python and the libraries that the exercises allow, nothing of this package; it is never fetched from
here. What a batch needs is mounted: its folder read-only, the folder of results to write to. `docker` may be any
program with Docker's command line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinygrad_edu.homework.show.words import Told

IMAGE = "tinyedu-grading"
BOX = "/box"
MEMORY, PROCESSES, CORES = "4g", 512, 2
TEMPORARY = 64 << 20  # bytes of /tmp in the container
PATIENCE = 60  # seconds for Docker to start or end a container
TRIAL = """
import sys, sysconfig
assert sys.version_info >= (3, 11), "the image's Python is older than 3.11"
sys.path.append(sysconfig.get_path("purelib"))
import numpy
open("/box/out/here", "w").write(sysconfig.get_path("purelib"))
"""


class NoDocker(Told):
    """Why there is no box made by Docker, in one line."""


def command(root: Path, image: str, user: str, arguments: Sequence[str], name: str) -> list[str]:
    """The command line that runs `python3 ARGUMENTS` in a container.

    Args:
        root: folder that appears as `/box`, read-only but for its `out`.
        image: the container's image.
        user: `uid:gid` inside; whoever has to remove the results outside, and never root.
        arguments: for Python.
        name: of the container, so that it can be ended.
    """
    return [
        "docker", "run", "--rm", "--pull", "never", "--name", name, "--hostname", "box", "--log-driver", "none",
        "--network", "none", "--ipc", "none", "--read-only", "--user", user,
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "--pids-limit", str(PROCESSES), "--memory", MEMORY, "--memory-swap", MEMORY, "--cpus", str(CORES),
        "--ulimit", "core=0", "--tmpfs", f"/tmp:rw,nosuid,nodev,size={TEMPORARY},mode=1777",
        "--mount", f"type=bind,source={root},target={BOX},readonly",
        "--mount", f"type=bind,source={root / 'out'},target={BOX}/out",
        "--workdir", BOX, "--env", "HOME=/tmp", "--env", "LANG=C.UTF-8", "--env", "OPENBLAS_NUM_THREADS=1",
        "--env", "PYTHONHASHSEED=0", "--entrypoint", "python3", image, *arguments,
    ]  # fmt: skip


def user_inside() -> str:
    """Who runs inside: ourselves, so that we can remove what is left; nobody where a system has no such numbers.

    Raises:
        NoDocker: we are root.
    """
    if not hasattr(os, "getuid"):
        return "65534:65534"
    if os.getuid() == 0:
        raise NoDocker("box.docker_root")
    return f"{os.getuid()}:{os.getgid()}"


@dataclass(frozen=True)
class Docker:
    """A launcher for `Batch`.

    Attributes:
        image: the container's image.
        user: `uid:gid` inside.
        site: the image's folder of installed libraries.
    """

    image: str
    user: str
    site: str

    def __call__(self, root: Path, sites: Sequence[str]) -> tuple[list[str], list[str]]:
        (root / "out").mkdir(exist_ok=True)
        worker = ["-I", "-S", "-B", f"{BOX}/kit/worker.py", f"{BOX}/jobs.json"]
        return command(root, self.image, self.user, worker, root.name), [self.site]

    def end(self, root: Path) -> None:
        """End the container of a batch: it does not end with the command that started it."""
        _run(["docker", "rm", "--force", root.name])


def usable(image: str = IMAGE) -> Docker:
    """A launcher, after a trial run.

    Raises:
        NoDocker: there is no Docker, no such image, or the image cannot do what is needed.
    """
    if shutil.which("docker") is None:
        raise NoDocker("box.missing")
    user = user_inside()
    with tempfile.TemporaryDirectory(prefix="tinyedu-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "out").mkdir()
        done = _run(command(root, image, user, ["-I", "-S", "-B", "-c", TRIAL], root.name))
        if done is None:
            _run(["docker", "rm", "--force", root.name])
            raise NoDocker("box.docker_slow", seconds=PATIENCE)
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise NoDocker("box.said", text=lines[-1] if lines else f"exit code {done.returncode}")
        try:
            return Docker(image, user, (root / "out" / "here").read_text(encoding="utf-8"))
        except OSError:
            raise NoDocker("box.docker_blind", folder=root.parent) from None


def _run(line: list[str]) -> subprocess.CompletedProcess[bytes] | None:
    try:
        return subprocess.run(line, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return None
