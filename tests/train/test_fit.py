"""fit, evaluate, predict: the numbers of the loop written out, callbacks, metrics, history, and what is refused."""

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import DivergenceError, ShapeError
from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.train import (
    Callback,
    CSVLog,
    EarlyStopping,
    History,
    JSONLog,
    Metric,
    Run,
    SaveBest,
    Schedule,
    evaluate,
    fit,
    predict,
    progress,
)  # fmt: skip
from tinygrad_edu.utils.data import DataLoader, TensorDataset


def problem(seed: int = 0) -> tuple[nn.Module, DataLoader, DataLoader]:
    """A small classifier, its training and its validation data."""
    torch.manual_seed(seed)
    x = torch.randn(50, 4)
    y = (x[:, 0] + x[:, 1] > 0).long()
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    return model, DataLoader(TensorDataset(x, y), 16, shuffle=True), DataLoader(TensorDataset(x, y), 20)


def quiet(*args: Any, **options: Any) -> History:
    return fit(*args, progress=False, **options)


def test_the_numbers_are_those_of_the_loop_written_out() -> None:
    model, data, valid = problem()
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    scheduler = lr_scheduler.StepLR(optimizer, 2, 0.1)
    loss = nn.CrossEntropyLoss()
    rows = []
    for _ in range(3):
        model.train()
        total = hits = 0.0
        for x, y in data:
            optimizer.zero_grad()
            output = model(x)
            value = loss(output, y)
            value.backward()
            optimizer.step()
            total += value.item() * len(y)
            hits += (output.argmax(1) == y).sum().item()
        model.eval()
        with torch.no_grad():
            seen = [(loss(model(x), y).item() * len(y), (model(x).argmax(1) == y).sum().item()) for x, y in valid]
        rows.append([total / 50, hits / 50, sum(a for a, _ in seen) / 50, sum(b for _, b in seen) / 50,
                     optimizer.param_groups[0]["lr"]])  # fmt: skip
        scheduler.step()

    model, data, valid = problem()
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    scheduler = lr_scheduler.StepLR(optimizer, 2, 0.1)
    history = quiet(model, data, loss, optimizer, epochs=3, valid=valid, metrics=["accuracy"], scheduler=scheduler)
    names = ["loss", "accuracy", "valid_loss", "valid_accuracy", "lr"]
    assert [[row[name] for name in names] for row in history] == rows
    assert [row["epoch"] for row in history] == [1, 2, 3] and model.training


@pytest.mark.parametrize("name", ["SGD", "Adam", "LBFGS", "Rprop"])
def test_every_kind_of_optimizer_goes_down(name: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(30, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]])
    model = nn.Linear(3, 1)
    history = quiet(model, [(x, y)], nn.MSELoss(), getattr(optim, name)(model.parameters(), lr=0.1), epochs=20)
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_several_inputs_and_predict() -> None:
    class Both(nn.Module):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return a + 2 * b

    a, b = torch.ones(4, 1), torch.arange(4.0)[:, None]
    assert evaluate(Both(), [(a, b, a)], nn.MSELoss(), ["rmse"]) == {"loss": 14.0, "rmse": math.sqrt(14)}
    assert predict(Both(), [(a, b, None), (a, b, None)]).flatten().tolist() == [1, 3, 5, 7, 1, 3, 5, 7]
    one = nn.Sequential(nn.Dropout(0.5))
    assert predict(one, a).equal(a) and predict(one, [(a,)]).equal(a) and predict(one, [a]).equal(a)
    assert one[0].training, "the modes are put back"
    assert not predict(nn.Linear(1, 1), a).requires_grad


def test_metrics_over_unequal_batches() -> None:
    batches = [(torch.tensor([1.0, 2.0, 3.0]), torch.zeros(3)), (torch.tensor([10.0]), torch.zeros(1))]
    worst = lambda output, target: (output - target).abs().max()  # noqa: E731
    found = evaluate(nn.Identity(), batches, metrics=["mae", "mse", "rmse", worst])
    assert found == {"mae": 4.0, "mse": 28.5, "rmse": math.sqrt(28.5), "<lambda>": 4.75}
    logits = [(torch.tensor([-1.0, 0.3]), torch.tensor([0.0, 1.0]))]
    wanted = {"binary_accuracy": 0.5, "binary_accuracy_with_logits": 1.0}
    assert evaluate(nn.Identity(), logits, metrics=list(wanted)) == wanted
    spatial = [(torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]), torch.tensor([[0, 0]]))]
    assert evaluate(nn.Identity(), spatial, metrics=["accuracy"]) == {"accuracy": 0.5}


class Scripted(Metric):
    """Gives prescribed numbers, to see what callbacks make of them."""

    name, higher_is_better = "score", True

    def __init__(self, numbers: list[float]) -> None:
        super().__init__()
        self.numbers = iter(numbers)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Nothing is measured."""

    def compute(self) -> float:
        return next(self.numbers)


def test_early_stopping_takes_the_best_weights_back() -> None:
    x = torch.ones(1, 1)
    model = nn.Linear(1, 1, bias=False)
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, run: Run) -> None:
            seen.append(run.model.weight.item())

    stopping = EarlyStopping("score", patience=2)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    numbers = [1.0, 3.0, 2.0, 3.0, math.nan, 9.0]
    history = quiet(model, [(x, x)], nn.MSELoss(), optimizer, epochs=9, metrics=[Scripted(numbers)],
                    callbacks=[Watch(), stopping])  # fmt: skip
    assert len(history) == 5, "the second, then three without improvement"
    assert (stopping.best, stopping.best_epoch) == (3.0, 2) and model.weight.item() == seen[1] != seen[-1]
    assert history.best("score", "max")["epoch"] == 2


def test_schedules_per_batch_and_on_plateau() -> None:
    model, data, valid = problem()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    cycle = lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=8)
    quiet(model, data, nn.CrossEntropyLoss(), optimizer, epochs=2, callbacks=[Schedule(cycle, "batch")])
    assert cycle.last_epoch == 8
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    quiet(model, data, nn.CrossEntropyLoss(), optimizer, epochs=3, valid=valid, scheduler=plateau)
    assert plateau.num_bad_epochs + plateau.last_epoch > 0


def test_logs_and_best_weights_are_files(tmp_path: Path) -> None:
    model, data, valid = problem()
    optimizer = optim.Adam(model.parameters())
    callbacks = [CSVLog(tmp_path / "log.csv"), JSONLog(tmp_path / "log.jsonl"), SaveBest(tmp_path / "best.tg")]
    history = quiet(model, data, nn.CrossEntropyLoss(), optimizer, epochs=2, valid=valid, callbacks=callbacks)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,valid_loss,lr,seconds" and len(lines) == 3
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["valid_loss"] for row in rows] == history["valid_loss"]
    assert set(torch.load(tmp_path / "best.tg")) == set(model.state_dict())


def test_gradients_may_be_clipped_and_the_run_stopped() -> None:
    class Clip(Callback):
        def on_backward_end(self, run: Run) -> None:
            nn.utils.clip_grad_norm_(run.model.parameters(), 1e-3)

        def on_batch_end(self, run: Run) -> None:
            run.stop = True

    model, data, _ = problem()
    before = model[0].weight.clone()
    history = quiet(model, data, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=1.0), epochs=5,
                    callbacks=[Clip()])  # fmt: skip
    assert len(history) == 1 and 0 < (model[0].weight - before).norm() <= 4e-3


def test_history_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [{"epoch": e, "loss": 1 / e, "accuracy": 1 - 1 / e, "valid_loss": 2 / e, "valid_accuracy": 0.5, "lr": 0.1}
            for e in (1, 2)]  # fmt: skip
    history = History(rows)
    history.plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    figure = history.plot()
    assert [axis.get_title() for axis in figure.axes] == ["loss", "accuracy"]
    assert [line.get_label() for line in figure.axes[0].lines] == ["training", "validation"]
    with pytest.raises(ValueError, match="no rows"):
        History().plot()


def test_progress_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    model, data, _ = problem()
    fit(model, data, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), epochs=2, metrics=["accuracy"])
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == "" and len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss 0.") and "accuracy 0." in lines[0] and lines[0].endswith(" s")


def test_a_bar_is_drawn_on_a_terminal_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"  # type: ignore[assignment]

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(progress, "FRAME", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    bar = progress.Bar(terminal)
    bar.show("epoch 1/2", 5, 10, "loss 0.5000" + " and more" * 20)
    drawn = terminal.getvalue()
    assert drawn.startswith("\repoch 1/2 " + "━" * 10 + "─" * 10 + " 5/10  loss 0.5000 and") and len(drawn) == 60
    bar.line("done")
    assert terminal.getvalue().endswith("\r" + " " * 59 + "\rdone\n")
    bar.show("x", 3, None, "")
    bar.clear()
    before = terminal.getvalue()
    bar.clear()
    assert terminal.getvalue() == before, "nothing is left to take away"


def test_a_diverging_loss_is_an_error_that_names_the_rate() -> None:
    x = torch.full((4, 1), 1e3)
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=10.0)
    with pytest.raises(DivergenceError, match=r"epoch \d+, batch 1, with learning rate 10"):
        quiet(model, [(x, x)], nn.MSELoss(), optimizer, epochs=50)


def broken(**options: Any) -> Any:
    model, data, _ = problem()
    given = {"data": data, "epochs": 1, **options}
    return lambda: quiet(model, given.pop("data"), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), 0.1), **given)


OTHER = optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
REFUSED = {
    "epochs": ({"epochs": -1}, ValueError, "whole number"),
    "resume": ({"resume": True}, ValueError, "checkpoint="),
    "metric": ({"metrics": ["acuracy"]}, ValueError, "no metric 'acuracy'"),
    "metric twice": ({"metrics": ["mae", "mae"]}, ValueError, "taken"),
    "metric kind": ({"metrics": [3]}, TypeError, "int"),
    "iterator": ({"data": iter([])}, TypeError, "used up"),
    "tensor": ({"data": torch.ones(2, 2)}, TypeError, "must give batches"),
    "one element": ({"data": [torch.ones(2, 2)]}, TypeError, r"\[\(x, y\)\]"),
    "empty": ({"data": []}, ValueError, "no batches"),
    "monitor": ({"callbacks": [EarlyStopping("valid_loss")]}, ValueError, "there is no 'valid_loss'"),
    "scheduler": ({"scheduler": lr_scheduler.StepLR(OTHER, 1)}, ValueError, "another optimizer"),
    "no folder": ({"checkpoint": "no/such/run.tg"}, FileNotFoundError, "there is no folder"),
    "a folder": ({"checkpoint": "."}, IsADirectoryError, "is a folder"),
    "no folder for a log": ({"callbacks": [CSVLog("no/such/log.csv")]}, FileNotFoundError, "CSVLog: there is no"),
    "no folder for weights": ({"callbacks": [SaveBest("no/such/best.tg")]}, FileNotFoundError, "SaveBest: there is no"),
    "shapes": ({"metrics": ["mae"]}, ShapeError, "one shape"),
}


@pytest.mark.parametrize(("options", "error", "told"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(options: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        broken(**options)()


def test_options_of_callbacks_are_checked() -> None:
    for make in (
        lambda: EarlyStopping(patience=-1),
        lambda: EarlyStopping(mode="up"),
        lambda: EarlyStopping(min_delta=-1.0),
        lambda: Schedule(None, every="step"),
        lambda: History([{"epoch": 1}]).best("epoch", "least"),
    ):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(KeyError, match="there are epoch"):
        History([{"epoch": 1}])["loss"]


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        ({"callbacks": [3]}, TypeError, "callbacks must be Callbacks, not int"),
        ({"optimizer": 3}, TypeError, "optimizer must be an Optimizer, not int"),
        ({"loss": torch.nn.MSELoss(reduction="none")}, ValueError, r"loss must give one number .* shape \(4, 1\)"),
    ],
    ids=["callbacks", "optimizer", "loss"],
)
def test_what_does_not_fit_is_named_before_a_step(wrong: Any, error: Any, match: str) -> None:
    model = torch.nn.Linear(1, 1)
    before = model.weight.detach().clone()
    given = {"loss": torch.nn.MSELoss(), "optimizer": torch.optim.SGD(model.parameters(), lr=0.1), **wrong}
    with pytest.raises(error, match=match):
        fit(model, [(torch.ones(4, 1), torch.zeros(4, 1))], epochs=1, progress=False, **given)
    assert torch.equal(model.weight, before)
