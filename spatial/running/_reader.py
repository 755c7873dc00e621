"""What a study names is read here, and where it came from is remembered."""

import glob
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import StudyError, complaint, listed
from spatial.operations import operation
from spatial.options import data_parameters, declared
from spatial.running._told import within
from spatial.study import PlacesRecipe, PointsRecipe, RecordsRecipe, Study

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.indicators import Records
    from spatial.outputs.atlas import Source


class Reader:
    """Reads what a study names, and remembers where it came from."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.sources: list[Source] = []
        self.inputs: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.marks: list[str] = []
        self.remember(study.file, "")

    def remember(self, path: Path, source: str) -> None:
        """Keep the hash of an input file, and its source where one is known."""
        from spatial.outputs.atlas import Source

        sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if not any(each["name"] == path.name and each["sha256"] == sha256 for each in self.inputs):
            self.inputs.append({"name": path.name, "sha256": sha256})
        if source and not any(each.sha256 == sha256 for each in self.sources):
            self.sources.append(Source(title=path.name, origin=source, sha256=sha256))

    def places(self, recipe: PlacesRecipe, crs: Any = None) -> "tuple[GeoDataFrame, str]":
        """Read geometry: a pack with its pedigree, or a file."""
        from spatial.boundaries import read_places

        wanted = recipe.crs if recipe.crs is not None else crs
        places = read_places(recipe.boundaries, layer=recipe.layer, key=recipe.key, crs=wanted, invalid=recipe.invalid)
        return places, self.pedigree(recipe.boundaries, recipe.stated)

    def outline(self, recipe: PlacesRecipe, places: "GeoDataFrame") -> "GeoDataFrame | None":
        """Read what lies below the places for orientation."""
        from spatial.boundaries import read_outline

        if recipe.outline is None:
            return None
        found = read_outline(recipe.outline, places)
        self.pedigree(recipe.outline, recipe.outline_stated)
        return found

    def pedigree(self, boundaries: str, stated: str) -> str:
        """Remember where geometry came from and what must be said of it; give the column that names it for a reader."""
        from spatial.boundaries import pack, packs
        from spatial.outputs.atlas import Source

        if boundaries not in {each.name for each in packs()}:
            path = Path(str(boundaries).split("::")[0])
            if path.is_file():
                self.remember(path, stated if stated.startswith("libpysal:") else "origin not stated")
                for part in _beside(path):
                    self.remember(part, "")
            return ""
        shipped = pack(boundaries)
        self.notes += shipped.notes
        self.marks += [each for each in shipped.notes if shipped.schematic and "schematic" in each.casefold()]
        self.inputs.append({"name": shipped.name, "sha256": shipped.sha256})
        self.sources.append(
            Source(
                title=shipped.title,
                origin=shipped.source,
                licence=shipped.licence,
                retrieved=shipped.retrieved,
                sha256=shipped.sha256,
                notes=tuple(shipped.notes),
            )
        )
        return shipped.label

    def points(self, recipes: tuple[Any, ...], places: "GeoDataFrame", name: str) -> "GeoDataFrame":
        """Read one table of points in the reference system of the places."""
        import pandas as pd

        from spatial.boundaries import read_places
        from spatial.indicators import read_points
        from spatial.places import checked

        parts = []
        for recipe in recipes:
            if isinstance(recipe, PointsRecipe):
                part, label = read_points(recipe), recipe.label
                self.remember(recipe.table, recipe.source)
            else:
                part, label = self.places(recipe, places.crs)
            part = read_places(part, crs=places.crs) if part.crs != places.crs else part
            parts.append(part.assign(label=part[label]) if label and "label" not in part.columns else part)
        return checked(parts[0] if len(parts) == 1 else pd.concat(parts), f"points '{name}'")

    def records(self, recipe: RecordsRecipe, columns: Sequence[str], name: str) -> "Records":
        """Read the columns of one table of records that steps name."""
        from spatial.indicators import read_records

        with within(f"{self.study.file.name}, records '{name}'"):
            found = read_records(recipe, columns)
        self.remember(recipe.table, recipe.source)
        return found

    def graph(self, recipe: Any, places: "GeoDataFrame", built: "Mapping[str, Graph]") -> "tuple[Graph, dict[str, Any]]":
        """Build or read one graph; some are made of others."""
        from spatial.weights import read_graph

        with within(f"{self.study.file.name}, graph '{recipe.name}'"):
            if recipe.file is not None:
                self.remember(recipe.file, "")
                used = {each.name: recipe.options.get(each.name, each.default) for each in declared(read_graph)}
                return read_graph(str(recipe.file), places, **used), {"kind": "file", "file": recipe.file.name, **used}
            function = operation(recipe.kind).function()
            used = {each.name: recipe.options.get(each.name, each.default) for each in declared(function)}
            if not recipe.graphs:
                return function(places, **used), {"kind": recipe.kind, **used}
            lacking = [name for name in recipe.graphs if name not in built]
            if lacking:
                raise StudyError(complaint(f"graph '{recipe.name}'", f"{listed(lacking)} could not be built", "It is made of it"))
            given = [built[name] for name in recipe.graphs]
            made = function(places, given if "graphs" in data_parameters(function) else given[0], **used)
            return made, {"kind": recipe.kind, "graphs": list(recipe.graphs), **used}


def _beside(path: Path) -> list[Path]:
    """List the other files of a Shapefile: its numbers are in the .dbf."""
    if path.suffix.lower() != ".shp":
        return []
    parts = (".dbf", ".shx", ".prj", ".cpg")
    return sorted(each for each in path.parent.glob(f"{glob.escape(path.stem)}.*") if each.suffix.lower() in parts)
