"""What was computed from what: the content of run.json."""

from typing import TYPE_CHECKING, Any

from spatial.running.preparing import Prepared

if TYPE_CHECKING:
    from spatial.outputs.atlas import Atlas


def record_of(prepared: Prepared, atlas: "Atlas") -> dict[str, Any]:
    """Everything that says what was computed from what: no dates, no paths of a machine."""
    return {
        "study": atlas.name,
        "title": atlas.title,
        "synthetic": atlas.synthetic,
        "seed": prepared.study.seed,
        "versions": versions(),
        "inputs": list(prepared.inputs),
        "places": {
            "rows": len(atlas.places),
            "crs": atlas.places.crs.to_string(),
            "bounds": [float(each) for each in atlas.places.total_bounds],
        },
        "graphs": {
            name: {**atlas.graph_options[name], "links": int((graph.adjacency != 0).sum())} for name, graph in atlas.graphs.items()
        },
        "findings": list(atlas.findings),
        "marks": list(atlas.marks),
        "notes": list(atlas.notes),
        "steps": {step.id: {"title": step.title, "graph": step.graph, **step.result.to_dict()} for step in atlas.steps},
    }


def versions() -> dict[str, str]:
    """
    List the versions of the program and of what it computes with.

    Returns
    -------
    dict
        Distribution name to version.
    """
    from importlib.metadata import version

    import spatial

    names = ("numpy", "scipy", "pandas", "geopandas", "shapely", "pyproj", "libpysal", "pyfixest", "formulaic", "rasterio")
    return {"spatial-econometrics": spatial.__version__, **{name: version(name) for name in names}}
