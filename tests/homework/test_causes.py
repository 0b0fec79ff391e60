"""What a message names: the cause of a frequent mistake, the line of a failure, the encoding of a file."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.commands import tinyedu

from tinygrad_edu.homework.course import LANGUAGES, load
from tinygrad_edu.homework.encodings import other_encoding
from tinygrad_edu.homework.judge.verdict import Verdict
from tinygrad_edu.homework.session import Program, check_program, reference_base
from tinygrad_edu.homework.show.verdicts import cause_text, reason

EXERCISES = load().exercises
CONV2D, VALUE = EXERCISES["conv2d"], EXERCISES["value"]


def verdict_of(slug: str, source: str, check: str, explain: bool = False) -> Verdict:
    exercise = EXERCISES[slug]
    program = Program(source, {}, reference_base(exercise))
    found = check_program(exercise, program, only=[check], ignore_needs=True, explain=explain)
    return {verdict.check.name: verdict for verdict in found}[check]


def changed(source: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


GRADIENTS = "return [gx, gw] if self.bias is None else [gx, gw, g.sum(axis=(0, 2, 3))]"
TRAINED = (", shape), requires_grad=True)", ", shape))"), (", out_channels), requires_grad=True)", ", out_channels))")


@pytest.mark.parametrize("which", ["weight", "bias"])
def test_a_parameter_without_requires_grad_is_named(which: str) -> None:
    source = changed(CONV2D.solution, TRAINED[("weight", "bias").index(which)])
    for check in (f"grad_{which}", "dilation_groups"):
        verdict = verdict_of("conv2d", source, check)
        told = [" ".join(reason(CONV2D, verdict, lang)) for lang in LANGUAGES]
        assert all(f"layer.{which}" in text and "requires_grad=True" in text for text in told), (check, told)
    told = [" ".join(reason(CONV2D, verdict_of("conv2d", source, "params"), lang)) for lang in LANGUAGES]
    assert all(f"layer.{which}.requires_grad" in text for text in told)


def test_a_gradient_that_never_arrives_has_another_cause() -> None:
    source = changed(CONV2D.solution, (GRADIENTS, "return [gx, None, None][: 3 - (self.bias is None)]"))
    verdict = verdict_of("conv2d", source, "grad_weight")
    text = " ".join(reason(CONV2D, verdict, "en"))
    assert "requires_grad" not in text


@pytest.mark.parametrize(
    ("check", "gradients"),
    [
        ("grad_input", "gx /= N\n            " + GRADIENTS),
        ("grad_weight", "gw /= N\n            " + GRADIENTS),
        ("grad_bias", GRADIENTS.replace("g.sum(axis=(0, 2, 3))", "g.sum(axis=(0, 2, 3)) / N")),
    ],
)
def test_a_mean_over_the_images_is_named(check: str, gradients: str) -> None:
    source = changed(CONV2D.solution, ("gx = gxp[", "gx = 1 * gxp["), (GRADIENTS, gradients))
    fail = verdict_of("conv2d", source, check).fail
    assert fail is not None and fail.cause is not None
    # (Of the image with a kernel of ones there is one only; the next case has two.)
    assert (fail.cause.key, fail.cause.words) == ("batch_mean", {"n": "2"})


WEIGHT = "self.weight = Tensor(np.random.uniform(-bound, bound, shape), requires_grad=True)"
ZEROS = "y = np.zeros((N, self.out_channels, height, width)"


@pytest.mark.parametrize(
    ("change", "check", "key", "words"),
    [
        ((WEIGHT, WEIGHT.replace("Tensor(", "(").replace(", requires_grad=True", "")), "size", "memoryview", {}),
        (("    def __call__(", "    def forward("), "size", "no_call", {"name": "Conv2d"}),
        ((ZEROS, ZEROS + ", dtype=np.float32"), "channels", "precision", {}),
        (("        def rule(g):", "        y *= -3\n\n        def rule(g):"), "channels", "factor", {"factor": "-3"}),
        (("gw[outs, :, i, j] = np", "gw[outs, :, i, j] = 1e-6 + np"), "grad_weight", "precision", {}),
    ],
    ids=["an array for a Tensor", "forward without __call__", "float32", "a factor", "a gradient in float32"],
)
def test_what_python_says_and_what_numbers_show_is_explained(
    change: tuple[str, str], check: str, key: str, words: dict[str, str]
) -> None:
    verdict = verdict_of("conv2d", changed(CONV2D.solution, change), check, explain=True)
    cause = verdict.cause or (verdict.fail and verdict.fail.cause)
    assert cause is not None and (cause.key, dict(cause.words)) == (key, words)
    assert all(cause_text(cause, lang) in " ".join(reason(CONV2D, verdict, lang)) for lang in LANGUAGES)


def test_the_same_words_from_the_students_own_line_are_another_mistake() -> None:
    """`list index out of range`: from the Tensor that gets too few gradients, or from a line of the student's."""
    rule = "        def rule(g):\n"
    source = changed(CONV2D.solution, (rule, rule + "            [][0]\n"))
    assert verdict_of("conv2d", source, "grad_weight", explain=True).mistake is None
    source = CONV2D.mistakes["bias_gradient_missing"].source + "\n# mine\n"
    verdict = verdict_of("conv2d", source, "grad_weight", explain=True)
    assert verdict.mistake is not None and verdict.mistake.name == "bias_gradient_missing"
    assert "fails in exactly this way" in " ".join(reason(CONV2D, verdict, "en"))


def test_the_three_homeworks_say_which_they_are() -> None:
    homeworks = [exercise for exercise in EXERCISES.values() if exercise.lecture_homework]
    assert [exercise.lecture_homework for exercise in homeworks] == [1, 2, 3]
    for exercise in homeworks:
        for lang, word in (("en", "Homework"), ("ja", "宿題")):
            name = f"{word} {exercise.lecture_homework}: "
            assert exercise.title[lang].startswith(name)
            assert exercise.statement(lang).startswith(f"# {exercise.number:02d} {name}")


HELPED = """
class Value:
    def __init__(self, data, name=""):
        self.data, self.grad, self.op, self.parents = data, 0.0, "", ()
    def __mul__(self, other):
        return product(self, other)

def product(a, b):
    pair = [a, b]
    return deeper(pair)

def deeper(pair):
    return pair[2]
"""


def test_an_error_in_a_helper_names_its_line_and_who_called_it() -> None:
    verdict = verdict_of("value", HELPED, "mul")
    assert verdict.line is not None and (verdict.line.function, verdict.line.code) == ("deeper", "return pair[2]")
    text = reason(VALUE, verdict, "en")
    places = [line.split()[0] for line in text if line.startswith("value.py:")]
    assert places == ["value.py:6", "value.py:10", "value.py:13"], text


def test_a_loop_in_a_helper_names_its_line_and_who_called_it() -> None:
    short = replace(VALUE, meta={**VALUE.meta, "limits": {"wall": 0.8}})
    program = Program(HELPED.replace("return pair[2]", "while True: pass"))
    (verdict,) = check_program(short, program, only=["mul"], ignore_needs=True)
    assert verdict.state == "timeout" and verdict.line is not None and verdict.line.function == "deeper"
    assert any("in product" in line for line in reason(VALUE, verdict, "en"))


def test_an_unexpected_exception_where_another_is_asked_for_names_the_line_it_came_from() -> None:
    refuse = "    def refuse(self, reach, n):\n        raise KeyError(reach)\n\n"
    asked, blocks = "            if reach > n + 2 * p:\n", "    def blocks(self):\n"
    call = "                self.refuse(reach, n)\n"
    source = changed(CONV2D.solution, (asked, asked + call), (blocks, refuse + blocks))
    verdict = verdict_of("conv2d", source, "errors", explain=True)
    assert verdict.line is not None and verdict.line.code == "raise KeyError(reach)"
    for lang, called in (("en", "called from"), ("ja", "呼び出し元")):
        told = [line for line in reason(CONV2D, verdict, lang) if line.startswith(called)]
        assert len(told) == 1 and "self.refuse(reach, n)" in told[0]


def test_a_known_mistake_is_recognised_wherever_its_exception_comes_from() -> None:
    mistake = next(m for m in CONV2D.mistakes.values() if m.shown_by == ("errors",))
    source = "# a line of mine\n\n" + mistake.source + "\n# and one more\n"
    verdict = verdict_of("conv2d", source, "errors", explain=True)
    assert verdict.mistake is not None and verdict.mistake.name == mistake.name


JAPANESE = '"""値を覚えているスカラー"""\n'


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp932", "Shift-JIS"), ("euc_jp", "EUC-JP"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32"),
    ],
)  # fmt: skip
def test_a_file_in_another_encoding_is_told_which_and_what_to_do(tmp_path: Path, encoding: str, name: str) -> None:
    tinyedu(tmp_path, "init", "--lang", "en")
    tinyedu(tmp_path, "start", "value")
    content = (JAPANESE + VALUE.solution).encode(encoding)
    (tmp_path / "value" / "value.py").write_bytes(content)
    told = tinyedu(tmp_path, "check", "value/mul", code=1)
    assert f"value.py was saved as {name}" in told and "save it as UTF-8" in told and "codec" not in told
    assert f"value.py が {name}" in tinyedu(tmp_path, "check", "value/mul", "--lang", "ja", code=1)
    assert f"value.py was saved as {name}" in tinyedu(tmp_path, "picture", "value", code=1)
    assert f"value.py was saved as {name}" in tinyedu(tmp_path, "notebook", "value", code=2)
    assert (tmp_path / "value" / "value.py").read_bytes() == content
    if encoding == "cp932":
        (row,) = json.loads(tinyedu(tmp_path, "check", "value/mul", "--json", code=1))["checks"]
        assert row["state"] == "error" and name in row["reason"][0]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", None), (b"x = 1\n", None), ("x = 'é猫'".encode(), None), ("\ufeffx = 1".encode(), None),
        ("# coding: cp932\nx = '猫です'\n".encode("cp932"), None),
        (b"x = 1\x00\n", None), ("x = 'été à la plage'".encode("cp1252"), "Windows-1252 / Latin-1"),
        (b"# coding: no_such_thing\n", None),
    ],
)  # fmt: skip
def test_what_python_reads_is_no_other_encoding(content: bytes, name: str | None) -> None:
    assert other_encoding(content) == name


def test_a_byte_order_mark_at_the_beginning_is_no_fault(tmp_path: Path) -> None:
    tinyedu(tmp_path, "init", "--lang", "en")
    (tmp_path / "value").mkdir()
    file = tmp_path / "value" / "value.py"
    file.write_text(VALUE.solution, encoding="utf-8-sig")
    tinyedu(tmp_path, "check", "value/mul")
    file.write_text(VALUE.mistakes["swapped_mul"].source, encoding="utf-8-sig")
    assert "look at  value.py" in tinyedu(tmp_path, "check", "value/mul", code=1)


def test_a_helper_in_another_encoding_is_named(tmp_path: Path) -> None:
    tinyedu(tmp_path, "init", "--lang", "en")
    (tmp_path / "value").mkdir()
    (tmp_path / "value" / "value.py").write_text("from helper import Value\n", encoding="utf-8")
    (tmp_path / "value" / "helper.py").write_bytes((JAPANESE + VALUE.solution).encode("cp932"))
    assert "helper.py was saved as Shift-JIS" in tinyedu(tmp_path, "check", "value/mul", code=1)
