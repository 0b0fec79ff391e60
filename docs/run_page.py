"""Executes a page of the documentation: what a page shows is what happens.

    python docs/run_page.py docs/start.md

Blocks marked `python` run in order, in one namespace. A block marked `text` right after one is what it
printed. In a block marked `console` the lines after `$ ` are commands, the lines below them their output, all of
it: a command with no lines below prints nothing. `...` stands for anything, as in doctest. Other blocks (`sh`,
`powershell`, ...) are for reading only. A block after a line `<!-- no-run -->` is left alone. Files the page
writes go to the current folder.
"""

import contextlib
import difflib
import doctest
import io
import re
import shlex
import subprocess
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

BLOCK = re.compile(r"^(?P<skip><!-- no-run -->\n\s*)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A fenced block of a page and the line on which its text begins."""

    kind: str
    text: str
    line: int
    start: int
    end: int


class PageError(Exception):
    """A block of the page failed, or printed something else than the page says."""


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks that are to be executed or compared, in order."""
    for match in BLOCK.finditer(page):
        if not match["skip"]:
            line = page.count("\n", 0, match.start("text")) + 1
            yield Block(match["kind"], match["text"], line, match.start(), match.end())


def compare(wanted: str, got: str, where: str) -> None:
    """Raise PageError unless the output is the one shown, up to `...` and blanks at the ends of lines."""

    def tidy(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"

    wanted, got = tidy(wanted), tidy(got)
    if not doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS):
        lines = difflib.ndiff(wanted.splitlines(), got.splitlines())
        raise PageError("\n".join([f"{where}: the page shows (-), the program printed (+)", *lines]))


def run_python(block: Block, name: str, namespace: dict[str, Any]) -> str:
    """Run the block in the page's namespace; the answer is what it printed."""
    # Blank lines in front, so that a traceback names the page's own line.
    code = compile("\n" * (block.line - 1) + block.text, name, "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def run_console(block: Block, where: str) -> None:
    """Run the commands of the block and compare each one's output, standard error included."""
    _, *parts = re.split(r"^\$ ", block.text, flags=re.M)
    for part in parts:
        command, _, wanted = part.partition("\n")
        words = shlex.split(command)
        program = Path(sysconfig.get_path("scripts")) / words[0]
        words[0] = sys.executable if words[0] == "python" else str(program)
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
        shown = f"{where} ({command})"
        if done.returncode and not wanted.strip():
            raise PageError(f"{shown}: exit code {done.returncode}\n{done.stdout}")
        compare(wanted, done.stdout, shown)


def run_page(file: Path) -> int:
    """Run every block of a page and count them. Raises PageError at the first that fails."""
    page = file.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__", "__file__": str(file)}
    printed, after, count = "", -1, 0
    for block in blocks(page):
        where = f"{file.name}:{block.line}"
        if block.kind == "python":
            try:
                printed = run_python(block, str(file), namespace)
            except Exception as error:
                raise PageError(f"{where}: {traceback.format_exc()}") from error
            after, count = block.end, count + 1
        elif block.kind == "text" and after >= 0 and not page[after : block.start].strip():
            compare(block.text, printed, where)
        elif block.kind == "console":
            run_console(block, where)
            count += 1
    return count


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for argument in sys.argv[1:]:
        try:
            print(f"{argument}: {run_page(Path(argument))} blocks ran")
        except PageError as error:
            sys.exit(str(error))
