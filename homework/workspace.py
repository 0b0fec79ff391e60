"""The student's folder: their files, and `.tinyedu/` with what was passed, the starters as given, and backups.

Nothing of the student's is ever lost: a file is only replaced by one that is complete, and only after a copy of the old
one is safely in `.tinyedu/backup/`. Killing the program at any moment leaves the old file or the new one, and the copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tinygrad_edu.homework import state as states
from tinygrad_edu.homework.course import Course, Exercise
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.show.words import Correctable

HIDDEN, STATE = ".tinyedu", "state.json"
MOST_BYTES = 2_000_000  # of a student's file


class WorkspaceError(Correctable):
    """Something about the student's folder that they can put right."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by complete content, or leave it as it was: there is no moment in between."""
    try:
        _replace(path, content)
    except OSError as error:  # (a full disk names no file, and the temporary one is of no interest to anybody)
        error.filename = str(path)
        raise


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):  # (mkstemp makes it private; a source file is not)
            os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def read_source(path: Path) -> str:
    """A student's file as text; bytes that are no UTF-8 survive, so that Python itself can complain about them.

    Raises:
        WorkspaceError: it is missing, no file, or absurdly large.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise WorkspaceError("too_large", name=path.name, size=size)
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        raise WorkspaceError("missing", name=path.name, slug=path.parent.name) from None
    except OSError as error:
        raise WorkspaceError("unreadable", path=path, why=error) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process at a time is between; the system lets go of the lock of one that is killed."""
    with path.open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # (closing the file lets go of it)
        else:
            import fcntl

            with suppress(OSError):  # (a network disk without locks: as good as it gets)
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Workspace:
    """A folder made by `init`.

    Args:
        root: the folder that holds `.tinyedu`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hidden = root / HIDDEN
        self.aside: states.Aside | None = None
        """The broken record that was found and put aside, to be told of."""
        self.state = self._read_state()

    @classmethod
    def create(cls, root: Path, lang: str, track: str) -> Workspace:
        """Make a workspace, or change the language and track of one; files that are there stay."""
        (root / HIDDEN).mkdir(parents=True, exist_ok=True)
        workspace = cls(root)
        with workspace.changing() as state:
            state.update({"lang": lang, "track": track})
        return workspace

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """The workspace that the current folder is in.

        Raises:
            WorkspaceError: it is in none.
        """
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / HIDDEN).is_dir():
                return cls(folder)
        raise WorkspaceError("no_folder")

    def _read_state(self) -> dict[str, Any]:
        path = self.hidden / STATE
        try:
            return states.read(path)
        except states.Broken as broken:
            try:
                with _locked(self.hidden / "state.lock"):
                    return self._sound_state()
            except OSError:  # (nothing can be written here: it stays where it is, unless it was moved already)
                self.aside = self.aside or states.Aside(path, broken.why)
                return broken.rest
        except OSError as error:
            raise WorkspaceError("unreadable", path=path, why=error) from None

    def _sound_state(self) -> dict[str, Any]:
        """The state; one that is broken is put aside, for it is the student's record. The lock must be held."""
        path = self.hidden / STATE
        try:
            return states.read(path)
        except states.Broken as broken:
            kept = states.free_name(path)
            os.replace(path, kept)
            self.aside, self.state = states.Aside(kept, broken.why), broken.rest
            self._save()
            return self.state

    def reread(self) -> None:
        """Take over what another command has written."""
        self.state = self._read_state()

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """The state as it is on disk now, to be changed and saved: two checks at once must not undo each other."""
        with _locked(self.hidden / "state.lock"):
            self.state = self._sound_state()
            yield self.state
            self._save()

    def _save(self) -> None:
        text = json.dumps(self.state, ensure_ascii=False, indent=1, sort_keys=True)
        write_atomically(self.hidden / STATE, text.encode("utf-8"))

    @property
    def lang(self) -> str:
        return "ja" if self.state.get("lang") == "ja" else "en"

    @property
    def track(self) -> str:
        return "lecture" if self.state.get("track") == "lecture" else "full"

    def exercises(self, course: Course) -> list[Exercise]:
        return course.track(self.track)

    def file(self, exercise: Exercise) -> Path:
        return self.root / exercise.slug / exercise.file

    def beside(self, exercise: Exercise) -> dict[str, str]:
        """Other Python files of the exercise's folder: the student may split their work."""
        found = {}
        for path in sorted(self.file(exercise).parent.glob("*.py"))[:20]:
            if path.name != exercise.file and not path.name.endswith(".NEW.py"):
                found[path.name] = read_source(path)
        return found

    def hash_of(self, exercise: Exercise) -> str:
        try:
            return fingerprint(self.file(exercise).read_bytes())
        except OSError:
            return ""

    # What was passed

    def record(self, exercise: Exercise, verdicts: Iterable[Verdict], judged_hash: str | None = None) -> None:
        """Remember the verdicts with the version of the exercise and the hash of the file that was judged (by default
        the one that is there now)."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        judged = {
            "hash": self.hash_of(exercise) if judged_hash is None else judged_hash,
            "version": exercise.version,
            "when": now,
        }
        with self.changing() as state:
            mine = state["checks"].setdefault(exercise.slug, {})
            mine.update({verdict.check.name: {"state": verdict.state, **judged} for verdict in verdicts})

    def last(self, exercise: Exercise) -> dict[str, dict[str, Any]]:
        found = self.state["checks"].get(exercise.slug, {})
        return found if isinstance(found, dict) else {}

    def last_failures(self, exercise: Exercise) -> list[str]:
        """The checks to try first: those that failed the last time, not those that only waited."""
        last = self.last(exercise)
        return [name for name in exercise.checks if last.get(name, {}).get("state") in ("fail", "error", "timeout")][:1]

    def standing(self, exercise: Exercise) -> tuple[int, bool, bool]:
        """(points, whether all scored checks pass, whether the file has changed since)."""
        last, now = self.last(exercise), self.hash_of(exercise)
        passed = [c for c in exercise.checks.values() if last.get(c.name, {}).get("state") == "pass"]
        stale = any(last[c.name].get("hash") != now for c in passed)
        done = all(c in passed for c in exercise.checks.values() if not c.stretch)
        return sum(c.points for c in passed), done, stale

    def at(self, course: Course) -> Exercise:
        """The exercise that the student is at, or that comes next.

        The first of the track that was started and is not done; else the one after the last that is done; else the
        first that is not done, or the first if all are.
        """
        exercises = self.exercises(course)
        done = [exercise for exercise in exercises if self.standing(exercise)[1]]
        undone = [exercise for exercise in exercises if exercise not in done]
        started = [exercise for exercise in undone if self.file(exercise).exists()]
        after = [exercise for exercise in undone if done and exercise.number > done[-1].number]
        return (started or after or undone or exercises)[0]

    # Starters and backups

    def start(self, exercise: Exercise) -> bool:
        """Put the starter in place unless a file is there; returns whether it did."""
        if self.file(exercise).exists():
            with suppress(OSError):  # (where nothing can be written, the statement can still be read)
                self._keep_starter(exercise)
            return False
        self._keep_starter(exercise)
        write_atomically(self.file(exercise), exercise.starter_in(self.lang).encode("utf-8"))
        return True

    def starter_path(self, exercise: Exercise) -> Path:
        return self.hidden / "starters" / exercise.slug / exercise.file

    def _keep_starter(self, exercise: Exercise, replace: bool = False) -> None:
        if replace or not self.starter_path(exercise).exists():
            write_atomically(self.starter_path(exercise), exercise.starter_in(self.lang).encode("utf-8"))

    def back_up(self, exercise: Exercise) -> Path | None:
        """Copy the student's file to a new folder under `.tinyedu/backup`; None if there is none."""
        path = self.file(exercise)
        if not path.exists():
            return None
        number = max((int(p.name.split("-")[0]) for p in self._backups()), default=0) + 1
        folder = self.hidden / "backup" / f"{number:05d}-{time.strftime('%Y%m%d-%H%M%S')}-{exercise.slug}"
        write_atomically(folder / exercise.file, path.read_bytes())
        return folder / exercise.file

    def _backups(self) -> list[Path]:
        folder = self.hidden / "backup"
        found = [p for p in folder.iterdir() if p.name.split("-")[0].isdigit()] if folder.is_dir() else []
        return sorted(found)

    def last_backup(self, exercise: Exercise) -> Path | None:
        """The newest copy of the student's file of this exercise."""
        kept = [p / exercise.file for p in self._backups() if p.name.split("-", 3)[-1] == exercise.slug]
        return next((path for path in kept[::-1] if path.is_file()), None)

    def was_started(self, exercise: Exercise) -> bool:
        """Whether the student has had a file of this exercise, be it there or not."""
        return any((self.file(exercise).exists(), self.starter_path(exercise).exists(), self.last(exercise)))

    def reset(self, exercise: Exercise) -> Path | None:
        """Put the starter back; returns where the student's own file has been kept."""
        kept = self.back_up(exercise)
        write_atomically(self.file(exercise), exercise.starter_in(self.lang).encode("utf-8"))
        self._keep_starter(exercise, replace=True)
        return kept

    def undo(self, course: Course) -> tuple[Exercise, Path]:
        """Bring the newest backup back that is not what is there now, after backing that up; so undo can be undone.

        (A second reset, or an undo that was killed half-way, leaves a backup that is like the file: bringing that one
        back, again and again, would hide the student's own.)

        Raises:
            WorkspaceError: there is none.
        """
        for folder in self._backups()[::-1]:
            slug = folder.name.split("-", 3)[-1]
            exercise = course.exercises.get(slug)
            files = [p for p in folder.iterdir() if not p.name.startswith(".")]
            if exercise is None or not files:
                continue
            content, path = files[0].read_bytes(), self.file(exercise)
            if path.exists() and path.read_bytes() == content:
                continue
            self.back_up(exercise)
            write_atomically(self.file(exercise), content)
            return exercise, folder
        raise WorkspaceError("no_backup")
