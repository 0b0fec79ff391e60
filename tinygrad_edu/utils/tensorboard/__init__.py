"""torch.utils.tensorboard: curves of a training run, in TensorBoard's files or, without that package, in JSON lines."""

from tinygrad_edu.utils.tensorboard.writer import SummaryWriter

__all__ = ["SummaryWriter"]
