"""A terminal of 40 columns: no line is wider, no word is broken, no letter is lost."""

import io
import re
import sys
import unicodedata
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.homework.course import LANGUAGES, Exercise, load
from tinygrad_edu.homework.japanese import is_japanese
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.show import verdicts as shown
from tinygrad_edu.homework.show.screen import Screen

EXERCISES = load().exercises
WIDTH = 40
RULES = re.compile(r"[─━│┃|]+")


def columns(text: str) -> int:
    wide = {sign: unicodedata.east_asian_width(sign) in "WF" for sign in text}
    return sum(1 + wide[sign] for sign in text if not unicodedata.combining(sign))


def words(text: str, longest: int) -> set[str]:
    """The words of a text, without those that no narrow line can hold."""
    return {word for word in RULES.sub(" ", text).split() if columns(word) <= longest and not is_japanese(word)}


def letters(text: str) -> list[str]:
    """Everything but spaces and rules, in whatever order a table is read."""
    return sorted(RULES.sub("", "".join(text.split())))


def fits(narrow: str, wide: str) -> None:
    for line in narrow.splitlines():
        assert columns(line.rstrip()) <= WIDTH, line
    assert letters(narrow) == letters(wide)
    if not is_japanese(wide):
        assert words(wide, WIDTH - 14) <= words(narrow, WIDTH)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_commands_of_a_beginner_fit(tmp_path: Path, lang: str) -> None:
    tinyedu(tmp_path, "init", "--lang", lang)
    tinyedu(tmp_path, "start", "value")
    for command in (("start", "value"), ("list",), ("upgrade",), ("submit",)):
        fits(*(tinyedu(tmp_path, *command, COLUMNS=str(width)) for width in (WIDTH, 100)))
    more = [(("check", "value"), 1), (("hint", "value/mul"), 0), (("init",), 0)]
    for command, code in more if lang == "en" else [*more, (("doctor",), 0)]:
        for line in tinyedu(tmp_path, *command, code=code, COLUMNS=str(WIDTH)).splitlines():
            assert columns(line) <= WIDTH, line  # (durations and paths are others each time)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.slug)
def test_a_statement_fits_and_loses_nothing(exercise: Exercise, lang: str) -> None:
    texts = []
    for width in (WIDTH, 100):
        out = io.StringIO()
        Screen(out, width=width).markdown(exercise.statement(lang))
        texts.append(out.getvalue())
    fits(*texts)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.slug)
def test_the_lines_of_checks_fit_and_lose_nothing(exercise: Exercise, lang: str) -> None:
    for state in ("pass", "blocked"):
        for name, check in exercise.checks.items():
            texts = []
            for width in (WIDTH, 60, 80, 100):
                out = io.StringIO()
                verdict = Verdict(check, state, waits_for=tuple(check.needs) if state == "blocked" else ())
                shown.show(Screen(out, width=width), exercise, verdict, lang)
                texts.append(out.getvalue())
                assert all(columns(line.rstrip()) <= width for line in texts[-1].splitlines()), texts[-1]
                title = exercise.check_text(name).title[lang]
                assert "".join(title.split()) in "".join(texts[-1].split()), "no title is cut"
            fits(texts[0], texts[-1])


def test_a_solution_is_printed_line_by_line_at_any_width(tmp_path: Path) -> None:
    tinyedu(tmp_path, "init", "--lang", "en")
    for width in ("40", "100"):
        told = tinyedu(tmp_path, "solution", "conv2d", "--give-up", COLUMNS=width)
        assert told.partition("\n")[2] == EXERCISES["conv2d"].solution


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_table_fits(width: int) -> None:
    rows = [
        ("", "01", "value", "★★★", "A title with many words in it, and then some more", "0/9", "not started"),
        ("✓", "12", "cuda-matmul", "★", "数字を読む CNN を作る", "10/20", "完成"),
    ]
    out = io.StringIO()
    Screen(out, width=width).table(rows)
    assert all(columns(line.rstrip()) <= width for line in out.getvalue().splitlines())
    assert letters(out.getvalue()) == letters(" ".join(" ".join(row) for row in rows))
