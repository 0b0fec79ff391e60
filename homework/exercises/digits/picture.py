"""What the student's network makes of held-out digits: loss, confusions, the answers it was least sure of, filters."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.homework.exercises.digits import judges
from tinygrad_edu.homework.show.svg import Canvas, shade

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = judges.digits()
PARAMS: dict[str, Any] = {"seed": 0, "images": TRAIN_IMAGES, "labels": TRAIN_LABELS, "test": TEST_IMAGES}
WALL = 120.0
ABOUT = {
    "en": "the loss of your training, which digit was taken for which, the 12 least sure answers, and your filters",
    "ja": "訓練の損失、どの数字がどれと取り違えられたか、いちばん迷った 12 の答え、そしてあなたのフィルタ",
}
WORDS = {
    "en": {"loss": "mean loss of each epoch", "share": "{:.1f} % right", "worst": "the worst: answer (truth)",
           "filters": "filters of the first convolution", "true": "truth", "said": "answer"},
    "ja": {"loss": "エポックごとの平均の損失", "share": "正解率 {:.1f} %", "worst": "最も悪い答え: 答え (正解)",
           "filters": "最初の畳み込みのフィルタ", "true": "正解", "said": "答え"},
}  # fmt: skip


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `losses`, `answers` (360,), `logits` (360, 10), `filters`: the first weight of a convolution, in a list.
        p: not used.
        lang: "en" or "ja".
    """
    words, canvas = WORDS[lang], Canvas(920, 560)
    answers = np.asarray(o["answers"]).astype(int).reshape(len(TEST_LABELS))
    logits = np.asarray(o["logits"], dtype=float).reshape(len(TEST_LABELS), 10)
    _losses(canvas, [float(loss) for loss in o["losses"]], words["loss"])
    _confusion(canvas, answers, words)
    _worst(canvas, answers, logits, words["worst"])
    canvas.text(40, 440, words["filters"], bold=True)
    for place, kernel in enumerate(np.asarray(o["filters"][0], dtype=float)[:12]):
        _image(canvas, 40 + place * 66, 454, 54, kernel[0][:16, :16])
    return canvas.svg()


def _losses(canvas: Canvas, losses: list[float], title: str) -> None:
    canvas.text(40, 30, title, bold=True)
    canvas.rect(40, 44, 250, 150, "#f4f6f8")
    most = max([loss for loss in losses if np.isfinite(loss)], default=1.0) or 1.0
    step = 250 / max(len(losses) - 1, 1)
    canvas.curve([(40 + i * step, 194 - 145 * loss / most) for i, loss in enumerate(losses)])
    if losses:
        canvas.text(44, 60, f"{losses[0]:.3g}", 12)
        canvas.text(286, 186, f"{losses[-1]:.3g}", 12, "end")


def _confusion(canvas: Canvas, answers: np.ndarray, words: dict[str, str]) -> None:
    """Rows: the truth; columns: the answer."""
    left, top, cell = 350, 60, 32
    share = 100 * float(np.mean(answers == TEST_LABELS))
    canvas.text(left, 30, words["share"].format(share), bold=True)
    canvas.text(left + 5 * cell, top + 10 * cell + 18, words["said"], 12, "middle")
    canvas.text(left - 22, top + 5 * cell, words["true"], 12, "end")
    for true in range(10):
        canvas.text(left - 8, top + true * cell + 21, str(true), 12, "end")
        canvas.text(left + true * cell + 15, top - 6, str(true), 12, "middle")
        for said in range(10):
            count = int(np.sum((TEST_LABELS == true) & (answers == said)))
            good = true == said
            fill = shade(min(count / (40 if good else 4), 1), "#f4f6f8", "#1f5fa8" if good else "#b03a2e")
            canvas.rect(left + said * cell, top + true * cell, cell - 1, cell - 1, fill)
            if count:
                ink = "#ffffff" if count > (20 if good else 2) else "#1b1b1b"
                canvas.text(left + said * cell + 15, top + true * cell + 20, str(count), 12, "middle", ink)


def _worst(canvas: Canvas, answers: np.ndarray, logits: np.ndarray, title: str) -> None:
    """The digits whose right class got the least probability."""
    right = logits[np.arange(len(logits)), TEST_LABELS]
    loss = np.nan_to_num(np.logaddexp.reduce(logits, axis=1) - right, nan=1e9, posinf=1e9)
    canvas.text(700, 30, title, 12, bold=True)
    for place, number in enumerate(np.argsort(-loss)[:12]):
        x, y = 706 + place % 2 * 70, 44 + place // 2 * 64
        _image(canvas, x, y, 40, TEST_IMAGES[number].astype(float))
        wrong = answers[number] != TEST_LABELS[number]
        canvas.text(
            x + 20,
            y + 54,
            f"{answers[number]} ({TEST_LABELS[number]})",
            11,
            "middle",
            "#b03a2e" if wrong else "#1b1b1b",
        )


def _image(canvas: Canvas, left: float, top: float, side: float, rows: np.ndarray) -> None:
    """Pixels as shades: blue above 0, red below."""
    most = float(np.abs(rows).max()) or 1.0
    cell = side / max(len(rows), 1)
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            fill = shade(abs(float(value)) / most, "#f4f6f8", "#1b3a5c" if value >= 0 else "#b03a2e")
            canvas.rect(left + x * cell, top + y * cell, cell + 0.2, cell + 0.2, fill)
