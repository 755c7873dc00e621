"""Scripts of this folder are run by QGIS's Python; pytest, which runs in another, must not import them."""

collect_ignore = ["look.py"]
