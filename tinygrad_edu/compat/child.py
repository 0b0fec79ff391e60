"""The main module of the processes that are started from a script under `tinyedu run`, or from a notebook.

It installs the names, and runs the script under the name that Python gives to a main module in such a process.
"""

if __name__ == "__mp_main__":
    from tinygrad_edu.compat.script import run_in_child

    run_in_child(globals())
