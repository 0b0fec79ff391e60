"""Both languages say the same: every sentence is there in both, with the same places to fill."""

import io
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.homework import show
from tinygrad_edu.homework.course import HOME, LANGUAGES, Exercise, load
from tinygrad_edu.homework.show.screen import Screen
from tinygrad_edu.homework.show.words import PLAINER, harmless, has_word, showable

PLACE = re.compile(r"\{(\w+)[^}]*\}")
TABLE = tomllib.loads((Path(show.__file__).parent / "words.toml").read_text(encoding="utf-8"))
CLI = HOME.parent / "cli" / "homework"
SOURCES = [*HOME.rglob("*.py"), *CLI.rglob("*.py")]


def leaves(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for key, value in table.items():
        if set(value) & set(LANGUAGES):
            yield f"{path}{key}", value
        else:
            yield from leaves(value, f"{path}{key}.")


def places(text: str) -> set[str]:
    return set(PLACE.findall(text))


def test_every_sentence_is_in_both_languages_with_the_same_places() -> None:
    for key, texts in leaves(TABLE):
        assert set(texts) == set(LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key
        assert places(texts["en"]) == places(texts["ja"]), key


def test_every_sentence_that_the_source_names_exists() -> None:
    used = set()
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'word\("([\w.]+)"', source))
        for key in re.findall(r'(?:problem|WorkspaceError)\(\s*"(\w+)"', source):
            used |= {f"problem.{key}.text", f"problem.{key}.hint"}
    assert len(used) > 40
    assert [key for key in sorted(used) if not has_word(key)] == []


def test_every_cause_and_every_kind_of_failure_has_words() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    for cause in re.findall(r'Cause\("(\w+)"', source):
        assert has_word(f"cause.{cause}"), cause
    for kind in re.findall(r'Fail\("(\w+)"', source):
        assert has_word(f"fail.{kind}"), kind


def test_a_wrong_name_is_answered_in_the_language_of_the_folder(tmp_path: Path) -> None:
    assert "宿題フォルダがありません" in tinyedu(tmp_path, "list", "--lang", "ja", code=2)
    tinyedu(tmp_path, "init", "--lang", "ja")
    assert "value ではありませんか" in tinyedu(tmp_path, "start", "valeu", code=2)
    assert "conv2d はまだ始めていません" in tinyedu(tmp_path, "check", "conv2d", code=2)
    assert "バックアップはありません" in tinyedu(tmp_path, "undo", code=2)
    assert "is not started" in tinyedu(tmp_path, "check", "conv2d", "--lang", "en", code=2)


@pytest.mark.parametrize("exercise", load().exercises.values(), ids=lambda e: e.slug)
def test_an_exercises_own_sentences_are_complete(exercise: Exercise) -> None:
    judges = (exercise.folder / "judges.py").read_text(encoding="utf-8")
    for key, text in exercise.says.items():
        assert places(text.en) == places(text.ja), key
        assert f'"{key}"' in judges or f'"says.{key}"' in judges, f"{key} is never said"
    for key in re.findall(r'"says\.(\w+)"', judges):
        assert key in exercise.says, key


def test_what_a_console_lacks_is_replaced_and_what_steers_it_is_removed() -> None:
    for sign, plainer in PLAINER.items():
        assert showable(sign, "ascii") == plainer and plainer.isascii()
    assert showable("x², n·xⁿ⁻¹, 2⁴⁰", "ascii") == "x^2, n*x^(n-1), 2^40"
    assert showable("n·xⁿ⁻¹", "cp932") == "n・x^(n-1)"  # (no minus: it is a product)
    assert showable("日本", "ascii") == "??"
    assert showable("✓ 日本 ²", "utf-8") == "✓ 日本 ²"
    assert "\x1b" not in harmless("\x1b[31mred\x1b[0m") and "\u202e" not in harmless("\u202eabc")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_japanese_console_shows_every_sign_of_the_statements_and_hints(lang: str) -> None:
    for exercise in load().exercises.values():
        told = [exercise.statement(lang), *(getattr(text, lang) for text in exercise.says.values())]
        told += [getattr(hint, lang) for name in exercise.checks for hint in exercise.check_text(name).hints]
        for text in told:
            assert showable(text, "cp932").count("?") == text.count("?"), text
            if lang == "en":
                text = text.replace("日本語", "")  # (a name in one of them)
                assert showable(text, "ascii").count("?") == text.count("?"), text


def test_a_sign_that_is_replaced_in_a_statement_is_no_markup() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    Screen(file, width=80).markdown("m is b1·m + b2·g, in code `a·b`")
    assert file.buffer.getvalue().decode("ascii").split("\n")[0].rstrip() == "m is b1*m + b2*g, in code a*b"
