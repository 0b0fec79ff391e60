"""Rows for the layers of images, sequences and volumes: a class, its arguments, and the shapes of its inputs."""

from __future__ import annotations

from typing import Any

Row = tuple[Any, Any, Any]


def case(*args: Any, x: Any, **options: Any) -> Row:
    return args, options, (x,)


LINE, LINES, IMAGE, IMAGES = (2, 7), (3, 2, 7), (2, 6, 5), (3, 2, 6, 5)
VOLUME, VOLUMES = (2, 4, 3, 5), (2, 2, 4, 3, 5)

SPATIAL: dict[str, list[Row]] = {
    "Conv1d": [
        case(2, 3, 3, x=LINES),
        case(2, 3, 3, x=LINE),
        case(2, 4, 2, stride=2, padding=1, dilation=2, groups=2, bias=False, x=LINES),
        case(2, 3, 4, padding="same", x=LINES),
        case(2, 3, 3, padding="valid", dilation=2, x=LINES),
        case(2, 3, (3,), padding=2, padding_mode="circular", x=LINES),
        case(2, 3, 3, x=(0, 2, 7)),
    ],
    "Conv2d": [
        case(2, 3, 3, x=IMAGES),
        case(2, 3, (2, 3), x=IMAGE),
        case(2, 4, 3, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, x=IMAGES),
        case(2, 2, 1, stride=3, bias=False, x=IMAGES),
        case(2, 3, (3, 2), padding="same", x=IMAGES),
        case(2, 3, (3, 2), padding="same", padding_mode="reflect", x=IMAGES),
        case(2, 3, 3, padding=(2, 1), padding_mode="replicate", stride=2, x=IMAGES),
        case(2, 3, (3, 4), padding="same", dilation=(2, 1), padding_mode="circular", x=IMAGES),
        case(2, 3, 3, padding="valid", padding_mode="reflect", x=IMAGE),
    ],
    "Conv3d": [
        case(2, 3, 2, x=VOLUMES),
        case(2, 2, (1, 2, 3), stride=(1, 2, 1), padding=(0, 1, 1), groups=2, x=VOLUME),
        case(2, 3, 3, padding=1, padding_mode="replicate", x=VOLUMES),
    ],
    "ConvTranspose1d": [
        case(2, 3, 3, x=LINES),
        case(2, 4, 4, stride=3, padding=1, output_padding=2, groups=2, bias=False, x=LINE),
        case(2, 3, 2, dilation=3, output_padding=1, x=LINES),
    ],
    "ConvTranspose2d": [
        case(2, 3, 3, stride=2, padding=1, output_padding=1, x=IMAGES),
        case(2, 4, (2, 3), (1, 2), (0, 1), groups=2, dilation=(2, 1), x=IMAGE),
    ],
    "ConvTranspose3d": [case(2, 3, 2, stride=2, x=VOLUMES), case(2, 2, (1, 2, 3), groups=2, bias=False, x=VOLUME)],
}
