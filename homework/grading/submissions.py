"""Finds submissions in folders and zips. Nothing is unpacked to disk: what is needed is read into memory.

One submission is a zip, a folder, or a single Python file, each directly in the folder that is given; single files of
one student make one submission. In it, a student's file is recognised by its name (`value.py`), in a folder of the
exercise's name or anywhere else.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from tinygrad_edu.homework.course import Exercise, load
from tinygrad_edu.homework.show.words import Told, both

MOST_FILES, MOST_BYTES, MOST_FILE = 2_000, 50_000_000, 2_000_000
TAKEN = (".py", ".md", ".txt")
SKIPPED = {"__MACOSX", "__pycache__", ".tinyedu", ".git", ".venv"}


@dataclass
class Submission:
    """What one student handed in.

    Attributes:
        name: of the zip, folder or file, as the learning platform wrote it.
        when: of the newest file in it.
        files: path in the submission -> content, of texts and programs only.
        problems: what could not be read, in words for the teacher.
        singles: those of the files that were handed in by themselves, not in a zip or a folder.
    """

    name: str
    when: datetime
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    singles: frozenset[str] = frozenset()

    @property
    def copy(self) -> int:
        """The number in the name of a single file (`value-2.py`): the higher, the later."""
        return max((_about(name)[1] for name in self.singles), default=0)


def find(places: Sequence[Path]) -> list[Submission]:
    """Every submission in these folders and zips, by name. A folder of submissions, not a submission, is expected."""
    found = []
    for place in places:
        entries = sorted(place.iterdir()) if place.is_dir() else [place]
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")) or entry.is_symlink():
                continue
            if entry.is_dir() or entry.suffix.lower() in (".zip", ".py"):
                found.append(read(entry))
    return found


def read(entry: Path) -> Submission:
    """One submission; what is wrong with it stands in its `problems`, it never raises."""
    made = Submission(entry.name, datetime.fromtimestamp(entry.stat().st_mtime))
    try:
        if entry.is_dir():
            _read_folder(entry, made)
        elif entry.suffix.lower() == ".zip":
            _read_zip(entry, made)
        else:
            made.singles = frozenset([entry.name])
            made.files[entry.name] = _limited(entry)
    except zipfile.BadZipFile:
        made.problems.append(both("grade.cannot_read", why=Told("grade.no_zip")))
    except (Told, OSError, NotImplementedError, ValueError, EOFError) as error:
        made.problems.append(both("grade.cannot_read", why=error))
    except Exception as error:  # zlib.error and whatever else a broken archive leads to
        made.problems.append(both("grade.cannot_read", why=f"{type(error).__name__}: {error}"))
    return made


def _read_folder(folder: Path, made: Submission) -> None:
    total, newest = 0, 0.0
    for number, path in enumerate(sorted(_walk(folder))):
        if number >= MOST_FILES:
            raise Told("grade.many_files", most=MOST_FILES)
        relative = path.relative_to(folder).as_posix()
        if path.suffix.lower() == ".zip" and path.parent == folder:  # one folder per student with a zip in it
            _read_zip(path, made)
        elif path.suffix.lower() in TAKEN:
            content = _limited(path)
            total += len(content)
            if total > MOST_BYTES:
                raise Told("grade.many_bytes", name=folder.name)
            made.files[relative] = content
        newest = max(newest, path.stat().st_mtime)
    if newest:
        made.when = datetime.fromtimestamp(newest)


def _walk(folder: Path) -> Iterator[Path]:
    """Plain files below a folder; links are not followed."""
    for path in folder.iterdir():
        if path.is_symlink() or path.name in SKIPPED:
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path


def _limited(path: Path) -> bytes:
    with open(path, "rb") as file:
        content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        raise Told("grade.many_bytes", name=path.name)
    return content


def _read_zip(path: Path, made: Submission) -> None:
    """Texts of a zip; refuses what a zip can do to a reader: bombs, links, paths that lead out, passwords."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise Told("grade.many_files", most=MOST_FILES)
        total, newest = 0, None
        for entry in entries:
            inside = PurePosixPath(entry.filename.replace("\\", "/"))
            if entry.is_dir() or SKIPPED & set(inside.parts):
                continue
            if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
                made.problems.append(both("grade.leads_out", name=repr(entry.filename[:80])))
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                made.problems.append(both("grade.link", name=repr(entry.filename[:80])))
                continue
            if inside.suffix.lower() not in TAKEN:
                continue
            if entry.flag_bits & 1:
                raise Told("grade.locked")
            with archive.open(entry) as file:  # (what the header says of its size may be a lie)
                content = file.read(MOST_FILE + 1)
            total += len(content)
            if len(content) > MOST_FILE or total > MOST_BYTES:
                raise Told("grade.many_bytes", name=repr(entry.filename[:80]))
            made.files[inside.as_posix()] = content
            newest = max(newest or entry.date_time, entry.date_time)
        if newest and newest > (1980, 1, 1, 0, 0, 0):
            made.when = datetime(*newest)


def program_files(submission: Submission, exercise: Exercise) -> tuple[str | None, dict[str, str]]:
    """The student's file for an exercise and the files beside it, as text; (None, {}) if there is none.

    The plain name is preferred to what platforms and browsers make of it, then a file in a folder of the exercise's
    name, then the shortest path; of several copies the one with the highest number.
    """
    ranks = {path: rank for path in submission.files if (rank := _rank(path, submission, exercise)) is not None}
    if not ranks:
        return None, {}
    path = min(
        ranks, key=lambda p: (ranks[p][0], PurePosixPath(p).parent.name != exercise.slug, -ranks[p][1], len(p), p)
    )
    # (A single file that came after a zip takes the place of the one in it, beside the zip's other files.)
    packed = sorted((path for path in ranks if path not in submission.singles), key=lambda p: (*ranks[p], len(p), p))
    folder = PurePosixPath(packed[0] if packed and path in submission.singles else path).parent
    beside = {
        PurePosixPath(other).name: text(content)
        for other, content in submission.files.items()
        if PurePosixPath(other).parent == folder and other not in ranks and other.endswith(".py")
    }
    return text(submission.files[path]), beside


def _rank(path: str, submission: Submission, exercise: Exercise) -> tuple[int, int] | None:
    """(how far the name is from the exercise's, number of the copy); None if it is another file.

    Browsers write `value (1).py`, Canvas `adalovelace_LATE_123_456_value-1.py`, Moodle
    `Ada Lovelace_123_assignsubmission_file_value.py`.
    """
    name = PurePosixPath(path).name
    if path in submission.singles or path == submission.name:
        slug, number, _ = _about(name)
        return (-1, number) if slug == exercise.slug else None
    if name == exercise.file:
        return 0, 0
    found = re.fullmatch(f"(?:.*_(?:file|\\d+)_)?{_named(exercise)}", name, re.IGNORECASE)
    return (1, int(found[1] or 0)) if found else None


def _named(exercise: Exercise) -> str:
    """A pattern for the exercise's file, and for copies of it; its group is the number of the copy."""
    return rf"{re.escape(exercise.module)}(?:[ _-]*\(?(\d{{1,3}})\)?)? *\.py"


def _about(name: str) -> tuple[str, int, str]:
    """Of a single file (`ada_value-2.py`): the exercise (empty if it is of none), the copy, and whose it is."""
    for exercise in load().exercises.values():
        found = re.fullmatch(f"(?:(?P<whose>.*)[_ -])?{_named(exercise)}", name, re.IGNORECASE)
        if found:
            return exercise.slug, int(found[2] or 0), _student(found["whose"] or "")
    return "", 0, PurePosixPath(name).stem


def _student(prefix: str) -> str:
    """What platforms write before the name of a file, without what differs from file to file.

    >>> _student("adalovelace_LATE_123_456"), _student("Ada Lovelace_12_assignsubmission_file"), _student("s1")
    ('adalovelace_123', 'Ada Lovelace_12', 's1')
    """
    prefix = re.sub(r"_assignsubmission_file_?$", "", prefix)
    return re.sub(r"(?:_LATE)?_(\d+)_\d+$", r"_\1", prefix)


def whose(submission: Submission) -> str:
    """The name of a submission without what says of which exercise it is: it stands for the student."""
    own = _about(submission.name)[2] if submission.singles else ""
    return own or PurePosixPath(submission.name).stem


def together(several: Sequence[Submission]) -> tuple[Submission, list[Submission]]:
    """What counts of all that one student handed in, the earliest first; and what does not.

    The last zip or folder counts, and what came after it as single files: of each exercise the last.
    """
    packed = [place for place, submission in enumerate(several) if not submission.singles][-1:]
    base = [several[place] for place in packed]
    start = packed[0] if packed else 0
    earlier: list[Submission] = list(several[:start])
    last: dict[str, Submission] = {}
    for submission in several[start + len(base) :]:
        about = _about(submission.name)[0] or submission.name
        if about in last:
            earlier.append(last[about])
        last[about] = submission
    parts = [*base, *last.values()]
    if len(parts) == 1:
        return parts[0], earlier
    made = Submission(" + ".join(part.name for part in parts), max(part.when for part in parts))
    for part in parts:
        made.files |= part.files
        made.problems += part.problems
    made.singles = frozenset().union(*(part.singles for part in parts))
    return made, earlier


def text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
