#!/usr/bin/env bash
# alifedata-phyloinformatics-convert 0.19.3, installed as its manual says:
# alife_dataframe_to_ete_trees gives as many trees as there are roots, and each is a
# unittest.mock.MagicMock, whose every question has an answer: no nodes, length 0. Where ete3 cannot
# be imported the converter takes a mock in its place, and says so in a warning at the import only.
# ete3 3.1.3 cannot be: it needs six, which it does not declare. With six (and Python before 3.13)
# the trees are trees. Fails if that is gone. Needs Python 3 with venv and PyPI; installs into a
# temporary directory.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet pandas==3.1.1 ete3==3.1.3 alifedata-phyloinformatics-convert==0.19.3
cat >check.py <<'END_PY'
import warnings

warnings.simplefilter("ignore")
import alifedata_phyloinformatics_convert as convert
import pandas

table = pandas.DataFrame(
    {"id": [0, 1, 2], "ancestor_list": ["[none]", "[0]", "[0]"], "origin_time": [0, 1, 2]}
)
(tree,) = convert.alife_dataframe_to_ete_trees(table)
print(type(tree), "of", len(list(tree.traverse())), "nodes")
assert type(tree).__name__ == "MagicMock"
END_PY
venv/bin/python check.py
if venv/bin/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then
  venv/bin/pip install --quiet six==1.17.0
  if venv/bin/python check.py 2>/dev/null; then exit 1; fi
fi
