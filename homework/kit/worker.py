"""The file that is started: loads the kit from its own folder under the name `hwkit` and hands over.

python -I -S -B worker.py JOBS.json            runs every job of the file, each in a process of its own
python -I -S -B worker.py JOBS.json --job 3    runs one of them in this process (where there is no fork)
"""

import importlib
import importlib.util
import os
import sys


def load_kit() -> None:
    """Make this folder importable as `hwkit`, and nothing else of what surrounds it."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        "hwkit", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hwkit"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load_kit()
    importlib.import_module("hwkit.supervise").main(sys.argv[1:])
