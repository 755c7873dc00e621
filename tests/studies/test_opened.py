"""What the embedded studies leave, opened where users open it: in a browser without a network, and in QGIS."""

import json
import shutil
import subprocess
import time

import pytest
from outside import QGIS_PYTHON, ROOT, component, has_qgis, qgis_environment

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # selenium closes its pipes late, see SeleniumHQ/selenium issue 6878


def opened(driver, path, *, width=1280, height=800):
    """Open a page and give what the browser said and asked for."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    )
    driver.get("about:blank")
    driver.get_log("browser"), driver.get_log("performance")
    driver.get(path.as_uri())
    end = time.monotonic() + 30
    while path.name == "map.html" and driver.execute_script("return document.documentElement.dataset.ready") != "true":
        assert time.monotonic() < end, "the map was not ready within 30 s"
        time.sleep(0.05)
    return driver


def quiet_and_alone(driver):
    """No complaint on the console, and nothing asked for but the file itself."""
    complaints = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert [each for each in complaints if "getImageData" not in each] == []
    sent = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in sent if each["method"] == "Network.requestWillBeSent"]
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


COLOURS = """
const found = new Set();
for (const canvas of document.querySelectorAll('.leaflet-pane > canvas')) {
    if (!canvas.width || !canvas.height) continue;
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200)
        found.add('#' + [0, 1, 2].map((part) => data[at + part].toString(16).padStart(2, '0')).join(''));
}
return [...found];
"""


def test_the_map_draws_every_layer_with_its_legend_and_asks_for_nothing(finished, chromium):
    _, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    driver = opened(chromium, out / "map.html")
    select = driver.find_element("css selector", "select")
    layers = [option.get_attribute("value") for option in select.find_elements("css selector", "option")]
    assert len(layers) >= 5
    pictures = set()
    for layer in layers:
        driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))", select, layer
        )
        time.sleep(0.15)
        shades = set(driver.execute_script(COLOURS))
        assert len(shades) >= 2, layer
        pictures.add(frozenset(shades))
        legend = driver.execute_script("return document.querySelector('[data-legend], .legend, #legend')?.innerText || ''")
        assert legend.strip(), layer
    assert len(pictures) > 1
    assert driver.title == record["title"]
    quiet_and_alone(driver)


def test_the_report_opens_and_asks_for_nothing(finished, chromium):
    _, out, _ = finished
    driver = opened(chromium, out / "report.html")
    broken = "return [...document.images].filter((each) => !each.complete || each.naturalWidth === 0).length"
    assert driver.execute_script("return document.images.length") > 3
    assert driver.execute_script(broken) == 0
    assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    quiet_and_alone(driver)


def test_layers_and_project_open_in_qgis(finished, tmp_path):
    component(has_qgis(), "QGIS with its Python")
    _, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    folder, pictures, home = tmp_path / "Папка с картами", tmp_path / "pictures", tmp_path / "home"
    shutil.copytree(out, folder)
    pictures.mkdir()
    home.mkdir(mode=0o700)
    command = [QGIS_PYTHON, str(ROOT / "tests" / "qgis" / "look.py"), str(folder), str(pictures), str(tmp_path / "seen.json")]
    done = subprocess.run(command, env=qgis_environment(home), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
    spatial = {name: about for name, about in seen["layers"].items() if about["spatial"]}
    assert spatial["places"]["count"] == record["places"]["rows"]
    assert len(spatial) >= 5
    for name, about in spatial.items():
        assert about["valid"], name
        assert about["renderer"] == "RuleRenderer", name
        assert about["times"] == {"1": about["count"]}, f"{name}: a feature is in no class or in several"
    assert set(seen["projects"]) == {"file", "inside"}
    for about in seen["projects"].values():
        assert about["read"]
        assert about["title"] == record["title"]
        assert all(layer["valid"] for layer in about["layers"].values())
        assert all(page["outside"] == [] for page in about["layouts"].values())


def test_map_and_legend_are_in_view_without_scrolling(finished, chromium):
    name, out, _ = finished
    driver = opened(chromium, out / "map.html")
    for each in ("map_atlas", "legend", "legend-foot"):
        box = driver.find_element("id", each).rect
        assert box["y"] + box["height"] <= 800, f"{name}: {each}"
    assert driver.find_element("id", "map_atlas").rect["height"] >= 480
    assert driver.find_element("css selector", "h1").rect["height"] <= 70  # two lines
    assert not driver.find_element("css selector", "#about p").is_displayed()
    driver.execute_script("document.querySelector('#about summary').click()")
    assert driver.find_element("css selector", "#about p").is_displayed()


def test_on_a_telephone_the_map_comes_before_long_texts(finished, chromium):
    _, out, _ = finished
    driver = opened(chromium, out / "map.html", width=390, height=844)
    box = driver.find_element("id", "map_atlas").rect
    assert box["y"] + box["height"] <= 600
    assert driver.execute_script("return document.documentElement.scrollWidth") == 390
    assert driver.find_element("id", "about").rect["y"] > driver.find_element("id", "legend").rect["y"]
