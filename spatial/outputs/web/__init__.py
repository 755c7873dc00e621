"""The parts of the web map: Leaflet, the packing of shapes, surfaces as pictures, words, the page."""
