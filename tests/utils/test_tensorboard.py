"""SummaryWriter notes down what it is given: in JSON lines without tensorboard, in its event files with it."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import NotProvidedError, ShapeError
from tinygrad_edu.utils.tensorboard import SummaryWriter, records


@pytest.fixture
def no_tensorboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "find_spec", lambda name: None)
    monkeypatch.setattr(records, "_noticed", True)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_notice_comes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "find_spec", lambda name: None)
    monkeypatch.setattr(records, "_noticed", False)
    with pytest.warns(UserWarning, match="pip install tensorboard"):
        SummaryWriter(tmp_path / "a").close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SummaryWriter(tmp_path / "b").close()


def test_numbers_text_and_histograms_as_json_lines(tmp_path: Path, no_tensorboard: None) -> None:
    with SummaryWriter(log_dir=tmp_path / "run") as writer:
        writer.add_scalar("loss/train", tg.tensor([0.5], requires_grad=True), 3, walltime=10.0)
        writer.add_scalar("loss/train", float("nan"), global_step=4)
        writer.add_scalars("accuracy", {"train": 0.5, "valid": np.float32(0.25)}, 1)
        writer.add_histogram("weights", tg.arange(10.0), 2, bins=5)
        writer.add_text("note", "学習率 0.1", 0)
    first, second, histogram, text = lines(tmp_path / "run")
    assert first == {"tag": "loss/train", "kind": "scalar", "step": 3, "wall_time": 10.0, "value": 0.5}
    assert (second["step"], second["value"]) == (4, "nan")
    assert (histogram["counts"], histogram["num"], histogram["sum"]) == ([2] * 5, 10, 45.0)
    assert (histogram["min"], histogram["max"], histogram["sum_squares"]) == (0.0, 9.0, 285.0)
    assert text["text"] == "学習率 0.1"
    (valid,) = lines(tmp_path / "run" / "accuracy_valid")
    assert (valid["tag"], valid["value"], valid["step"]) == ("accuracy", 0.25, 1)


def test_what_was_written_is_kept_when_a_folder_is_opened_again(tmp_path: Path, no_tensorboard: None) -> None:
    for step in (1, 2):
        writer = SummaryWriter(tmp_path)
        writer.add_scalar("x", step, step)
        writer.flush()
    assert [line["value"] for line in lines(tmp_path)] == [1.0, 2.0]


def test_a_full_queue_is_written(tmp_path: Path, no_tensorboard: None) -> None:
    writer = SummaryWriter(tmp_path, max_queue=3)
    for step in range(4):
        writer.add_scalar("x", step, step)
    assert len(lines(tmp_path)) == 3


@pytest.mark.parametrize(
    ("shape", "dataformats", "size", "mode"),
    [((3, 4, 6), "CHW", (6, 4), "RGB"), ((4, 6, 3), "HWC", (6, 4), "RGB"), ((4, 6), "HW", (6, 4), "L")],
)
def test_pictures_become_png_files(
    shape: tuple[int, ...], dataformats: str, size: tuple[int, int], mode: str, tmp_path: Path, no_tensorboard: None
) -> None:
    image = pytest.importorskip("PIL.Image")
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("a/picture", tg.full(shape, 0.5), 7, dataformats=dataformats)
    (line,) = lines(tmp_path)
    with image.open(tmp_path / line["file"]) as picture:
        assert (picture.size, picture.mode) == (size, mode)
        assert np.unique(np.asarray(picture)).tolist() == [127]
    assert line["kind"] == "image" and "pixels" not in line


def test_several_pictures_stand_side_by_side_and_bytes_stay_bytes(tmp_path: Path, no_tensorboard: None) -> None:
    image = pytest.importorskip("PIL.Image")
    with SummaryWriter(tmp_path) as writer:
        writer.add_images("batch", np.full((5, 1, 2, 3), 9, np.uint8))
    with image.open(tmp_path / lines(tmp_path)[0]["file"]) as picture:
        assert picture.size == (15, 2) and np.unique(np.asarray(picture)).tolist() == [9]


def test_a_figure_is_a_picture(tmp_path: Path, no_tensorboard: None) -> None:
    pytest.importorskip("PIL")
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure(figsize=(1, 1), dpi=50)
    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("figure", figure)
    assert lines(tmp_path)[0]["file"].endswith(".png") and not plt.fignum_exists(figure.number)


def test_what_does_not_fit_is_refused(tmp_path: Path, no_tensorboard: None) -> None:
    writer = SummaryWriter(tmp_path)
    with pytest.raises(ShapeError, match="one number is wanted"):
        writer.add_scalar("x", tg.ones(2))
    with pytest.raises(ShapeError, match="dataformats='CHW'"):
        writer.add_image("x", tg.ones(2, 2))
    with pytest.raises(ValueError, match="no values"):
        writer.add_histogram("x", [])
    with pytest.raises(NotProvidedError, match="draw_graph"):
        writer.add_graph(tg.nn.Linear(1, 1), tg.ones(1))
    writer.close()
    assert lines(tmp_path) == []


def test_the_default_folder_has_the_date_and_the_comment(
    tmp_path: Path, no_tensorboard: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter(comment="_lr0.1")
    assert writer.get_logdir().startswith("runs") and writer.log_dir.endswith("_lr0.1")
    assert Path(writer.log_dir, "events.jsonl").is_file()


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    pytest.importorskip("PIL")
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_histogram("weights", tg.arange(10.0), 1)
        writer.add_image("picture", tg.rand(3, 4, 6), 2)
        writer.add_text("note", "text", 0)
    events = reader.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(event.step, round(event.value, 3)) for event in events.Scalars("loss")] == [(0, 1.0), (1, 0.5), (2, 0.333)]
    assert events.Histograms("weights")[0].histogram_value.num == 10
    assert (events.Images("picture")[0].width, events.Images("picture")[0].height) == (6, 4)
    assert events.Tensors("note/text_summary" if "note/text_summary" in events.Tags()["tensors"] else "note")
