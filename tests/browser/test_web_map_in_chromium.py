"""The web map in a real browser without a network: what is drawn, what is asked for, what happens to hostile text."""

import io
import json
import re
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from web_maps import HOSTILE, Moran, atlas_of, peak_surface, two_classes

from spatial.outputs.atlas import Step
from spatial.outputs.web_map import write_map
from spatial.places import LOCAL
from spatial.results import Result

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # selenium closes its pipes late, see SeleniumHQ/selenium issue 6878


@dataclass(frozen=True, kw_only=True, eq=False)
class Density(Result):
    surface: Any


@pytest.fixture
def shown(chromium, tmp_path):
    """Open an atlas; afterwards nothing may have been asked for and nobody may have complained."""

    def show(atlas, *, width=1280, height=800, dark=False, mobile=False, hash_=""):
        write_map(atlas, tmp_path / "map.html")
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        chromium.get("about:blank")
        chromium.get_log("browser"), chromium.get_log("performance")
        chromium.get((tmp_path / "map.html").as_uri() + hash_)
        wait(chromium, "return document.documentElement.dataset.ready === 'true'")
        return chromium

    yield show
    complaints = [entry["message"] for entry in chromium.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert [each for each in complaints if "getImageData" not in each] == []  # it is the tests that read pixels
    sent = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in sent if each["method"] == "Network.requestWillBeSent"]
    assert any(url.startswith("file:") for url in asked)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


def wait(driver, script, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if driver.execute_script(script):
            return
        time.sleep(0.05)
    pytest.fail(f"did not come true: {script}: {driver.execute_script('return document.body.innerText')[:400]}")


def colours_of(driver, which=0):
    """Count the colours of one of the map's canvases: 0 fills, 1 lines, 2 marks, or a selector."""
    return driver.execute_script(
        """
        const which = arguments[0], known = document.querySelectorAll('.leaflet-pane > canvas');
        const canvas = typeof which === 'string' ? document.querySelector(which) : known[which];
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data, found = {};
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] !== 255) continue;
            const colour = '#' + [0, 1, 2].map((part) => data[at + part].toString(16).padStart(2, '0')).join('');
            found[colour] = (found[colour] || 0) + 1;
        }
        return found;
        """,
        which,
    )


def texts(driver, selector):
    return driver.execute_script("return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)", selector)


def choose(driver, theme):
    driver.execute_script(
        "const select = document.getElementById('theme'); select.value = arguments[0]; select.dispatchEvent(new Event('change'))",
        theme,
    )


def picture(driver):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")).astype(int)


def test_every_class_is_drawn_in_its_colour_and_counted(grid, shown):
    grid.loc["cell 05", "value"] = np.nan
    atlas = atlas_of(grid)
    driver = shown(atlas)
    classes = atlas.themes[0].classes
    drawn = colours_of(driver)
    area = {each.colour: drawn[each.colour] for each in classes}
    for each in classes:  # cells are equal squares: the area drawn follows the count
        assert area[each.colour] / sum(area.values()) == pytest.approx(each.count / 16, abs=0.02)
    assert texts(driver, "#legend .class-name") == [each.label for each in classes]
    assert texts(driver, "#legend .class-count") == [str(each.count) for each in classes]
    assert "natural breaks" in texts(driver, "#legend-foot")[0]


def test_neighbours_leave_no_gap(grid, shown):
    driver = shown(atlas_of(grid))
    for zoom in (0, 0.25, 0.5, 1.75):
        holes = driver.execute_script(
            """
            map_atlas.setZoom(map_atlas.getZoom() + arguments[0], { animate: false });
            const canvas = document.querySelectorAll('.leaflet-pane > canvas')[0], context = canvas.getContext('2d');
            const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
            let left = 1e9, top = 1e9, right = -1, bottom = -1, open = 0;
            for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) if (data[4 * (y * canvas.width + x) + 3]) {
                left = Math.min(left, x); top = Math.min(top, y); right = Math.max(right, x); bottom = Math.max(bottom, y);
            }
            // the grid is turned a little on the page: only its middle is surely inside
            const inX = Math.round((right - left) * 0.06), inY = Math.round((bottom - top) * 0.06);
            for (let y = top + inY; y < bottom - inY; y++) for (let x = left + inX; x < right - inX; x++)
                if (data[4 * (y * canvas.width + x) + 3] < 250) open++; // 2 % of ground at most
            return open;
            """,
            zoom,
        )
        assert holes == 0


def test_another_layer_shows_its_own_classes(grid, shown):
    from spatial.outputs.atlas import Indicator

    grid["group"] = ["west" if value < 2 else "east" for value in grid["value"]]
    atlas = atlas_of(
        grid, indicators=(Indicator(column="value", title="Value"), Indicator(column="group", title="Side", kind="category"))
    )
    driver = shown(atlas)
    choose(driver, "group")
    assert texts(driver, "#theme-title") == ["Side"]
    assert texts(driver, "#legend .class-name") == ["east", "west"]
    wanted = {each.colour for each in atlas.themes[1].classes}
    common = sorted(colours_of(driver).items(), key=lambda pair: -pair[1])[:2]
    assert {colour for colour, _ in common} == wanted
    assert "map=group" in driver.execute_script("return location.hash")
    driver.find_element("id", "earlier").click()
    assert texts(driver, "#theme-title") == ["Value"]


def test_a_class_can_be_hidden_and_shown(grid, shown):
    atlas = atlas_of(grid)
    driver = shown(atlas)
    first = atlas.themes[0].classes[0].colour
    before = colours_of(driver)[first]
    button = driver.find_elements("css selector", "#legend button")[0]
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert colours_of(driver).get(first, 0) == 0
    driver.find_element("id", "all-classes").click()
    assert colours_of(driver)[first] == before


def point_at(driver, x, y):
    """Move the mouse to a place of the map, as shares of its width and height."""
    from selenium.webdriver import ActionChains

    box = driver.find_element("id", "map_atlas")
    size = box.size
    ActionChains(driver, duration=0).move_to_element_with_offset(
        box, round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"])
    ).perform()


def test_pointing_names_the_place_and_a_click_keeps_it(grid, shown):
    from selenium.webdriver import ActionChains

    grid["value"] += 1_234.5
    driver = shown(atlas_of(grid))
    x, y = driver.execute_script(
        "const layer = map_atlas.getSize(); const at = map_atlas.latLngToContainerPoint(map_atlas.getCenter()); return [at.x / layer.x, at.y / layer.y]"
    )
    side = 60 / driver.find_element("id", "map_atlas").size["width"]
    point_at(driver, x - side, y - side * 1.4)
    tip = driver.find_element("css selector", ".tip")
    assert tip.is_displayed()
    assert texts(driver, ".tip-name") == ["cell 09"]  # second column, third row from below
    assert texts(driver, ".tip-value") == ["1\u202f236 %"]
    ActionChains(driver).click().perform()
    assert texts(driver, "#selected h3") == ["cell 09"]
    assert "cell 09" in texts(driver, "#spoken")[0]
    assert "place=places" in driver.execute_script("return location.hash")
    driver.find_element("css selector", "#selected .close").click()
    assert not driver.find_element("id", "selected").is_displayed()


def test_the_address_brings_the_same_view_back(grid, shown):
    from spatial.outputs.atlas import Indicator

    two = (Indicator(column="value", title="Value"), Indicator(column="noise", title="Noise"))
    driver = shown(atlas_of(grid, indicators=two), hash_="#map=noise&place=places%2Fcell%2007")
    assert texts(driver, "#theme-title") == ["Noise"]
    assert texts(driver, "#selected h3") == ["cell 07"]


def test_keys_walk_from_place_to_place(grid, shown):
    from selenium.webdriver import ActionChains, Keys

    driver = shown(atlas_of(grid))
    driver.execute_script("map_atlas.getContainer().focus()")
    ActionChains(driver).send_keys(Keys.ENTER).perform()
    start = texts(driver, "#selected h3")[0]
    assert start in ("cell 05", "cell 06", "cell 09", "cell 10")
    ActionChains(driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_RIGHT).key_up(Keys.SHIFT).perform()
    assert texts(driver, "#selected h3") == [f"cell {int(start[-2:]) + 1:02d}"]
    ActionChains(driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_UP).key_up(Keys.SHIFT).perform()
    assert texts(driver, "#selected h3") == [f"cell {int(start[-2:]) + 5:02d}"]
    ActionChains(driver).send_keys(Keys.ESCAPE).perform()
    assert not driver.find_element("id", "selected").is_displayed()


def test_a_place_is_found_by_part_of_its_name(grid, shown):
    from selenium.webdriver import Keys

    driver = shown(atlas_of(grid))
    field = driver.find_element("id", "search")
    field.send_keys("CELL 1")
    assert texts(driver, "#found li") == [f"cell {number}" for number in range(10, 16)]
    field.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert texts(driver, "#selected h3") == ["cell 11"]
    field.clear()
    field.send_keys("nowhere")
    assert texts(driver, "#found li") == ["No place of this name"]


def test_the_table_holds_all_places_and_sorts(grid, shown):
    grid.loc["cell 05", "value"] = np.nan
    driver = shown(atlas_of(grid))
    assert texts(driver, "#rows tbody th") == list(grid.index)
    driver.find_elements("css selector", "#rows thead button")[1].click()
    shown_values = texts(driver, "#rows tbody td")
    assert shown_values[0] == "3"
    assert shown_values[-1] == "–"  # what is missing stands last, either way
    assert driver.find_elements("css selector", "#rows thead th")[1].get_attribute("aria-sort") == "descending"


def test_hostile_text_is_shown_and_never_run(grid, shown):
    from spatial.outputs.atlas import Indicator, Source

    grid["label"] = [*HOSTILE, *[f"cell {number}" for number in range(len(grid) - len(HOSTILE))]]
    grid["kind"] = [HOSTILE[number % 2] for number in range(16)]
    atlas = atlas_of(
        grid,
        label="label",
        title=HOSTILE[1],
        description=HOSTILE[0],
        notes=HOSTILE[:3],
        indicators=(
            Indicator(column="value", title=HOSTILE[0], unit=HOSTILE[1]),
            Indicator(column="kind", title=HOSTILE[2], kind="category"),
        ),
        sources=(Source(title=HOSTILE[0], origin=HOSTILE[1]),),
    )
    driver = shown(atlas)
    for theme in ("value", "kind"):
        choose(driver, theme)
        for number in range(16):
            driver.execute_script("location.hash = arguments[0]", f"#map={theme}&place=places%2Fcell%20{number:02d}")
    driver.find_element("id", "search").send_keys("<")
    point_at(driver, 0.45, 0.55)
    assert texts(driver, "h1") == [HOSTILE[1]]
    assert HOSTILE[0] in texts(driver, "#rows tbody th")
    assert driver.execute_script("return document.querySelectorAll('img, iframe, [onerror]').length") == 0
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    from selenium.common.exceptions import NoAlertPresentException

    with pytest.raises(NoAlertPresentException):
        driver.switch_to.alert  # noqa: B018  (asking for it is the test)


def test_the_csv_is_the_table_and_runs_nothing_in_a_spreadsheet(grid, shown):
    import pandas as pd

    from spatial.outputs.atlas import Indicator

    grid["label"] = [*HOSTILE, *[f"cell {number}" for number in range(len(grid) - len(HOSTILE))]]
    both = (Indicator(column="value", title="Value"), Indicator(column="noise", title="Noise"))
    driver = shown(atlas_of(grid, label="label", indicators=both))
    driver.execute_script(
        "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#'; };"
        "HTMLAnchorElement.prototype.click = function () { window.savedAs = this.download; }"
    )
    driver.find_element("id", "download").click()
    wait(driver, "return Boolean(window.saved)")
    assert driver.execute_script("return window.savedAs") == "grid-places.csv"
    table = pd.read_csv(io.StringIO(driver.execute_script("return window.saved")), index_col="place", engine="python")
    assert table["name"].tolist()[6:8] == ["'=1+2", "'@cmd"]
    assert table["name"].tolist()[:6] == list(HOSTILE[:6])
    assert table["noise"].tolist() == grid["noise"].tolist()
    assert table["value"].tolist() == grid["value"].tolist()


def moran_atlas(grid):
    deviation = grid["value"] - grid["value"].mean()
    lag = deviation * 0.5
    result = Moran(operation="moran", options={"column": "value"}, observations=16, statistic=0.5, deviation=deviation, lag=lag)
    return atlas_of(grid, steps=(Step(id="moran", title="Moran", result=result),))


def test_the_scatterplot_is_tied_to_the_map(grid, shown):
    atlas = moran_atlas(grid)
    driver = shown(atlas)
    assert "Slope = Moran’s I = 0.500" in texts(driver, ".scatter-words")[0]
    assert texts(driver, ".quadrant") == ["Low-High 0", "High-High 8", "Low-Low 8", "High-Low 0"]
    driver.find_elements("css selector", ".quadrant")[1].click()
    drawn = colours_of(driver)
    low, high = atlas.themes[0].classes[0].colour, atlas.themes[0].classes[-1].colour
    assert drawn.get(low, 0) == 0
    assert drawn[high] > 0
    assert texts(driver, ".quadrant[aria-pressed=true]") == ["High-High 8"]


def test_no_other_statistic_passes_for_the_morans_i_of_a_column(grid, shown):
    from dataclasses import replace

    from test_outputs_web_map import paired

    from spatial.outputs.themes import theme

    atlas = paired(grid)
    made = tuple(theme(grid[name], "sequential", id=name, title=name.title()) for name in ("value", "noise"))
    driver = shown(replace(atlas, themes=made))
    driver.execute_script(
        "window.drawn = []; const draw = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...at) { drawn.push(text); return draw.call(this, text, ...at); };"
        "dispatchEvent(new Event('resize'))"
    )
    assert texts(driver, "#scatter-title") == ["Bivariate Moran scatterplot"]
    said = f"{atlas.steps[-1].result.statistic:.3f}".replace("-", "\N{MINUS SIGN}")
    assert texts(driver, ".scatter-words")[0].startswith(
        f"Value with Noise at the neighbours · Slope = bivariate Moran’s I = {said} · 16 places"
    )
    label = driver.find_element("css selector", "#scatter canvas").get_attribute("aria-label")
    assert label.startswith("Bivariate Moran scatterplot. Value with Noise")
    assert {"Value: deviation from the mean", "Noise: average of the neighbours"} <= set(driver.execute_script("return drawn"))
    choose(driver, "noise")
    assert texts(driver, "#scatter-title") == ["Moran scatterplot"]  # although that with the value comes first in the study
    assert texts(driver, ".scatter-words")[0].startswith("Noise · Slope ")


def test_links_are_drawn_on_demand(grid, shown):
    from libpysal.graph import Graph

    names = grid.index
    graph = Graph.from_arrays(np.r_[names[:-1], names[1:]], np.r_[names[1:], names[:-1]], np.ones(30))
    driver = shown(atlas_of(grid, graphs={"chain": graph}))
    before = colours_of(driver, 1).get("#16191d", 0)
    driver.find_element("css selector", "#switches input").click()
    assert colours_of(driver, 1)["#16191d"] > before + 200


def test_local_coordinates_are_drawn_without_degrees(grid, shown):
    places = grid.set_crs(LOCAL, allow_override=True)
    atlas = atlas_of(places)
    driver = shown(atlas)
    drawn = colours_of(driver)
    for each in atlas.themes[0].classes:
        assert drawn[each.colour] > 1_000
    assert texts(driver, ".scale-line") == []
    assert "no position on Earth" in texts(driver, ".scale-bar")[0]
    assert driver.execute_script("return document.querySelectorAll('.grid-lines').length") == 0
    # in local coordinates squares stay squares, and north stays up
    point_at(driver, 0.5, 0.5)
    assert texts(driver, ".tip-name")[0] in ("cell 05", "cell 06", "cell 09", "cell 10")


def surface_atlas():
    import geopandas
    import shapely
    from pyproj import Transformer

    albers = "+proj=aea +lat_1=43 +lat_2=52 +lat_0=48 +lon_0=67 +datum=WGS84 +units=m"
    x, y = Transformer.from_crs(4326, albers, always_xy=True).transform(74.0, 45.0)
    surface = peak_surface(albers, x, y)
    outline = shapely.segmentize(shapely.box(60, 42, 80, 52), 0.5)
    places = (
        geopandas.GeoDataFrame({"value": [1.0]}, geometry=[outline], index=["all"], crs=4326).rename_axis("place").to_crs(albers)
    )
    peak = geopandas.GeoDataFrame(
        {"weight": [5.0]}, geometry=geopandas.points_from_xy([x + 1_000], [y - 700]), index=["peak"], crs=albers
    )
    result = Density(operation="kernel_density", options={"weight": "weight"}, observations=1, surface=surface)
    step = Step(id="density", title="Density", result=result)
    return atlas_of(places, points={"towns": peak}, steps=(step,), surfaces={"density": surface}, indicators=(), themes=())


def test_a_surface_lies_under_its_points(shown):
    driver = shown(surface_atlas())
    assert texts(driver, "#legend .class-name")[:2] == ["0.2 – 0.5", "0.5 – 1"]
    assert "Below 0.2" in texts(driver, "#legend-foot")[0]
    assert driver.find_element("css selector", "#switches input").is_selected()
    driver.execute_script("map_atlas.setView([45, 74], 7, { animate: false })")
    wait(driver, "return document.querySelector('img.surface').complete")
    middle = driver.execute_script(
        """
        const image = document.querySelector('img.surface'), box = image.getBoundingClientRect(), canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const data = context.getImageData(0, 0, canvas.width, canvas.height).data, highest = arguments[0];
        let x = 0, y = 0, n = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] === highest[0] && data[at + 1] === highest[1] && data[at + 2] === highest[2]) {
            x += (at / 4) % canvas.width + 0.5; y += Math.floor(at / 4 / canvas.width) + 0.5; n++;
        }
        const map = document.getElementById('map_atlas').getBoundingClientRect();
        return [box.left - map.left + x / n / canvas.width * box.width, box.top - map.top + y / n / canvas.height * box.height];
        """,
        [int("253494"[at : at + 2], 16) for at in (0, 2, 4)],
    )
    point_at(
        driver,
        middle[0] / driver.find_element("id", "map_atlas").size["width"],
        middle[1] / driver.find_element("id", "map_atlas").size["height"],
    )
    assert texts(driver, ".tip-name") == ["peak"]
    where = driver.execute_script("const at = map_atlas.containerPointToLatLng(arguments[0]); return [at.lat, at.lng]", middle)
    from pyproj import Geod, Transformer

    albers = "+proj=aea +lat_1=43 +lat_2=52 +lat_0=48 +lon_0=67 +datum=WGS84 +units=m"
    x, y = Transformer.from_crs(4326, albers, always_xy=True).transform(74.0, 45.0)
    longitude, latitude = Transformer.from_crs(albers, 4326, always_xy=True).transform(x + 1_000, y - 700)
    assert Geod(ellps="WGS84").inv(where[1], where[0], longitude, latitude)[2] < 2_500  # half a cell


def test_places_that_are_points_are_drawn_as_circles(grid, shown):
    atlas = atlas_of(grid.set_geometry(grid.centroid))
    driver = shown(atlas)
    drawn = colours_of(driver, 1)
    for each in atlas.themes[0].classes:
        assert drawn[each.colour] > each.count * 60
    assert sum(colours_of(driver, 0).values()) == 0


def test_land_is_drawn_below_points_and_cannot_be_picked(grid, shown):
    import geopandas
    import shapely

    land = geopandas.GeoDataFrame(geometry=[shapely.box(-2000, -2000, 6000, 6000)], index=["land"], crs=grid.crs)
    driver = shown(atlas_of(grid.set_geometry(grid.centroid), outline=land.rename_axis("place")))
    assert colours_of(driver, 0)["#e6e9ed"] > 50_000
    box = driver.find_element("id", "map_atlas").rect
    driver.execute_script(
        "map_atlas.fire('click', { containerPoint: L.point(arguments[0], 60), originalEvent: {} })", box["width"] / 2
    )
    assert not driver.find_element("id", "selected").is_displayed()


def test_a_place_too_small_to_be_seen_gets_a_circle_and_its_name(grid, shown):
    import shapely

    places = grid.iloc[:8].copy()
    middle = shapely.centroid(places.geometry.iloc[5])
    places.geometry = [*places.geometry.iloc[:5], middle.buffer(8), *places.geometry.iloc[6:]]  # 16 m among squares of 1 km
    atlas = atlas_of(places, themes=(two_classes(places),))
    driver = shown(atlas)
    colour = next(each.colour for each in atlas.themes[0].classes if each.low <= places["value"].iloc[5] <= each.high)
    lines = colours_of(driver, 1)
    assert 50 < lines[colour] < 100  # the inside of a circle of 5 pixels
    spot = driver.execute_script(
        """
        const layer = document.getElementById('map_atlas').getBoundingClientRect(), canvas = document.querySelectorAll('.leaflet-pane > canvas')[1];
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data, [red, green, blue] = arguments[0];
        let x = 0, y = 0, n = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) {
            x += (at / 4) % canvas.width; y += Math.floor(at / 4 / canvas.width); n++;
        }
        const box = canvas.getBoundingClientRect();
        return [x / n + box.left - layer.left, y / n + box.top - layer.top];
        """,
        [int(colour[at : at + 2], 16) for at in (1, 3, 5)],
    )
    driver.execute_script(
        "map_atlas.fire('click', { containerPoint: L.point(...arguments[0]), originalEvent: {} })", [spot[0] + 4, spot[1]]
    )
    assert "cell 05" in driver.find_element("id", "selected").text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_it_fits_a_telephone_and_the_dark(grid, shown, language):
    driver = shown(atlas_of(grid, language=language), width=390, height=844, dark=True, mobile=True)
    assert driver.execute_script("return document.documentElement.scrollWidth") == 390
    assert driver.execute_script("return document.documentElement.lang") == language
    pixels = picture(driver)
    assert pixels[5, 200].sum() < 120  # the page is dark
    for each in ("theme", "search", "map_atlas", "legend"):
        box = driver.find_element("id", each).rect
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert driver.execute_script("return document.querySelectorAll('main h2, h1').length") >= 3


def test_every_control_has_a_name(grid, shown):
    driver = shown(moran_atlas(grid))
    nameless = driver.execute_script(
        """
        return [...document.querySelectorAll('button, input, select, a, canvas[role]')].filter((each) => !each.hidden && !(
            (each.textContent || '').trim() || each.getAttribute('aria-label') || (each.labels && each.labels.length))).map((each) => each.outerHTML)
        """
    )
    assert nameless == []
    ids = driver.execute_script("return [...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))


def test_without_script_there_is_a_picture_and_a_table(grid, chromium, tmp_path):
    grid["label"] = [*HOSTILE, *[f"cell {number}" for number in range(len(grid) - len(HOSTILE))]]
    write_map(atlas_of(grid, label="label"), tmp_path / "map.html")
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get((tmp_path / "map.html").as_uri())
        assert chromium.find_element("css selector", ".static svg[role=img]").is_displayed()
        rows = chromium.find_elements("css selector", ".static tbody tr")
        assert len(rows) == 16
        assert HOSTILE[0] in rows[0].text
        assert chromium.find_elements("css selector", ".static img") == []
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    chromium.get_log("browser")


def test_two_visits_draw_the_same_pixels(grid, shown):
    atlas = atlas_of(grid)
    sums = []
    for _ in range(2):
        driver = shown(atlas)
        sums.append(
            [
                driver.execute_script("return document.querySelectorAll('.leaflet-pane > canvas')[arguments[0]].toDataURL()", n)
                for n in (0, 1)
            ]
        )
    assert sums[0] == sums[1]


def test_on_paper_the_whole_map_is_on_one_page(grid, shown):
    import base64
    import re

    driver = shown(moran_atlas(grid), dark=True)
    for wide in (False, True):
        sheet = {"paperWidth": 11.69 if wide else 8.27, "paperHeight": 8.27 if wide else 11.69, "printBackground": True}
        printed = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", sheet)["data"])
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert driver.find_element("id", "map_atlas").size["width"] == pytest.approx(476, abs=3)
    drawn = colours_of(driver, ".sheet")
    assert driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert min(drawn[each.colour] for each in moran_atlas(grid).themes[0].classes) > 1_000
    driver.execute_script("dispatchEvent(new Event('afterprint'))")
    assert driver.find_element("id", "map_atlas").size["width"] > 800


def charted(places, **more):
    """A study with a chart of every kind."""
    from dataclasses import replace

    from test_outputs_web_map import explored

    return replace(explored(places), **more)


def choose_chart(driver, chart):
    driver.execute_script(
        "const select = document.getElementById('chart'); select.value = arguments[0]; select.dispatchEvent(new Event('change'))",
        chart,
    )


CHARTS = ("links_histogram", "reach_table", "ward_tree", "ward_profile_standardised", "ward_choice", "ols_coefficients")
# The texts of a chart that reach beyond its frame, and those that meet one another.
OUTSIDE = """
    const svg = document.querySelector('#chart-box svg'), frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter((each) => { const box = each.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1; }).map((each) => each.textContent);
"""
MEETING = """
    const boxes = [...document.querySelectorAll('#chart-box text')].map((each) => [each.getBoundingClientRect(), each.textContent]), found = [];
    for (let one = 0; one < boxes.length; one++) for (let other = 0; other < one; other++) {
        const [a, first] = boxes[one], [b, second] = boxes[other];
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) found.push([first, second]);
    }
    return found;
"""


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_every_chart_is_drawn_inside_its_frame_with_words_and_numbers(grid, shown, width, dark):
    driver = shown(charted(grid), width=width, dark=dark, mobile=width < 600)
    assert driver.execute_script("return [...document.querySelectorAll('#chart option')].map((each) => each.value)") == list(CHARTS)
    for name in CHARTS:
        choose_chart(driver, name)
        outside = driver.execute_script(OUTSIDE)
        assert outside == [], name
        assert "(n = 16" in driver.execute_script("return document.querySelector('#chart-box svg').getAttribute('aria-label')")
        assert texts(driver, "#chart-words p")
        assert len(texts(driver, "#chart-numbers tbody tr")) >= 2
        assert driver.execute_script("return document.documentElement.scrollWidth") == width


def test_no_two_texts_of_a_chart_meet(grid, shown):
    driver = shown(charted(grid))
    for name in CHARTS:
        choose_chart(driver, name)
        meeting = driver.execute_script(MEETING)
        assert meeting == [], name


def test_the_tree_is_tied_to_the_map(grid, shown):
    driver = shown(charted(grid))
    choose(driver, "ward_cluster")
    assert texts(driver, "#chart-title") == ["Ward: Dendrogram"]  # the chart of the map's step
    leaf = driver.find_element("css selector", "#chart-box [data-leaf='7'] text")
    leaf.click()
    assert texts(driver, "#selected h3") == ["cell 07"]
    assert driver.execute_script("return document.querySelectorAll('#chart-box .marked').length") == 1
    stored = driver.execute_script(
        "return [...document.querySelectorAll('#chart-box .leaf rect[fill]')].map((each) => each.getAttribute('fill'))"
    )
    assert sorted(set(stored)) == sorted(set(driver.execute_script("return [...document.querySelectorAll('#legend .swatch')].map((each) => '#' + each.style.backgroundColor.match(/\\d+/g).map((part) => Number(part).toString(16).padStart(2, '0')).join(''))")))  # fmt: skip


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (390, "ru")])
def test_the_top_of_a_large_tree_is_tied_to_the_map(shown, width, language):
    from dataclasses import replace

    from test_outputs_web_map import many_grouped

    driver = shown(replace(many_grouped(), language=language), width=width, mobile=width < 600)
    choose(driver, "ward_cluster")
    outside, meeting = (driver.execute_script(script) for script in (OUTSIDE, MEETING))
    assert (outside, meeting) == ([], [])
    assert driver.execute_script("return document.querySelectorAll('#chart-box .leaf').length") == 60
    words = {"en": r" and (\d+) more$", "ru": r" и ещё (\d+)$"}[language]
    counts = [re.search(words, text) for text in texts(driver, "#chart-box .leaf text")]
    assert sum(1 + int(found[1]) if found else 1 for found in counts) == 400
    assert driver.execute_script("return document.querySelectorAll('#chart-box polygon.fold').length") == sum(map(bool, counts))
    assert len(texts(driver, "#chart-numbers tbody tr")) == 59
    leaf = max(range(60), key=lambda at: int(counts[at][1]) if counts[at] else 0)
    driver.find_element("css selector", f"#chart-box [data-leaf='{leaf}'] text").click()
    assert re.search(words, texts(driver, "#selected h3")[0])[1] == counts[leaf][1]
    assert len(texts(driver, "#selected dt")) == 1 + int(counts[leaf][1])
    assert driver.execute_script("return document.querySelectorAll('#chart-box .marked').length") == 1
    assert "place=" not in driver.execute_script("return location.hash")
    driver.execute_script("document.getElementById('chart-box').dispatchEvent(new PointerEvent('pointerleave'))")
    several = colours_of(driver, 2)["#16191d"]
    place = texts(driver, "#selected dt")[-1]
    driver.execute_script(
        "const search = document.getElementById('search'); search.value = arguments[0]; search.dispatchEvent(new Event('input'));"
        "search.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }))",
        place,
    )
    assert texts(driver, "#selected h3") == [place]
    assert driver.execute_script(
        "return [...document.querySelectorAll('#chart-box .marked')].map((each) => each.dataset.leaf)"
    ) == [str(leaf)]
    assert several > 3 * colours_of(driver, 2)["#16191d"]


def test_a_map_of_neighbours_shows_who_they_are_until_the_next_map(grid, shown):
    driver = shown(charted(grid))
    ink = colours_of(driver, 1).get("#16191d", 0)
    choose(driver, "links_neighbours")
    assert driver.find_element("css selector", "#switches input").is_selected()
    assert colours_of(driver, 1)["#16191d"] > ink + 200
    choose(driver, "value")
    assert not driver.find_element("css selector", "#switches input").is_selected()


def test_the_scatterplot_rings_who_moves_it(grid, shown):
    from spatial.outputs.themes import theme

    grid["noise"] = [9.0, *grid["noise"].iloc[1:]]
    atlas = charted(grid)
    result = atlas.steps[2].result
    atlas = charted(grid, themes=(theme(atlas.places["noise"], "sequential", id="noise", title="Noise"),))
    driver = shown(atlas)
    marked = list(result.influence.index[result.influence["influential"] > 0])
    assert "cell 00" in marked
    assert sorted(texts(driver, ".scatter-rings")[0].rpartition(": ")[2].rstrip(".").split(", ")) == sorted(marked)
    assert "16 places" in texts(driver, ".scatter-words")[0]
    assert f"p (permutation) = {result.p_permutation:.3f}" in texts(driver, ".scatter-words")[0]


def test_hostile_words_in_charts_are_only_words(grid, shown):
    atlas = charted(grid, titles={"noise": HOSTILE[0], "value": HOSTILE[1]}, label="label")
    atlas.places["label"] = [*HOSTILE, *[f"cell {number}" for number in range(len(grid) - len(HOSTILE))]]
    driver = shown(atlas)
    for name in CHARTS:
        choose_chart(driver, name)
    choose_chart(driver, "ward_tree")
    assert HOSTILE[0] in texts(driver, "#chart-box title")
    assert driver.execute_script("return document.querySelectorAll('#charts img, #charts iframe, #charts [onerror]').length") == 0
