#!/usr/bin/env bash
# Installs the real components that tests use: QGIS, Chromium, R with spdep and spatialreg, PostGIS.
# Where it cannot (no Debian, not root) it says what is missing; those tests then skip with their reason.
set -euo pipefail

packages=(python3-qgis qgis-providers chromium chromium-driver r-cran-spdep r-cran-spatialreg libopenblas0 postgresql postgis postgresql-postgis fonts-dejavu-core poppler-utils)

if ! command -v apt-get >/dev/null 2>&1; then
  echo "No apt-get here. For all tests install by hand: QGIS with its Python, Chromium with its driver, R with spdep and spatialreg." >&2
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root=(sudo -n); else
    echo "Not root. For all tests run: apt-get install ${missing[*]}" >&2
    exit 0
  fi
fi
echo "Installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
