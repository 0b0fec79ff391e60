"""Running `tinyedu demo` in this process, and comparing what it printed."""

import re

from click.testing import CliRunner, Result

from tinygrad_edu.cli.main import main

HEAD = {"schema", "seed", "backend", "device", "plots"}
"""The keys that every training demo's JSON has."""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", *arguments])


def numbers(text: str) -> str:
    """A result without its times."""
    return re.sub(r'"?seconds"?:? .*', "", text)
