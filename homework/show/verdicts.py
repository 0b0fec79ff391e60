"""A verdict as the lines of the terminal: state, title, points, seconds, and below it what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.judge.fail import Cause, Fail
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.runner.seen import Frame
from tinygrad_edu.homework.show.phrases import spoken
from tinygrad_edu.homework.show.screen import Screen, cell_len, pad, styles
from tinygrad_edu.homework.show.words import harmless, word
from tinygrad_edu.homework.workspace import Workspace

GLYPH = {"pass": "✓", "fail": "✗", "error": "!", "timeout": "⏱", "blocked": "○", "todo": "☆"}
INDENT, INDENT_NARROW, NARROW = 8, 4, 60


def head(screen: Screen, exercise: Exercise, lang: str, right: str) -> None:
    """The exercise's name on the left, what kind of checks these are on the right."""
    left = f"{exercise.number:02d} {exercise.slug} · {exercise.title[lang]}"
    room = min(screen.width, 100) - cell_len(left) - cell_len(right)
    if room < 2:
        screen.line(left, style="bold")
        screen.line(right, style="dim", indent=3)
        return
    screen.parts([(left, "bold"), (" " * room + right, "dim")])


def show(screen: Screen, exercise: Exercise, verdict: Verdict, lang: str, verbose: bool = False) -> None:
    """One check: its line and, unless it passed, the reason."""
    check, text = verdict.check, exercise.check_text(verdict.check.name)
    style = styles()[verdict.state]
    name = max([cell_len(each) for each in exercise.checks] + [12])
    title = text.title[lang] + (" ◆" if check.stretch else "")
    left = [(f"  {GLYPH[verdict.state]} ", style), (pad(check.name, name) + "  ", "bold")]
    room = min(screen.width, 100) - name - 6 - 14
    indent = INDENT if screen.width >= NARROW else INDENT_NARROW
    if verdict.state == "blocked":
        waits = word("line.waits_for", lang, names=", ".join(verdict.waits_for))
        shown = pad(title, max(cell_len(title), min(room, 30))) + "  "
        if name + 6 + cell_len(shown) + cell_len(waits) > screen.width:
            screen.parts(left[:1] + [(check.name, "bold")])
            screen.line(title, style="dim", indent=indent)
            screen.line(waits, style="dim", indent=indent)
        else:
            screen.parts([*left, (shown, "dim"), (waits, "dim")])
        return
    points = f"{verdict.earned}/{check.points}" if not check.stretch else " ◆ "
    if cell_len(title) > room:
        screen.parts([*left, (f"{points.strip()}  {verdict.seconds:.1f}s", "dim")])
        screen.line(title, indent=indent)
    else:
        screen.parts([*left, (pad(title, room), ""), (f"{points:>6}{verdict.seconds:7.1f}s", "dim")])
    for line in reason(exercise, verdict, lang):
        screen.line(line, indent=indent)
    if verbose and verdict.fail and verdict.fail.table:
        header = (word("line.wrong_at", lang), word("line.expected", lang), word("line.got", lang))
        screen.table([header, *verdict.fail.table], indent=indent + 2, style="dim")
    if verbose and verdict.seen and verdict.seen.printed and verdict.state != "pass":
        screen.line(word("line.printed", lang, text=harmless(verdict.seen.printed[:1000])), indent=indent, style="dim")


def reason(exercise: Exercise, verdict: Verdict, lang: str) -> list[str]:
    """What is wrong, in lines: what was called, expected and got, the cause, the student's own line."""
    if verdict.state == "blocked":
        return [word("line.waits_for", lang, names=", ".join(verdict.waits_for))]
    if verdict.state == "pass" or verdict.seen is None:
        return []
    lines = []
    if verdict.fail is not None:
        if verdict.fail.where:
            lines.append(spoken(verdict.fail.where, lang))
        lines.append(_difference(exercise, verdict.fail, lang))
        if verdict.twin:
            lines.append(word("line.twin", lang))
    else:
        lines += _error(exercise, verdict, lang)
    lines += _cause(exercise, verdict, lang)
    if verdict.state == "timeout":
        lines += [exercise.check_text(verdict.check.name).hints[0][lang]]
    elif verdict.line is not None and (verdict.fail is not None or not verdict.seen.frames):
        lines.append(f"{word('line.look_at', lang)}  {frame_line(verdict.line, lang)}")
        lines += [f"{word('line.called_from', lang)}  {frame_line(frame, lang)}" for frame in verdict.callers]
    return [harmless(line) for line in lines]


def _difference(exercise: Exercise, fail: Fail, lang: str) -> str:
    label = spoken(fail.label, lang)
    if fail.kind.startswith("says."):
        sentence = exercise.says[fail.kind.removeprefix("says.")][lang].format(**fail.words)
        return f"{label}   {sentence}" if label else sentence
    told = word(f"fail.{fail.kind}", lang, label=label, got=fail.got, expected=fail.expected)
    if fail.kind in ("malformed", "not_raised"):
        return told
    return f"{told}   {word('line.expected', lang)} {fail.expected}   {word('line.got', lang)} {fail.got}"


def _error(exercise: Exercise, verdict: Verdict, lang: str) -> list[str]:
    assert verdict.seen is not None and verdict.seen.error is not None
    error, limits = verdict.seen.error, exercise.limits(verdict.check)
    kind = error["kind"]
    file = verdict.line.file if verdict.line else error.get("file", "")
    filled: Mapping[str, object] = {**error, **limits, "wall": f"{limits['wall']:g}", "file": file}
    if kind == "timeout" and verdict.line is None:
        kind = "timeout_nowhere"
    lines = [word(f"error.{kind}", lang, **filled)]
    shown = [frame for frame in verdict.seen.frames if not frame.raises or frame is verdict.seen.frames[-1]]
    # The first line of the student's that was called and the last: what lies between rarely helps.
    for frame in dict.fromkeys((*shown[:1], *shown[-2:])):
        lines.append(frame_line(frame, lang))
    if verdict.seen.doing and kind not in ("syntax", "encoding", "forbidden", "missing", "base"):
        lines.append(word("line.called_with", lang, what=spoken(verdict.seen.doing, lang)))
    return lines


def _cause(exercise: Exercise, verdict: Verdict, lang: str) -> list[str]:
    if verdict.base_fails:
        files = ", ".join(f"{module}.py" for module in exercise.base)
        return [word("line.base_fails", lang, files=files)]
    if verdict.mistake is not None:
        compared = verdict.check.same == "result" and verdict.seen is not None and verdict.seen.finished
        exactly = "line.exactly" if compared else "line.same_failure"
        told = f"{verdict.mistake.hint[lang]}  {word(exactly, lang)}"
    elif verdict.fail is not None and verdict.fail.cause is not None:
        told = cause_text(verdict.fail.cause, lang)
    elif verdict.cause is not None:
        told = cause_text(verdict.cause, lang)
    else:
        return []
    return [word("line.cause", lang) + told]


def cause_text(cause: Cause, lang: str) -> str:
    """The sentence of a cause."""
    return word(f"cause.{cause.key}", lang, **cause.words)


def frame_line(frame: Frame, lang: str) -> str:
    """A line of the student's: file, number, function and text."""
    where = f"  {word('line.in_function', lang, function=frame.function)}" if frame.function else ""
    return f"{frame.file}:{frame.line}{where}      {frame.code}".rstrip()


def legend(lang: str, states: Iterable[str] = GLYPH) -> list[str]:
    """What the signs before a check say."""
    return [f"{GLYPH[state]} {word(f'state.{state}', lang)}" for state in states]


def parts(verdicts: Iterable[Verdict]) -> list[str]:
    """The points of each part of an exercise that is scored in parts: `A 4/4`."""
    found: dict[str, list[int]] = {}
    for verdict in verdicts:
        scored = found.setdefault(verdict.check.part, [0, 0])
        scored[0] += verdict.earned
        scored[1] += verdict.check.points
    return [f"{part} {earned}/{of}" for part, (earned, of) in sorted(found.items())]


def foot(
    screen: Screen,
    workspace: Workspace,
    course: Course,
    exercise: Exercise,
    verdicts: list[Verdict],
    lang: str,
    complete: bool,
    base: str | None = None,
) -> None:
    """What the checks came to, and what to do next."""
    from tinygrad_edu.homework.base import choices

    earned = sum(verdict.earned for verdict in verdicts)
    wrong = next((v for v in verdicts if v.state not in ("pass", "blocked")), None)
    passed = all(v.state == "pass" or v.check.stretch for v in verdicts)
    for choice in choices(workspace, course, exercise, base).values():
        mark = "★" if choice.own else "·"
        earlier = choice.exercise
        told = word(f"foot.{choice.told}", lang, number=f"{earlier.number:02d}", slug=earlier.slug)
        screen.line(f"{mark} {told}", indent=2)
    of = exercise.points if complete else sum(verdict.check.points for verdict in verdicts)
    points = word("foot.points", lang, earned=earned, of=of)
    if complete and any(verdict.check.part for verdict in verdicts):
        points += "  " + " · ".join(parts(verdicts))
    signs = {verdict.state for verdict in verdicts} - {"pass", "fail"}
    if complete and signs:
        screen.flow(legend(lang, [state for state in GLYPH if state in signs]), 2, "dim", gap=3, further=0)
    if not passed and wrong is not None:
        more = word("foot.more", lang, name=f"{exercise.slug}/{wrong.check.name}")
        screen.line(f"{points}   {more}")
        return
    if not complete:
        screen.line(points)
        return
    if exercise.lecture_homework:
        screen.line(word("foot.homework_done", lang, number=exercise.lecture_homework), style="bold green")
    screen.line(f"{points}   {word('foot.compare', lang, slug=exercise.slug)}")
    following = workspace.at(course)
    if following is not exercise and not workspace.standing(following)[1]:
        key = "next_check" if workspace.file(following).exists() else "next_start"
        screen.line(word(f"list.{key}", lang, slug=following.slug))
