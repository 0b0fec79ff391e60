#!/bin/sh
# All there is to do on a lent card, in about ten minutes: sh benchmarks/on_a_card.sh FOLDER
# Each part has its own time limit, and prints and saves to FOLDER what it finds as it goes. Afterwards copy
# FOLDER/gpu.json to benchmarks/results and run `python -m benchmarks.page`, which renews docs/gpu.md.
# MINUTES=8 (of the table), SKIP="tests sanitizer" (parts to leave out), PYTHON=python3.
out=${1:?a folder for what is found}
python=${PYTHON:-python3}
mkdir -p "$out"
export PYTHONUNBUFFERED=1
failed=""

part() { # name, seconds, command
    name=$1 seconds=$2
    shift 2
    case " ${SKIP:-} " in *" $name "*) return ;; esac
    echo "== $name ($(date +%H:%M:%S), at most $seconds s)"
    { timeout "$seconds" "$@" 2>&1; echo "$?" >"$out/$name.status"; } | tee "$out/$name.txt" | tail -n 60
    [ "$(cat "$out/$name.status")" = 0 ] || failed="$failed $name"
    rm -f "$out/$name.status"
}

minutes=${MINUTES:-8}
part install 60 "$python" -m pip install -q --no-deps --no-build-isolation -e .
part doctor 60 "$python" -m tinygrad_edu.cli.main doctor
part table $((minutes * 60 + 60)) "$python" -m benchmarks.gpu --minutes "$minutes" --json "$out/gpu.json"
part host 60 "$python" -m benchmarks.gpu_host
part tests 240 "$python" -m pytest -q -m "gpu and not slow" -n 4 -p no:cacheprovider tests/cuda
part sanitizer 240 "$python" -m pytest -q -m "gpu and slow" -p no:cacheprovider tests/cuda/test_sanitizer.py
echo "== done $(date +%H:%M:%S)${failed:+, not right:$failed}"
[ -z "$failed" ]
