// What stands in for a basemap: meridians and parallels with their degrees, and a scale bar that says where it holds.

function graticule(map, atlas, style) {
  if (atlas.ground.local) return;
  const below = element("canvas", { className: "grid-lines", "aria-hidden": "true" });
  const above = element("canvas", { className: "grid-labels", "aria-hidden": "true" });
  map.getContainer().prepend(below);
  map.getContainer().append(above);
  const draw = () => {
    const size = map.getSize(), ratio = sharpness();
    const contexts = [below, above].map((canvas) => {
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      return context;
    });
    drawGrid(map, atlas.words, contexts[0], contexts[1], size, style());
  };
  map.on("move zoom resize viewreset", draw);
  draw();
  return draw;
}

function drawGrid(map, words, lines, labels, size, style) {
  const corner = map.containerPointToLatLng([0, size.y]), other = map.containerPointToLatLng([size.x, 0]);
  const wide = other.lng - corner.lng, wanted = wide / Math.max(2, size.x / 170);
  const step = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01].find((each) => each <= wanted * 1.01) || 0.01;
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const font = getComputedStyle(document.body).fontFamily;
  lines.strokeStyle = style.grid;
  lines.lineWidth = 1;
  labels.font = `11px ${font}`;
  const write = (text, x, y, align) => {
    labels.textAlign = align;
    labels.textBaseline = "middle";
    labels.lineWidth = 3;
    labels.lineJoin = "round";
    labels.strokeStyle = style.ground;
    labels.strokeText(text, x, y);
    labels.fillStyle = style.soft;
    labels.fillText(text, x, y);
  };
  lines.beginPath();
  for (let number = Math.ceil(corner.lng / step); number * step <= other.lng; number++) {
    const longitude = number * step, x = Math.round(map.latLngToContainerPoint([map.getCenter().lat, longitude]).x) + 0.5;
    lines.moveTo(x, 0);
    lines.lineTo(x, size.y);
    const turned = ((((longitude + 180) % 360) + 360) % 360) - 180;
    if (x > 60 && x < size.x - 30) write(Math.abs(turned).toFixed(digits) + "°" + (turned < 0 ? " " + words.west : turned > 0 ? " " + words.east : ""), x, 11, "center");
  }
  for (let number = Math.ceil(Math.max(-80, corner.lat) / step); number * step <= Math.min(84, other.lat); number++) {
    const latitude = number * step, y = Math.round(map.latLngToContainerPoint([latitude, map.getCenter().lng]).y) + 0.5;
    lines.moveTo(0, y);
    lines.lineTo(size.x, y);
    if (y > 24 && y < size.y - 20) write(Math.abs(latitude).toFixed(digits) + "°" + (latitude < 0 ? " " + words.south : latitude > 0 ? " " + words.north : ""), size.x - 8, y, "right");
  }
  lines.stroke();
}

function scaleBar(map, atlas, speak) {
  if (atlas.ground.local) {
    map.getContainer().append(element("div", { className: "scale-bar" }, speak.say("local")));
    return;
  }
  const bar = element("div", { className: "scale-line" }), text = element("div", { className: "scale-text" });
  map.getContainer().append(element("div", { className: "scale-bar" }, text, bar));
  const update = () => {
    const pixel = (Math.cos((map.getCenter().lat * Math.PI) / 180) * 40075016.686) / 256 / 2 ** map.getZoom();
    const most = pixel * Math.min(140, map.getSize().x / 3), power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].find((each) => each * power <= most) * power;
    bar.style.width = Math.round(length / pixel) + "px";
    const words = length >= 1000 ? speak.written(length / 1000, 0) + "\u00a0" + speak.say("km") : speak.number(length) + "\u00a0" + speak.say("m");
    text.textContent = speak.say("scale", { length: words });
  };
  map.on("move zoom resize", update);
  update();
}

// Puts everything the map shows on one canvas for the printer. Chromium prints a canvas that is drawn while it prepares
// to print as drawing commands, its clearing as a white sheet: of several canvases only the uppermost would be seen.
function sheet(map, ground) {
  const container = map.getContainer(), frame = container.getBoundingClientRect(), dots = sharpness();
  const canvas = element("canvas", { className: "sheet", role: "img", "aria-labelledby": "theme-title" }), context = canvas.getContext("2d");
  canvas.width = frame.width * dots;
  canvas.height = frame.height * dots;
  context.scale(dots, dots);
  context.fillStyle = ground;
  context.fillRect(0, 0, frame.width, frame.height);
  const parts = [".grid-lines", "img.surface", ".leaflet-overlay-pane canvas", ".leaflet-shadow-pane canvas", ".leaflet-marker-pane canvas", ".grid-labels"];
  for (const part of container.querySelectorAll(parts.join(","))) part.order = parts.findIndex((selector) => part.matches(selector));
  for (const part of [...container.querySelectorAll(parts.join(","))].sort((one, other) => one.order - other.order)) {
    const box = part.getBoundingClientRect();
    context.globalAlpha = Number(getComputedStyle(part).opacity) * Number(getComputedStyle(part.parentElement).opacity);
    context.drawImage(part, box.left - frame.left, box.top - frame.top, box.width, box.height);
  }
  container.append(canvas);
  return canvas;
}
