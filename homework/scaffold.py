"""The skeleton of a new exercise, ready for `dev check` to say what is missing."""

from __future__ import annotations

import re
from pathlib import Path

from tinygrad_edu.homework.course import EXERCISES
from tinygrad_edu.homework.workspace import WorkspaceError, write_atomically

FILES = {
    "__init__.py": '"""Exercise {slug}: one sentence."""\n',
    "meta.toml": 'version = 1\nfile = "{module}.py"\nstars = 1\nminutes = [60, 90]\npackages = ["numpy"]\n'
    'forbid_import = ["tinygrad_edu", "torch"]\n\n[limits]\nwall = 3.0\n\n[survivors]\n',
    "statement.en.md": "# {slug}\n\n## What to write\n\n## The checks\n\n| check | what it tries |\n|---|---|\n"
    "| `first` | … |\n",
    "statement.ja.md": "# {slug}\n\n## 書くもの\n\n## チェック\n\n| チェック | 試すこと |\n|---|---|\n"
    "| `first` | … |\n",
    "text.toml": '[title]\nen = "{slug}"\nja = "{slug}"\n\n[says]\n\n[checks.first]\n'
    'title = {{ en = "twice a number", ja = "数の 2 倍" }}\ncode = ["first"]\n[checks.first.hints]\n'
    'en = ["where to look", "the idea", "nearly the code"]\nja = ["見る場所", "考え方", "ほぼコード"]\n',
    "starter/{module}.py.txt": '"""Exercise {slug}.\n\nCheck your work at any time:    tinyedu hw check {slug}\n"""\n'
    "\n\n"
    'def first(x):\n    """TODO"""\n    raise NotImplementedError("TODO: first")\n',
    "starter/{module}.ja.py.txt": '"""課題 {slug}。\n\nいつでも確認できます:    tinyedu hw check {slug}\n"""\n'
    "\n\n"
    'def first(x):\n    """TODO"""\n    raise NotImplementedError("TODO: first")\n',
    "solution/{module}.py.txt": '"""The course\'s solution."""\n\n\ndef first(x):\n    return 2 * x\n',
    "mistakes/squared.py.txt": '"""\nfails = ["first"]\nshown_by = ["first"]\n\n[hint]\nen = "that is the square"\n'
    'ja = "それは 2 乗です"\n"""\n\n\ndef first(x):\n    return x * x\n',
    "probes.py": '"""Runs beside the student\'s `{module}.py`: calls it, and returns plain numbers."""\n\n\n'
    'def first(s, p, t):\n    t.doing(f"first({{p[\'x\']}})")\n    return {{"result": s.first(p["x"])}}\n\n\n'
    'def picture(s, p, t):\n    return {{"results": [s.first(x) for x in p["xs"]]}}\n',
    "judges.py": '"""What the exercise asks for."""\n\nfrom tinygrad_edu.homework.judge import check, close\n\n\n'
    'def _number(rng, public):\n    return {{"x": 3.0 if public else float(rng.uniform(3, 9))}}\n\n\n'
    '@check("first", points=1, params=_number)\ndef first(o, p):\n'
    '    close(o["result"], 2 * p["x"], f"first({{p[\'x\']}})")\n',
    "picture.py": '"""What the student\'s function looks like."""\n\n'
    "from tinygrad_edu.homework.show.svg import Canvas\n\n"
    'PARAMS = {{"xs": [0.0, 1.0, 2.0, 3.0]}}\nABOUT = {{"en": "…", "ja": "…"}}\n\n\n'
    'def draw(o, p, lang):\n    """SVG of the probe `picture`."""\n    canvas = Canvas(200, 200)\n'
    '    canvas.curve([(20 + 40 * x, 180 - 20 * y) for x, y in zip(p["xs"], o["results"], strict=True)])\n'
    "    return canvas.svg()\n",
}


def create(slug: str, place: Path = EXERCISES) -> Path:
    """Write the folder of a new exercise; returns it. Course and pyproject are the author's to extend.

    Raises:
        WorkspaceError: the name is no slug, or the folder exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        raise WorkspaceError("bad_name", slug=repr(slug))
    module = slug.replace("-", "_")
    folder = place / module
    if folder.exists():
        raise WorkspaceError("name_taken", folder=folder)
    for name, text in FILES.items():
        filled = text.format(slug=slug, module=module)
        write_atomically(folder / name.format(module=module), filled.encode("utf-8"))
    return folder
