"""Folders that something happened to: a broken record, a file that is gone, a place where nothing can be written."""

import errno
import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.cli.homework.watching import Watch
from tinygrad_edu.homework import workspace as places
from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.workspace import Workspace

VALUE = load().exercises["value"]
MERGE = '{{\n<<<<<<< HEAD\n "lang": "{ours}",\n=======\n "lang": "{theirs}",\n>>>>>>> theirs\n "track": "lecture"\n}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tinyedu(tmp_path, "init", "--lang", "en")
    tinyedu(tmp_path, "start", "value")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "why", "lang", "language"),
    [
        (MERGE.format(ours="ja", theirs="ja"), "競合", "C", "ja"),
        (MERGE.format(ours="en", theirs="ja"), "a merge left", "C", "en"),  # which of them, nobody knows: LANG
        (MERGE.format(ours="en", theirs="ja"), "競合", "ja_JP.UTF-8", "ja"),
        ('{"lang": "ja", "checks": ', "JSON ではありません", "C", "ja"),
        ("\x00\x01", "it is no JSON", "C", "en"),
        ("[1, 2]", "it is not what tinyedu writes", "C", "en"),
        ("[" * 100_000, "it is no JSON", "C", "en"),
    ],
)
def test_a_broken_record_is_told_of_and_kept_with_its_language(
    folder: Path, text: str, why: str, lang: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / ".tinyedu" / "state.json"
    path.write_text(text, encoding="utf-8")
    told = tinyedu(folder, "list", LANG=lang, TINYEDU_LANG="")
    assert why in told and "state.broken.json" in told
    assert path.with_name("state.broken.json").read_text(encoding="utf-8") == text
    again = tinyedu(folder, "list")  # told once, and the language stays
    assert "broken" not in again and ("宿題" in again) == (language == "ja")
    path.write_text("{", encoding="utf-8")
    tinyedu(folder, "list")
    assert path.with_name("state.broken.json").read_text(encoding="utf-8") == text, "never replaced by another"
    assert path.with_name("state.broken-2.json").read_text(encoding="utf-8") == "{"


def test_the_flag_decides_in_which_language_a_broken_record_is_told_of(folder: Path) -> None:
    (folder / ".tinyedu" / "state.json").write_text("{", encoding="utf-8")
    assert "JSON ではありません" in tinyedu(folder, "check", "value/mul", "--lang", "ja", code=1)


def test_a_record_that_may_not_be_read_is_left_where_it_is(folder: Path) -> None:
    path = folder / ".tinyedu" / "state.json"
    path.unlink()
    path.mkdir()
    assert "it is a folder" in tinyedu(folder, "list", code=2)
    assert "フォルダです" in tinyedu(folder, "list", "--lang", "ja", code=2)
    assert path.is_dir()


def test_a_deleted_file_leads_to_the_commands_that_bring_it_back(folder: Path) -> None:
    file = folder / "value" / "value.py"
    file.write_text("mine = 1\n", encoding="utf-8")
    tinyedu(folder, "reset", "value")
    file.unlink()
    for command in ("check", "picture"):
        told = tinyedu(folder, command, "value", code=2)
        assert "not there any more" in told and "tinyedu hw start value" in told
    kept = next(part for part in told.split() if part.startswith(".tinyedu")).strip(";")
    assert (folder / kept).read_text(encoding="utf-8") == "mine = 1\n"
    assert "なくなっています" in tinyedu(folder, "check", "value", "--lang", "ja", code=2)
    tinyedu(folder, "start", "value")
    assert file.read_text(encoding="utf-8") == VALUE.starter
    file.unlink()
    tinyedu(folder, "reset", "value")
    assert file.exists()
    assert "is not started" in tinyedu(folder, "check", "conv2d", code=2)


@pytest.mark.parametrize(("lang", "told"), [("en", "start value makes it"), ("ja", "start value で作れます")])
def test_watch_says_what_to_run_where_the_file_is_gone(
    folder: Path, lang: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    watch = Watch(Workspace.create(folder, lang, "full"), load(), VALUE, lang)
    (folder / "value" / "value.py").unlink()
    watch.check()
    assert told in capsys.readouterr().out


def test_a_deleted_kept_starter_is_kept_anew_by_upgrade(folder: Path) -> None:
    kept = Workspace(folder).starter_path(VALUE)
    kept.unlink()
    told = tinyedu(folder, "upgrade")
    assert "value" in told and kept.read_text(encoding="utf-8") == VALUE.starter
    kept.unlink()
    (folder / "value" / "value.py").write_text("mine = 1\n", encoding="utf-8")
    assert "tinyedu hw reset value" in tinyedu(folder, "upgrade")
    assert (folder / "value" / "value.py").read_text(encoding="utf-8") == "mine = 1\n"


@pytest.fixture
def read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a disk that is read-only, also for root."""

    def refused(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    (folder / "value" / "value.py").write_text(VALUE.solution, encoding="utf-8")
    monkeypatch.setattr(places, "_locked", refused)
    monkeypatch.setattr(places.tempfile, "mkstemp", lambda dir, **_: refused(dir))
    return folder


def test_where_nothing_can_be_written_a_check_still_answers_and_says_so(read_only: Path) -> None:
    before = (read_only / ".tinyedu" / "state.json").read_bytes()
    for arguments in (("check", "value/mul"), ("check", "value/mul", "--json"), ("hint", "value/mul")):
        told = tinyedu(read_only, *arguments)
        assert "mul" in told and "the disk is read-only" in told
    assert "ディスクが読み取り専用です" in tinyedu(read_only, "check", "value/mul", "--lang", "ja")
    assert (read_only / ".tinyedu" / "state.json").read_bytes() == before


def test_a_record_that_breaks_during_a_check_is_told_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, record = folder / ".tinyedu" / "state.json", Workspace.record

    def broken_first(self: Workspace, *arguments: object) -> None:
        path.write_text("{", encoding="utf-8")
        record(self, *arguments)  # type: ignore[arg-type]

    (folder / "value" / "value.py").write_text(VALUE.solution, encoding="utf-8")
    monkeypatch.setattr(Workspace, "record", broken_first)
    assert "state.broken.json" in tinyedu(folder, "check", "value/mul")
    assert Workspace(folder).last(VALUE)["mul"]["state"] == "pass"


def test_where_nothing_can_be_written_a_statement_can_still_be_read(read_only: Path) -> None:
    assert "is there already and stays as it is" in tinyedu(read_only, "start", "value")


@pytest.mark.parametrize(
    "arguments",
    [("reset", "value"), ("start", "tensor"), ("submit",), ("notebook", "value"), ("picture", "value"), ("init",),
     ("solution", "value", "--give-up")],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_where_nothing_can_be_written_nothing_is_changed(read_only: Path, arguments: tuple[str, ...]) -> None:
    before = {path: path.read_bytes() for path in read_only.rglob("*") if path.is_file()}
    told = tinyedu(read_only, *arguments, code=3)
    assert "no access to" in told and "the disk is read-only" in told and ".tmp" not in told
    assert {path: path.read_bytes() for path in read_only.rglob("*") if path.is_file()} == before


def test_a_broken_record_where_nothing_can_be_written_stays_where_it_is(read_only: Path) -> None:
    path = read_only / ".tinyedu" / "state.json"
    path.write_text('{"lang": "ja",', encoding="utf-8")
    assert "そのまま残します" in tinyedu(read_only, "list")
    assert path.read_text(encoding="utf-8") == '{"lang": "ja",'


def test_a_state_without_a_language_takes_that_of_the_environment(folder: Path) -> None:
    path = folder / ".tinyedu" / "state.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    del state["lang"]
    path.write_text(json.dumps(state), encoding="utf-8")
    assert "宿題" in tinyedu(folder, "list", LANG="ja_JP.UTF-8", TINYEDU_LANG="")


def test_a_full_disk_is_told_of_by_the_file_that_was_to_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:  # what the system says here names no file
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = (folder / "value" / "value.py").read_bytes()
    monkeypatch.setattr(places.os, "fsync", full)
    told = tinyedu(folder, "reset", "value", code=3)
    assert "the disk is full" in told and "value" in told and "standard output" not in told
    assert (folder / "value" / "value.py").read_bytes() == before
    assert not list(folder.rglob("*.tmp"))
