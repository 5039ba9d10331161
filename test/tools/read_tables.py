"""Loads the tables in a directory with each tool, as its manual says; prints its counts as JSON."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import alifedata_phyloinformatics_convert as convert
import pandas
import polars
from hstrat import hstrat
from phyloframe import legacy as alifestd
from phylotrackpy import systematics

INF = float("inf")
# ete3 imports a module that Python 3.13 no longer has.
HAS_ETE = sys.version_info < (3, 13)

SERIES, BOTH, FIRST = (
    f"{sys.argv[1]}/{name}.csv" for name in ("series", "phylogeny", "phylogeny-asexual")
)


def ancestors(text):
    return 0 if text == "[none]" else len(text.split(","))


def with_pandas(path):
    lives, series = pandas.read_csv(path), pandas.read_csv(SERIES)
    now = series[series["tick"] == series["tick"].max()]
    tables = (lives, series)
    return {
        "lives": len(lives),
        "ids": lives["id"].nunique(),
        "living": (lives["destruction_time"] == INF).sum(),
        "ancestors": lives["ancestor_list"].map(ancestors).sum(),
        "generation": lives["generation"].max(),
        "hops": lives["hops"].sum(),
        "population": now["population"].sum(),
        "births": now["births"].sum(),
        "deaths": now.filter(like="deaths_").sum().sum(),
        "texts": [name for table in tables for name in table.select_dtypes("str")],
    }


def with_polars(path):
    lives, series = polars.read_csv(path), polars.read_csv(SERIES)
    now = series.filter(polars.col("tick") == polars.col("tick").max())
    tables = (lives, series)
    return {
        "lives": lives.height,
        "ids": lives["id"].n_unique(),
        "living": lives["destruction_time"].is_infinite().sum(),
        "ancestors": sum(map(ancestors, lives["ancestor_list"])),
        "generation": lives["generation"].max(),
        "hops": lives["hops"].sum(),
        "population": now["population"].sum(),
        "births": now["births"].sum(),
        "deaths": now.select(polars.col("^deaths_.*$")).sum().sum_horizontal().item(),
        "texts": [
            name for table in tables for name, kind in table.schema.items() if kind == polars.String
        ],
    }


def tracked(path):
    tracker = systematics.Systematics(lambda taxon: taxon)
    tracker.load_from_file(path, "id", assume_leaves_extant=False)
    return tracker


def with_phylotrackpy():
    tracker = tracked(FIRST)
    return {
        "lives": tracker.get_num_taxa(),
        "living": tracker.get_num_active(),
        "roots": tracker.get_num_roots(),
        "refuses_two": refuses(lambda: tracked(BOTH)),
    }


def with_hstrat():
    """The living inherit columns of strata, a stratum a tick, down the tree of first parents."""
    both, first = pandas.read_csv(BOTH), pandas.read_csv(FIRST)
    living = first.loc[first["destruction_time"] == INF]
    seed = hstrat.HereditaryStratigraphicColumn(hstrat.fixed_resolution_algo.Policy(10))
    columns = hstrat.descend_template_phylogeny_alifestd(
        alifestd.alifestd_add_global_root(first, root_attrs={"origin_time": 0}),
        seed,
        extant_ids=living["id"],
    )
    return {
        "living": len(columns),
        "strata": sum(column.GetNumStrataDeposited() - 1 for column in columns),
        "origin_times": living["origin_time"].sum(),
        "valid": [alifestd.alifestd_validate(table) for table in (both, first)],
        "asexual": [alifestd.alifestd_is_asexual(table) for table in (both, first)],
        "roots": alifestd.alifestd_count_root_nodes(both),
    }


def with_networkx(path):
    graph = convert.alife_dataframe_to_networkx_digraph(pandas.read_csv(path))
    return {"lives": len(graph), "ancestors": graph.number_of_edges()}


def with_trees(to_trees, nodes_of):
    both, first = pandas.read_csv(BOTH), pandas.read_csv(FIRST)
    trees = to_trees(first)
    return {
        "lives": sum(1 for tree in trees for _ in nodes_of(tree)),
        "roots": len(trees),
        "refuses_two": refuses(lambda: to_trees(both)),
    }


def refuses(load):
    try:
        load()
    except (RuntimeError, ValueError):
        return True
    return False


FORESTS = {
    "dendropy": (convert.alife_dataframe_to_dendropy_trees, lambda tree: tree.nodes()),
    "biopython": (convert.alife_dataframe_to_biopython_trees, lambda tree: tree.find_clades()),
    "ete": (convert.alife_dataframe_to_ete_trees, lambda tree: tree.traverse()),
    "treeswift": (
        convert.alife_dataframe_to_treeswift_trees,
        lambda tree: tree.traverse_preorder(),
    ),
}

counts = {
    "pandas": [with_pandas(path) for path in (BOTH, FIRST)],
    "polars": [with_polars(path) for path in (BOTH, FIRST)],
    "networkx": [with_networkx(path) for path in (BOTH, FIRST)],
    "phylotrackpy": with_phylotrackpy(),
    "hstrat": with_hstrat(),
    "trees": {
        name: with_trees(*forest) for name, forest in FORESTS.items() if name != "ete" or HAS_ETE
    },
}
# Numbers of numpy know their value as `item`.
json.dump(counts, sys.stdout, default=lambda number: number.item())
