"""Japanese in lines, tried on every statement, hint and sentence of the course."""

import io
import re
import unicodedata

import pytest

from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.japanese import NOT_FIRST, NOT_LAST, breaks, is_japanese, joined, kind
from tinygrad_edu.homework.show.page import page
from tinygrad_edu.homework.show.screen import Screen

EXERCISES = load().exercises
ASCII = frozenset(map(chr, range(128)))  # (these are also operators of Python, with spaces around them)
PARTICLES = ("は", "が", "を", "に", "で", "の", "と", "も", "へ", "から", "まで", "より")


def columns(text: str) -> int:
    wide = {sign: unicodedata.east_asian_width(sign) in "WF" for sign in text}
    return sum(1 + wide[sign] for sign in text if not unicodedata.combining(sign))


def lines(text: str, width: int) -> list[str]:
    places = [0, *breaks(text, width), len(text)]
    return [text[a:b].rstrip() for a, b in zip(places, places[1:], strict=False)]


def paragraphs(exercise: Exercise) -> list[str]:
    """Everything that `exercise` says in Japanese: paragraphs, cells of tables, hints, sentences."""
    found = [part for line in exercise.statement("ja").split("\n") for part in line.strip("| ").split(" | ")]
    for check in exercise.checks:
        text = exercise.check_text(check)
        found += [text.title["ja"], *(hint["ja"] for hint in text.hints)]
    found += [text.ja for text in exercise.says.values()] + [m.hint["ja"] for m in exercise.mistakes.values()]
    return [part for text in found for part in text.split("\n") if is_japanese(part)]


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.slug)
def test_no_line_is_too_wide_or_begins_with_a_stop_or_cuts_a_particle_off(exercise: Exercise, width: int) -> None:
    said = paragraphs(exercise)
    assert len(said) > 40
    for text in said:
        rows = lines(text, width)
        assert "".join(rows).replace(" ", "") == text.replace(" ", ""), "nothing is lost"
        assert max(map(columns, rows)) <= width, rows
        for above, row in zip(rows, rows[1:], strict=False):
            assert not above.endswith(tuple(NOT_LAST - ASCII)) and not row.startswith(tuple(NOT_FIRST - ASCII)), rows
            cut = row.startswith(PARTICLES) and (kind(above[-1]) != "hiragana" and above[-1] not in "、。")
            assert not cut, rows


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.slug)
def test_a_line_break_of_the_source_is_no_space_between_japanese_characters(exercise: Exercise) -> None:
    raw = (exercise.folder / "statement.ja.md").read_text(encoding="utf-8")
    text = exercise.statement("ja")
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", raw)
    inline = re.compile(r"[^\x00-\u2fff]\n[^\x00-\u2fff]")
    assert not inline.search(re.sub(r"(?m)^[#|].*$", "", text)), "paragraphs are single lines"
    code = re.compile(r"(?ms)^```.*?^```|^    .*?$|^\|.*?$|^#.*?$")
    assert code.findall(text) == [c for c in code.findall(raw) if not c.startswith("    ") or c in text]
    shown = re.sub(r"(?s)<code.*?</code>", "", page("", text, "ja"))
    assert "**" not in shown and shown.count("<strong>") == page("", raw, "ja").count("<strong>")


def test_code_tables_lists_and_headings_keep_their_lines() -> None:
    fixed = "\n\n```python\n# 注\n# 釈\n```\n\n| 表 |\n|---|\n| 値 |\n"
    text = "# 題\n本文は\n続きます。\n\n- 一つ目の\n  項目\n- 二つ目" + fixed + "末\n尾\n"
    assert joined(text) == "# 題\n本文は続きます。\n\n- 一つ目の項目\n- 二つ目" + fixed + "末尾\n"
    assert joined("勾配 `x`\nを") == "勾配 `x`\nを", "beside a Latin word a break is a space"


@pytest.mark.parametrize("width", [60, 80])
def test_the_terminal_shows_it_so(width: int) -> None:
    out = io.StringIO()
    Screen(out, width=width).markdown(EXERCISES["draw-graph"].statement("ja"))
    shown = out.getvalue()
    assert "作って" in shown and "計算グラフ" in shown
    for line in shown.splitlines():
        assert columns(line.rstrip()) <= width
        assert not line.lstrip(" •").startswith(("。", "、", "」", "は", "が", "を")), line


def test_a_message_is_wrapped_below_its_beginning() -> None:
    out = io.StringIO()
    Screen(out, width=60).line(
        "届いた勾配を、演算の入力ごとに足し合わせてください。順序は結果が先です。結果から入力へ。", indent=8
    )
    rows = out.getvalue().splitlines()
    assert rows == [
        "        届いた勾配を、演算の入力ごとに足し合わせてください。",
        "        順序は結果が先です。結果から入力へ。",
    ]


def test_words_that_fit_nowhere_are_cut_and_all_ends() -> None:
    assert lines("あ" * 10, 6) == ["あああ"] * 3 + ["あ"]
    assert lines("x" * 10 + "は", 4) == ["xxxx", "xxxx", "xxは"]
    assert lines("。。。。", 2) == ["。"] * 4
    assert lines("", 5) == [""] and lines("漢", 1) == ["漢"]
