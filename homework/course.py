"""The course as data: which exercises there are, in which order, and everything an exercise's folder says about it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.homework.judge import Check

HOME = Path(__file__).parent
EXERCISES = HOME / "exercises"
LANGUAGES = ("en", "ja")
TRACKS = ("lecture", "full")
SUFFIX = ".txt"
"""Starters, solutions and mistakes are stored as `name.py.txt`: they are texts, not modules of this package, and no
tool compiles, collects or type-checks them as such."""

MEMORY = 1024  # MB, where an exercise does not say
WALL = 3.0  # seconds
OUTPUT = 1_000_000  # bytes that a check may print


class CourseError(Exception):
    """The course's own files are wrong: an authoring error."""


@dataclass(frozen=True)
class Text:
    """A text in each language."""

    en: str
    ja: str

    def __getitem__(self, lang: str) -> str:
        return {"en": self.en, "ja": self.ja}[lang]


@dataclass(frozen=True)
class CheckText:
    """The words of one check: its title, three hints, and the names in the student's file that it is about.

    `plain` are variables of its calls that are no objects of the student's (`v` of `v * x`: a NumPy array).
    """

    title: Text
    hints: tuple[Text, ...]
    code: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """A complete wrong solution, the checks it fails, and what to say to whoever made it.

    Attributes:
        name: the file's name.
        source: the program.
        fails: the checks that it fails, exactly.
        timeout: those of them that end in a time-out.
        shown_by: the check whose observation gives it away; empty if none does.
        hint: what to say.
    """

    name: str
    source: str
    fails: tuple[str, ...]
    timeout: tuple[str, ...]
    shown_by: tuple[str, ...]
    hint: Text


@dataclass(frozen=True)
class Exercise:
    """One exercise: its place in the course and its folder."""

    slug: str
    number: int
    points: int
    tracks: tuple[str, ...]
    folder: Path
    meta: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> int:
        """Raised when a judge changes what it asks; old passes then show as such."""
        return int(self.meta["version"])

    @property
    def file(self) -> str:
        """The file that the student writes (`value.py`)."""
        return str(self.meta["file"])

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py")

    @property
    def lecture_homework(self) -> int | None:
        """Which homework of the lecture this is, if it is one."""
        return self.meta.get("lecture_homework")

    @property
    def stars(self) -> int:
        return int(self.meta["stars"])

    @property
    def minutes(self) -> tuple[int, int]:
        low, high = self.meta["minutes"]
        return low, high

    @property
    def base(self) -> dict[str, str]:
        """Module name -> slug of the exercise whose result this one builds on (`{"tensor": "tensor"}`)."""
        return dict(self.meta.get("base", {}))

    @property
    def forbid(self) -> tuple[str, ...]:
        return tuple(self.meta.get("forbid_import", ()))

    @property
    def packages(self) -> tuple[str, ...]:
        """Libraries that the student may import."""
        return tuple(self.meta.get("packages", ("numpy",)))

    @property
    def needs_packages(self) -> tuple[str, ...]:
        """Those without which the exercise cannot be checked."""
        return tuple(self.meta.get("needs_packages", ()))

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that the worker loads before the limit on memory is set."""
        return tuple(self.meta.get("imports", ()))

    @property
    def survivors(self) -> dict[str, str]:
        """Mutants of the solution that the checks let pass, with the reason: see `mutants.py`."""
        return dict(self.meta.get("survivors", {}))

    @property
    def choices(self) -> dict[str, str]:
        """Mutants that change only what the statement leaves to the student, with what that is."""
        return dict(self.meta.get("choices", {}))

    @property
    def environment(self) -> dict[str, str]:
        return {str(key): str(value) for key, value in self.meta.get("environment", {}).items()}

    def limits(self, check: Check | None = None) -> dict[str, Any]:
        """Seconds, megabytes and bytes of output for one check."""
        own = self.meta.get("limits", {})
        wall = check.wall if check is not None and check.wall else own.get("wall", WALL)
        return {"wall": wall, "memory": own.get("memory", MEMORY), "output": own.get("output", OUTPUT)}

    @cached_property
    def checks(self) -> dict[str, Check]:
        from tinygrad_edu.homework.judge import checks_of

        name = self.folder.name
        return checks_of(import_module(f"tinygrad_edu.homework.exercises.{name}.judges"))

    @cached_property
    def _words(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "text.toml").read_text(encoding="utf-8"))

    @property
    def title(self) -> Text:
        return Text(**self._words["title"])

    def check_text(self, check: str) -> CheckText:
        words = self._words["checks"][check]
        hints = tuple(Text(*pair) for pair in zip(words["hints"]["en"], words["hints"]["ja"], strict=True))
        return CheckText(Text(**words["title"]), hints, tuple(words.get("code", ())), tuple(words.get("plain", ())))

    @property
    def says(self) -> dict[str, Text]:
        """The exercise's own sentences for `require`."""
        return {key: Text(**value) for key, value in self._words.get("says", {}).items()}

    def statement(self, lang: str) -> str:
        """The statement, in Markdown; Japanese without the line breaks of its source."""
        from tinygrad_edu.homework.japanese import joined

        text = (self.folder / f"statement.{lang}.md").read_text(encoding="utf-8")
        return joined(text) if lang == "ja" else text

    @property
    def starter(self) -> str:
        return self.source(f"starter/{self.file}")

    def starter_in(self, lang: str) -> str:
        """The starter with docstrings and comments of this language; its code is the same (`matrix.unequal_starters`).

        An exercise of a teacher's own may have the one starter only.
        """
        own = f"starter/{self.module}.{lang}.py"
        return self.source(own) if (self.folder / (own + SUFFIX)).exists() else self.starter

    @property
    def solution(self) -> str:
        return self.source(f"solution/{self.file}")

    def source(self, path: str) -> str:
        """The text of a program of this folder, given without its `.txt`."""
        return (self.folder / (path + SUFFIX)).read_text(encoding="utf-8")

    @property
    def other_solutions(self) -> dict[str, str]:
        """Right solutions that are built differently: `solution/<name>.py.txt` beside the one shown."""
        own = self.file + SUFFIX
        files = sorted((self.folder / "solution").glob(f"*.py{SUFFIX}"))
        return {f.name.removesuffix(".py" + SUFFIX): f.read_text(encoding="utf-8") for f in files if f.name != own}

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        files = sorted((self.folder / "mistakes").glob(f"*.py{SUFFIX}"))
        return {made.name: made for made in map(_mistake, files)}


def _mistake(file: Path) -> Mistake:
    source = file.read_text(encoding="utf-8")
    try:
        head = tomllib.loads(ast.get_docstring(ast.parse(source)) or "")
        return Mistake(
            name=file.name.removesuffix(".py" + SUFFIX),
            source=source,
            fails=tuple(head["fails"]),
            timeout=tuple(head.get("timeout", ())),
            shown_by=tuple(head["shown_by"]),
            hint=Text(**head["hint"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise CourseError(
            f"{file.name}: the docstring of a mistake is TOML with fails, shown_by and hint: {error}"
        ) from error


@dataclass(frozen=True)
class Course:
    """The exercises in order."""

    version: int
    exercises: dict[str, Exercise]

    def track(self, name: str) -> list[Exercise]:
        return [exercise for exercise in self.exercises.values() if name in exercise.tracks]


@cache
def load() -> Course:
    """The course that is installed."""
    table = tomllib.loads((HOME / "course.toml").read_text(encoding="utf-8"))
    found = {}
    for row in sorted(table["exercise"], key=lambda row: row["number"]):
        folder = EXERCISES / row["slug"].replace("-", "_")
        meta = tomllib.loads((folder / "meta.toml").read_text(encoding="utf-8"))
        found[row["slug"]] = Exercise(row["slug"], row["number"], row["points"], tuple(row["tracks"]), folder, meta)
    return Course(table["version"], found)
