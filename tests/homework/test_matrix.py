"""The matrix: solutions pass, starters are to do, every mistake fails exactly what it declares, texts agree."""

import ast
import importlib.util

import pytest

from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.matrix import outcomes, problems, wrong_solution
from tinygrad_edu.homework.mutants import survivors
from tinygrad_edu.homework.session import Program, check_program, reference_base

EXERCISES = list(load().exercises.values())
LONG = 60  # seconds that a check may take


def takes_long(exercise: Exercise) -> bool:
    """Compiling, or training a network for each mistake, takes minutes: the whole check has the time."""
    return bool(exercise.needs_packages) or exercise.limits()["wall"] >= LONG


USUAL = [
    pytest.param(exercise, marks=[pytest.mark.slow] if takes_long(exercise) else [], id=exercise.slug)
    for exercise in EXERCISES
]


def slug(exercise: Exercise) -> str:
    return exercise.slug


def need_packages(exercise: Exercise) -> None:
    for name in exercise.needs_packages:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}")


@pytest.mark.parametrize("exercise", USUAL)
def test_an_exercise_holds(exercise: Exercise) -> None:
    need_packages(exercise)
    assert list(problems(exercise, seeds=[1])) == []


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_right_solutions_pass_with_any_seed(exercise: Exercise) -> None:
    need_packages(exercise)
    for name, source in {"solution": exercise.solution, **exercise.other_solutions}.items():
        for seed in range(20):
            (outcome,) = outcomes(exercise, [source], seed, public=False)
            assert list(wrong_solution(exercise, f"{name}, seed {seed},", outcome)) == []


@pytest.mark.parametrize("exercise", USUAL)
def test_a_mistake_is_recognised_with_its_hint(exercise: Exercise) -> None:
    need_packages(exercise)
    recognise(exercise, list(exercise.mistakes)[:1])


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_every_mistake_is_recognised_with_its_hint(exercise: Exercise) -> None:
    need_packages(exercise)
    recognise(exercise, list(exercise.mistakes))


def recognise(exercise: Exercise, names: list[str]) -> None:
    """A student's file that does the same as a mistake is told the mistake's hint."""
    base = reference_base(exercise)
    for mistake in map(exercise.mistakes.__getitem__, names):
        check = mistake.shown_by[0]
        program = Program(mistake.source + "\n# my own file\n", {}, base)
        verdicts = {v.check.name: v for v in check_program(exercise, program, only=[check], ignore_needs=True)}
        assert verdicts[check].mistake is not None, f"{mistake.name} is not recognised by {check}"
        assert verdicts[check].mistake.name == mistake.name


@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_programs_are_python_and_open_with_a_docstring(exercise: Exercise) -> None:
    for path in sorted(exercise.folder.rglob("*.py.txt")):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name


@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_the_starter_names_the_command_and_marks_what_is_to_do(exercise: Exercise) -> None:
    assert f"tinyedu hw check {exercise.slug}" in exercise.starter
    assert "TODO" in exercise.starter


@pytest.mark.slow
def test_mutants_of_the_solutions_are_killed() -> None:
    """At least 95 % of them, and every one that survives is listed in meta.toml with a reason.

    Exercises without a table `[survivors]` have not been gone through yet.
    """
    alive, every, unlisted = 0, 0, []
    for exercise in EXERCISES:
        if "survivors" in exercise.meta and all(importlib.util.find_spec(name) for name in exercise.needs_packages):
            survive, count = survivors(exercise)
            alive, every = alive + len(survive), every + count
            unlisted += [f"{exercise.slug} {what}" for what in survive if what not in exercise.survivors]
    assert unlisted == []
    assert alive <= 0.05 * every, f"{alive} of {every} mutants survive"
