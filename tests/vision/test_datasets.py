"""Data sets of pictures: where their files may lie, what they hold; and files that are not what they seem.

The files are made here, small and in the published formats; the fetching is against a server on this machine.
"""

import gzip
import hashlib
import io
import os
import pickle
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.server import Server, serving

import tinygrad_edu as tg
from tinygrad_edu.utils.data import DataLoader
from tinygrad_edu.vision import datasets, transforms
from tinygrad_edu.vision.datasets import download, idx

RNG = np.random.default_rng(0)


def packed(array: np.ndarray[Any, Any]) -> bytes:
    """An array in the format IDX."""
    kind = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}[array.dtype.name]
    sizes = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, kind, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


FILES = {
    f"{part}-{what}-idx{dims}-ubyte": packed(array)
    for part, n in (("train", 6), ("t10k", 3))
    for what, dims, array in (
        ("images", 3, RNG.integers(0, 256, (n, 28, 28), np.uint8)), ("labels", 1, np.arange(n, dtype=np.uint8)),
    )
}  # fmt: skip
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in FILES.items()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE", 0.0)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        running.files |= PACKED
        for cls in (datasets.MNIST, datasets.FashionMNIST, datasets.KMNIST):
            monkeypatch.setattr(cls, "mirrors", [f"{running.url}gone/", running.url])
            sums = [(name, hashlib.md5(PACKED[name]).hexdigest()) for name, _ in cls.resources]
            monkeypatch.setattr(cls, "resources", sums)
        yield running


# --- IDX -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(3,), (2, 0), (2, 3, 4), ()])
def test_idx_of_every_type(tmp_path: Path, kind: str, shape: tuple[int, ...]) -> None:
    array = RNG.integers(-100, 100, shape).astype(kind) if shape else np.array(7, kind)
    for name, content in (
        ("a", packed(array)),
        ("a.gz", gzip.compress(packed(array))),
        ("odd", gzip.compress(packed(array))),
    ):
        (tmp_path / name).write_bytes(content)
        back = idx.read(tmp_path / name)
        assert back.dtype == array.dtype and back.dtype.isnative and np.array_equal(back, array)
        back[...] = 0  # in memory of its own


def test_damaged_idx_is_named(tmp_path: Path) -> None:
    content = packed(np.arange(10, dtype=np.uint8))
    zipped = gzip.compress(content)
    wrong = [content[:n] for n in range(len(content))] + [content + b"x", b"\0\0\x07\1" + content[4:], b"PK\3\4" * 9]
    wrong += [zipped[:n] for n in range(2, len(zipped))]
    for damaged in wrong:
        (tmp_path / "file.idx").write_bytes(damaged)
        with pytest.raises(RuntimeError, match="file.idx is damaged, or no IDX file"):
            idx.read(tmp_path / "file.idx")
    for n in range(10, len(zipped)):
        (tmp_path / "file.idx").write_bytes(zipped[:n] + bytes([zipped[n] ^ 64]) + zipped[n + 1 :])
        try:
            assert idx.read(tmp_path / "file.idx").tolist() == list(range(10))  # a bit that means nothing
        except RuntimeError as error:
            assert "file.idx is damaged" in str(error)
    with pytest.raises(FileNotFoundError):
        idx.read(tmp_path / "missing.idx")


# --- MNIST and its kin ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_download_gives_torchvisions_layout(server: Server, tmp_path: Path, name: str) -> None:
    cls = getattr(datasets, name)
    server.script = [("ok",), ("cut", 100)]
    data = cls(str(tmp_path), train=True, download=True)
    raw = tmp_path / name / "raw"
    assert {p.name for p in raw.iterdir() if not p.name.startswith(".")} == {*FILES, *PACKED}
    assert all((raw / file).read_bytes() == content for file, content in FILES.items())
    asked = len(server.requests)
    test = cls(tmp_path, train=False, download=True)
    assert len(server.requests) == asked and len(data) == 6 and len(test) == 3
    assert data.data.shape == (6, 28, 28) and data.data.dtype == tg.uint8
    assert test.targets.tolist() == [0, 1, 2] and test.targets.dtype == tg.int64
    assert data.data.numpy().tobytes() == FILES["train-images-idx3-ubyte"][16:]
    assert len(data.classes) == 10 and data.class_to_idx[data.classes[3]] == 3
    assert repr(test) == f"Dataset {name}\n    Number of datapoints: 3\n    Root location: {tmp_path}\n    Split: Test"


@pytest.mark.parametrize("folder", ["", "MNIST/raw"])
@pytest.mark.parametrize("files", [FILES, PACKED], ids=["plain", "gz"])
def test_files_may_lie_in_two_places_plain_or_packed(tmp_path: Path, folder: str, files: dict[str, bytes]) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if name.startswith("t10k"):
            (tmp_path / folder / name).write_bytes(content)
    data = datasets.MNIST(tmp_path, train=False, download=True)  # nothing is fetched: what is wanted is there
    assert data.targets.tolist() == [0, 1, 2]
    with pytest.raises(RuntimeError) as caught:
        datasets.MNIST(tmp_path)
    for told in ("Dataset not found", "download=True", "train-images-idx3-ubyte.gz", str(tmp_path / "MNIST" / "raw")):
        assert told in str(caught.value)


def test_samples_are_pictures_and_ints(tmp_path: Path) -> None:
    Image = pytest.importorskip("PIL.Image")
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    data = datasets.MNIST(tmp_path, transform=transforms.ToTensor(), target_transform=lambda y: y + 10)
    x, y = data[2]
    assert x.shape == (1, 28, 28) and y == 12 and np.array_equal(x[0].numpy() * 255, data.data[2].numpy())
    plain = datasets.MNIST(tmp_path)
    image, label = plain[-1]
    assert isinstance(image, Image.Image) and image.mode == "L" and image.size == (28, 28) and type(label) is int
    batch, labels = next(iter(DataLoader(data, batch_size=4, num_workers=1)))
    assert batch.shape == (4, 1, 28, 28) and labels.tolist() == [10, 11, 12, 13]
    with pytest.raises(IndexError):
        plain[6]
    with pytest.warns(UserWarning, match="has been renamed"):
        assert plain.train_labels is plain.targets
    assert "Transform: ToTensor()" in repr(data) and pickle.loads(pickle.dumps(plain)).targets.tolist() == list(
        range(6)
    )


def test_a_damaged_file_is_named(server: Server, tmp_path: Path) -> None:
    images, labels = tmp_path / "t10k-images-idx3-ubyte", tmp_path / "t10k-labels-idx1-ubyte"
    good = {images: FILES[images.name], labels: FILES[labels.name]}
    wrong = {
        images: [good[images][:-1], packed(np.zeros((2, 28, 28), np.uint8)), packed(np.zeros(3, np.uint8)), b""],
        labels: [good[labels] + b"x", packed(np.array([0, 1, 10], np.uint8)), packed(np.zeros(3, np.float32))],
    }
    for file, contents in wrong.items():
        for content in contents:
            for name, whole in good.items():
                name.write_bytes(whole)
            file.write_bytes(content)
            with pytest.raises(RuntimeError, match=file.name):
                datasets.MNIST(tmp_path, train=False)


def test_a_download_that_fails_leaves_no_half_file(server: Server, tmp_path: Path) -> None:
    server.script = [("status", 404)] * 2 + [("html",)] * 2
    with pytest.raises(RuntimeError, match="Error downloading t10k-images"):
        datasets.MNIST(tmp_path, download=True)
    assert [p.name for p in (tmp_path / "MNIST" / "raw").iterdir() if not p.name.endswith(".lock")] == []
    server.script = []
    assert len(datasets.MNIST(tmp_path, download=True)) == 6


# --- CIFAR ---------------------------------------------------------------------------------------------------------


def batch(n: int, labels: str = "labels", **other: Any) -> bytes:
    entry = {"data": RNG.integers(0, 256, (n, 3072), np.uint8), labels: [i % 3 for i in range(n)], **other}
    return pickle.dumps(entry, protocol=2)


def cifar(base: type, files: dict[str, bytes], server: Server | None = None) -> Any:
    """The class for these files instead of the published ones."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{base.base_folder}/{name}")  # type: ignore[attr-defined]
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    meta = base.meta["filename"]  # type: ignore[attr-defined]
    parts = [[name, md5[name]] for name in files if name != meta]
    if server is not None:
        server.files[base.filename] = archive.getvalue()  # type: ignore[attr-defined]
    names = {
        "train_list": [p for p in parts if not p[0].startswith("test")],
        "test_list": [p for p in parts if p[0].startswith("test")],
        "meta": {**base.meta, "md5": md5[meta]},  # type: ignore[attr-defined]
        "tgz_md5": hashlib.md5(archive.getvalue()).hexdigest(),
        "mirrors": [server.url] if server is not None else [],
    }
    return type(base.__name__, (base,), names)


META = pickle.dumps({"label_names": ["airplane", "car", "bird"], "num_vis": 3072}, protocol=2)
TEN = {"data_batch_1": batch(4), "data_batch_2": batch(2), "test_batch": batch(3), "batches.meta": META}


def test_cifar_is_fetched_unpacked_and_read(server: Server, tmp_path: Path) -> None:
    cls = cifar(datasets.CIFAR10, TEN, server)
    server.script = [("cut", 1000)]
    data, test = cls(tmp_path, download=True), cls(tmp_path, train=False)
    assert len(data) == 6 and data.data.shape == (6, 32, 32, 3) and data.data.dtype == np.uint8
    assert data.targets == [0, 1, 2, 0, 0, 1] and len(test) == 3 and type(test.targets) is list
    assert data.classes == ["airplane", "car", "bird"] and data.class_to_idx["bird"] == 2
    first = pickle.loads(TEN["data_batch_1"])["data"][0]
    assert np.array_equal(data.data[0], first.reshape(3, 32, 32).transpose(1, 2, 0))
    assert repr(data).splitlines()[0] == "Dataset CIFAR10" and "Split: Train" in repr(data)
    asked = len(server.requests)
    assert len(cls(tmp_path, download=True)) == 6 and len(server.requests) == asked
    if pytest.importorskip("PIL"):
        image, label = data[5]
        assert image.mode == "RGB" and np.array_equal(np.asarray(image), data.data[5]) and label == 1


def test_cifar100_has_fine_labels(server: Server, tmp_path: Path) -> None:
    meta = pickle.dumps({"fine_label_names": ["a", "b", "c"], "coarse_label_names": ["d"]}, protocol=2)
    files = {"train": batch(5, "fine_labels", coarse_labels=[0] * 5), "test": batch(2, "fine_labels"), "meta": meta}
    data = cifar(datasets.CIFAR100, files, server)(tmp_path, download=True)
    assert len(data) == 5 and data.classes == ["a", "b", "c"] and data.targets == [0, 1, 2, 0, 1]


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    row = bytes(range(256)) * 12
    python2 = (  # as Python 2.7 with NumPy 1 wrote it: strings are bytes, names are of numpy.core
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03K\x01aU\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\n"
        b"ndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\t"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + (3072).to_bytes(4, "little") + row + b"tbu."
    )
    files = {"data_batch_1": python2, "test_batch": batch(1), "batches.meta": META}
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    data = cifar(datasets.CIFAR10, files)(tmp_path)
    assert data.targets == [1] and data.data.transpose(0, 3, 1, 2).tobytes() == row


class Evil:
    """Would leave a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_is_a_program_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    data = np.zeros((1, 3072), np.uint8)
    contents = [
        Evil(trace), {"data": Evil(trace), "labels": [0]}, {"data": data, "labels": np.array([0])},
        {"data": data.astype("f4"), "labels": [0]}, {"data": data, "labels": [0, 1]}, {"data": data, "labels": ["a"]},
        {"data": data[:, :9], "labels": [0]}, {"data": data}, [1], {"data": data, "labels": [7]},
        {"data": np.array([[None] * 3072]), "labels": [0]},
    ]  # fmt: skip
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for content in [pickle.dumps(each, protocol=2) for each in contents] + [b"", b"\x80", TEN["test_batch"][:-9]]:
        files = {**TEN, "test_batch": content}
        for name, written in files.items():
            (folder / name).write_bytes(written)
        with pytest.raises(RuntimeError, match="damaged"):
            cifar(datasets.CIFAR10, files)(tmp_path, train=False)
        assert not trace.exists()


def test_missing_and_changed_files_of_cifar_are_named(tmp_path: Path) -> None:
    cls = cifar(datasets.CIFAR10, TEN)
    with pytest.raises(
        RuntimeError, match=r"not found or corrupted.*download=True.*unpack cifar-10-python.tar.gz into"
    ):
        cls(tmp_path)
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in TEN.items():
        (folder / name).write_bytes(content)
    assert len(cls(tmp_path)) == 6
    changed = bytearray(TEN["data_batch_2"])
    changed[1000] ^= 1
    (folder / "data_batch_2").write_bytes(bytes(changed))
    (folder / "test_batch").unlink()
    with pytest.raises(RuntimeError) as caught:
        cls(tmp_path)
    assert "data_batch_2 is damaged" in str(caught.value) and "test_batch is missing" in str(caught.value)
    assert "data_batch_1" not in str(caught.value)


# --- folders -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    Image = pytest.importorskip("PIL.Image")
    for name, mode in (("dog/b.png", "RGB"), ("dog/a.JPG", "L"), ("cat/deep/er/c.bmp", "RGB"), ("cat/d.gif", "L")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (5, 4), 100).save(tmp_path / name)
    (tmp_path / "readme.txt").write_text("not a class")
    return tmp_path


def test_a_folder_for_each_class(pictures: Path) -> None:
    data = datasets.ImageFolder(str(pictures), transform=transforms.ToTensor())
    assert data.classes == ["cat", "dog"] and data.class_to_idx == {"cat": 0, "dog": 1} and data.targets == [0, 1, 1]
    assert [Path(path).name for path, _ in data.samples] == ["c.bmp", "a.JPG", "b.png"] and data.imgs is data.samples
    assert [data[i][0].shape for i in range(3)] == [(3, 4, 5)] * 3 and data[0][1] == 0
    assert f"Root location: {pictures}" in repr(data)
    gifs = datasets.ImageFolder(pictures, is_valid_file=lambda path: path.endswith("gif"), allow_empty=True)
    assert len(gifs) == 1 and gifs.classes == ["cat", "dog"]
    sizes = datasets.DatasetFolder(str(pictures), os.path.getsize, (".png", ".bmp"), target_transform=str)
    assert [sizes[i][1] for i in range(2)] == ["0", "1"] and sizes[0][0] > 50


def test_folders_that_are_wrong(pictures: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder in"):
        datasets.ImageFolder(pictures / "dog")
    (pictures / "eel").mkdir()
    with pytest.raises(
        FileNotFoundError, match="Found no valid file for the classes eel. Supported extensions are: .jpg"
    ):
        datasets.ImageFolder(pictures)
    assert datasets.ImageFolder(pictures, allow_empty=True).classes == ["cat", "dog", "eel"]
    with pytest.raises(ValueError, match="cannot be None or not None at the same time"):
        datasets.DatasetFolder(pictures, open)
    with pytest.raises(FileNotFoundError):
        datasets.ImageFolder(pictures / "nowhere")
    whole = (pictures / "dog" / "b.png").read_bytes()
    for content in (b"", b"no picture", whole[: len(whole) // 2]):
        (pictures / "dog" / "b.png").write_bytes(content)
        data = datasets.ImageFolder(pictures, allow_empty=True)
        with pytest.raises(OSError, match="b.png is damaged, or no picture"):
            data[2]


# --- what needs no network -----------------------------------------------------------------------------------------


def test_digits() -> None:
    train, test = datasets.Digits(), datasets.Digits(train=False, transform=transforms.ToTensor())
    assert train.data.shape == (1437, 8, 8) and test.data.shape == (360, 8, 8) and train.data.max().item() == 255
    assert train.targets[:10].tolist() == list(range(10)) and sorted(set(test.targets.tolist())) == list(range(10))
    assert repr(train).splitlines()[:2] == ["Dataset Digits", "    Number of datapoints: 1437"]
    pytest.importorskip("PIL")
    assert train[3][0].size == (8, 8) and train[3][1] == 3 and test[0][0].shape == (1, 8, 8)


def test_digits_are_those_of_scikit_learn() -> None:
    theirs = pytest.importorskip("sklearn.datasets").load_digits()
    pictures, classes = datasets.digits.optdigits()
    assert (pictures == theirs.images).all() and (classes == theirs.target).all()


def test_the_series_of_the_book() -> None:
    series = datasets.johnson_johnson()
    assert series.shape == (84,) and series.dtype == tg.float32
    years = series.reshape(21, 4)
    printed = {1960: [0.71, 0.63, 0.85, 0.44], 1971: [3.60, 4.32, 4.32, 4.05], 1980: [16.20, 14.67, 16.02, 11.61]}
    for year, row in printed.items():
        assert years[year - 1960].tolist() == tg.tensor(row).tolist()


def test_a_missing_pillow_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Hidden("PIL"), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match=r"tinygrad_edu\[data\]"):
        datasets.folder.default_loader("a.png")


class _Hidden:
    """Makes a library look as if it were not installed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname.split(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
