"""What must hold for an exercise before anybody sees it: the course's own tests, for the repository and for authors.

The solution passes, the starter is "to do" everywhere, and each mistake fails exactly the checks that it declares.
Every problem is a line of text; an empty list is what is wanted. All programs of an exercise run in one batch.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from tokenize import COMMENT, generate_tokens

from tinygrad_edu.homework.course import LANGUAGES, Exercise, Mistake
from tinygrad_edu.homework.judge.verdict import Verdict, decide, same_as
from tinygrad_edu.homework.runner.batch import Batch
from tinygrad_edu.homework.runner.seen import Seen
from tinygrad_edu.homework.session import PUBLIC_SEED, Program, job_of, params_for, reference_base
from tinygrad_edu.homework.show.words import has_word

Outcome = dict[str, Verdict]


def outcomes(
    exercise: Exercise,
    sources: Sequence[str],
    seed: int = PUBLIC_SEED,
    public: bool = True,
    checks: Sequence[str] = (),
    base: Mapping[str, str] | None = None,
) -> list[Outcome]:
    """The verdict of every check on every program, prerequisites ignored, all in one batch."""
    base = reference_base(exercise) if base is None else base
    chosen = [exercise.checks[name] for name in checks or exercise.checks]
    params = {check.name: params_for(exercise, check, seed, public) for check in chosen}
    pairs = [(number, check) for number in range(len(sources)) for check in chosen]
    jobs = [job_of(exercise, check, Program(sources[n], {}, base), params[check.name]) for n, check in pairs]
    found: list[Outcome] = [{} for _ in sources]
    for place, seen in Batch(jobs):
        number, check = pairs[place]
        found[number][check.name] = decide(check, seen, params[check.name])
    return found


def told(verdict: Verdict) -> str:
    """A verdict in one line, for an author."""
    why = verdict.fail.args if verdict.fail else (verdict.seen.error if verdict.seen else "")
    return f"{verdict.state} {why} {[f.line for f in verdict.seen.frames] if verdict.seen else ''}"


def wrong_solution(exercise: Exercise, name: str, outcome: Outcome, timed: bool = False) -> Iterator[str]:
    """A right solution passes everything; if `timed`, each check within a quarter of its limit."""
    for check, verdict in outcome.items():
        if verdict.state != "pass":
            yield f"{name} does not pass {check}: {told(verdict)}"
        elif timed and verdict.seconds > exercise.limits(verdict.check)["wall"] / 4:
            yield f"{name} needs {verdict.seconds} s for {check}, more than a quarter of its limit"


def wrong_starter(outcome: Outcome) -> Iterator[str]:
    """The starter is to do everywhere, from a frame of the student's file."""
    for check, verdict in outcome.items():
        if verdict.state != "todo" or verdict.line is None:
            yield f"the starter is not to do in {check}: {told(verdict)}"


def wrong_mistake(mistake: Mistake, outcome: Outcome) -> Iterator[str]:
    """A mistake fails exactly what it declares, and is recognised by checks that it fails."""
    failed = {check for check, verdict in outcome.items() if verdict.state != "pass"}
    late = {check for check, verdict in outcome.items() if verdict.state == "timeout"}
    if failed != set(mistake.fails):
        reasons = {check: told(outcome[check]) for check in failed - set(mistake.fails)}
        yield f"{mistake.name} declares {sorted(mistake.fails)} and fails {sorted(failed)} {reasons or ''}"
    if late != set(mistake.timeout):
        yield f"{mistake.name} declares time-outs {sorted(mistake.timeout)} and has {sorted(late)}"
    if not mistake.shown_by or not set(mistake.shown_by) <= set(mistake.fails) - set(mistake.timeout):
        yield f"{mistake.name}: shown_by must be checks that it fails without a time-out"


def confusable(exercise: Exercise, solution: Outcome, outcomes_: dict[str, Outcome]) -> Iterator[str]:
    """Mistakes whose hint is shown by one check differ there: from each other, and from the solution."""
    for check in exercise.checks:
        suspects = [name for name, m in exercise.mistakes.items() if check in m.shown_by]
        seen: dict[str, Seen | None] = {name: outcomes_[name][check].seen for name in suspects}
        seen["the solution"] = solution[check].seen
        names = list(seen)
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                a, b = seen[one], seen[other]
                params = params_for(exercise, exercise.checks[check], PUBLIC_SEED)
                if a is not None and b is not None and same_as(exercise.checks[check], a, b, params):
                    yield f"{check} cannot tell {one} from {other}"


def unrecognised(exercise: Exercise, seed: int = PUBLIC_SEED, public: bool = True) -> Iterator[str]:
    """A student's file that does what a mistake does is told that mistake's hint, by each check that shows it."""
    for check in exercise.checks.values():
        suspects = [mistake for mistake in exercise.mistakes.values() if check.name in mistake.shown_by]
        own = [mistake.source + "\n# my own file\n" for mistake in suspects]
        found = outcomes(exercise, [*(m.source for m in suspects), *own], seed, public, [check.name])
        seen = [outcome[check.name].seen for outcome in found]
        params = params_for(exercise, check, seed, public)
        for mistake, mine in zip(suspects, seen[len(suspects) :], strict=True):
            told_of = [
                suspect.name
                for suspect, theirs in zip(suspects, seen, strict=False)
                if mine is not None and theirs is not None and same_as(check, mine, theirs, params)
            ]
            if told_of[:1] != [mistake.name]:
                yield f"{check.name} takes what does as {mistake.name} for {told_of or 'nothing known'}"


def wrong_files(exercise: Exercise) -> Iterator[str]:
    """Texts in both languages, points that add up, names that exist."""
    points = sum(check.points for check in exercise.checks.values())
    if points != exercise.points:
        yield f"the checks are worth {points} points, course.toml says {exercise.points}"
    if len(exercise.mistakes) < 6:
        yield f"{len(exercise.mistakes)} mistakes, at least 6 are wanted"
    probes = {
        node.name
        for node in ast.parse((exercise.folder / "probes.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    for check in exercise.checks.values():
        if check.probe not in probes:
            yield f"{check.name}: probes.py has no function {check.probe}"
        if missing := [need for need in check.needs if need not in exercise.checks]:
            yield f"{check.name} needs {missing}, which are no checks"
        try:
            text = exercise.check_text(check.name)
        except (KeyError, TypeError, ValueError) as error:
            yield f"{check.name}: text.toml lacks a title or has not as many hints in each language: {error!r}"
            continue
        if len(text.hints) != 3 or not all(hint[lang].strip() for hint in text.hints for lang in LANGUAGES):
            yield f"{check.name}: three hints in each language are wanted"
    judges = (exercise.folder / "judges.py").read_text(encoding="utf-8")
    for cause in re.findall(r'Cause\("(\w+)"', judges):
        if not has_word(f"cause.{cause}"):
            yield f"judges.py names the cause {cause!r}, which has no words"
    yield from unequal_statements(exercise)
    yield from unequal_starters(exercise)


HEADING = re.compile(r"^(#+) ", re.M)
BLOCK = re.compile(r"^```.*?^```", re.M | re.S)
CODE = re.compile(r"`[^`\n]+`")
SENTENCE = re.compile(r"[a-z]{3,} [a-z]{2,} [a-z]")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _numbers(text: str) -> list[str]:
    """Numbers of several digits; and which single digits appear, but 1 and 2, which Japanese counts with."""
    found = NUMBER.findall(BLOCK.sub("", text))
    return sorted(n for n in found if len(n) > 1) + sorted({n for n in found if len(n) == 1} - {"1", "2"})


def unequal_statements(exercise: Exercise) -> Iterator[str]:
    """Both statements have the same headings, code and numbers."""
    en, ja = (exercise.statement(lang) for lang in LANGUAGES)
    for what, find in {
        "levels of headings": lambda text: HEADING.findall(BLOCK.sub("", text)),
        "code blocks": lambda text: BLOCK.findall(text),
        "pieces of code": lambda text: sorted(CODE.findall(BLOCK.sub("", text))),
        "numbers": _numbers,
    }.items():
        first, second = find(en), find(ja)
        if first != second:
            only_en = [x for x in first if first.count(x) > second.count(x)]
            only_ja = [x for x in second if second.count(x) > first.count(x)]
            yield f"the statements differ in their {what}: en {only_en[:8]}, ja {only_ja[:8]}"


def unequal_starters(exercise: Exercise) -> Iterator[str]:
    """A starter in another language has other docstrings and comments, and nothing else."""
    english = exercise.starter
    for lang in LANGUAGES[1:]:
        other = exercise.starter_in(lang)
        if _without_words(english) != _without_words(other):
            yield f"the starters differ in their code: en, {lang}"
        for what, find in {"docstrings": _docstrings, "comments": _comments}.items():
            one, two = find(english), find(other)
            if len(one) != len(two):
                yield f"the starters differ in their {what}: en {len(one)}, {lang} {len(two)}"
            # (A formula, `train(False)` and `# TODO` stay as they are.)
            same = [text for text, its in zip(one, two, strict=False) if text == its and SENTENCE.search(text)]
            if same and lang == "ja" and other != english:
                yield f"the starter has {what} without a translation: {same[:3]}"


def _nodes_with_docstrings(tree: ast.AST) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            yield node


def _docstrings(source: str) -> list[str]:
    return [ast.get_docstring(node) or "" for node in _nodes_with_docstrings(ast.parse(source))]


def _without_words(source: str) -> str:
    tree = ast.parse(source)
    for node in _nodes_with_docstrings(tree):
        node.body = node.body[1:]
    return ast.dump(tree)


def _comments(source: str) -> list[str]:
    """Paragraphs of comments: a sentence may take fewer lines in another language."""
    lines = [(t.string, t.start[0]) for t in generate_tokens(io.StringIO(source).readline) if t.type == COMMENT]
    return [text for n, (text, line) in enumerate(lines) if n == 0 or lines[n - 1][1] != line - 1]


def problems(exercise: Exercise, seeds: Sequence[int] = (PUBLIC_SEED,), timed: bool = False) -> Iterator[str]:
    """Everything that is wrong with an exercise; `timed` asks for speed as well, which no test may."""
    yield from wrong_files(exercise)
    rights = {"the solution": exercise.solution, **exercise.other_solutions}
    mistakes = exercise.mistakes
    starters = list(dict.fromkeys(map(exercise.starter_in, LANGUAGES)))
    sources = [*rights.values(), *starters, *(m.source for m in mistakes.values())]
    found = outcomes(exercise, sources)
    for name, outcome in zip(rights, found, strict=False):
        yield from wrong_solution(exercise, name, outcome, timed)
    for outcome in found[len(rights) : len(rights) + len(starters)]:
        yield from wrong_starter(outcome)
    of_mistakes = dict(zip(mistakes, found[len(rights) + len(starters) :], strict=True))
    for name, mistake in mistakes.items():
        yield from wrong_mistake(mistake, of_mistakes[name])
    yield from confusable(exercise, found[0], of_mistakes)
    for seed in seeds:
        (outcome,) = outcomes(exercise, [exercise.solution], seed, public=False)
        yield from wrong_solution(exercise, f"the solution, seed {seed},", outcome)
