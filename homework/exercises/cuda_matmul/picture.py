"""Which thread wrote which element, and how often each kernel reads global memory."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.homework.show.svg import Canvas, shade

PARAMS: dict[str, Any] = {"n": 8, "elements": 10, "threads": 4}
ABOUT = {
    "en": "above: blocks and threads of vec_add, and the elements they wrote; below: reads of global memory",
    "ja": "上: vec_add のブロックとスレッド、書き込んだ要素。下: グローバルメモリを読んだ回数",
}
CELL, LEFT, WIDTH = 42, 130, 520


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: `written`, the elements in the order of writing; `naive` and `tiled`, the reads of a and b; `tile`.
        p: `n`, `elements` and `threads` of a block.
        lang: "en" or "ja".
    """
    words = {
        "en": ("block", "thread", "element", "nothing to do", "reads of a and b", "as many as needed with tiles"),
        "ja": ("ブロック", "スレッド", "要素", "何もしない", "a と b を読んだ回数", "タイルを使う場合に必要な回数"),
    }[lang]
    block, thread, element, idle, reads, needed = words
    n, threads = p["elements"], p["threads"]
    total = -(-n // threads) * threads
    canvas = Canvas(LEFT + WIDTH + 60, 330)
    times = {int(i): sum(1 for j in o["written"] if j == i) for i in o["written"]}
    for number in range(total):
        x = LEFT + number * (CELL + 1) + number // threads * 10
        if number % threads == 0:
            canvas.text(x, 24, f"{block} {number // threads}", 12, bold=True)
        canvas.rect(x, 34, CELL, 30, "#dce6f0")
        canvas.text(x + CELL / 2, 54, str(number % threads), 12, "middle")
        if number < n:
            good = times.get(number, 0) == 1
            canvas.line(x + CELL / 2, 66, x + CELL / 2, 88, "#1f5fa8" if good else "#b03a2e", 2)
            canvas.rect(x, 90, CELL, 30, "#bcd3ea" if good else "#f0b8b0")
            canvas.text(x + CELL / 2, 110, f"{number}" if good else f"{number} ×{times.get(number, 0)}", 12, "middle")
        else:
            canvas.text(x + CELL / 2, 82, "–", 12, "middle")
    canvas.text(LEFT - 12, 54, thread, 12, "end")
    canvas.text(LEFT - 12, 110, element, 12, "end")
    canvas.text(LEFT, 142, f"–  {idle}", 11)
    canvas.text(LEFT, 184, f"{reads}, {p['n']}×{p['n']}", bold=True)
    rows = [("matmul_naive", o["naive"]), ("matmul_tiled", o["tiled"])]
    most = max([int(v) for _, pair in rows for v in pair] + [1])
    for line, (name, pair) in enumerate(rows):
        for part, count in enumerate(pair):
            y = 200 + line * 52 + part * 22
            canvas.rect(LEFT, y, WIDTH * min(int(count) / most, 1), 18, shade(0.45 + 0.4 * part))
            canvas.text(LEFT + WIDTH * min(int(count) / most, 1) + 6, y + 14, str(int(count)), 12)
        canvas.text(LEFT - 12, 224 + line * 52, name, 12, "end")
    best = p["n"] ** 3 // max(int(o["tile"]), 1)
    x = LEFT + WIDTH * min(best / most, 1)
    canvas.line(x, 196, x, 300, "#b03a2e", 1.5)
    canvas.text(x + 4, 314, f"{best}: {needed}", 11, fill="#b03a2e")
    return canvas.svg()
