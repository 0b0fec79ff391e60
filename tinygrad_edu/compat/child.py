"""The main module of a process that a script under `tinyedu run` has started: it runs that script (see `script`)."""

if __name__ == "__mp_main__":
    from tinygrad_edu.compat.script import run_in_child

    run_in_child(globals())
