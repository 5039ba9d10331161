#!/usr/bin/env bash
# alifedata-phyloinformatics-convert 0.19.3 with phylotrackpy 0.2.4: of a table that says of each
# taxon when it died (`inf`: it lives), alife_dataframe_to_phylotrack_systematics makes a tree in
# which all leaves live. It always loads with assume_leaves_extant=True, which stands above
# destruction_time, and can be told nothing else. The same file, loaded with False, has the right
# number. Fails if that is gone. Needs Python 3 with venv and PyPI; installs into a temporary
# directory.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet pandas==3.1.1 phylotrackpy==0.2.4 \
  alifedata-phyloinformatics-convert==0.19.3
# One founder, three children of it, one of which lives.
cat >lives.csv <<'END_CSV'
id,ancestor_list,origin_time,destruction_time
0,[none],0,5
1,[0],1,8
2,[0],2,inf
3,[0],3,9
END_CSV
cat >check.py <<'END_PY'
import warnings

warnings.simplefilter("ignore")
import alifedata_phyloinformatics_convert as convert
import pandas
from phylotrackpy import systematics

converted = convert.alife_dataframe_to_phylotrack_systematics(pandas.read_csv("lives.csv"))
loaded = systematics.Systematics(lambda taxon: taxon)
loaded.load_from_file("lives.csv", "id", assume_leaves_extant=False)
counts = converted.get_num_active(), loaded.get_num_active()
print("living of 1: %d by the converter, %d by load_from_file" % counts)
assert counts == (3, 1)
END_PY
venv/bin/python check.py
