"""Atlas -> what the page is told: layers, maps, plots and links as plain values, shapes as streams of bytes."""

import base64
import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._charts import influential
from spatial.outputs.atlas import Atlas, Class, Theme
from spatial.outputs.themes import as_text, class_numbers, theme
from spatial.outputs.web.charts import charts_of
from spatial.outputs.web.ground import Ground, ground_of, shapes_on
from spatial.outputs.web.packing import packed_links, packed_points, packed_polygons
from spatial.outputs.web.pictures import data_address, picture
from spatial.outputs.web.words import words_in
from spatial.outputs.words import p_words
from spatial.results import plain

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Above this a drawing of all links says nothing and costs megabytes.
MOST_LINKS = 200_000
#: With more places than this, values are told to seven significant digits: the rest of them would be a third of the file.
MOST_EXACT = 2_000


@dataclass
class Streams:
    """Byte streams in the order they were added; each is known by where it begins and how long it is."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, part: bytes) -> list[int]:
        """Append a stream and say where it is."""
        self.parts.append(part)
        self.size += len(part)
        return [self.size - len(part), len(part)]


def content_of(atlas: Atlas) -> tuple[dict[str, Any], bytes, Ground]:
    """
    Gather everything the page shows.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    tuple
        Plain values for JSON, the streams they refer to, and the grid of the map.
    """
    language, words = words_in(atlas.language)
    land = () if atlas.outline is None else (atlas.outline,)
    ground = ground_of(atlas.places, (*atlas.points.values(), *land))
    streams, notes = Streams(), list(atlas.notes)
    frames: dict[str, GeoDataFrame] = {
        "places": atlas.places,
        **{name: frame for name, frame in atlas.points.items() if name != "places"},
    }
    layers = [_layer(atlas, name, frame, ground, streams, notes, words) for name, frame in frames.items()]
    themes = _themes(atlas, frames, words) + _surfaces(atlas, ground, words)
    if not themes:
        themes = [_plain_theme(atlas, words)]
    content = {
        "language": language,
        "words": dict(words),
        "title": title_of(atlas),
        "name": atlas.name,
        "ground": {"local": ground.local, "corner": ground.bounds[:2], "step": ground.step, "bounds": ground.bounds},
        "land": [_land(frame, ground, streams) for frame in land],
        "layers": layers,
        "themes": themes,
        "scatters": _scatters(atlas, words),
        "charts": charts_of(atlas, words),
        "graphs": _graphs(atlas, streams, notes, words),
        "notes": list(dict.fromkeys(notes)),
    }
    return content, b"".join(streams.parts), ground


def packed(content: Mapping[str, Any], streams: bytes) -> str:
    """
    Press content and streams into one text that can stand in a page.

    Parameters
    ----------
    content
        Plain values.
    streams
        The bytes they refer to.

    Returns
    -------
    str
        Base64 of gzip of: the length of the JSON (4 bytes, lowest first), the JSON, the streams. The same content gives
        the same text.
    """
    told = json.dumps(plain(content), ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    return base64.b64encode(gzip.compress(struct.pack("<I", len(told)) + told + streams, 9, mtime=0)).decode("ascii")


def title_of(atlas: Atlas) -> str:
    """
    Give the title of the map.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    str
        It says SYNTHETIC where the data is.
    """
    return f"{atlas.title} (SYNTHETIC)" if atlas.synthetic and "SYNTHETIC" not in atlas.title else atlas.title


def names_of(frame: "GeoDataFrame", label: str = "") -> list[str]:
    """
    Name each place for a reader.

    Parameters
    ----------
    frame
        A layer.
    label
        The column with names; empty for the index.

    Returns
    -------
    list of str
        Where a name is missing, the key.
    """
    keys = [str(key) for key in frame.index]
    given = [as_text(value) for value in frame[label]] if label and label in frame.columns else keys
    return [name or key for name, key in zip(given, keys, strict=True)]


def _layer(
    atlas: Atlas, name: str, frame: "GeoDataFrame", ground: Ground, streams: Streams, notes: list[str], words: Mapping[str, str]
) -> dict[str, Any]:
    import shapely

    shapes = shapes_on(ground, frame)
    kinds = set(shapely.get_type_id(shapes).tolist())
    polygons = kinds <= {shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON}
    if kinds & {shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING}:
        notes.append(words["lines_as_points"].format(layer=name))
    centres = ground.rounded(shapely.get_coordinates(shapely.point_on_surface(shapes)))
    label = atlas.label if name == "places" else _label_of(frame)
    return {
        "id": name,
        "title": words["places"] if name == "places" else name,
        "kind": "polygons" if polygons else "points",
        "keys": [str(key) for key in frame.index],
        "names": names_of(frame, label),
        "columns": _columns(atlas, name, frame, label),
        "weight": _weight_of(atlas, frame) if name != "places" else None,
        "centres": streams.add(packed_points(centres)),
        "streams": [streams.add(part) for part in packed_polygons(shapes, ground.bounds[:2], ground.step)] if polygons else [],
    }


def _land(frame: "GeoDataFrame", ground: Ground, streams: Streams) -> dict[str, Any]:
    """Pack what lies below everything: it is drawn, and says nothing."""
    parts = packed_polygons(shapes_on(ground, frame), ground.bounds[:2], ground.step)
    return {"count": len(frame), "streams": [streams.add(part) for part in parts]}


def _columns(atlas: Atlas, layer: str, frame: "GeoDataFrame", label: str) -> list[dict[str, Any]]:
    """List the columns a reader sees: on places the indicators and what is mapped, on other layers all of them."""
    mapped = {each.column: each for each in (*atlas.themes, *_link_themes(atlas).values()) if each.layer == layer}
    known = {each.column: each for each in atlas.indicators}
    if layer == "places":
        wanted = list(dict.fromkeys([*known, *mapped]))
    else:
        wanted = [str(name) for name in frame.columns if name not in (frame.geometry.name, label)]
    found = []
    for name in wanted:
        if name not in frame.columns:
            continue
        told = known.get(name) or mapped.get(name)
        title = told.title if told else atlas.titles.get(name, name)
        found.append({"id": name, "title": title, "unit": told.unit if told else "", **_values(frame[name])})
    return found


def _values(column: "pd.Series[Any]") -> dict[str, Any]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        given = numbers[np.isfinite(numbers)]
        whole = bool(len(given) and (given == np.round(given)).all() and np.abs(given).max() < 2**53)
        if whole:
            return {"number": True, "whole": True, "values": [int(each) if np.isfinite(each) else None for each in numbers]}
        digits = 7 if len(numbers) > MOST_EXACT else 17
        exact = [float(f"{each:.{digits}g}") if np.isfinite(each) else None for each in numbers]
        return {"number": True, "whole": False, "values": exact}
    return {"number": False, "whole": False, "values": [as_text(value) for value in column]}


def _themes(atlas: Atlas, frames: "Mapping[str, GeoDataFrame]", words: Mapping[str, str]) -> list[dict[str, Any]]:
    """List the maps: those of indicators, then those of the steps in their order, graphs among them."""
    linked = _link_themes(atlas)
    known = [each for each in atlas.themes if each.layer in frames and each.id not in {one.id for one in linked.values()}]
    ids = [step.id for step in atlas.steps]
    order = sorted([*known, *linked.values()], key=lambda each: -1 if each.step not in ids else ids.index(each.step))
    return [_theme(atlas, each, frames[each.layer], words, links=each in linked.values()) for each in order]


def _theme(atlas: Atlas, made: Theme, frame: "GeoDataFrame", words: Mapping[str, str], *, links: bool = False) -> dict[str, Any]:
    return {
        "id": made.id,
        "title": made.title,
        "unit": made.unit,
        "method": made.method,
        "kind": made.kind,
        "layer": made.layer,
        "column": made.column,
        "step": made.step,
        "group": words["indicators"] if made.step is None else words["results"],
        "graph": next((step.graph for step in atlas.steps if step.id == made.step), None),
        "links": links,
        "classes": [_class(each, words) for each in made.classes],
        "numbers": class_numbers(made, frame[made.column]).tolist(),
    }


def _link_themes(atlas: Atlas) -> dict[str, Theme]:
    """Make a map of the number of neighbours for each step that is about a graph; its links are drawn on it. Step to map."""
    found = {}
    for step in atlas.steps:
        for each in fields(step.result):
            column = f"{step.id}_{each.name}"
            if each.metadata.get("figure") == "links" and step.graph in atlas.graphs and column in atlas.places.columns:
                title = f"{step.title}: {each.metadata['title']}"
                made = theme(atlas.places[column], "sequential", id=column, title=title, step=step.id, whole=True)
                found[step.id] = replace(made, classes=_counted(made, atlas.places[column]))
    return found


def _counted(made: Theme, column: "pd.Series[Any]") -> tuple[Class, ...]:
    """Name classes of whole numbers by the numbers in them: 3 is not both in "2 – 3" and in "3 – 4"."""
    numbers, values = class_numbers(made, column), column.to_numpy(dtype=float, na_value=np.nan)
    found = []
    for number, each in enumerate(made.classes):
        inside = values[numbers == number]
        if each.low is None or not len(inside):
            found.append(each)
            continue
        low, high = int(inside.min()), int(inside.max())
        found.append(replace(each, label=f"{low}" if low == high else f"{low} – {high}"))
    return tuple(found)


def _class(each: Class, words: Mapping[str, str]) -> dict[str, Any]:
    missing = each.low is None and each.value is None
    label = each.label if each.low is None else each.label.replace(".", words["decimal"])
    return {"label": words["no_data"] if missing else label, "colour": each.colour, "count": each.count, "missing": missing}


def _plain_theme(atlas: Atlas, words: Mapping[str, str]) -> dict[str, Any]:
    """Make a map that shows where the places are, for a study that maps nothing else."""
    entry = {"label": words["places"], "colour": "#8fb8d8", "count": len(atlas.places), "missing": False}
    told = {
        "id": "places",
        "title": words["places"],
        "unit": "",
        "method": "",
        "kind": "categories",
        "layer": "places",
        "column": None,
    }
    return {**told, "step": None, "group": words["places"], "graph": None, "classes": [entry], "numbers": [0] * len(atlas.places)}


def _surfaces(atlas: Atlas, ground: Ground, words: Mapping[str, str]) -> list[dict[str, Any]]:
    titles = {step.id: step.title for step in atlas.steps}
    found = []
    for name, surface in atlas.surfaces.items():
        drawn = picture(surface, ground)
        found.append(
            {
                "id": f"surface-{name}",
                "title": titles.get(name) or surface.title or name,
                "unit": surface.unit,
                "method": words["below"].format(low=drawn.classes[0].label.split(" – ")[0].replace(".", words["decimal"])),
                "kind": "surface",
                "layer": "places",
                "column": None,
                "step": name,
                "group": words["surfaces"],
                "graph": None,
                "classes": [_class(each, words) for each in drawn.classes],
                "numbers": [],
                "picture": data_address(drawn.png),
                "bounds": drawn.bounds,
            }
        )
    return found


def _scatters(atlas: Atlas, words: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for step in atlas.steps:
        deviation, lag = getattr(step.result, "deviation", None), getattr(step.result, "lag", None)
        if deviation is None or lag is None or not hasattr(lag, "reindex") or not lag.index.isin(atlas.places.index).all():
            continue
        statistic, column, second = (getattr(step.result, "statistic", None), *map(step.result.options.get, ("column", "second")))
        if column is None:
            continue  # of rates: no column's map is theirs
        x, y = (each.reindex(atlas.places.index).to_numpy(dtype=float, na_value=np.nan) for each in (deviation, lag))
        both = np.isfinite(x) & np.isfinite(y)
        slope = float(x[both] @ y[both] / (x[both] @ x[both])) if (x[both] ** 2).sum() > 0 else None
        rings = np.flatnonzero(both)[influential(step, atlas.places.index[both], x[both], y[both])]
        p = getattr(step.result, "p_permutation", None)
        alike = isinstance(statistic, float | int) and slope is not None and abs(slope - statistic) < 1e-8 * max(1.0, abs(slope))
        found.append(
            {
                "step": step.id,
                "title": step.title,
                "column": column,
                "second": None if second is None else _title_of(atlas, str(second)),
                "graph": step.graph,
                "name": _title_of(atlas, str(column)),
                "x": x.tolist(),
                "y": y.tolist(),
                "slope": slope,
                "is_moran": bool(alike),
                "n": int(both.sum()),
                "p": words["p_permutation"].format(p=p_words(p)).replace("= <", "< ").replace(".", words["decimal"])
                if isinstance(p, float) and np.isfinite(p)
                else "",
                "rings": rings.tolist(),
            }
        )
    graphs: dict[str, set[str | None]] = {}
    for each in found:
        graphs.setdefault(each["column"], set()).add(each["graph"])
    return [{**each, "graph": each["graph"] if len(graphs[each["column"]]) > 1 else None} for each in found]


def _graphs(atlas: Atlas, streams: Streams, notes: list[str], words: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for name, graph in atlas.graphs.items():
        position = atlas.places.index.get_indexer(graph.unique_ids)
        links = graph.sparse.tocoo()
        present = (links.data != 0) & (links.row != links.col)
        rows, columns = position[links.row[present]].astype(np.int64), position[links.col[present]].astype(np.int64)
        if (position < 0).any():
            continue  # a graph of another table
        if len(rows) > MOST_LINKS:
            notes.append(words["too_many_links"].format(graph=name, n=len(rows)))
            continue
        kind = str(atlas.graph_options.get(name, {}).get("kind", ""))
        title = name if kind in ("", name) else f"{name} ({kind})"
        found.append(
            {"id": name, "title": title, "streams": [streams.add(part) for part in packed_links(rows, columns, len(atlas.places))]}
        )
    return found


def _title_of(atlas: Atlas, column: str) -> str:
    return atlas.titles.get(column) or next((each.title for each in atlas.indicators if each.column == column), column)


def _label_of(frame: "GeoDataFrame") -> str:
    """Find the column that names points: the first of texts that are all different; else the key stands."""
    import pandas as pd

    for name in frame.columns:
        column = frame[name]
        if name != frame.geometry.name and pd.api.types.is_string_dtype(column) and column.notna().all() and column.is_unique:
            return str(name)
    return ""


def _weight_of(atlas: Atlas, frame: "GeoDataFrame") -> str | None:
    """Find the column that the points were weighted by in a step; circles grow with it."""
    named: Sequence[Any] = [step.result.options.get("weight") for step in atlas.steps]
    return next((str(name) for name in named if name is not None and name in frame.columns), None)
