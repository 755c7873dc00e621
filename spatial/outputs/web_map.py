"""Atlas -> map.html: one file with everything inside. It is a folium map; nothing is fetched when it opens."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import OutputError, complaint
from spatial.outputs._collected import title_and_origin
from spatial.outputs.atlas import Atlas, marks_of
from spatial.outputs.web.assets import leaflet
from spatial.outputs.web.content import MOST_EXACT, content_of, packed, title_of
from spatial.outputs.web.fallback import still
from spatial.outputs.web.ground import Ground
from spatial.outputs.words import cleaned

if TYPE_CHECKING:
    import folium

WEB = Path(__file__).parent / "web"
#: Above this a browser takes too long, and mail and messengers refuse the file.
MOST_MEGABYTES = 50


def write_map(atlas: Atlas, path: Path) -> None:
    """
    Write the interactive map of a study.

    Parameters
    ----------
    atlas
        The finished study.
    path
        Where the file goes; the same atlas gives the same bytes.

    Raises
    ------
    OutputError
        When Leaflet is not installed, a page would fetch something, the file would exceed 50 MB, or it cannot be written.
    """
    page = page_of(web_map(atlas))
    size = len(page.encode("utf-8")) / 1e6
    if size > MOST_MEGABYTES:
        raise OutputError(
            complaint(
                str(path),
                f"the map of {len(atlas.places)} places would be {size:.0f} MB",
                f"A single file opens well up to {MOST_MEGABYTES} MB",
                "Simplify or merge the places, or set map = false and use the GeoPackage",
            )
        )
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            complaint(str(path), f"the file cannot be written ({error.strerror})", remedy="Choose another folder")
        ) from error


def web_map(atlas: Atlas) -> "folium.Map":
    """
    Build the map of a study as a folium map.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    folium.Map
        Further folium layers may be added before ``page_of``; those that need more than Leaflet are refused there.
    """
    import folium
    from branca.element import MacroElement

    content, streams, ground = content_of(atlas)
    made = folium.Map(
        location=[0, 0],
        zoom_start=1,
        tiles=None,
        crs="Simple" if ground.local else "EPSG3857",
        attribution_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
        wheel_px_per_zoom_level=120,
    )
    made._id = "atlas"  # noqa: SLF001  (folium draws it by chance; two builds must be equal)
    runtime: Any = MacroElement()  # type: ignore[no-untyped-call]
    runtime._name, runtime._id = "Runtime", "atlas"  # noqa: SLF001  (likewise)
    runtime._template = _templates().from_string(  # noqa: SLF001  (what branca reads)
        "{% macro script(this, kwargs) %}spatialAtlas({{ this._parent.get_name() }});{% endmacro %}"
    )
    # folium keeps children under the names they had when they were added, so ids stand before this
    made.add_child(runtime)
    figure: Any = made.get_root()
    figure._id = "page"  # noqa: SLF001  (likewise)
    figure.page = _page(atlas, content, packed(content, streams), ground)
    return made


def page_of(made: "folium.Map") -> str:
    """
    Write a folium map as one page that fetches nothing.

    Parameters
    ----------
    made
        From ``web_map``, with or without further layers.

    Returns
    -------
    str
        HTML with Leaflet inside and a content security policy that names the hash of every script and style.

    Raises
    ------
    OutputError
        When a layer needs a file from the network.
    """
    from branca.element import CssLink, Element, JavascriptLink

    figure: Any = made.get_root()
    for child in list(figure._children.values()):  # noqa: SLF001  (branca offers no way to look at them)
        child.render()
    head = figure.header._children  # noqa: SLF001  (likewise)
    defaults = {name for name, _ in (*made.default_js, *made.default_css)}
    for name, child in list(head.items()):
        if isinstance(child, JavascriptLink | CssLink):
            if name not in defaults:
                raise OutputError(
                    complaint("web map", f"a layer needs {child.url}", "The map carries only Leaflet", "Leave this layer out")
                )
            del head[name]
    head.pop("meta_http", None)
    own = head.get(made.get_name())
    if own is not None:
        text = re.sub(r'<meta name="viewport"[^>]*>', "", own.render())
        head[made.get_name()] = Element("{{ this.text }}")
        head[made.get_name()].text = text
    styles: Any = Element("<style>\n{{ this.leaflet }}\n</style>\n<style>\n{{ this.own }}\n</style>")
    styles.leaflet, styles.own = leaflet().style, _text("style.css")
    head["styles"] = styles
    page = _templates().from_string(_text("page.html")).render(this=figure)
    return _closed(page)


def _page(atlas: Atlas, content: dict[str, Any], data: str, ground: Ground) -> dict[str, Any]:
    words, library = content["words"], leaflet()
    layers = {layer["id"]: layer for layer in content["layers"]}
    first = content["themes"][0]
    frame = atlas.places if first["layer"] == "places" else atlas.points[first["layer"]]
    unit = "" if ground.local else f" {words['m']}"
    drawing = [words["tolerance"].format(tolerance=f"{ground.tolerance:.2g}{unit}".replace(".", words["decimal"]))]
    drawing += [words["rounded"]] if len(atlas.places) > MOST_EXACT else []
    drawing += [words["local"] if ground.local else words["projection"], words["drawn_with"]]
    return {
        "language": content["language"],
        "words": words,
        "title": title_of(atlas),
        "lead": _first_sentence(atlas.description),
        "description": atlas.description,
        "marks": [_marked(each) for each in marks_of(atlas)],
        "notes": [each for each in content["notes"] if each not in atlas.marks],
        "sources": [(*title_and_origin(each), each.licence) for each in atlas.sources],
        "drawing": " ".join(drawing),
        "static": cleaned(still(first, layers[first["layer"]], frame, ground, words)),
        "data": data,
        "leaflet": library.script,
        "licence": library.licence,
        "runtime": "\n".join(_text(f"runtime/{file.name}") for file in sorted((WEB / "runtime").glob("*.js"))),
        "policy": "POLICY",
    }


def _first_sentence(text: str) -> str:
    """Take what can stand above the map; the whole text stands below it."""
    return re.split(r"(?<=[.!?])\s+(?=[^\W\d_a-zа-я])", text.strip(), maxsplit=1)[0]


def _marked(mark: str) -> dict[str, str]:
    """Set off the word that says that data is made up."""
    word = "SYNTHETIC"
    return {"badge": word, "text": mark.removeprefix(word).strip()} if mark.startswith(word) else {"badge": "", "text": mark}


def _closed(page: str) -> str:
    """Allow what is in the page, by hash, and nothing else; make sure that nothing in it points outside."""
    found = re.sub(r"<script type=\"text/plain\".*?</script>|<noscript>.*?</noscript>|<!--.*?-->", "", page, flags=re.DOTALL)
    outside = re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"']?https?:[^\s>]*", found)
    if outside:
        raise OutputError(
            complaint("web map", f"the page would fetch {outside[0]}", "Expected everything inside", "Leave this layer out")
        )
    scripts = _hashes(re.findall(r"<script>(.*?)</script>", found, flags=re.DOTALL))
    styles = _hashes(re.findall(r"<style>(.*?)</style>", found, flags=re.DOTALL))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return page.replace('content="POLICY"', f'content="{policy}"', 1)


def _hashes(texts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


@cache
def _text(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8").replace("\r\n", "\n")


@cache
def _templates() -> Any:
    from jinja2 import Environment

    return Environment(autoescape=True, finalize=_shown)


def _shown(value: Any) -> Any:
    """Take control characters out of every text that is not our own page, script or style."""
    return cleaned(value) if type(value) is str else value
