"""Which sample came when: one row an epoch, one cell a sample, shaded by its batch."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.homework.show.svg import Canvas, shade

PARAMS: dict[str, Any] = {"n": 20, "batch": 6, "epochs": 5}
ABOUT = {
    "en": "one row an epoch, the samples in the order in which your loader gave them; a shade is a batch",
    "ja": "1 行が 1 エポック。サンプルの番号はローダーが返した順。同じ濃さが同じバッチ",
}
CELL, LEFT, TOP = 34, 90, 40


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `epochs`: for each epoch the batches, each a list of sample numbers.
        p: `n` samples in batches of `batch`.
        lang: "en" or "ja".
    """
    epoch_word, position = {"en": ("epoch", "position in the epoch"), "ja": ("エポック", "エポックの中での位置")}[lang]
    epochs = [[[int(i) for i in batch] for batch in epoch] for epoch in o["epochs"]]
    longest = min(max((sum(map(len, epoch)) for epoch in epochs), default=0), 60)
    canvas = Canvas(LEFT + CELL * max(longest, 1) + 20, TOP + CELL * len(epochs) + 20)
    canvas.text(LEFT, TOP - 14, position)
    for row, epoch in enumerate(epochs):
        top = TOP + CELL * row
        canvas.text(LEFT - 12, top + CELL * 0.62, f"{epoch_word} {row + 1}", anchor="end")
        column = 0
        for number, batch in enumerate(epoch):
            fill = shade(0.15 + 0.75 * number / max(len(epoch) - 1, 1))
            for sample in batch[: max(60 - column, 0)]:
                left = LEFT + CELL * column
                canvas.rect(left, top, CELL - 2, CELL - 2, fill)
                ink = "#ffffff" if number > len(epoch) / 2 - 0.5 else "#1b1b1b"
                canvas.text(left + CELL / 2 - 1, top + CELL * 0.62, str(sample), anchor="middle", fill=ink)
                column += 1
    return canvas.svg()
