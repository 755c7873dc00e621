"""What a layer says about itself in QGIS: title, abstract, where it came from, licence."""

from xml.etree.ElementTree import Element

from spatial.outputs._collected import title_and_origin
from spatial.outputs.atlas import Atlas, marks_of
from spatial.outputs.qgis_layers import Layer
from spatial.outputs.qgis_xml import VERSION, document, element, reference_system


def layer_metadata(atlas: Atlas, layer: Layer) -> str:
    """
    Write the metadata of a layer as QGIS keeps it.

    Parameters
    ----------
    atlas
        The study.
    layer
        One of its layers.

    Returns
    -------
    str
        A document.
    """
    return document(
        element("qgis", {"version": VERSION}, metadata_elements(atlas, layer.title, abstract_of(atlas, layer), layer.crs))
    )


def abstract_of(atlas: Atlas, layer: Layer) -> str:
    """
    Say what a reader of a layer must know: that data is synthetic, that outlines are schematic, how classes were made.

    Parameters
    ----------
    atlas
        The study.
    layer
        One of its layers.

    Returns
    -------
    str
        Paragraphs.
    """
    said = [f"{atlas.title}.", *marks_of(atlas), *atlas.notes]
    if layer.theme is not None and layer.theme.method:
        said.append(f"Classes: {layer.theme.method}.")
    renamed = [f"'{old}' is '{new}'" for old, new in layer.columns.items() if old != new and layer.kind != "graph"]
    if renamed:
        said.append(
            f"Columns called otherwise here, for a GeoPackage uses the name itself or has it already: {', '.join(renamed)}."
        )
    return "\n".join(said)


def credits_of(atlas: Atlas) -> list[str]:
    """
    Name the sources with their licences.

    Parameters
    ----------
    atlas
        The study.

    Returns
    -------
    list of str
        One line each.
    """
    told = ((*title_and_origin(each), each.licence) for each in atlas.sources)
    return [". ".join(part.rstrip(".") for part in parts if part) + "." for parts in told]


def foot_of(atlas: Atlas) -> list[str]:
    """
    Name the sources with their licences for the foot of a page.

    Parameters
    ----------
    atlas
        The study.

    Returns
    -------
    list of str
        One line each; names of files, and tables that numbers are only compared with, are left out.
    """
    compared, found = {each.source for each in atlas.comparisons}, []
    for each in atlas.sources:
        title, origin = title_and_origin(each)
        if each.origin not in compared:
            parts = (title, "" if origin == each.title else origin, each.licence)
            found.append(". ".join(part.rstrip(".") for part in parts if part) + ".")
    return list(dict.fromkeys(found))


def metadata_elements(atlas: Atlas, title: str, abstract: str, crs: object) -> list[Element]:
    """
    Give the parts of a description.

    Parameters
    ----------
    atlas
        The study.
    title
        Of the layer.
    abstract
        Of the layer.
    crs
        The reference system of the layer.

    Returns
    -------
    list of xml.etree.ElementTree.Element
        The same in a GeoPackage and in a project.
    """
    licences = sorted({each.licence for each in atlas.sources if each.licence})
    return [
        element("identifier"),
        element("parentidentifier"),
        element("language", text=atlas.language),
        element("type", text="dataset"),
        element("title", text=title),
        element("abstract", text=abstract),
        element("links"),
        *(element("history", text=line) for line in credits_of(atlas)),
        element("fees"),
        *(element("license", text=licence) for licence in licences),
        element("encoding"),
        element("crs", children=[reference_system(crs)]),
        element("extent"),
    ]
