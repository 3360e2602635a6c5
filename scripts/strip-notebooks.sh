#!/bin/sh
# The one place that says what a committed notebook may hold. Used by the git filter, by pre-commit and by `make test`.
# Outputs go, except in cells tagged `keep_output` (those that nbval compares); papermill's and the kernel's traces go.
# Execution counts stay, because nbval compares no stored output without one, and cell ids, because they do not change.
cd "$(dirname "$0")/.." || exit 1
exec .venv/bin/nbstripout --keep-count --keep-id --extra-keys "metadata.papermill cell.metadata.papermill cell.metadata.execution \
metadata.language_info.version" "$@"
