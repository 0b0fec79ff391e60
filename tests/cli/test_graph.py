"""`tinyedu graph`: expressions, the user's functions, DOT files."""

import html
import json
import math
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tinygrad_edu.cli.expression import compute
from tinygrad_edu.cli.main import main
from tinygrad_edu.viz import graph_to_text

BOOK = ["0.2*x1**2 + 0.2*x2**2 - 5", "--at", "x1=2", "--at", "x2=2"]


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["graph", *arguments])


@pytest.mark.parametrize(("ending", "signature"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("dot", b"digraph")])
def test_draws_the_expression_of_the_book(ending: str, signature: bytes, tmp_path: Path) -> None:
    file = tmp_path / f"graph.{ending}"
    done = invoke(*BOOK, "-o", str(file))
    assert done.exit_code == 0, done.output
    assert signature in file.read_bytes()[:400]
    if ending != "png":
        text = html.unescape(file.read_text(encoding="utf-8"))
        assert "x1" in text and "-3.4000" in text and "0.8000" in text


def test_prints_the_graph_on_the_terminal() -> None:
    done = invoke(*BOOK)
    assert done.exit_code == 0 and "x1" in done.stdout and "-3.4000" in done.stdout and "0.8000" in done.stdout


def test_json() -> None:
    result = json.loads(invoke(*BOOK, "--json").stdout)
    assert result["schema"] == "tinyedu.graph/1"
    x1 = next(node for node in result["nodes"] if node["name"] == "x1")
    assert x1["grad"] == pytest.approx(0.8)
    assert {edge["operand"] for edge in result["edges"]} == {0, 1}


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("-x**2", -4.0, -4.0),
        ("2**x", 4.0, 4 * math.log(2)),
        ("x*x/x - +x", 0.0, 0.0),
        ("exp(x)", math.e**2, math.e**2),
        ("log(x) + sqrt(x)", math.log(2) + 2**0.5, 0.5 + 0.5 / 2**0.5),
        ("sin(x)*cos(x)", math.sin(2) * math.cos(2), math.cos(4)),
        ("tanh(x) + relu(x) + abs(x)", math.tanh(2) + 4, 3 - math.tanh(2) ** 2),
        ("sigmoid(0) * x", 1.0, 0.5),
        ("x * 1e300 * 1e300 * 0 + 1/0", math.nan, 0.0),
    ],
)
def test_expressions_have_their_values_and_slopes(text: str, value: float, slope: float) -> None:
    result, variables = compute(text, {"x": 2.0})
    result.backward()
    assert result.data == pytest.approx(value, nan_ok=True)
    assert variables["x"].grad == pytest.approx(slope, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1/0", ["f = ÷, inf", "1.0000", "0.0000"]),
        ("2*3", ["f = ×, 6.0000", "2.0000", "3.0000"]),
        ("sqrt(4)", ["f = sqrt, 2.0000", "4.0000"]),
        ("2**3", ["f = **3, 8.0000", "2.0000"]),
        ("x**-2", ["f = **-2, 0.2500", "x, 2.0000"]),
        ("x*-3", ["f = ×, -6.0000", "x, 2.0000", "-3.0000"]),
        ("3*x", ["f = ×, 6.0000", "3.0000", "x, 2.0000"]),
        ("x**(4/2)", ["f = **, 4.0000", "x, 2.0000", "÷, 2.0000", "4.0000", "2.0000"]),
    ],
)
def test_what_is_computed_from_constants_is_drawn_too(text: str, tree: list[str]) -> None:
    result, _ = compute(text, {"x": 2.0} if "x" in text else {})
    lines = graph_to_text(result).splitlines()
    assert [re.sub(r"^[│├└─ ]+", "", line).replace(" · grad 0.0000", "").replace(" · ", ", ") for line in lines] == tree


def test_a_leading_minus_is_no_option() -> None:
    done = invoke("-cos(x)", "--at", "x=-1")
    assert done.exit_code == 0, done.output


def test_draws_what_a_function_returns(tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.py"
    lesson.write_text(
        "import tinygrad_edu as torch\n"
        "def loss():\n    w = torch.ones(2, 2, requires_grad=True)\n    return (w @ w).sum()\n"
        "def area(a, b):\n    return a * b\n"
        "def broken():\n    return 1 / 0\n"
        "def nothing():\n    return 3\n"
        "def leave():\n    raise SystemExit(5)\n"
        "def talk():\n    print('hello')\n    return torch.Value(1.0) * 2\n"
    )
    drawn = tmp_path / "loss.svg"
    assert invoke(f"{lesson}:loss", "-o", str(drawn)).exit_code == 0
    assert "sum" in drawn.read_text(encoding="utf-8")
    result = json.loads(invoke(f"{lesson}:area", "--at", "a=2", "--at", "b=3", "--backward", "--json").stdout)
    assert [node["grad"] for node in result["nodes"] if node["name"]] == [3.0, 2.0]
    talk = invoke(f"{lesson}:talk", "--json")
    assert json.loads(talk.stdout)["schema"] and "hello" in talk.stderr
    told_of = {
        "broken": "line 8: ZeroDivisionError",
        "nothing": "returned int",
        "los": "mean loss?",
        "leave": "SystemExit: 5",
    }
    for function, told in told_of.items():
        done = invoke(f"{lesson}:{function}")
        assert done.exit_code == 2 and told in done.stderr, done.output


def test_renders_anyones_dot(tmp_path: Path) -> None:
    dot, png = tmp_path / "old.dot", tmp_path / "old.png"
    dot.write_text("digraph { a -> b }")
    done = invoke(str(dot), "-o", str(png))
    assert done.exit_code == 0 and png.read_bytes().startswith(b"\x89PNG")
    dot.write_text("digraph { a -> ")
    assert invoke(str(dot), "-o", str(png)).exit_code == 2


def test_a_large_graph_is_told_in_words_of_the_options_and_can_be_drawn(tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.py"
    lesson.write_text(
        "from tinygrad_edu import Value\n"
        "def chain():\n    y = Value(1.0)\n    for _ in range(600):\n        y = y + y\n    return y\n"
    )
    dot, svg = tmp_path / "chain.dot", tmp_path / "chain.svg"
    done = invoke(f"{lesson}:chain", "--max-nodes", "500", "-o", str(svg))
    assert done.exit_code == 2 and "hint:" in done.stderr and "pass --max-nodes 601" in done.stderr
    assert invoke(f"{lesson}:chain", "--max-nodes", "500").exit_code == 2
    assert invoke(f"{lesson}:chain", "-o", str(dot)).exit_code == 0, "DOT text has no limit"
    for what in (str(dot), f"{lesson}:chain"):
        done = invoke(what, "-o", str(svg))
        assert done.exit_code == 2 and "raise the limit with --max-nodes N" in done.stderr, done.stderr
        assert invoke(what, "-o", str(svg), "--max-nodes", "1300").exit_code == 0


def test_what_only_a_graphviz_program_draws_names_the_option(tmp_path: Path) -> None:
    dot = tmp_path / "html.dot"
    dot.write_text("digraph { a [label=<<table><tr><td>x</td></tr></table>>] }")
    done = invoke(str(dot), "-o", str(tmp_path / "html.png"))
    assert done.exit_code == 2 and "--dot-program dot" in done.stderr and "program=" not in done.stderr


def test_a_file_without_a_function_asks_for_one() -> None:
    done = invoke("lesson.py")
    assert done.exit_code == 2 and "hint: write lesson.py:FUNCTION" in done.stderr
