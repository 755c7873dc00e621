"""The embedded studies, each run twice, for all tests that look at what a run leaves."""

import pytest

from spatial.cli import main

NAMES = ("columbus", "kazakhstan-cities", "kazakhstan-readiness")


@pytest.fixture(scope="session", params=NAMES)
def finished(request, tmp_path_factory):
    """The name of a study and the folders of two runs of it."""
    folder = tmp_path_factory.mktemp(request.param)
    for number in ("first", "second"):
        assert main(["run", request.param, "--out", str(folder / number)]) == 0
    return request.param, folder / "first", folder / "second"
