"""What a teaching library has no device or no use for: it imports, answers questions, and is clear when called."""

import warnings
from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu import settings
from tinygrad_edu.cuda import amp as cuda_amp
from tinygrad_edu.errors import NotProvidedError

ABSENT = {
    "onnx": ["export", "dynamo_export"],
    "distributed": ["init_process_group", "destroy_process_group", "get_rank", "all_reduce", "barrier", "ReduceOp"],
    "multiprocessing": ["spawn", "set_sharing_strategy"],
    "nn.parallel": ["DistributedDataParallel"],
    "utils.data.distributed": ["DistributedSampler"],
    "utils.data": ["DistributedSampler"],
    "accelerator": ["current_device_index", "synchronize", "empty_cache"],
    "cuda": ["Stream", "Event", "current_stream", "synchronize"],
}


def at(path: str) -> Any:
    found: Any = tg
    for part in path.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in ABSENT.items() for name in names])
def test_an_absent_name_is_there_and_says_so_when_called(module: str, name: str) -> None:
    absent = getattr(at(module), name)
    with pytest.raises(RuntimeError, match=r"is not provided\. .+|not compiled with CUDA|when none is available"):
        absent("nccl", rank=0)


def test_an_absent_class_can_be_asked_about() -> None:
    assert not isinstance(tg.nn.Linear(1, 1), tg.nn.parallel.DistributedDataParallel)
    assert tg.nn.parallel.DistributedDataParallel.__name__ == "DistributedDataParallel"


def test_questions_are_answered() -> None:
    assert not tg.distributed.is_available() and not tg.distributed.is_initialized()
    assert not tg.accelerator.is_available() and tg.accelerator.device_count() == 0
    assert tg.accelerator.current_accelerator() is None
    assert not tg.onnx.is_in_onnx_export() and not tg.amp.is_autocast_available("cuda")
    assert tg.multiprocessing.cpu_count() >= 1 and "Process" in dir(tg.multiprocessing)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tg.multiprocessing.nothing


def test_switches_of_backends_can_be_set() -> None:
    before = tg.backends.cudnn.benchmark
    tg.backends.cudnn.benchmark = True
    tg.backends.cuda.matmul.allow_tf32 = True
    assert tg.backends.cudnn.benchmark and tg.backends.cuda.matmul.allow_tf32
    tg.backends.cudnn.benchmark, tg.backends.cuda.matmul.allow_tf32 = before, False
    assert not tg.backends.mps.is_available() and repr(tg.backends.cudnn) == "<backend cudnn: not available>"


@pytest.mark.parametrize("scaler_class", [tg.amp.GradScaler, cuda_amp.GradScaler])
def test_a_training_step_with_a_scaler_is_a_step_without(scaler_class: Any) -> None:
    weights = []
    for mixed in (True, False):
        w = tg.tensor([1.0, 2.0], requires_grad=True)
        optimizer = tg.optim.SGD([w], lr=0.1)
        scaler = scaler_class(enabled=False)
        with cuda_amp.autocast(enabled=False):
            loss = (w**2).sum()
        if mixed:
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
        else:
            loss.backward()
            optimizer.step()
        weights.append(w.detach())
    assert tg.equal(*weights)
    scaler.load_state_dict(scaler.state_dict())
    assert (scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()) == (False, 1.0, {})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: tg.autocast("cuda"), "not available. Disabling"),
        (lambda: tg.amp.autocast("cpu", dtype=tg.bfloat16), "computes in full precision"),
        (lambda: cuda_amp.autocast(), "not available. Disabling"),
        (lambda: tg.amp.GradScaler(), "CUDA is not available"),
        (lambda: cuda_amp.GradScaler(), "CUDA is not available"),
    ],
)
def test_mixed_precision_that_was_asked_for_is_said_to_be_off(make: Any, told: str) -> None:
    with pytest.warns(UserWarning, match=told):
        make()


def test_asking_only_where_there_is_a_gpu_is_silent() -> None:
    on = tg.cuda.is_available()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tg.amp.GradScaler("cuda", enabled=on)
        with tg.autocast(device_type="cuda", dtype=tg.float16, enabled=on):
            pass

        @cuda_amp.autocast(enabled=on)
        def forward(x: Any) -> Any:
            return x * 2

    assert forward(tg.ones(1)).item() == 2.0 and forward.__name__ == "forward"


def test_what_would_be_wrong_is_refused() -> None:
    with pytest.raises(NotProvidedError, match="full precision"):
        tg.amp.GradScaler("cpu")
    with pytest.raises(ValueError, match="device type"):
        tg.autocast(True)


def test_compile_gives_the_function_itself_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings._state, "told_of_compile", False)
    model = tg.nn.Linear(2, 1)
    with pytest.warns(UserWarning, match="runs as it is"):
        assert tg.compile(model, mode="reduce-overhead") is model
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @tg.compile
        def double(x: Any) -> Any:
            return x * 2

    assert double(3) == 6


def test_data_parallel_passes_on() -> None:
    model = tg.nn.DataParallel(tg.nn.Linear(2, 1), device_ids=[0])
    x = tg.ones(3, 2)
    assert tg.equal(model(x), model.module(x)) and list(model.state_dict()) == ["module.weight", "module.bias"]
