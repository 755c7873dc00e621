"""What many tests share: a small grid whose answers a person can verify."""

import re
import shutil

import numpy as np
import pytest
from hypothesis import settings
from outside import component

settings.register_profile("house", deadline=None, derandomize=True, print_blob=False)  # the same examples everywhere, never timed
settings.load_profile("house")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """
    Give the tests of a file to one worker, and those of an embedded study, so that what they share is computed once.

    The marks that xdist has for this (3.8) are without effect in pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            study = re.search(r"\[(columbus|kazakhstan-\w+)", nodeid) if "/studies/" in file else None
            return study.group(1) if study else file

    config.option.loadscopereorder = False  # files with few tests are often the slowest
    return Together(config, log)


@pytest.fixture
def grid():
    """Sixteen unit squares, in metres; the value grows from west to east, the noise does not."""
    import geopandas
    from shapely.geometry import box

    cells = [box(column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000) for row in range(4) for column in range(4)]
    random = np.random.default_rng(7)
    return geopandas.GeoDataFrame(
        {"value": [float(column) for _ in range(4) for column in range(4)], "noise": random.normal(size=16)},
        geometry=cells,
        index=[f"cell {number:02d}" for number in range(16)],
        crs="EPSG:32642",
    ).rename_axis("place")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """Start a real browser without a network that records what is asked for and what it complains about."""
    component(shutil.which("chromium") and shutil.which("chromedriver"), "Chromium")
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    )
    for flag in (
        *flags,
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
    ):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path_factory.mktemp("downloads"))})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.execute_cdp_cmd("Network.enable", {})
    without = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", without)
    yield driver
    driver.quit()
