"""`tinyedu graph`: draw the graph of an expression, of what a user's function returns, or of a DOT file."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tinygrad_edu.cli.options import OutputPath, Whole, common_options
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.errors import GraphTooLargeError, RenderError

__all__ = ["command"]

PYTHON = re.compile(r"(?P<file>.+\.py):(?P<function>\w+)")
NEGATIVE = re.compile(r"-(?![-oh])")
TAKE_A_VALUE = ("-o", "--output", "--at", "--direction", "--max-nodes", "--dot-program")


class Graph(click.Command):
    """The command; an expression may begin with a minus, which click alone would take for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        before = ["", *args]
        spaced = [
            f" {arg}" if NEGATIVE.match(arg) and previous not in TAKE_A_VALUE else arg
            for previous, arg in zip(before, args, strict=False)
        ]
        return super().parse_args(ctx, spaced)


@click.command("graph", cls=Graph)
@click.argument("what", metavar="EXPRESSION | FILE.py:FUNCTION | FILE.dot")
@click.option("--at", "given", multiple=True, metavar="NAME=NUMBER", help="The value of a variable; once for each.")
@click.option(
    "-o", "--output", type=OutputPath(("png", "svg", "dot", "gv")), help="File to write; without, text on the terminal."
)
@click.option("--direction", type=click.Choice(["LR", "TB", "RL", "BT"]), default="LR", show_default=True)
@click.option(
    "--max-nodes", type=Whole(1), metavar="N", help="Draw graphs up to this size. [default: 1000; PNG 600; DOT any]"
)
@click.option("--dot-program", metavar="PROGRAM", help="A Graphviz program to lay out with, not what is built in.")
@click.option("--backward", is_flag=True, help="Run backward on what FUNCTION returned (expressions always do).")
@common_options
def command(
    what: str,
    given: tuple[str, ...],
    output: Path | None,
    direction: str,
    max_nodes: int | None,
    dot_program: str | None,
    backward: bool,
    as_json: bool,
) -> None:
    """Draw a computation: its values and gradients, from the inputs to the result.

    An EXPRESSION is arithmetic with + - * / ** and exp log sqrt sin cos tanh sigmoid relu abs; it is parsed,
    never executed as Python. FILE.py:FUNCTION is your own code: it runs here, in this process, with the values
    of --at as Values by their names, and what it returns (a Value, a Tensor or a graph) is drawn. A FILE.dot of
    any origin is rendered as it is.

    \b
    tinyedu graph "0.2*x1**2 + 0.2*x2**2 - 5" --at x1=2 --at x2=2 -o graph.png
    tinyedu graph lesson.py:loss -o loss.svg
    tinyedu graph old.dot -o old.png
    """
    if what.lower().endswith((".dot", ".gv")):
        with _in_words_of_options():
            _render_dot(Path(what), given, output, as_json, max_nodes, dot_program)
        return
    from tinygrad_edu.cli.expression import compute, parse_at

    at: dict[str, float] = {}
    for each in given:
        name, number = parse_at(each)
        if name in at:
            raise Problem(f"--at {name} is given twice", "give each variable one value")
        at[name] = number
    python = PYTHON.fullmatch(what)
    if not python and what.endswith(".py"):
        raise Problem(f"which function of {what} is to be drawn?", f"write {what}:FUNCTION")
    if python:
        from tinygrad_edu.cli.user_code import call

        root = call(Path(python["file"]), python["function"], at)
        if backward and hasattr(root, "backward"):
            root.backward()
    else:
        root, _ = compute(what, at)
        root.backward()
        if not math.isfinite(root.data):
            click.echo(f"note: the value is {root.data}: the expression is not defined there, or overflows", err=True)
    with _in_words_of_options():
        _show(root, what, output, direction, as_json, max_nodes, dot_program)


@contextmanager
def _in_words_of_options() -> Iterator[None]:
    """What the library says of its arguments, said of the options that set them."""
    try:
        yield
    except (GraphTooLargeError, RenderError) as error:
        told = re.sub(r"max_nodes=(\d*)", lambda found: f"--max-nodes {found[1] or 'N'}", str(error))
        told = re.sub(r'program="(\w+)"', r"--dot-program \1", told)
        message, _, hint = told.rpartition(". ")
        raise Problem(message or hint, hint if message else "") from error


def _show(
    root: Any,
    what: str,
    output: Path | None,
    direction: str,
    as_json: bool,
    max_nodes: int | None,
    program: str | None,
) -> None:
    """Draw to the file, or print text or JSON."""
    from tinygrad_edu.viz import draw_graph, graph_to_text, render

    ready = hasattr(root, "source")  # a graphviz object, drawn already
    if output is not None:
        # DOT text needs no layout, so that it is the way out for graphs of any size.
        limit = sys.maxsize // 2 if max_nodes is None and output.suffix.lower() in (".dot", ".gv") else max_nodes
        drawn = root if ready else draw_graph(root, direction=direction, max_nodes=limit)  # type: ignore[arg-type]
        render(drawn, output, max_nodes=max_nodes if ready else None, program=program)
    if as_json:
        if ready:
            raise Problem(f"{what} returns a drawing, which has no values to print as JSON", "return a Value or Tensor")
        click.echo(_as_json(root, what, output))
    elif output is not None:
        click.echo(f"wrote {output}")
    elif ready:
        click.echo(root.source)
    else:
        click.echo(graph_to_text(root, max_nodes=max_nodes, encoding=getattr(sys.stdout, "encoding", None) or "ascii"))


def _as_json(root: Any, what: str, output: Path | None) -> str:
    from dataclasses import asdict

    from tinygrad_edu.cli.report import finite
    from tinygrad_edu.engine.graph import collect

    graph = collect(root)
    number = {node.key: position for position, node in enumerate(graph.nodes)}
    fields = ("kind", "op", "op_name", "name", "value", "shape", "dtype", "grad", "requires_grad")
    nodes = [{"id": number[n.key], **{f: asdict(n)[f] for f in fields}} for n in graph.nodes]
    edges = [{"source": number[e.source], "target": number[e.target], "operand": e.index} for e in graph.edges]
    result = {
        "schema": "tinyedu.graph/1",
        "source": what,
        "nodes": nodes,
        "edges": edges,
        "roots": [number[key] for key in graph.roots],
        "output": None if output is None else str(output),
    }
    return json.dumps(finite(result), allow_nan=False, indent=2)


def _render_dot(
    file: Path,
    given: tuple[str, ...],
    output: Path | None,
    as_json: bool,
    max_nodes: int | None,
    program: str | None,
) -> None:
    if given:
        raise Problem("--at does not go with a DOT file", "a DOT file holds a finished drawing; leave --at away")
    if as_json:
        raise Problem("--json does not go with a DOT file", "use it with an expression or FILE.py:FUNCTION")
    if output is None:
        raise Problem(f"where is the drawing of {file} to go?", f"say -o {file.stem}.png")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Problem(f"cannot read {str(file)!r}: {why}", "check the name") from None
    except UnicodeDecodeError:
        raise Problem(f"{str(file)!r} is not UTF-8 text", "save it as UTF-8") from None
    from tinygrad_edu.viz import render

    render(text, output, max_nodes=max_nodes, program=program)
    click.echo(f"wrote {output}")
