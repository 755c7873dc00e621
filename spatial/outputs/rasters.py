"""Surfaces as GeoTIFF that opens coloured in QGIS."""

from pathlib import Path

import numpy as np

from spatial.errors import OutputError, complaint
from spatial.outputs.qgis_surface_styles import surface_style
from spatial.outputs.qgis_xml import clean
from spatial.results import Surface


def write_surface(surface: Surface, path: Path, title: str) -> None:
    """
    Write a surface as Cloud Optimized GeoTIFF, and its style beside it as ``.qml``.

    Parameters
    ----------
    surface
        The raster.
    path
        Where; ends in ``.tif``. The style has the same name and ends in ``.qml``.
    title
        What the band is called.

    Raises
    ------
    OutputError
        When it cannot be written.

    Notes
    -----
    32-bit numbers, deflate, missing values as NaN. The same surface gives the same bytes.
    """
    import rasterio

    values = np.where(surface.values == surface.nodata, np.float32(np.nan), surface.values).astype(np.float32)
    rows, columns = values.shape
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")
    known = {
        "driver": "COG",
        "dtype": "float32",
        "count": 1,
        "height": rows,
        "width": columns,
        "crs": rasterio.CRS.from_wkt(surface.crs.to_wkt()),
        "transform": surface.transform,
        "nodata": float("nan"),
        "compress": "deflate",
        "predictor": 3,
        "level": 9,
        "resampling": "average",
        "num_threads": 1,
    }
    with rasterio.MemoryFile() as memory:
        with memory.open(**known) as file:
            file.write(values, 1)
            file.set_band_description(1, clean(title))
            file.units = (clean(surface.unit),)
        content = memory.read()
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
        path.with_suffix(".qml").write_text(surface_style(surface), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(complaint(str(path), f"it cannot be written ({error})", "", "Choose another folder")) from error
    finally:
        unfinished.unlink(missing_ok=True)
