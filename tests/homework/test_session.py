"""The known mistakes behind failures are run once for each process, from however many threads they are asked for."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tinygrad_edu.homework import session
from tinygrad_edu.homework.course import load
from tinygrad_edu.homework.runner.batch import Batch
from tinygrad_edu.homework.runner.seen import Seen
from tinygrad_edu.homework.session import Kept, Program, check_program, outcomes, params_for

VALUE = load().exercises["value"]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of the batches that are run from here on, with nothing kept from before."""
    sizes: list[int] = []

    class Counted(Batch):
        def __init__(self, jobs: Any, **more: Any) -> None:
            sizes.append(len(jobs))
            super().__init__(jobs, **more)

    monkeypatch.setattr(session, "Batch", Counted)
    monkeypatch.setattr(session, "KEPT", Kept(300))
    yield sizes


def test_the_second_save_with_the_same_mistake_runs_no_mistakes_again(batches: list[int]) -> None:
    program = Program(VALUE.mistakes["swapped_mul"].source)
    found = [[(v.state, v.mistake and v.mistake.name) for v in check_program(VALUE, program, only=["mul"])]]
    once = len(batches)
    found += [[(v.state, v.mistake and v.mistake.name) for v in check_program(VALUE, program, only=["mul"])]]
    assert found[0] == found[1] and found[0][-1] == ("fail", "swapped_mul")
    assert once == 2, "one batch for the checks of the student, one for the mistakes"
    assert len(batches) == 3, "and then only the checks of the student"


def test_other_parameters_and_another_base_are_asked_anew(batches: list[int]) -> None:
    check, suspects = VALUE.checks["mul"], [VALUE.mistakes["swapped_mul"]]
    params = params_for(VALUE, check, 1)
    outcomes(VALUE, check, suspects, params, {})
    outcomes(VALUE, check, suspects, params, {})
    outcomes(VALUE, check, suspects, params_for(VALUE, check, 2, public=False), {})
    outcomes(VALUE, check, suspects, params, {"other": "x = 1\n"})
    assert len(batches) == 3


def test_what_ran_out_of_time_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Seen(error={"kind": "timeout", "type": "", "text": ""})
    monkeypatch.setattr(session, "Batch", lambda jobs: [(number, late) for number in range(len(jobs))])
    monkeypatch.setattr(session, "KEPT", Kept(300))
    check = VALUE.checks["mul"]
    assert outcomes(VALUE, check, [VALUE.mistakes["swapped_mul"]], params_for(VALUE, check, 1), {}) == [late]
    assert len(session.KEPT) == 0


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept = Kept(2)
    kept.put(b"a", [])
    kept.put(b"b", [])
    assert kept.get(b"a") == []
    kept.put(b"c", [])
    assert kept.get(b"b") is None and kept.get(b"a") == [] and kept.get(b"c") == []


def test_threads_may_share_it() -> None:
    kept, wrong = Kept(5), []

    def work(own: int) -> None:
        try:
            for n in range(500):
                key = bytes([(n * own) % 11])
                kept.put(key, [Seen(doing=str(key))])
                found = kept.get(bytes([n % 11]))
                if found is not None and found[0].doing != str(bytes([n % 11])):
                    wrong.append(found)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(own,)) for own in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and len(kept) == 5


FORGOTTEN = {
    "an operation": ("value", "forward", "return Value(self.data * other.data", "Value.__mul__"),
    "a function": ("tensor", "strides", "return tuple(reversed(strides))", "strides_of"),
    "a reflected operation": ("tensor", "left_operand", "return tensor(other) - self", "Tensor.__rsub__"),
    "a layer": ("conv2d", "size", "return Tensor.custom(", "Conv2d.__call__"),
    "a text": ("draw-graph", "parses", 'return "\\n".join(', "draw_graph"),
}


@pytest.mark.parametrize(("slug", "check", "code", "function"), FORGOTTEN.values(), ids=FORGOTTEN)
def test_a_forgotten_return_is_named(slug: str, check: str, code: str, function: str) -> None:
    exercise = load().exercises[slug]
    assert code in exercise.solution
    source = exercise.solution.replace(code, code.removeprefix("return "))
    *_, verdict = check_program(exercise, Program(source, {}, session.reference_base(exercise)), only=[check])
    assert verdict.cause is not None and verdict.cause.words == {"function": function}
    assert verdict.line is not None and verdict.line.function == function


def test_a_none_that_comes_from_elsewhere_is_not_taken_for_one() -> None:
    source = VALUE.solution.replace("self.grad = 0.0", "self.grad = None")
    verdicts = {verdict.check.name: verdict for verdict in check_program(VALUE, Program(source), only=["mul"])}
    assert verdicts["mul"].state == "error" and verdicts["mul"].cause is None


def test_a_gradient_overwritten_by_the_second_pass_is_diagnosed_without_a_known_mistake() -> None:
    tensor = load().exercises["tensor"]
    program = Program(tensor.mistakes["second_backward_overwrites"].source)
    verdicts = {v.check.name: v for v in check_program(tensor, program, only=["accumulate"], explain=False)}
    fail = verdicts["accumulate"].fail
    assert fail is not None and fail.cause is not None and fail.cause.key == "overwritten"
