"""The box made by Docker, with a stand-in for `docker` that runs the command outside: no daemon needed, none tested."""

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.homework import docker, sandbox
from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.docker import Docker, NoDocker, command
from tinygrad_edu.homework.grading.grade import grade_program
from tinygrad_edu.homework.session import Program, check_program

VALUE = load().exercises["value"]

# The "container" leads a session of its own: like a real one it does not end with the command that started it.
FAKE = """#!{python}
import json, os, signal, subprocess, sys
log, site = {log!r}, {site!r}
with open(log, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "rm":
    try:
        os.killpg(int(open(os.path.join(os.path.dirname(log), sys.argv[3])).read()), signal.SIGKILL)
        word = "ended"
    except OSError:
        word = "there was nothing to end"
    with open(log, "a") as file:
        file.write(word + "\\n")
    sys.exit(0)
line = sys.argv[2:]
image = line.index("--entrypoint") + 2
if line[image] == "missing":
    print("docker: Error", "No such image: missing", sep="\\n", file=sys.stderr)
    sys.exit(125)
root = next(part.split("source=")[1].split(",")[0] for part in line if part.endswith(",target=/box,readonly"))
arguments = [a.replace('sysconfig.get_path("purelib")', repr(site)).replace("/box", root) for a in line[image + 1:]]
inside = subprocess.Popen([sys.executable, *arguments], start_new_session=True)
with open(os.path.join(os.path.dirname(log), line[line.index("--name") + 1]), "w") as file:
    file.write(str(inside.pid))
sys.exit(inside.wait())
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-in was asked for, one line each; it is on the path from here on."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a script with #!")
    place, found = tmp_path / "bin" / "docker", tmp_path / "bin" / "log"
    place.parent.mkdir()
    site = str(Path(np.__file__).parent.parent)
    place.write_text(FAKE.format(python=sys.executable, log=str(found), site=site), encoding="utf-8")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(place.parent) + os.pathsep + os.environ["PATH"])
    monkeypatch.setattr(docker, "user_inside", lambda: "1000:1000")
    return found


def test_the_command_line_takes_everything_away() -> None:
    line = command(Path("/t/tinyedu-a"), "image", "1000:1000", ["-c", "pass"], "tinyedu-a")
    assert line[:2] == ["docker", "run"] and line[-5:] == ["--entrypoint", "python3", "image", "-c", "pass"]
    pairs = set(zip(line, line[1:], strict=False))
    assert pairs >= {
        ("--network", "none"), ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges"), ("--pull", "never"),
        ("--user", "1000:1000"), ("--memory", "4g"), ("--memory-swap", "4g"), ("--pids-limit", "512"),
        ("--name", "tinyedu-a"), ("--ipc", "none"), ("--log-driver", "none"),
    }  # fmt: skip
    assert "--read-only" in line and "--rm" in line and "--privileged" not in line
    mounts = [what for option, what in zip(line, line[1:], strict=False) if option == "--mount"]
    assert mounts == [
        f"type=bind,source={Path('/t/tinyedu-a')},target=/box,readonly",
        f"type=bind,source={Path('/t/tinyedu-a/out')},target=/box/out",
    ]


def test_a_submission_is_graded_in_it(log: Path) -> None:
    box = docker.usable("image")
    assert box == Docker("image", "1000:1000", str(Path(np.__file__).parent.parent))
    assert all(v.state == "pass" for v in grade_program(VALUE, Program(VALUE.solution), 4711, box))
    wrong = grade_program(VALUE, Program(VALUE.mistakes["swapped_mul"].source), 4711, box)
    assert {v.check.name: v.state for v in wrong}["mul"] == "fail"
    assert log.read_text().count('"run"') == 3 and '"rm"' not in log.read_text()


def test_a_container_that_outlives_its_command_is_ended(log: Path) -> None:
    box = docker.usable("image")
    endless = "\n\ndef endless(self):\n    while True:\n        pass\n\n\nValue.backward = endless\n"
    verdicts = check_program(VALUE, Program(VALUE.solution + endless), launcher=box)
    next(verdicts)
    verdicts.close()  # type: ignore[attr-defined]
    removed, ended = log.read_text().splitlines()[-2:]
    assert removed.startswith('["rm", "--force", "tinyedu-') and ended == "ended"


def test_what_is_wrong_is_said_in_one_line(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoDocker, match="^No such image: missing$"):
        docker.usable("missing")
    monkeypatch.setenv("PATH", str(log.parent / "nothing"))
    with pytest.raises(NoDocker, match="not installed"):
        docker.usable("image")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no root on Windows")
def test_root_outside_is_not_taken_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    with pytest.raises(NoDocker, match="not as root"):
        docker.user_inside()
    monkeypatch.setattr(os, "getuid", lambda: 1001)
    assert docker.user_inside() == f"1001:{os.getgid()}"


def test_grading_takes_docker_where_bubblewrap_does_not_work(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "why_not_bwrap", lambda: "not permitted")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ada.py").write_text("x = 1\n", encoding="utf-8")
    arguments = ["--out", "out", "--exercise", "value", "--lang", "en"]
    assert "sandbox: docker" in tinyedu(tmp_path, "grade", "in", *arguments, "--image", "image")
    told = tinyedu(tmp_path, "grade", "in", *arguments, "--image", "missing", code=3)
    assert 'bwrap: "not permitted"' in told and "No such image: missing" in told
    told = tinyedu(tmp_path, "grade", "in", *arguments, "--sandbox", "bwrap", code=3)
    assert "docker:" not in told
