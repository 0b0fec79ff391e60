"""A training loop for people: what stands around the lecture's loop in every project, in a few small files.

Read `loop` first (`fit`, `evaluate`, `predict`), then `callbacks`, `metrics`, `history` and `state`.
"""

from tinygrad_edu.train.callbacks import Callback, CSVLog, EarlyStopping, JSONLog, Run, SaveBest, Schedule
from tinygrad_edu.train.history import History
from tinygrad_edu.train.loop import evaluate, fit, predict
from tinygrad_edu.train.metrics import (
    MAE,
    MSE,
    RMSE,
    Accuracy,
    BinaryAccuracy,
    BinaryAccuracyWithLogits,
    Mean,
    Metric,
)
from tinygrad_edu.train.progress import Progress

__all__ = [
    "Accuracy", "BinaryAccuracy", "BinaryAccuracyWithLogits", "CSVLog", "Callback", "EarlyStopping", "History",
    "JSONLog", "MAE", "MSE", "Mean", "Metric", "Progress", "RMSE", "Run", "SaveBest", "Schedule", "evaluate", "fit",
    "predict",
]  # fmt: skip
