"""A command line that is wrong is answered in the reader's language, and names what is wrong."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

WRONG = [
    ("start", "NAME is missing", "NAME を指定してください"),
    ("grade", "PLACES is missing", "PLACES を指定してください"),
    ("grade nowhere --out o", "nowhere is not there", "nowhere がありません"),
    ("grade . --out o --jobs 0", "--jobs takes a whole number from 1 to 64", "1 から 64 までの整数"),
    ("grade . --out o --deadline soon", "--deadline takes a date", "--deadline には日付"),
    ("grade . --out o --sandbox none", "--sandbox is one of auto, bwrap", "--sandbox には auto, bwrap"),
    ("grade . --out o --roster .", ". is a folder, not a file", ". はファイルではなくフォルダです"),
    ("grade . --out", "--out needs a value", "--out には値が必要です"),
    ("grade . --oot x", "did you mean --out", "--out, --roster ではありませんか"),
    ("stats file", "file is a file, not a folder", "file はフォルダではなくファイルです"),
    ("check --seed -3", "--seed takes a whole number, 0 or more", "--seed には 0 以上の整数"),
    ("list extra", "too much: extra", "余分な引数があります: extra"),
    ("chek", "did you mean check?", "check ではありませんか"),
    ("frobnicate", "no such command 'frobnicate'", "コマンド 'frobnicate' はありません"),
    ("--nothing", "no such option --nothing", "オプション --nothing はありません"),
    ("dev", "there are check, new", "コマンド: check, new"),
    ("dev chek", "no such command 'chek'", "コマンド 'chek' はありません"),
    ("dev check --seeds x", "--seeds takes a whole number", "--seeds には整数"),
]


@pytest.mark.parametrize(("command", "en", "ja"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_command_line_is_told_in_the_language_of_the_folder(
    tmp_path: Path, command: str, en: str, ja: str
) -> None:
    (tmp_path / "file").write_text("")
    for lang, text in (("en", en), ("ja", ja)):
        tinyedu(tmp_path, "init", "--lang", lang)
        assert text in tinyedu(tmp_path, *command.split(), code=2)


def test_the_flag_decides_also_where_the_command_line_is_wrong(tmp_path: Path) -> None:
    assert "--base is one of" in tinyedu(tmp_path, "check", "--base", "x", "--lang", "en", code=2)
    assert "--base には" in tinyedu(tmp_path, "check", "--base", "x", "--lang=ja", code=2)
    assert "--lang is one of en, ja" in tinyedu(tmp_path, "check", "--lang", "fr", code=2)
