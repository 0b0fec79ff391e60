"""How well a network reads digits: who is taken for whom, and of which mistakes it is surest."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.train import Callback

__all__ = ["SameSettings", "confusion", "mistakes"]


def confusion(chances: Any, truth: Any) -> Any:
    """How often each class (row) got each answer (column); chances (N, C), truth (N,) -> (C, C) of int64.

    >>> confusion(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), np.array([0, 1, 1])).tolist()
    [[1, 0], [1, 1]]
    """
    classes = chances.shape[1]
    return np.bincount(truth * classes + chances.argmax(1), minlength=classes**2).reshape(classes, classes)


def mistakes(chances: Any, truth: Any, count: int) -> list[dict[str, Any]]:
    """The wrong answers of which the network is surest: index, truth, answer, and the answer's chance.

    >>> mistakes(np.array([[0.9, 0.1], [0.8, 0.2], [0.75, 0.25]]), np.array([0, 1, 1]), 1)
    [{'index': 1, 'truth': 1, 'answer': 0, 'chance': 0.8}]
    """
    answers = chances.argmax(1)
    sure = chances[np.arange(len(truth)), answers]
    wrong = np.flatnonzero(answers != truth)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    return [
        {"index": int(i), "truth": int(truth[i]), "answer": int(answers[i]), "chance": float(sure[i])} for i in worst
    ]


class SameSettings(Callback):
    """Refuses to go on from a checkpoint whose run had other settings: a mixture of two runs is neither."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def state_dict(self) -> dict[str, Any]:
        return {"settings": self.settings}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, mine in self.settings.items():
            if state["settings"].get(name) != mine:
                raise ValueError(f"the run there has {name} {state['settings'].get(name)}, this one {mine}")
