"""Fetching from a server that cuts, corrupts, stalls and lies: the whole file or none, and a reason."""

import gzip
import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.server import Server, serving

from tinygrad_edu.vision.datasets import download, utils

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, np.uint8).tobytes()
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE", 0.0)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        running.files["data.bin"] = CONTENT
        yield running


def left(folder: Path) -> list[str]:
    """What stands in the folder, but for the empty lock."""
    return sorted(file.name for file in folder.iterdir() if not file.name.endswith(".lock"))


WELL: dict[str, tuple[list[tuple[Any, ...]], list[str]]] = {  # what the server does, and the ranges it is asked for
    "at once": ([], [""]),
    "cut, then resumed": ([("cut", 100_000)], ["", "bytes=100000-"]),
    "cut often": ([("cut", 70_000)] * 4, ["", *(f"bytes={n * 70000}-" for n in range(1, 5))]),
    "cut without progress": ([("cut", 10), ("drop",), ("cut", 5)], ["", "bytes=10-", "bytes=10-", "bytes=15-"]),
    "errors that pass": ([("status", 503), ("status", 429), ("drop",)], [""] * 4),
    "no ranges": ([("cut", 100_000), ("no range",)], ["", "bytes=100000-"]),
    # (A file that came damaged in one go is as damaged the next time: it is asked of the second mirror.)
    "a changed byte": ([("corrupt", 5), ("cut", 99), ("ok",)], ["", "", "bytes=99-"]),
    "a changed byte after a cut": ([("cut", 100_000), ("corrupt", 200_000)], ["", "bytes=100000-", ""]),
}


@pytest.mark.parametrize("case", WELL)
@pytest.mark.parametrize("checked", [True, False])
def test_the_file_arrives_whole(server: Server, tmp_path: Path, case: str, checked: bool) -> None:
    if not checked and "changed" in case:
        return  # nobody could tell
    script, ranges = WELL[case]
    server.script = list(script)
    target = tmp_path / "new" / "data.bin"
    download.fetch([f"{server.url}data.bin"] * 2, target, MD5 if checked else None)
    assert target.read_bytes() == CONTENT and left(target.parent) == ["data.bin"]
    assert [asked for _, asked in server.requests] == ranges


def test_a_stalled_server_is_given_up_and_resumed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.script = [("stall", 1000)]
    download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin", MD5)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT and len(server.requests) == 2
    server.script = [("stall", 0)] * download.ATTEMPTS
    with pytest.raises(RuntimeError, match="no answer for 0.2 seconds"):
        download.fetch([f"{server.url}data.bin"], tmp_path / "other.bin", MD5)


def test_the_next_run_goes_on_where_the_last_one_ended(server: Server, tmp_path: Path) -> None:
    server.script = [("cut", 100_000), *[("cut", 0)] * download.ATTEMPTS]
    with pytest.raises(RuntimeError, match="cut after 100000 of 300000 bytes"):
        download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin", MD5)
    assert left(tmp_path) == [".data.bin.part"]
    server.requests.clear()
    download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin", MD5)
    assert server.requests == [("/data.bin", "bytes=100000-")] and left(tmp_path) == ["data.bin"]
    server.requests.clear()
    download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin", MD5)
    assert server.requests == []  # it is there


PROGRAM = """
import sys
from contextlib import contextmanager
from tinygrad_edu.vision.datasets import download

@contextmanager
def told(name):
    yield lambda done, total: done > 60_000 and print("some of it is here", flush=True)

download._shown = told
download.fetch([sys.argv[1]], sys.argv[2], sys.argv[3])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals of POSIX")
@pytest.mark.parametrize("end", ["SIGKILL", "SIGINT"])
def test_a_program_that_is_ended_leaves_what_the_next_one_goes_on_with(
    server: Server, tmp_path: Path, end: str
) -> None:
    server.script = [("stall", 100_000)]
    command = [sys.executable, "-c", PROGRAM, f"{server.url}data.bin", str(tmp_path / "data.bin"), MD5]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    part = tmp_path / ".data.bin.part"
    assert process.stdout is not None and process.stdout.readline() == "some of it is here\n"
    process.send_signal(getattr(signal, end))
    process.communicate(timeout=60)
    have = part.stat().st_size
    assert have > 0 and not (tmp_path / "data.bin").exists() and CONTENT.startswith(part.read_bytes())
    server.requests.clear()
    download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin", MD5)
    assert server.requests == [("/data.bin", f"bytes={have}-")] and (tmp_path / "data.bin").read_bytes() == CONTENT


def test_what_lies_there_is_not_believed(server: Server, tmp_path: Path) -> None:
    target, part = tmp_path / "data.bin", tmp_path / ".data.bin.part"
    for leftover in (b"x" * 50, b"y" * len(CONTENT), b"z" * 400_000):
        target.write_bytes(b"damaged")
        part.write_bytes(leftover)
        download.fetch([f"{server.url}data.bin"], target, MD5)
        assert target.read_bytes() == CONTENT and left(tmp_path) == ["data.bin"]


def test_a_file_that_changed_on_the_server_is_not_mixed(server: Server, tmp_path: Path) -> None:
    server.script = [("cut", 100_000)]
    answer = server.files["data.bin"]

    def other_version() -> None:
        server.etag, server.files["data.bin"] = '"two"', answer[::-1]

    original = download._receive

    def receive(*arguments: Any) -> str:
        try:
            return original(*arguments)
        finally:
            other_version()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "_receive", receive)
        download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == answer[::-1]


def test_why_it_cannot_be_had(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "data.bin"
    with pytest.raises(RuntimeError) as caught:
        download.fetch([f"{server.url}gone.bin", "http://127.0.0.1:1/data.bin"], target, MD5)
    told = str(caught.value)
    assert "HTTP 404" in told and "127.0.0.1:1" in told and f"put it at {target}" in told
    assert [path for path, _ in server.requests] == ["/gone.bin"]  # asked once: it will not come back
    server.script = [("html",)]
    with pytest.raises(RuntimeError, match="its MD5 is"):
        download.fetch([f"{server.url}data.bin"], target, MD5)
    assert left(tmp_path) == []
    for url in ("file:///etc/hostname", "ftp://127.0.0.1/data.bin"):
        with pytest.raises(ValueError, match="only http"):
            download.fetch([url], target)


def test_two_programs_do_not_disturb_each_other(server: Server, tmp_path: Path) -> None:
    server.script = [("cut", 100_000)]
    failed: list[BaseException] = []

    def run() -> None:
        try:
            download.fetch([f"{server.url}data.bin"], tmp_path / "data.bin", MD5)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and (tmp_path / "data.bin").read_bytes() == CONTENT
    if os.name == "posix":
        assert len(server.requests) == 2  # one fetched, the others waited


def test_progress_is_shown_on_a_terminal_only(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    download.fetch([f"{server.url}data.bin"], tmp_path / "quiet.bin", MD5)
    assert capsys.readouterr() == ("", "")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    download.fetch([f"{server.url}data.bin"], tmp_path / "shown.bin", MD5)
    assert "shown.bin" in terminal.getvalue()


# --- archives ------------------------------------------------------------------------------------------------------


def tarred(path: Path, members: dict[str, bytes | tarfile.TarInfo], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_archives_are_unpacked(server: Server, tmp_path: Path) -> None:
    members: Any = {"a/b.txt": b"one", "c.txt": b"two"}
    tarred(tmp_path / "t.tar.gz", members)
    tarred(tmp_path / "t.tar.xz", members, "w:xz")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    for name in ("t.tar.gz", "t.tar.xz", "t.zip"):
        out = tmp_path / f"out {name}"
        (out / "a").mkdir(parents=True)
        (out / "a" / "b.txt").write_text("old")
        server.files[name] = (tmp_path / name).read_bytes()
        utils.download_and_extract_archive(server.url + name, tmp_path / "got", out, remove_finished=True)
        assert (out / "a" / "b.txt").read_bytes() == b"one" and (out / "c.txt").read_bytes() == b"two"
        assert sorted(p.name for p in out.iterdir()) == ["a", "c.txt"] and left(tmp_path / "got") == []
    (tmp_path / "x.bin.gz").write_bytes(gzip.compress(b"three"))
    assert utils.extract_archive(tmp_path / "x.bin.gz") == str(tmp_path)
    assert (tmp_path / "x.bin").read_bytes() == b"three"
    with pytest.raises(ValueError, match="neither a tar"):
        utils.extract_archive(tmp_path / "x.bin")


@pytest.mark.parametrize(
    "members",
    [
        {"../evil": b"x"}, {"/evil": b"x"}, {"a/../../evil": b"x"}, {"l": link("l", "/etc", tarfile.SYMTYPE)},
        {"l": link("l", "c.txt", tarfile.LNKTYPE)}, {"d": link("d", "", tarfile.CHRTYPE)}, {"..\\evil": b"x"},
    ],
    ids=["up", "absolute", "hidden up", "symlink", "hard link", "device", "backslash"],
)  # fmt: skip
def test_archives_that_reach_outside_are_refused(tmp_path: Path, members: Any) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    archives = [tarred(tmp_path / "e.tar", {"good.txt": b"fine", **members}, "w")]
    if all(isinstance(content, bytes) for content in members.values()):
        archives.append(tmp_path / "e.zip")
        with zipfile.ZipFile(archives[-1], "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    before = sorted(tmp_path.rglob("*"))
    for path in archives:
        with pytest.raises(RuntimeError, match="refused"):
            utils.extract_archive(path, folder)
        assert sorted(tmp_path.rglob("*")) == before


def test_damaged_archives_are_named_and_leave_nothing(tmp_path: Path) -> None:
    whole = tarred(tmp_path / "t.tar.gz", {"a.bin": CONTENT}).read_bytes()
    for content in (whole[:1000], whole[:5000] + b"????" + whole[5004:], whole[:-4]):
        damaged = tmp_path / "damaged.tar.gz"
        damaged.write_bytes(content)
        with pytest.raises((RuntimeError, ValueError), match="damaged.tar.gz"):
            utils.extract_archive(damaged, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []
    for name in ("", "a/../b", ".."):
        with pytest.raises(ValueError, match="no name"):
            utils.download_url("http://127.0.0.1:1/", tmp_path, name)
