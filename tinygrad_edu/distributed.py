"""torch.distributed, for programs that import it: a program runs in one process, and questions are answered so."""

from __future__ import annotations

from tinygrad_edu.absent import absent_class, absent_function

_WHY = "tinygrad_edu trains in one process. Ask torch.distributed.is_available() first, or leave this call away."
_FUNCTIONS = (
    "all_gather", "all_gather_object", "all_reduce", "all_to_all", "barrier", "broadcast", "broadcast_object_list",
    "destroy_process_group", "gather", "get_backend", "get_rank", "get_world_size", "init_process_group", "irecv",
    "isend", "monitored_barrier", "new_group", "recv", "reduce", "reduce_scatter", "scatter", "send",
)  # fmt: skip
__all__ = [*_FUNCTIONS, "ReduceOp", "is_available", "is_initialized", "is_torchelastic_launched"]  # noqa: PLE0604

globals().update({name: absent_function(f"distributed.{name}", _WHY) for name in _FUNCTIONS})
ReduceOp = absent_class("distributed.ReduceOp", _WHY)


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False: there is no group of processes."""
    return False


is_torchelastic_launched = is_nccl_available = is_gloo_available = is_mpi_available = is_available
