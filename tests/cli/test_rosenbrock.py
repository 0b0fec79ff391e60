"""`tinyedu demo rosenbrock`: the book's printed run, every optimizer's default, JSON, divergence."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tinygrad_edu.cli.main import main
from tinygrad_edu.cli.options import NAMES
from tinygrad_edu.optim.minimize import OPTIMIZERS

# The run printed in chapter 5 of the book: value and gradient before the update of every 100th step, float32.
BOOK = """
100 0.3502924 -0.667685 -0.5771312
200 0.07398106 -0.1603189 -0.2532476
300 0.02483024 -0.07679074 -0.1373911
400 0.009619333 -0.04347242 -0.08254051
500 0.003990697 -0.02652063 -0.05206227
600 0.001719962 -0.01683905 -0.03373682
700 0.0007584976 -0.01095017 -0.02221584
800 0.0003393509 -0.007221781 -0.01477957
900 0.0001532408 -0.004811743 -0.009894371
1000 6.962555e-05 -0.003222887 -0.006653666
"""
RUN = ["demo", "rosenbrock", "--optim", "sgd", "--lr", "0.01", "--steps", "1000", "--every", "100"]


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_prints_the_run_of_the_book() -> None:
    done = invoke(*RUN)
    assert done.exit_code == 0, done.output
    rows = [line.replace("(", "").replace(")", "").replace(",", "").split() for line in done.stdout.splitlines()]
    printed = [row[:4] for row in rows if row and row[0].isdigit()]
    assert printed == [line.split() for line in BOOK.strip().splitlines()]
    assert "point       (0.9918, 0.9830)" in done.stdout


def test_json_carries_the_run_of_the_book() -> None:
    done = invoke(*RUN, "--json")
    result = json.loads(done.stdout)
    assert result["schema"] == "tinyedu.demo.rosenbrock/1"
    (run,) = result["runs"]
    told = [[row["step"], row["value"], *row["gradient"]] for row in run["history"]]
    wanted = [[float(number) for number in line.split()] for line in BOOK.strip().splitlines()]
    assert [[f"{x:.7g}" for x in row] for row in told] == [[f"{x:.7g}" for x in row] for row in wanted]
    assert run["point"] == pytest.approx([0.9918, 0.9830], abs=5e-5)
    assert set(run) >= {"optim", "lr", "status", "steps", "value", "gradient", "distance", "seconds", "note"}


def test_the_names_are_those_of_the_library() -> None:
    assert NAMES == tuple(OPTIMIZERS)


def test_every_optimizer_comes_close_with_its_printed_rate_or_says_why_not() -> None:
    names = [argument for name in NAMES for argument in ("--optim", name)]
    done = invoke("demo", "rosenbrock", *names, "--every", "1000", "--json")
    for run in json.loads(done.stdout)["runs"]:
        if run["status"] == "converged":  # as lbfgs does, long before
            assert run["optim"] == "lbfgs" and run["value"] == 0
            continue
        (row,) = run["history"]
        assert row["step"] == 1000 and row["value"] <= 1e-3, run["optim"]
        assert run["note"] or run["value"] < 1e-6, run["optim"]


def test_the_result_alone_is_on_standard_output() -> None:
    done = invoke("demo", "rosenbrock", "--steps", "30")
    assert "step" in done.stderr and "log f" in done.stderr
    assert done.stdout.startswith("f(x1, x2) = (1 - x1)^2 + 5 (x2 - x1^2)^2") and "    30  " not in done.stdout
    quiet = invoke("demo", "rosenbrock", "--steps", "30", "--quiet")
    assert quiet.stderr == "" and quiet.stdout.startswith("f(x1, x2)")


def test_the_same_command_gives_the_same_result() -> None:
    def without_time() -> list[str]:
        lines = invoke("demo", "rosenbrock", "--optim", "radam", "--steps", "50").output.splitlines()
        return [line for line in lines if not line.startswith("seconds")]

    assert without_time() == without_time()


def test_diverging_stops_with_exit_code_3() -> None:
    done = invoke("demo", "rosenbrock", "--optim", "sgd", "--lr", "1")
    assert done.exit_code == 3
    assert "sgd diverged at step 4 with lr 1" in done.stderr
    assert "hint: its steps are too long: try --lr 0.01, or --optim adam" in done.stderr
    as_json = invoke("demo", "rosenbrock", "--optim", "sgd", "--lr", "1", "--json")
    assert as_json.exit_code == 3
    (run,) = json.loads(as_json.stdout)["runs"]
    assert (run["status"], run["steps"], run["value"]) == ("diverged", 4, None)


def test_a_start_out_of_range_says_so() -> None:
    done = invoke("demo", "rosenbrock", "--start", "1e30", "1e30", "--quiet")
    assert done.exit_code == 3 and "choose a --start nearer" in done.stderr


def test_tol_stops_early() -> None:
    (run,) = json.loads(invoke("demo", "rosenbrock", "--tol", "1e-2", "--json").stdout)["runs"]
    assert run["status"] == "converged" and run["steps"] < 1000 and run["gradient_norm"] <= 1e-2


def test_no_steps_reports_the_start() -> None:
    (run,) = json.loads(invoke("demo", "rosenbrock", "--steps", "0", "--json").stdout)["runs"]
    assert (run["steps"], run["point"], run["value"], run["history"]) == (0, [-1.0, 1.0], 4.0, [])


def test_rates_go_to_the_optimizers_in_order() -> None:
    both = ("--optim", "sgd", "--optim", "adam", "--lr", "0.02", "--lr", "0.1", "--steps", "5", "--json")
    assert [run["lr"] for run in json.loads(invoke("demo", "rosenbrock", *both).stdout)["runs"]] == [0.02, 0.1]


def test_lbfgs_walks_and_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "path.png"
    done = invoke("demo", "rosenbrock", "--optim", "lbfgs", "--optim", "adam", "--steps", "30", "--plot", str(file))
    assert done.exit_code == 0, done.output
    assert file.read_bytes().startswith(b"\x89PNG")
    summary = done.stdout.split("lbfgs")[1]
    assert "1.0000" in summary, "at the minimum within thirty steps"
    assert invoke("demo", "paraboloid", "--optim", "lbfgs", "--json").exit_code == 0
    wrong = invoke("demo", "rosenbrock", "--optim", "lbfgs", "--momentum", "0.9")
    assert wrong.exit_code == 2 and "lbfgs has no momentum" in wrong.stderr


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--optim", "adamw"], "more --steps at a moderate --lr come closer"),
        (["--lr", "0"], "give a larger --lr"),
        (["--steps", "0"], "give --steps 1 or more"),
        (["--optim", "sgd", "--momentum", "1", "--lr", "0.001"], "--momentum less than 1"),
    ],
)
def test_the_note_advises_what_helps(options: list[str], hint: str) -> None:
    (run,) = json.loads(invoke("demo", "rosenbrock", *options, "--json").stdout)["runs"]
    assert hint in run["note"]


def test_a_momentum_that_never_fades_is_not_blamed_on_the_rate() -> None:
    done = invoke("demo", "rosenbrock", "--optim", "sgd", "--momentum", "1.5")
    assert done.exit_code == 3
    assert "give --momentum less than 1" in done.stderr and "try --lr" not in done.stderr


def test_adamw_comes_closer_with_more_steps_as_its_note_says() -> None:
    def value(steps: str) -> float:
        options = ("--optim", "adamw", "--lr", "0.03", "--steps", steps, "--json")
        return json.loads(invoke("demo", "rosenbrock", *options).stdout)["runs"][0]["value"]

    assert value("3000") < value("1000") / 10
