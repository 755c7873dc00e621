// Draws places on three canvases that move with the map: fills, lines over them, and what is pointed at.

const BATCH = 16; // shapes a path: the time one path takes grows much faster than its length
const TINY = 5; // radius of the circle that stands for a place too small to be seen
const PADDING = 0.3; // of the map's size, on each side, so that dragging shows no empty edge

// How many dots a pixel has; paper has more than most screens.
const sharpness = () => (document.documentElement.classList.contains("printing") ? 3 : Math.min(window.devicePixelRatio || 1, 3));

function canvasLayer(map, pane, draw) {
  const Overlay = L.Layer.extend({
    onAdd() {
      this.canvas = element("canvas", { className: "leaflet-zoom-animated", "aria-hidden": "true" });
      map.getPane(pane).append(this.canvas);
      this.redraw();
    },
    onRemove() { this.canvas.remove(); },
    getEvents() {
      const events = { moveend: this.redraw, resize: this.redraw, move: this.follow, zoom: this.stretch };
      if (map._zoomAnimated) events.zoomanim = (event) => this.place(event.zoom, event.center);
      return events;
    },
    redraw() {
      const size = map.getSize(), ratio = sharpness(), scale = 2 ** map.getZoom();
      const pad = size.multiplyBy(PADDING).round(), corner = map.containerPointToLayerPoint(pad.multiplyBy(-1)).round();
      const width = size.x + 2 * pad.x, height = size.y + 2 * pad.y, origin = map.getPixelOrigin().add(corner);
      if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(height * ratio);
        this.canvas.style.width = width + "px";
        this.canvas.style.height = height + "px";
      }
      L.DomUtil.setTransform(this.canvas, corner, 1);
      this.drawnAt = { zoom: map.getZoom(), corner: map.layerPointToLatLng(corner), point: corner };
      const context = this.canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      draw(context, { scale, x: origin.x, y: origin.y, width, height, pad });
    },
    follow() {
      if (!this.drawnAt || this.drawnAt.zoom !== map.getZoom()) return;
      const moved = map.containerPointToLayerPoint([0, 0]).subtract(this.drawnAt.point), size = map.getSize();
      const far = moved.x < 0 || moved.y < 0 || moved.x > size.x * 2 * PADDING || moved.y > size.y * 2 * PADDING;
      if (far) this.redraw();
    },
    stretch() { this.place(map.getZoom(), map.getCenter()); },
    place(zoom, center) {
      if (!this.drawnAt) return;
      const at = map._latLngToNewLayerPoint(this.drawnAt.corner, zoom, center);
      L.DomUtil.setTransform(this.canvas, at, 2 ** (zoom - this.drawnAt.zoom));
    },
  });
  return new Overlay().addTo(map);
}

// Turns grid numbers into pixels of a canvas.
function placement(atlas, view) {
  const [left, top] = atlas.ground.corner, step = atlas.ground.step * view.scale;
  return { step, x: left * view.scale - view.x, y: top * view.scale - view.y };
}

// Leaves out vertices closer than half a pixel to the last one kept, arc by arc: neighbours lose the same ones.
function thinned(layer, step) {
  if (layer.thin && layer.thin.step === step) return layer.thin;
  const { vertices, arcs } = layer, kept = new Int32Array(arcs[arcs.length - 1]), starts = new Int32Array(arcs.length);
  const least = (0.5 / step) ** 2;
  let next = 0;
  for (let arc = 0; arc < arcs.length - 1; arc++) {
    starts[arc] = next;
    let x = vertices[2 * arcs[arc]], y = vertices[2 * arcs[arc] + 1];
    kept[next++] = arcs[arc];
    for (let at = arcs[arc] + 1; at < arcs[arc + 1] - 1; at++) {
      const dx = vertices[2 * at] - x, dy = vertices[2 * at + 1] - y;
      if (dx * dx + dy * dy < least) continue;
      x = vertices[2 * at];
      y = vertices[2 * at + 1];
      kept[next++] = at;
    }
    kept[next++] = arcs[arc + 1] - 1;
  }
  starts[arcs.length - 1] = next;
  return (layer.thin = { step, kept, starts });
}

function follow(context, layer, thin, to, use, start) {
  const arc = use >> 1, first = thin.starts[arc], last = thin.starts[arc + 1] - 1, turn = use & 1;
  for (let at = start ? 0 : 1; at <= last - first; at++) {
    const vertex = 2 * thin.kept[turn ? last - at : first + at];
    const x = layer.vertices[vertex] * to.step + to.x, y = layer.vertices[vertex + 1] * to.step + to.y;
    if (start && at === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
}

function outline(context, layer, thin, to, place) {
  const { rings, shapes, uses } = layer;
  for (let ring = shapes[place]; ring < shapes[place + 1]; ring++) {
    for (let use = rings[ring]; use < rings[ring + 1]; use++) follow(context, layer, thin, to, uses[use], use === rings[ring]);
    context.closePath();
  }
}

function visible(boxes, number, to, view) {
  return boxes[4 * number + 2] * to.step + to.x >= -2 && boxes[4 * number] * to.step + to.x <= view.width + 2
    && boxes[4 * number + 3] * to.step + to.y >= -2 && boxes[4 * number + 1] * to.step + to.y <= view.height + 2;
}

function meanSide(layer, to) {
  if (layer.side === undefined) {
    let sum = 0;
    for (let at = 0; at < layer.boxes.length; at += 4) sum += Math.sqrt((layer.boxes[at + 2] - layer.boxes[at]) * (layer.boxes[at + 3] - layer.boxes[at + 1]));
    layer.side = sum / Math.max(1, layer.count);
  }
  return layer.side * to.step;
}

// A city among provinces would not be seen: a circle stands for places far smaller than the others.
function tiny(layer, to) {
  if (layer.kind !== "polygons") return new Set();
  if (layer.small && layer.small.step === to.step) return layer.small.places;
  const sides = Array.from({ length: layer.count }, (_, place) => Math.max(layer.boxes[4 * place + 2] - layer.boxes[4 * place], layer.boxes[4 * place + 3] - layer.boxes[4 * place + 1]) * to.step);
  const middle = sides.slice().sort((one, other) => one - other)[Math.floor(layer.count / 2)];
  const found = sides.map((side, place) => (side < 14 && side < middle / 6 ? place : -1)).filter((place) => place >= 0);
  layer.small = { step: to.step, places: new Set(found.length <= 20 ? found : []) };
  return layer.small.places;
}

function drawTiny(context, layer, to, style, colourOf) {
  for (const place of tiny(layer, to)) {
    const [x, y] = centre(layer, to, place);
    circle(context, x, y, TINY + 1.5);
    context.fillStyle = style.halo;
    context.fill();
    circle(context, x, y, TINY);
    context.fillStyle = colourOf(place);
    context.fill();
    context.strokeStyle = style.ink;
    context.lineWidth = 0.9;
    context.stroke();
  }
}

// Fills class by class; each is also stroked in its own colour, so that no ground shows between neighbours.
function fillPolygons(context, layer, to, view, colours, numberOf) {
  const thin = thinned(layer, to.step), members = colours.map(() => []);
  for (let place = 0; place < layer.count; place++) if (visible(layer.boxes, place, to, view)) members[numberOf(place)].push(place);
  context.lineJoin = "round";
  context.lineWidth = 1; // covers the pixels that a border only crosses
  members.forEach((places, number) => {
    if (!places.length) return;
    context.fillStyle = context.strokeStyle = colours[number];
    for (let first = 0; first < places.length; first += BATCH) {
      context.beginPath();
      for (const place of places.slice(first, first + BATCH)) outline(context, layer, thin, to, place);
      context.fill();
      context.stroke();
    }
  });
}

// Borders fade where places are only a few pixels wide: there they would hide what they part.
function strokePolygons(context, layer, to, view, border, edge) {
  const thin = thinned(layer, to.step), side = meanSide(layer, to), strength = Math.max(0, Math.min(1, (side - 3) / 12));
  context.lineJoin = context.lineCap = "round";
  for (const [shared, colour, width, alpha] of [[true, border, side > 60 ? 1.25 : side > 25 ? 0.9 : 0.6, strength], [false, edge, 0.8, Math.max(0.45, strength)]]) {
    if (!alpha) continue;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.globalAlpha = alpha;
    context.beginPath();
    let waiting = 0;
    for (let arc = 0; arc < layer.shared.length; arc++) {
      if (layer.shared[arc] > 1 !== shared || !visible(layer.arcBoxes, arc, to, view)) continue;
      follow(context, layer, thin, to, arc * 2, true);
      if (++waiting < BATCH * 3) continue;
      context.stroke();
      context.beginPath();
      waiting = 0;
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

// Round several places together: no line between two of them that are neighbours.
function strokeRim(context, layer, to, places) {
  const thin = thinned(layer, to.step), used = new Map();
  for (const place of places) {
    for (let use = layer.rings[layer.shapes[place]]; use < layer.rings[layer.shapes[place + 1]]; use++) used.set(layer.uses[use] >> 1, (used.get(layer.uses[use] >> 1) || 0) + 1);
  }
  context.beginPath();
  for (const [arc, times] of used) if (times === 1) follow(context, layer, thin, to, arc * 2, true);
  context.stroke();
}

function centre(layer, to, place) {
  return [layer.centres[2 * place] * to.step + to.x, layer.centres[2 * place + 1] * to.step + to.y];
}

function radius(layer, place) {
  const weight = layer.weight && layer.columnById.get(layer.weight);
  if (!weight) return layer.count > 2000 ? 3 : layer.count > 200 ? 4.5 : 6.5;
  if (layer.heaviest === undefined) layer.heaviest = weight.values.reduce((most, each) => Math.max(most, each || 0), 0);
  return Math.max(2.2, 13 * Math.sqrt(Math.max(0, weight.values[place] || 0) / (layer.heaviest || 1)));
}

function circle(context, x, y, size) {
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
}

function drawPoints(context, layer, to, look) {
  const order = Array.from({ length: layer.count }, (_, place) => place).sort((one, other) => radius(layer, other) - radius(layer, one) || one - other);
  for (const place of order) {
    const [x, y] = centre(layer, to, place), { fill, line, alpha } = look(place);
    circle(context, x, y, radius(layer, place));
    context.globalAlpha = alpha;
    context.fillStyle = fill;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.stroke();
  }
}

// Names are written where they meet no other: polygons inside their box, points beside their circle, the heavier first.
function drawNames(context, layer, to, view, look) {
  const font = getComputedStyle(document.body).fontFamily, taken = [], points = layer.kind === "points", small = tiny(layer, to);
  context.font = `${layer.kind === "polygons" ? "500 12px" : "11.5px"} ${font}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const order = Array.from({ length: layer.count }, (_, place) => place);
  if (points) order.sort((one, other) => radius(layer, other) - radius(layer, one) || one - other);
  const sizeOf = (place) => (points ? radius(layer, place) : small.has(place) ? TINY : 0);
  for (const place of points ? order : small) {
    const [x, y] = centre(layer, to, place), size = sizeOf(place);
    taken.push([x - size, y - size, x + size, y + size]);
  }
  const seen = (x) => x >= view.pad.x && x <= view.width - view.pad.x;
  for (const place of order) {
    const [x, y] = centre(layer, to, place);
    if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
    const name = layer.names[place].length > 40 ? layer.names[place].slice(0, 39) + "\u2026" : layer.names[place], width = context.measureText(name).width;
    const size = sizeOf(place), slant = size * 0.7;
    const spots = size ? [[x + size + 3, y], [x - size - 3 - width, y], [x - width / 2, y - size - 8], [x - width / 2, y + size + 8],
      [x + slant + 2, y - slant - 6], [x + slant + 2, y + slant + 6], [x - slant - 2 - width, y - slant - 6], [x - slant - 2 - width, y + slant + 6]] : [[x - width / 2, y]];
    const half = (width / 2 / to.step) * 0.94, [gridX, gridY] = [layer.centres[2 * place], layer.centres[2 * place + 1]];
    if (!size && !(inside(layer, place, gridX - half, gridY) && inside(layer, place, gridX + half, gridY))) continue;
    const spot = spots.find(([left, top]) => (!seen(x) || (seen(left) && seen(left + width))) && !taken.some((box) => left < box[2] && left + width > box[0] && top - 8 < box[3] && top + 8 > box[1]));
    if (!spot) continue;
    taken.push([spot[0] - 2, spot[1] - 8, spot[0] + width + 2, spot[1] + 8]);
    const [ink, halo] = look(place, small.has(place));
    context.lineWidth = 3;
    context.strokeStyle = halo;
    context.strokeText(name, spot[0], spot[1]);
    context.fillStyle = ink;
    context.fillText(name, spot[0], spot[1]);
  }
}

function drawLinks(context, layer, graph, to, colour) {
  context.beginPath();
  for (let place = 0; place < layer.count; place++) {
    const [x0, y0] = centre(layer, to, place);
    for (let at = graph.starts[place]; at < graph.starts[place + 1]; at++) {
      const [x1, y1] = centre(layer, to, graph.others[at]);
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    }
  }
  context.strokeStyle = colour;
  context.lineWidth = 1.1;
  context.stroke();
  for (let place = 0; place < layer.count && layer.count < 2000; place++) {
    circle(context, ...centre(layer, to, place), 2.4);
    context.fillStyle = colour;
    context.fill();
  }
}
