"use strict";
// Opens the packed data of the page and gives layers, maps, plots and links as plain objects.

async function opened(element) {
  const text = atob(element.textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const size = new DataView(buffer).getUint32(0, true);
  const atlas = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  const streams = new Uint8Array(buffer, 4 + size);
  const numbers = ([at, length]) => variableLength(streams.subarray(at, at + length));
  for (const layer of atlas.layers) {
    layer.count = layer.names.length;
    layer.centres = runningPairs(numbers(layer.centres));
    if (layer.kind === "polygons") Object.assign(layer, polygons(layer.streams.map(numbers)));
    layer.columnById = new Map(layer.columns.map((column) => [column.id, column]));
  }
  for (const land of atlas.land) Object.assign(land, polygons(land.streams.map(numbers)));
  atlas.layerById = new Map(atlas.layers.map((layer) => [layer.id, layer]));
  for (const theme of atlas.themes) {
    theme.hidden = new Set();
    theme.layerHere = atlas.layerById.get(theme.layer);
  }
  for (const graph of atlas.graphs) Object.assign(graph, neighbours(...graph.streams.map(numbers)));
  return atlas;
}

function variableLength(bytes) {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] < 128) count++;
  const found = new Float64Array(count);
  let number = 0, factor = 1;
  for (let at = 0, next = 0; at < bytes.length; at++) {
    number += (bytes[at] & 127) * factor;
    if (bytes[at] < 128) { found[next++] = number; number = 0; factor = 1; } else factor *= 128;
  }
  return found;
}

const unfolded = (number) => (number % 2 ? -(number + 1) / 2 : number / 2);

function runningPairs(numbers) {
  const pairs = new Int32Array(numbers.length);
  for (let at = 0, x = 0, y = 0; at < numbers.length; at += 2) {
    pairs[at] = x += unfolded(numbers[at]);
    pairs[at + 1] = y += unfolded(numbers[at + 1]);
  }
  return pairs;
}

// Arcs are borders between two junctions; a ring is a list of uses, each 2 * arc, plus 1 where it runs backwards.
function polygons([sizes, steps, coded, ringSizes, shapeSizes]) {
  const vertices = runningPairs(steps);
  const arcs = new Int32Array(sizes.length + 1);
  for (let arc = 0; arc < sizes.length; arc++) arcs[arc + 1] = arcs[arc] + sizes[arc] + 2;
  const uses = new Int32Array(coded.length);
  const shared = new Uint8Array(sizes.length);
  for (let use = 0, newest = 0; use < coded.length; use++) {
    const arc = newest - Math.floor(coded[use] / 2);
    if (arc === newest) newest++;
    uses[use] = arc * 2 + (coded[use] % 2);
    shared[arc]++;
  }
  const rings = new Int32Array(ringSizes.length + 1);
  for (let ring = 0; ring < ringSizes.length; ring++) rings[ring + 1] = rings[ring] + ringSizes[ring] + 1;
  const shapes = new Int32Array(shapeSizes.length + 1);
  for (let shape = 0; shape < shapeSizes.length; shape++) shapes[shape + 1] = shapes[shape] + shapeSizes[shape];
  const geometry = { vertices, arcs, uses, rings, shapes, shared };
  geometry.arcBoxes = boxes(arcs.length - 1, (arc, add) => {
    for (let at = arcs[arc]; at < arcs[arc + 1]; at++) add(vertices[2 * at], vertices[2 * at + 1]);
  });
  geometry.boxes = boxes(shapes.length - 1, (shape, add) => {
    for (let use = rings[shapes[shape]]; use < rings[shapes[shape + 1]]; use++) {
      const arc = (uses[use] >> 1) * 4;
      add(geometry.arcBoxes[arc], geometry.arcBoxes[arc + 1]);
      add(geometry.arcBoxes[arc + 2], geometry.arcBoxes[arc + 3]);
    }
  });
  return geometry;
}

function boxes(count, each) {
  const found = new Int32Array(count * 4);
  for (let number = 0; number < count; number++) {
    let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
    each(number, (x, y) => {
      if (x < left) left = x;
      if (y < top) top = y;
      if (x > right) right = x;
      if (y > bottom) bottom = y;
    });
    found.set([left, top, right, bottom], number * 4);
  }
  return found;
}

function neighbours(sizes, steps) {
  const starts = new Int32Array(sizes.length + 1), others = new Int32Array(steps.length);
  for (let place = 0; place < sizes.length; place++) {
    starts[place + 1] = starts[place] + sizes[place];
    for (let at = starts[place], other = place; at < starts[place + 1]; at++) others[at] = other += unfolded(steps[at]);
  }
  return { starts, others };
}

// Finds the place at a point of the grid: a coarse grid of boxes first, then the exact test.
function finder(layer) {
  const side = Math.max(1, Math.min(128, Math.ceil(Math.sqrt(layer.count))));
  let right = 1, bottom = 1;
  for (let at = 0; at < layer.boxes.length; at += 4) {
    right = Math.max(right, layer.boxes[at + 2]);
    bottom = Math.max(bottom, layer.boxes[at + 3]);
  }
  const cells = Array.from({ length: side * side }, () => []);
  const cell = (value, all) => Math.max(0, Math.min(side - 1, Math.floor((value / (all + 1)) * side)));
  for (let place = 0; place < layer.count; place++) {
    const [x0, y0, x1, y1] = layer.boxes.subarray(place * 4, place * 4 + 4);
    for (let row = cell(y0, bottom); row <= cell(y1, bottom); row++)
      for (let column = cell(x0, right); column <= cell(x1, right); column++) cells[row * side + column].push(place);
  }
  return (x, y) => {
    if (x < 0 || y < 0 || x > right || y > bottom) return -1;
    for (const place of cells[cell(y, bottom) * side + cell(x, right)].slice().reverse()) if (inside(layer, place, x, y)) return place;
    return -1;
  };
}

function inside(layer, place, x, y) {
  const { vertices, arcs, uses, rings, shapes } = layer;
  let within = false;
  for (let use = rings[shapes[place]]; use < rings[shapes[place + 1]]; use++) {
    const arc = uses[use] >> 1;
    for (let at = arcs[arc]; at < arcs[arc + 1] - 1; at++) {
      const y0 = vertices[2 * at + 1], y1 = vertices[2 * at + 3];
      if (y0 > y === y1 > y) continue;
      const x0 = vertices[2 * at], x1 = vertices[2 * at + 2];
      if (x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) within = !within;
    }
  }
  return within;
}
