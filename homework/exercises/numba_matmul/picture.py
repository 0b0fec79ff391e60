"""Time against size, both on logarithmic axes: plain Python, the student's two functions, and BLAS."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.homework.show.svg import Canvas

PARAMS: dict[str, Any] = {"sizes": [4, 8, 16, 32, 64, 128, 256], "python": 64}
WALL = 90.0
ABOUT = {
    "en": "seconds for an n×n product, both axes logarithmic: your loops in Python, compiled, in parallel; BLAS",
    "ja": "n×n の積にかかる秒数 (両対数): Python のままのループ、コンパイル版、並列版、BLAS",
}
WIDTH, HEIGHT, LEFT, TOP = 460, 340, 76, 40
COLOURS = {"python": "#b03a2e", "matmul": "#1f5fa8", "matmul_parallel": "#2e8b57", "BLAS": "#555555"}


def draw(o: dict[str, Any], p: dict[str, Any], lang: str) -> str:
    """SVG of the observation of the probe `picture`.

    Args:
        o: for each name the seconds at the first sizes; `threads`.
        p: `sizes`.
        lang: "en" or "ja".
    """
    sizes = p["sizes"]
    lines = {name: [max(float(v), 1e-8) for v in o[name]][: len(sizes)] for name in COLOURS}
    every = [v for times in lines.values() for v in times] or [1e-6]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    high = max(high, low + 1)
    threads = {"en": f"{o['threads']} threads", "ja": f"{o['threads']} スレッド"}[lang]
    canvas = Canvas(LEFT + WIDTH + 200, TOP + HEIGHT + 50)

    def place(n: float, seconds: float) -> tuple[float, float]:
        x = LEFT + WIDTH * math.log(n / sizes[0]) / math.log(sizes[-1] / sizes[0])
        return x, TOP + HEIGHT * (high - math.log10(seconds)) / (high - low)

    for power in range(low, high + 1):
        y = place(sizes[0], 10.0**power)[1]
        canvas.line(LEFT, y, LEFT + WIDTH, y, "#e2e6ea")
        canvas.text(LEFT - 8, y + 4, f"1e{power} s", 11, "end")
    for n in sizes:
        canvas.text(place(n, 10.0**low)[0], TOP + HEIGHT + 18, str(n), 11, "middle")
    canvas.text(LEFT + WIDTH / 2, TOP + HEIGHT + 38, "n", anchor="middle")
    for name, times in lines.items():
        points = [place(n, seconds) for n, seconds in zip(sizes, times, strict=False)]
        canvas.curve(points, COLOURS[name], 2)
        for x, y in points:
            canvas.dot(x, y, 3, COLOURS[name])
        if points:
            label = f"{name}, {threads}" if name == "matmul_parallel" else name
            canvas.text(points[-1][0] + 8, points[-1][1] + 4, label, 12, fill=COLOURS[name])
    return canvas.svg()
