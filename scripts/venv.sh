# Sourced by the scripts beside it: finds a fitting Python, makes .venv once, installs what a script needs into it.
# Nothing is installed again until pyproject.toml changes. To start afresh: rm -r .venv
# PYTHON=... chooses the interpreter for a new .venv.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
bin=$root/.venv/bin

fail() {
    for line in "$@"; do echo "$line" >&2; done
    exit 1
}

# The first interpreter that is new enough, or nothing.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

make_venv() {
    python=$(find_python)
    if [ -z "$python" ]; then
        found=$(python3 --version 2>&1) || found="no python3"
        fail "tinygrad_edu needs Python 3.11 or newer; found here: $found." \
             "Install one, or name it:  PYTHON=/path/to/python3.11 sh scripts/..."
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null || fail \
        "$python has no venv module, which is needed to make a virtual environment." \
        "On Debian and Ubuntu:  sudo apt install python3-venv"
    echo "Making a virtual environment in .venv with $("$python" --version) ..." >&2
    if ! "$python" -m venv "$root/.venv"; then
        rm -rf "$root/.venv"    # half an environment would look like a whole one next time
        fail "Making .venv failed; the reason stands above."
    fi
}

# use_venv EXTRA: afterwards $bin/python has the package, editable, with that extra.
use_venv() {
    [ -d "$root/.venv" ] || make_venv
    "$bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || fail \
        ".venv does not hold a working Python of version 3.11 or newer (was it moved, or made by an old one?)." \
        "Remove it and run this command again:  rm -r '$root/.venv'"
    stamp=$root/.venv/installed-$1
    # The path is part of the stamp: an editable install points to the folder it was made in.
    wanted="$root $(cksum < "$root/pyproject.toml")"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        echo "Installing tinygrad_edu[$1] into .venv (once; a minute or so) ..." >&2
        "$bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root[$1]" ||
            fail "The installation failed; pip's reason stands above."
        echo "$wanted" > "$stamp"
    fi
}
