"""Programs that loop, crash, exit, print without end or take all memory end in the right state, in bounded time."""

import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.kit.tree import parents
from tinygrad_edu.homework.runner import watch
from tinygrad_edu.homework.runner.batch import plain
from tinygrad_edu.homework.sandbox import bwrap, why_not_bwrap
from tinygrad_edu.homework.session import Program, check_program

VALUE = """
class Value:
    def __init__(self, data, name=""):
        self.data, self.grad, self.op, self.parents = data, 0.0, "", ()
    def __mul__(self, other):
        BODY
"""

VALUE_META = load().exercises["value"].meta

CASES = {
    "endless loop": ("while True: pass", "timeout", "timeout"),
    "endless loop in C": ("import itertools; sum(itertools.repeat(1))", "timeout", "timeout"),
    "sleep": ("import time; time.sleep(60)", "timeout", "timeout"),
    "exit": ("exit(0)", "error", "exit"),
    "sys.exit": ("import sys; sys.exit()", "error", "exit"),
    "os._exit": ("import os; os._exit(0)", "error", "ended"),
    "endless print": ("while True: print('x' * 1000)", "error", "output"),
    "input": ("return Value(float(input('number? ')))", "error", "error"),
    "recursion": ("return self * other", "error", "recursion"),
    "memory": ("return bytearray(8 << 30)", "error", "memory"),
    "exception": ("return 1 / 0", "error", "error"),
    "forbidden": ("import torch", "error", "forbidden"),
    "library": ("import tinygrad_edu.value", "error", "forbidden"),
    "network": ("import socket; socket.create_connection(('127.0.0.1', 9))", "error", "error"),
    "wrong type": ("return 'surprise'", "error", "error"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "error", "exit"),
    "bad repr": ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})", "error", "error"),
}
POSIX = {
    "segfault": ("import ctypes; ctypes.string_at(0)", "error", "crash"),
    "kill": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "error", "crash"),
    "fork": ("import os\n        while os.fork(): time.sleep(0.05)\n        time.sleep(60)", "timeout", "timeout"),
}
WHOLE = {
    "syntax": ("def f(:\n    pass\n", "error", "syntax"),
    "missing name": ("x = 1\n", "error", "missing"),
    "loop at the top": ("x = 1\nwhile True:\n    x += 1\n", "timeout", "timeout"),
    "not UTF-8": ("x = 'caf\udce9'\n", "error", "encoding"),
    "null byte": ("x = 1\x00\n", "error", "syntax"),
    "empty": ("", "error", "missing"),
}


def value(wall: float) -> Exercise:
    exercise = load().exercises["value"]
    return replace(exercise, meta={**exercise.meta, "limits": {"wall": wall}})


def judge_mul(source: str, state: str = "error") -> Verdict:
    """The verdict of `mul`; a time-out is not waited for long, and nothing else is taken for one on a slow machine."""
    exercise = value(0.8 if state == "timeout" else 60.0)
    verdicts = {v.check.name: v for v in check_program(exercise, Program(source), only=["mul"], ignore_needs=True)}
    return verdicts["mul"]


def program(body: str) -> str:
    return "import time\n" + VALUE.replace("BODY", body)


@pytest.mark.parametrize(("body", "state", "kind"), CASES.values(), ids=CASES)
def test_a_hostile_operation(body: str, state: str, kind: str) -> None:
    if kind == "memory" and sys.platform != "linux":
        pytest.skip("memory is limited on Linux only")
    verdict = judge_mul(program(body), state)
    assert (verdict.state, verdict.seen and verdict.seen.error and verdict.seen.error["kind"]) == (state, kind)


@pytest.mark.skipif(sys.platform == "win32", reason="signals and fork")
@pytest.mark.parametrize(("body", "state", "kind"), POSIX.values(), ids=POSIX)
def test_a_hostile_operation_of_posix(body: str, state: str, kind: str) -> None:
    verdict = judge_mul(program(body), state)
    assert (verdict.state, verdict.seen and verdict.seen.error and verdict.seen.error["kind"]) == (state, kind)


@pytest.mark.parametrize(("source", "state", "kind"), WHOLE.values(), ids=WHOLE)
def test_a_hostile_file(source: str, state: str, kind: str) -> None:
    verdict = judge_mul(source, state)
    assert (verdict.state, verdict.seen and verdict.seen.error and verdict.seen.error["kind"]) == (state, kind)


def test_an_endless_loop_is_named_with_its_line() -> None:
    verdict = judge_mul(program("n = 0\n        while n < 1:\n            n -= 1"), "timeout")
    assert verdict.state == "timeout" and verdict.line is not None
    assert verdict.line.file == "value.py" and verdict.line.function == "__mul__"
    assert verdict.line.code in ("while n < 1:", "n -= 1")


def test_a_syntax_error_is_named_with_its_line() -> None:
    verdict = judge_mul("x = 1\ndef f(:\n    pass\n")
    assert verdict.line is not None and (verdict.line.line, verdict.line.code) == (2, "def f(:")


KILL_PARENT = """
import os, signal
        parent = os.getppid()
        if b"worker.py" in open(f"/proc/{parent}/cmdline", "rb").read():  # and nobody else
            os.kill(parent, signal.SIGKILL)
        time.sleep(9)"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_whoever_ends_the_supervisor_fails_and_the_others_are_still_checked() -> None:
    verdicts = list(
        check_program(
            value(60.0), Program(program(KILL_PARENT.strip())), only=["forward", "long_chain"], ignore_needs=True
        )
    )
    assert [v.state for v in verdicts if v.check.name in ("forward", "mul", "reuse")] == ["error"] * 3
    assert (
        verdicts[-1].check.name == "long_chain" and verdicts[-1].state == "error"
    )  # it needs __add__, which is missing


def test_a_forged_result_is_worth_nothing() -> None:
    forged = program("import os\n        open('../out.jsonl', 'w').write('{\"done\": true}\\n')\n        os._exit(0)")
    assert judge_mul(forged).state == "error"
    assert judge_mul("raise SystemExit(0)\n").state == "error"


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
@pytest.mark.parametrize("place", ["out.jsonl", "stdout.txt", "trace.txt"])
@pytest.mark.parametrize("kind", ["pipe", "link", "zeros", "folder"])
def test_what_is_put_in_the_place_of_a_result_is_not_read(place: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a file of the teacher's", encoding="utf-8")
    put = {
        "pipe": "os.mkfifo(p)",
        "link": f"os.symlink({str(tmp_path / 'secret')!r}, p)",
        "zeros": "os.symlink('/dev/zero', p)",
        "folder": "os.mkdir(p)",
    }[kind]
    verdict = judge_mul(program(f"import os\n        p = '../{place}'; os.remove(p); {put}; os._exit(0)"))
    assert verdict.state == "error" and verdict.seen is not None
    assert "teacher" not in repr(verdict.seen)


def test_a_file_of_the_students_cannot_be_reached_by_accident() -> None:
    verdict = judge_mul(program("open(__file__, 'w').close(); return 1"))
    assert verdict.state == "error"  # and what was emptied is a copy


@pytest.mark.parametrize(
    ("source", "state"),
    [(load().exercises["value"].solution, "pass"), ("while True: pass\n", "timeout"), ("1 / 0\n", "error")],
    ids=["right", "endless", "error"],
)
def test_a_fresh_python_for_each_check_gives_the_same_verdict(
    source: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows and macOS, where there is no fork, or none that is safe."""
    monkeypatch.setenv("TINYEDU_START", "spawn")
    exercise = value(5.0 if state == "timeout" else 60.0)
    (verdict,) = check_program(exercise, Program(source), only=["forward"])
    assert verdict.state == state
    assert state != "timeout" or (verdict.line is not None and verdict.line.line == 1)


# What many processes take together. (Each of these ends by itself as well, so that a test that fails harms nobody.)

MANY = {
    "processes": ("for _ in range(150):\n            os.fork() or (time.sleep(20), os._exit(0))", "processes"),
    "processes out of the group": (
        "for _ in range(150):\n            os.fork() or (os.setsid(), time.sleep(20), os._exit(0))", "processes"
    ),
    "processes without a parent": (
        "for _ in range(150):\n            os.fork() or os.setsid() or os.fork() and os._exit(0) or time.sleep(20)",
        "processes",
    ),
    "memory": (
        "for _ in range(20):\n            hog = os.fork() or bytearray(b'x') * (100 << 20)\n"
        "            hog if isinstance(hog, int) else (time.sleep(20), os._exit(0))",
        "memory",
    ),
}  # fmt: skip


def strays(mark: str) -> list[int]:
    """Processes that were started with this mark in their environment, and are still there."""
    found = []
    for process in set(parents()) - {os.getpid()}:
        try:
            if mark.encode() in Path(f"/proc/{process}/environ").read_bytes():
                found.append(process)
        except OSError:
            continue
    return found


def launchers() -> list[Any]:
    usable = not why_not_bwrap() if sys.platform == "linux" else False
    return [plain, pytest.param(bwrap, marks=pytest.mark.skipif(not usable, reason="bubblewrap is not usable here"))]


def ended_in(source: str, launcher: Any, memory: int = 512, check: str = "mul") -> tuple[str, str]:
    """State and kind of a check of this program; nothing of it runs on afterwards."""
    exercise = replace(load().exercises["value"], meta={**VALUE_META, "limits": {"wall": 60.0, "memory": memory}})
    mark = f"tinyedu-test-{uuid.uuid4().hex}"  # (other checks may run on this machine)
    os.environ["TINYEDU_TEST_MARK"] = mark
    try:
        verdicts = check_program(exercise, Program(source), only=[check], ignore_needs=True, launcher=launcher)
        found = {v.check.name: v for v in verdicts}[check]
    finally:
        del os.environ["TINYEDU_TEST_MARK"]
    assert strays(mark) == [], "everything that it started has ended"
    return found.state, str(found.seen and found.seen.error and found.seen.error["kind"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("launcher", launchers())
@pytest.mark.parametrize(("body", "kind"), MANY.values(), ids=MANY)
def test_many_processes_are_ended_together(body: str, kind: str, launcher: Any) -> None:
    source = program(f"import os\n        {body}\n        time.sleep(20)")
    assert ended_in(source, launcher, memory=512 if kind == "memory" else 16384) == ("error", kind)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("launcher", launchers())
def test_a_stopped_supervisor_protects_nobody(launcher: Any) -> None:
    """What the supervisor would end is ended from outside."""
    stop = """import os, signal
        parent = os.getppid()
        if b"worker.py" in open(f"/proc/{parent}/cmdline", "rb").read():  # and nobody else
            os.kill(parent, signal.SIGSTOP)
        for _ in range(250):
            os.fork() or (time.sleep(20), os._exit(0))
        time.sleep(20)"""
    assert ended_in(program(stop), launcher, memory=16384) == ("error", "processes")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_files_without_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_WRITTEN", 20 << 20)
    body = "for n in range(40):\n            open(str(n), 'wb').write(b'x' * (1 << 20))\n        time.sleep(20)"
    assert ended_in(program(body), plain) == ("error", "disk")


TAKEN_AWAY = {
    "a link": "os.rename('../../1', '../../own'); os.symlink(LURE, '../../1')",
    "nothing": "os.rename('../../1', '../../own')",
    "another folder": "os.rename('../../1', '../../own'); os.mkdir('../../1')",
}


@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
@pytest.mark.parametrize("put", TAKEN_AWAY.values(), ids=TAKEN_AWAY)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_folder_of_results_that_was_replaced_is_refused(put: str, when: str, tmp_path: Path) -> None:
    """`out/1` is the folder of the second check; what stands there in place of it is neither read nor written to."""
    (tmp_path / "out.jsonl").write_text('{"observation": {"grads": [-3.0, 2.0], "top": 1.0}}\n{"done": true}\n')
    put = put.replace("LURE", repr(str(tmp_path)))
    right = load().exercises["value"].solution
    if when == "before":  # the first check takes the second's folder, which is started only then
        source = right + f"\nimport os\nif os.getcwd().endswith('/0/cwd'): {put}\n"
    else:  # the second takes its own
        source = right + f"\nimport os\nif os.getcwd().endswith('/1/cwd'): {put}\n"
    exercise = replace(load().exercises["value"], meta={**VALUE_META, "limits": {"wall": 30.0}})
    verdicts = {v.check.name: v for v in check_program(exercise, Program(source), only=["chain"])}
    assert verdicts["mul"].state == "pass"
    assert verdicts["chain"].state == "error" and verdicts["chain"].seen is not None
    assert verdicts["chain"].seen.error == {"kind": "malformed", "type": "", "text": "its folder was replaced"}
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
