"""Everything that a check says in words is translated, and nothing stands in the table in vain."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygrad_edu.homework import show
from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.show.phrases import spoken

EXERCISES = load().exercises
PHRASES = tomllib.loads((Path(show.__file__).parent / "phrases.toml").read_text(encoding="utf-8"))["phrases"]
WORDS = re.compile(r"[a-z]{2,}(?: [a-z]{2,})+")
CODE = re.compile(r"for _ in range|for batch in loader|for xb, yb in|with no_grad|dtype uint8|`[^`]*`")


def said(exercise: Exercise) -> Iterator[str]:
    """The texts of judges and probes, every place that is filled in holding a number."""
    for file in ("judges.py", "probes.py"):
        tree = ast.parse((exercise.folder / file).read_text(encoding="utf-8"))
        nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
        documented = [ast.get_docstring(node, False) for node in ast.walk(tree) if isinstance(node, nodes)]
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
        for node in ast.walk(tree):  # keys of observations, and what is raised to be caught, are not shown
            hidden = [node.slice] if isinstance(node, ast.Subscript) else []
            hidden += node.keys if isinstance(node, ast.Dict) else []
            hidden += [node.exc] if isinstance(node, ast.Raise) and file == "probes.py" else []
            inside |= {id(part) for one in hidden if one is not None for part in ast.walk(one)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "7" for part in node.values]
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                if node.value not in documented:
                    yield node.value


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.slug)
def test_what_is_said_in_words_is_translated(exercise: Exercise) -> None:
    left = {}
    for text in said(exercise):
        shown = spoken(text, "ja")
        if WORDS.search(CODE.sub("", shown)):
            left[text] = shown
    assert left == {}


def test_every_phrase_is_said_somewhere_and_has_the_same_places() -> None:
    texts = [text for exercise in EXERCISES.values() for text in said(exercise)]
    for english, japanese in PHRASES.items():
        assert set(re.findall(r"\{\d\}", english)) == set(re.findall(r"\{\d\}", japanese)), english
        pattern = re.sub(r"\\\{\d\\\}", ".+?", re.escape(english))
        assert any(re.search(pattern, text) for text in texts), english


def test_code_stays_as_it_is() -> None:
    code = "y = x; for _ in range(3): y = y + y   at x = 1"
    assert spoken(code, "ja") == code
    assert spoken("layer(x) with x of shape (1, 2)", "en") == "layer(x) with x of shape (1, 2)"
    assert spoken("layer(x) with x of shape (1, 2)", "ja") == "layer(x)、x の形 (1, 2)"
