#!/usr/bin/env bash
# Everything that must hold: lint, format, types, tests. Sets up what it needs in .venv.
#   bash tests/check.sh           with the versions of tests/requirements.lock
#   bash tests/check.sh lowest    the tests alone, with the lowest supported versions
set -euo pipefail
cd "$(dirname "$0")/.."

kind="${1:-locked}"
case "$kind" in
  locked) environment=.venv lock=tests/requirements.lock ;;
  lowest) environment=.venv-lowest lock=tests/requirements-lowest.lock ;;
  *) echo "usage: bash tests/check.sh [lowest]" >&2; exit 2 ;;
esac

bash tests/setup.sh &  # meanwhile Python's packages come, and are checked
components=$!
[ -x "$environment/bin/python" ] || "${PYTHON:-python3}" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .

if [ "$kind" = locked ]; then
  "$environment/bin/ruff" check .
  "$environment/bin/ruff" format --check .
  "$environment/bin/mypy"
fi
wait "$components"
# There are as many workers as cores: more threads in each would only wait for one another.
export OPENBLAS_NUM_THREADS=1
if [ "$kind" = locked ]; then
  "$environment/bin/python" -m pytest -n auto --dist loadscope -q
else
  # Old libraries announce with warnings what newer ones have changed; what they draw and open, what R and simulations say of our
  # numbers, and that a study gives the same bytes twice, was tested above.
  "$environment/bin/python" -m pytest -n auto --dist loadscope -q tests --ignore tests/browser --ignore tests/qgis --ignore tests/studies/test_opened.py \
    --ignore-glob 'tests/reference/*_live_r.py' --ignore tests/reference/test_models_recovery.py \
    -k "not test_the_same_study_twice" \
    -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning -W ignore::FutureWarning
fi
