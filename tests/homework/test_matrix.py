"""The matrix: solutions pass, starters are to do, every mistake fails exactly what it declares, texts agree."""

import ast
import importlib.util
import re

import pytest

from tinygrad_edu.homework.course import LANGUAGES, Exercise, load
from tinygrad_edu.homework.kit import wire
from tinygrad_edu.homework.matrix import outcomes, problems, unequal_starters, unrecognised, wrong_solution
from tinygrad_edu.homework.mutants import mutants, survivors
from tinygrad_edu.homework.session import Program, check_program, params_for, reference_base

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
    """With 20 of them; a check whose numbers do not depend on the seed is not repeated."""
    need_packages(exercise)
    rights = {"the solution": exercise.solution, **exercise.other_solutions}
    met = set()
    for seed in range(20):
        drawn = {(c.name, wire.encode(params_for(exercise, c, seed, public=False))) for c in exercise.checks.values()}
        checks = [name for name, _ in drawn - met]
        met |= drawn
        found = outcomes(exercise, list(rights.values()), seed, public=False, checks=checks)
        for name, outcome in zip(rights, found, strict=True):
            assert list(wrong_solution(exercise, f"{name}, seed {seed},", outcome)) == []


@pytest.mark.parametrize("exercise", USUAL)
def test_a_mistake_is_told_to_the_student(exercise: Exercise) -> None:
    """The whole way, for one mistake: the student's check ends with the mistake's hint."""
    need_packages(exercise)
    mistake = next(iter(exercise.mistakes.values()))
    program = Program(mistake.source + "\n# my own file\n", {}, reference_base(exercise))
    *_, verdict = check_program(exercise, program, only=[mistake.shown_by[0]], ignore_needs=True)
    assert verdict.mistake is not None
    assert verdict.mistake.name == mistake.name


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_every_mistake_is_recognised_by_every_check_that_shows_it(exercise: Exercise) -> None:
    need_packages(exercise)
    assert list(unrecognised(exercise)) == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_programs_are_python_and_open_with_a_docstring(exercise: Exercise) -> None:
    for path in sorted(exercise.folder.rglob("*.py.txt")):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name


@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_the_starter_names_the_command_and_marks_what_is_to_do(exercise: Exercise) -> None:
    for lang in LANGUAGES:
        assert f"tinyedu hw check {exercise.slug}" in exercise.starter_in(lang)
        assert "TODO" in exercise.starter_in(lang)


@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_the_starters_have_the_same_code_and_a_japanese_one_is_japanese(exercise: Exercise) -> None:
    assert list(unequal_starters(exercise)) == []
    assert exercise.starter_in("ja") != exercise.starter == exercise.starter_in("en")
    words = re.sub(r"`[^`]*`", "", " ".join(map(str, documented(exercise.starter_in("ja")))))
    assert not re.search(r"\b(the|of|and|which|with|each)\b", words)


def documented(source: str) -> list[str | None]:
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, nodes)]


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=slug)
def test_mutants_of_the_solution_are_killed(exercise: Exercise) -> None:
    """All of them, but for those that meta.toml lists with a reason."""
    need_packages(exercise)
    assert survivors(exercise, but={**exercise.survivors, **exercise.choices}) == []


def test_at_most_5_percent_of_the_mutants_survive() -> None:
    """Every exercise says which do; each entry is a mutant that there is. The student's own choices do not count."""
    every, listed = 0, 0
    for exercise in EXERCISES:
        assert "survivors" in exercise.meta, f"{exercise.slug}: meta.toml has no table [survivors]"
        names = {mutant.what for mutant in mutants(exercise.solution)}
        reasons = {**exercise.survivors, **exercise.choices}
        assert set(reasons) <= names, exercise.slug
        assert all(reasons.values()), f"{exercise.slug}: a survivor needs a reason"
        every, listed = every + len(names) - len(exercise.choices), listed + len(exercise.survivors)
    assert listed <= 0.05 * every, f"{listed} of {every}"
