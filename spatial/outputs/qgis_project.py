"""The QGIS project: layers in groups, one map theme and one printable page for each map."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from spatial.boundaries import fitted_crs
from spatial.errors import OutputError, complaint
from spatial.outputs.atlas import Atlas, Theme, marks_of
from spatial.outputs.qgis_layers import Layer, layers_of, numbered, unique
from spatial.outputs.qgis_layout import Page, layout
from spatial.outputs.qgis_metadata import abstract_of, foot_of, metadata_elements
from spatial.outputs.qgis_styles import style_attributes, style_elements
from spatial.outputs.qgis_surface_styles import surface_elements
from spatial.outputs.qgis_xml import VERSION, clean, document, element, lasting_id, reference_system, unevaluated
from spatial.outputs.surface_classes import surface_classes
from spatial.results import Surface

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_MARGIN = 0.05
_SHAPES = {"polygon": ("Polygon", "MultiPolygon"), "line": ("Line", "LineString"), "point": ("Point", "Point")}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Entry:
    """A layer as the project lists it: a vector layer of the GeoPackage or a raster beside it."""

    id: str
    title: str
    group: str
    source: str
    layer: Layer | None = None
    surface: Surface | None = None

    @property
    def provider(self) -> str:
        return "gdal" if self.layer is None else "ogr"

    @property
    def theme(self) -> Theme | None:
        return None if self.layer is None else self.layer.theme


def write_project(atlas: Atlas, geopackage_name: str, path: Path) -> None:
    """
    Write the QGIS project that lies beside the GeoPackage.

    Parameters
    ----------
    atlas
        The study.
    geopackage_name
        The name of the GeoPackage in the same folder. Surfaces are looked for there as ``surface-<step>.tif``.
    path
        Where; ends in ``.qgz``.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_bytes(packed_project(atlas, layers_of(atlas), geopackage_name))
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(
            complaint(
                str(path), f"it cannot be written ({error})", "", "Close programs that have it open, or choose another folder"
            )
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def packed_project(atlas: Atlas, layers: Sequence[Layer], geopackage_name: str) -> bytes:
    """
    Give the project as the archive that QGIS opens; the same study gives the same bytes.

    Parameters
    ----------
    atlas
        The study.
    layers
        Its layers.
    geopackage_name
        The name of the GeoPackage they are in.

    Returns
    -------
    bytes
        The content of a ``.qgz`` file.
    """
    packed = io.BytesIO()
    entry = zipfile.ZipInfo(f"{unique(atlas.name, set())}.qgs", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, project_document(atlas, layers, geopackage_name), compresslevel=9)
    return packed.getvalue()


def project_document(atlas: Atlas, layers: Sequence[Layer], geopackage_name: str) -> str:
    """
    Write the project.

    Parameters
    ----------
    atlas
        The study.
    layers
        Its layers.
    geopackage_name
        The name of the GeoPackage they are in.

    Returns
    -------
    str
        A ``.qgs`` document.
    """
    entries = _entries(atlas, layers, geopackage_name)
    places = next(each for each in entries if each.layer is not None and each.layer.kind == "places")
    themes = _map_themes(atlas, entries, places)
    shown = set(next(iter(themes.values()))[1])
    crs, extent = _view(atlas)
    view = element("DefaultViewExtent", dict(zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True)), [reference_system(crs)])
    return document(
        element(
            "qgis",
            {"projectname": atlas.title, "version": VERSION},
            [
                element("homePath", {"path": ""}),
                element("title", text=atlas.title),
                element("projectCrs", children=[reference_system(crs)]),
                _tree(entries, shown),
                element("relations"),
                element("projectlayers", children=[_map_layer(atlas, each) for each in entries]),
                element("layerorder", children=[element("layer", {"id": each.id}) for each in entries]),
                _properties(local=crs is None or crs.is_engineering),
                element("visibility-presets", children=[_preset(name, ids) for name, (_, ids) in themes.items()]),
                element(
                    "projectMetadata",
                    children=metadata_elements(
                        atlas, atlas.title, "\n".join([atlas.description, *marks_of(atlas), *atlas.notes]), None
                    ),
                ),
                element(
                    "Layouts", children=[layout(_page(atlas, name, entry, extent, crs)) for name, (entry, _) in themes.items()]
                ),
                element("ProjectViewSettings", {"rotation": 0, "UseProjectScales": 0}, [view]),
            ],
        )
    )


def _entries(atlas: Atlas, layers: Sequence[Layer], geopackage_name: str) -> list[_Entry]:
    """List layers from the top of the drawing to its bottom."""
    steps = {step.id: step.title for step in atlas.steps}
    order = ["Points", "Graphs", "Surfaces", "Indicators", *dict.fromkeys(steps.values()), ""]
    bottom = ("points", "outline")  # within a group, maps stand above the bare points they are made of; land lies below all
    entries = []
    for layer in layers:
        if layer.kind == "theme" and layer.theme is not None:
            of_points = layer.theme.layer != "places"
            group = steps.get(layer.theme.step, layer.theme.step) if layer.theme.step else "Points" if of_points else "Indicators"
        else:
            group = {"points": "Points", "graph": "Graphs"}.get(layer.kind, "")
        source = f"./{geopackage_name}|layername={layer.name}"
        entries.append(_Entry(id=_layer_id(layer.name), title=unevaluated(layer.title), group=group, source=source, layer=layer))
    for step, surface in atlas.surfaces.items():
        title = unevaluated(steps.get(step) or surface.title or step)
        entries.append(
            _Entry(id=_layer_id("surface", step), title=title, group="Surfaces", source=f"./surface-{step}.tif", surface=surface)
        )
    order += [each.group for each in entries if each.group not in order]
    return sorted(entries, key=lambda each: (order.index(each.group), each.layer is not None and each.layer.kind in bottom))


def _layer_id(*names: str) -> str:
    return "layer_" + lasting_id("layer", *names).strip("{}").replace("-", "_")


def _tree(entries: Sequence[_Entry], shown: set[str]) -> Element:
    groups: dict[str, list[Element]] = {}
    for each in entries:
        known: dict[str, object] = {"name": each.title, "id": each.id, "source": each.source, "providerKey": each.provider}
        state = {"checked": "Qt::Checked" if each.id in shown else "Qt::Unchecked", "expanded": each.id in shown}
        groups.setdefault(each.group, []).append(element("layer-tree-layer", known | state))
    seen = {each.group for each in entries if each.id in shown}
    made: list[Element] = []
    for name, inside in groups.items():
        made += (
            [element("layer-tree-group", {"name": name, "checked": "Qt::Checked", "expanded": name in seen}, inside)]
            if name
            else inside
        )
    return element("layer-tree-group", children=made)


def _map_layer(atlas: Atlas, entry: _Entry) -> Element:
    if entry.layer is None:
        assert entry.surface is not None
        return _raster_layer(atlas, entry, entry.surface)
    layer = entry.layer
    geometry, kind = _SHAPES[layer.shape]
    head: dict[str, object] = {"type": "vector", "geometry": geometry, "wkbType": kind, "readOnly": layer.kind == "theme"}
    return element(
        "maplayer",
        head | style_attributes(layer),
        [
            *_head(entry, layer.crs),
            element("resourceMetadata", children=metadata_elements(atlas, layer.title, abstract_of(atlas, layer), layer.crs)),
            element("provider", {"encoding": "UTF-8"}, text="ogr"),
            element("map-layer-style-manager", {"current": "default"}, [element("map-layer-style", {"name": "default"})]),
            *style_elements(layer),
        ],
    )


def _raster_layer(atlas: Atlas, entry: _Entry, surface: Surface) -> Element:
    return element(
        "maplayer",
        {"type": "raster", "styleCategories": "AllStyleCategories", "hasScaleBasedVisibilityFlag": 0},
        [
            *_head(entry, surface.crs),
            element("resourceMetadata", children=metadata_elements(atlas, entry.title, "\n".join(marks_of(atlas)), surface.crs)),
            element("provider", text="gdal"),
            element("map-layer-style-manager", {"current": "default"}, [element("map-layer-style", {"name": "default"})]),
            *surface_elements(surface),
        ],
    )


def _head(entry: _Entry, crs: Any) -> list[Element]:
    texts = {"id": entry.id, "datasource": entry.source, "layername": entry.title}
    return [*(element(name, text=text) for name, text in texts.items()), element("srs", children=[reference_system(crs)])]


def _properties(*, local: bool) -> Element:
    def group(name: str, values: Iterable[tuple[str, str, object]]) -> Element:
        return element(name, children=[element(key, {"type": kind}, text=value) for key, kind, value in values])

    ellipsoid = "NONE" if local else "EPSG:7030"
    return element(
        "properties",
        children=[
            group("Paths", [("Absolute", "bool", "false")]),
            group("SpatialRefSys", [("ProjectionsEnabled", "int", 0 if local else 1)]),
            group("Measure", [("Ellipsoid", "QString", ellipsoid)]),
        ],
    )


def _map_themes(atlas: Atlas, entries: Sequence[_Entry], places: _Entry) -> dict[str, tuple[_Entry, list[str]]]:
    """
    Name the maps, in the order of the study, and list what each shows; map theme and page have the same name.

    A map of points lies over the places; so does a surface, with the points on top where they are few.
    """
    order = {each.id: number for number, each in enumerate(atlas.themes)}
    drawn = [each for each in entries if each.theme is not None]
    drawn.sort(key=lambda each: order[each.theme.id] if each.theme else 0)
    drawn += [each for each in entries if each.surface is not None]
    few = [each.id for each in entries if each.layer is not None and each.layer.kind == "points" and each.layer.labelled]
    land = [each.id for each in entries if each.layer is not None and each.layer.kind == "outline"]
    taken: set[str] = set()
    made: dict[str, tuple[_Entry, list[str]]] = {}
    for each in drawn or [places]:
        over = each.surface is not None or (each.theme is not None and each.theme.layer != "places")
        above = few if each.surface is not None else []
        made[numbered(clean(each.title), taken)] = (each, [*above, each.id, *([places.id] if over else []), *land])
    return made


def _preset(name: str, ids: Sequence[str]) -> Element:
    shown = [element("layer", {"id": each, "visible": 1, "expanded": 1, "style": "default"}) for each in ids]
    return element("visibility-preset", {"name": name, "has-expanded-info": 1}, shown)


def _page(atlas: Atlas, name: str, entry: _Entry, extent: tuple[float, ...], crs: Any) -> Page:
    theme = entry.theme
    method = f"Classes: {theme.method}." if theme is not None and theme.method else ""
    return Page(
        name=name,
        title=entry.title,
        study=atlas.title,
        unit=theme.unit if theme is not None else "",
        notes=" ".join(line for line in (*marks_of(atlas), method, *foot_of(atlas)) if line),
        layer_id=entry.id,
        source=entry.source,
        provider=entry.provider,
        extent=(extent[0], extent[1], extent[2], extent[3]),
        crs=crs,
        classes=len(theme.classes) if theme is not None else 1,
        steps=len(surface_classes(entry.surface)) + 1 if entry.surface is not None else 0,
    )


def _view(atlas: Atlas) -> tuple[Any, tuple[float, float, float, float]]:
    """Choose what is seen and in which reference system: a map in degrees would look squeezed, so it is drawn in metres."""
    frames = [atlas.places, *([] if atlas.outline is None else [atlas.outline])]
    crs = atlas.places.crs
    if crs.is_geographic:
        crs = fitted_crs(_round(frames))
        frames = [frame.to_crs(crs) for frame in frames]
    return crs, _widened(_round(frames))


def _round(frames: "Sequence[GeoDataFrame]") -> tuple[float, float, float, float]:
    """Give the box round all frames."""
    lefts, bottoms, rights, tops = zip(*(frame.total_bounds for frame in frames), strict=True)
    return float(min(lefts)), float(min(bottoms)), float(max(rights)), float(max(tops))


def _widened(extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, bottom, right, top = extent
    margin = _MARGIN * max(right - left, top - bottom) or 1.0
    return left - margin, bottom - margin, right + margin, top + margin
