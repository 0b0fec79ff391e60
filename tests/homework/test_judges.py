"""Judges return a verdict for whatever a hostile program may have written; comparisons say what they see."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.judge import Fail, close, equal, grad_close, raises
from tinygrad_edu.homework.judge.verdict import alike, decide
from tinygrad_edu.homework.kit import wire
from tinygrad_edu.homework.runner.seen import Seen
from tinygrad_edu.homework.session import params_for
from tinygrad_edu.homework.show.verdicts import reason
from tinygrad_edu.homework.show.words import has_word

EXERCISES = list(load().exercises.values())

NUMBERS = st.one_of(st.integers(), st.floats(), st.just(10**400), st.booleans())
LEAVES = st.one_of(
    st.none(), NUMBERS, st.text(max_size=5),
    st.builds(lambda shape: np.ones(shape), st.lists(st.integers(0, 3), max_size=3)),
    st.builds(lambda: np.array([1 + 2j])),
    st.builds(lambda: np.array([True, False])),
    st.builds(lambda: wire.Opaque("Tensor", "<Tensor>")),
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.slug)
def test_no_observation_makes_a_judge_raise(exercise: Exercise) -> None:
    keys = _keys(exercise)

    @settings(max_examples=60)
    @given(st.one_of(ANYTHING, st.dictionaries(st.sampled_from(keys), ANYTHING, max_size=6)))
    def hold(observation: Any) -> None:
        for check in exercise.checks.values():
            verdict = decide(check, Seen(observation, True), params_for(exercise, check, 7))
            assert verdict.state in ("pass", "fail")
            for lang in ("en", "ja"):
                assert all(isinstance(line, str) for line in reason(exercise, verdict, lang))

    hold()


def _keys(exercise: Exercise) -> list[str]:
    """The names that the exercise's judges look up: with them, an observation gets past the first line."""
    import re

    text = (exercise.folder / "judges.py").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'o\["(\w+)"\]', text))) or ["x"]


@given(ANYTHING)
def test_what_is_sent_is_what_arrives(value: Any) -> None:
    try:
        text = wire.encode(value)
    except wire.WireError:
        return
    json.loads(text)
    back = wire.decode(text)
    assert wire.encode(back) == text or "$object" in text


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        wire.decode(text)
    except wire.WireError:
        pass


@pytest.mark.parametrize(
    "text",
    [
        '{"$array": ["<f8", [99999999999], "AAAAAAAAAAA="]}',
        '{"$array": ["|O", [1], "AAAAAAAAAAA="]}',
        '{"$array": ["<f8", [-1], ""]}',
        '{"$array": ["<f8", "x", ""]}',
        '{"$array": 3}',
        "[" * 100_000,
        "[" * 30 + "]" * 30,
        '"' + "x" * (wire.MOST_BYTES + 1) + '"',
        "1" * 5000,
    ],
    ids=["too few bytes", "objects", "negative", "no shape", "no list", "unclosed", "deep", "long", "digits"],
)
def test_hostile_json_is_refused(text: str) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(text)


G = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])


@pytest.mark.parametrize(
    ("got", "want", "cause", "more"),
    [
        (None, G, "unreached", {}),
        ("x", G, "not_numbers", {}),
        (np.ones((5, 4)), np.full(4, 5.0), "unbroadcast", {}),
        (np.ones((5, 4)), np.full((5, 1), 4.0), "unbroadcast", {}),
        (np.ones((2, 3)), np.ones((3, 2)), "shape_transposed", {}),
        (np.ones(6), np.ones((3, 2)), "reshaped", {}),
        (np.ones(6), np.ones(4), "shape", {}),
        (np.where(G > 4, np.nan, G), G, "nan", {}),
        (0 * G, G, "zeros", {}),
        (-G, G, "sign", {}),
        (G.T, G, "transposed", {}),
        (G[::-1, ::-1], G, "flipped", {}),
        (np.ones((3, 3)), G, "passed_through", {"upstream": 1.0}),
        (3 * G[:1], G[:1], "factor_n", {}),
        (G[:2] / 6, G[:2], "factor_one_over_n", {}),
        (-2 * G, G, "factor", {}),
        (np.where(G > 9, 0, G), G, "some_at", {}),
        (2 * np.ones(3), 5 * np.ones(3), "overwritten", {"parts": [2 * np.ones(3), 3 * np.ones(3)]}),
    ],
)
def test_a_wrong_gradient_is_diagnosed(got: Any, want: Any, cause: str, more: dict[str, Any]) -> None:
    with pytest.raises(Fail) as found:
        grad_close(got, want, "x.grad", **more)
    assert found.value.cause is not None and found.value.cause.key == cause
    assert has_word(f"cause.{cause}") and has_word(f"fail.{found.value.kind}")


def test_a_right_gradient_passes() -> None:
    grad_close(G * (1 + 1e-9), G, "x.grad")
    grad_close(3, 3.0, "dy/dx")


@pytest.mark.parametrize("got", ["1", None, [1.0, 2.0], 1.001, wire.Opaque("Value", ""), True, 10**400, [[1], [1, 2]]])
def test_close_fails_for_what_is_not_close(got: Any) -> None:
    with pytest.raises(Fail):
        close(got, 1.0, "x")


def test_equal_tells_true_from_one() -> None:
    equal([1, "a", None], [1, "a", None], "x")
    equal(np.array([1, 2]), [1, 2], "x")
    for got, want in [(True, 1), (1, True), ("1", 1), ([1], 1), ([1, 2], [1])]:
        with pytest.raises(Fail):
            equal(got, want, "x")


def test_an_expected_exception_may_be_derived_and_must_name_the_shapes() -> None:
    seen = {"raises": ["ShapeError", "ValueError", "Exception"], "text": "cannot broadcast (2,) and (3,)"}
    raises(seen, "ValueError", "f", contains=["(2,)", "(3,)"])
    for args in [(seen, "TypeError", "f"), (seen, "ValueError", "f", ["(4,)"]), ({"value": 3}, "ValueError", "f")]:
        with pytest.raises(Fail):
            raises(*args)


def test_which_thread_of_the_simulator_stumbles_first_tells_no_programs_apart() -> None:
    def stumbled(where: str, axis: int) -> Seen:
        text = f"{where} is out of bounds for axis {axis} with size 6"
        return Seen(error={"kind": "error", "type": "IndexError", "text": text})

    one = stumbled("tid=[0, 2, 0] ctaid=[0, 0, 0]: index 6", 1)
    assert alike(one, stumbled("tid=[3, 3, 0] ctaid=[1, 0, 0]: index 7", 1))
    assert not alike(one, stumbled("tid=[0, 2, 0] ctaid=[0, 0, 0]: index 6", 0))
    assert not alike(stumbled("index 6", 1), stumbled("index 7", 1))
