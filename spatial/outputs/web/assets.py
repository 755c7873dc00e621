"""Leaflet, taken from the installed package and written into the page: nothing is fetched when a map opens."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from spatial.errors import OutputError, complaint

#: What the files of Leaflet 1.9.3 hash to; a damaged or exchanged file is not written into anybody's map.
EXPECTED = {
    "leaflet.js": "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    "leaflet.css": "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722",
}

#: Leaflet's licence asks that this text goes wherever the code goes.
LICENCE = """Leaflet 1.9.3, https://leafletjs.com
Copyright (c) 2010-2022, Vladimir Agafonkin
Copyright (c) 2010-2011, CloudMade
All rights reserved.
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are met:
1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the documentation and/or other materials provided with the distribution.
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""


@dataclass(frozen=True, kw_only=True)
class Leaflet:
    """The library as text, ready to stand in a page."""

    script: str
    style: str  # its pictures are inside as data
    licence: str


def leaflet() -> Leaflet:
    """
    Take Leaflet from the installed package XStatic-Leaflet.

    Returns
    -------
    Leaflet
        Script, style sheet and licence; the style sheet's pictures are inlined.

    Raises
    ------
    OutputError
        When the package is not installed or its files are not those of Leaflet 1.9.3.
    """
    folder = _folder()
    script, style = (_checked(folder, name) for name in ("leaflet.js", "leaflet.css"))
    style = re.sub(r"url\((images/[\w.-]+)\)", lambda found: f"url({_picture(folder / found[1])})", style)
    script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
    return Leaflet(script=script.strip(), style=style.strip(), licence=LICENCE)


def _folder() -> Path:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution("XStatic-Leaflet").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "leaflet.js" and Path(str(file.locate())).is_file():
            return Path(str(file.locate())).parent
    raise OutputError(
        complaint(
            "web map",
            "the package XStatic-Leaflet is not installed",
            "The map carries Leaflet inside, so that it opens without a network",
            "Install it: pip install XStatic-Leaflet==1.9.3.0",
        )
    )


def _checked(folder: Path, name: str) -> str:
    content = (folder / name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != EXPECTED[name]:
        raise OutputError(
            complaint(
                f"web map, {name}",
                f"the file hashes to {found[:12]}…",
                f"Expected {EXPECTED[name][:12]}…, that of Leaflet 1.9.3",
                "Install it anew: pip install --force-reinstall XStatic-Leaflet==1.9.3.0",
            )
        )
    return content.decode("utf-8").replace("\r\n", "\n")


def _picture(file: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"
