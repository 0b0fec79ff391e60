"""Run a program, or a module with ``-m``, on the emulated card."""

from __future__ import annotations

import argparse
import runpy
import sys

from tests.cuda.emulator import Unable, start

MISSING = 77  # what test programs end with when they are skipped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cuda.emulator", description=__doc__)
    parser.add_argument("--launches", choices=("all", "none"), default="all", help="none: launches do nothing")
    parser.add_argument("-m", dest="module", action="store_true", help="what follows is a module's name")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    try:
        start(asked.launches)
    except Unable as reason:
        print(reason)
        sys.exit(MISSING)
    sys.argv = [asked.program, *asked.arguments]
    if asked.module:
        runpy.run_module(asked.program, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(asked.program, run_name="__main__")


if __name__ == "__main__":
    main()
