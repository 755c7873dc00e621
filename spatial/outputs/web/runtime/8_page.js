// Puts the page together: one state, and what is drawn anew when it changes.

async function spatialAtlas(map) {
  const status = document.getElementById("status");
  const packed = document.getElementById("atlas-data");
  if (typeof DecompressionStream === "undefined") {
    status.textContent = status.dataset.old;
    return;
  }
  try {
    const atlas = await opened(packed);
    packed.remove();
    page(map, atlas);
    status.textContent = "";
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    status.textContent = status.dataset.failed.replace("{reason}", error.message);
    throw error;
  }
}

function colours() {
  const read = getComputedStyle(document.documentElement);
  const colour = (name) => read.getPropertyValue(`--${name}`).trim();
  return Object.fromEntries(["ink", "soft", "ground", "muted", "border", "line", "edge", "grid", "halo", "accent", "land", "shore"].map((name) => [name, colour(name)]));
}

// How light a colour is, from 0 to 1 (relative luminance of WCAG 2).
function lightness(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// A white border does not show between places that are almost white.
const pale = (theme) => theme.classes.some((each) => lightness(each.colour) > 0.86 && each.count > 1) && ["clusters", "diverging"].includes(theme.kind);

function onColour(theme, place, style) {
  if (style || theme.numbers[place] === undefined) return style ? [style.soft, style.halo] : ["#1a1d21", "rgba(255,255,255,0.8)"];
  return lightness(theme.classes[theme.numbers[place]].colour) < 0.2 ? ["#ffffff", "rgba(0,0,0,0.35)"] : ["#1a1d21", "rgba(255,255,255,0.7)"];
}

function page(map, atlas) {
  const speak = speaker(atlas), places = atlas.layerById.get("places");
  const state = { theme: atlas.themes[0], selected: null, hovered: null, quadrant: -1, links: new Set(), points: new Map() };
  let style = colours();
  const find = new Map(atlas.layers.filter((layer) => layer.kind === "polygons").map((layer) => [layer.id, finder(layer)]));
  const pointsShown = (layer) => state.points.get(layer.id) ?? state.theme.kind === "surface";
  const shownClass = (place) => !state.theme.hidden.has(state.theme.numbers[place]) && (state.theme.layer !== "places" || plot.holds(place));

  const plot = moranPlot(atlas, speak, state, {
    changed: () => redraw(),
    shown: shownClass,
    hover: (found) => hover(found, null),
    select: (found) => select(found),
  });
  const charts = chartPanel(atlas, speak, state, { hover: (found) => hover(found, null), select: (found) => select(found) });
  const [left, top, right, bottom] = atlas.ground.bounds;
  document.documentElement.style.setProperty("--aspect", String((right - left) / Math.max(bottom - top, 1e-9)));
  const box = document.querySelector(".map-box").getBoundingClientRect();
  document.documentElement.style.setProperty("--above", `${Math.round(box.top + window.scrollY)}px`);
  frame(map, atlas);
  L.DomUtil.addClass(map.createPane("surfacePane"), "surface-pane");
  const fills = canvasLayer(map, "overlayPane", (context, view) => drawFills(context, view));
  const lines = canvasLayer(map, "shadowPane", (context, view) => drawLines(context, view));
  const marks = canvasLayer(map, "markerPane", (context, view) => drawMarks(context, view));
  const redrawGrid = graticule(map, atlas, () => style);
  scaleBar(map, atlas, speak);
  const tip = tooltip(map);
  let picture = null;

  const table = dataTable(atlas, speak, (found) => { select(found, true); document.getElementById("stage").scrollIntoView({ block: "start" }); });
  const picked = themePicker(atlas, speak, (theme) => choose(theme));
  searchBox(atlas, speak, (layer, place) => select({ layer, place }, true));
  switches(atlas, speak, state, pointsShown, () => redraw());

  function drawFills(context, view) {
    const to = placement(atlas, view), { theme } = state, layer = theme.layerHere;
    for (const land of atlas.land) {
      fillPolygons(context, land, to, view, [style.land], () => 0);
      strokePolygons(context, land, to, view, style.shore, style.shore);
    }
    if (places.kind === "polygons" && (theme.layer !== "places" || theme.kind === "surface")) {
      if (theme.kind !== "surface") fillPolygons(context, places, to, view, [style.muted], () => 0);
    } else if (layer.kind === "polygons") {
      const palette = [...theme.classes.map((each) => each.colour), style.muted];
      fillPolygons(context, layer, to, view, palette, (place) => (shownClass(place) ? theme.numbers[place] : palette.length - 1));
    }
  }
  function drawLines(context, view) {
    const to = placement(atlas, view), { theme } = state;
    if (places.kind === "polygons") strokePolygons(context, places, to, view, theme.kind === "surface" ? style.soft : pale(theme) ? style.line : style.border, style.edge);
    if (places === layerOfMap()) drawTiny(context, places, to, style, (place) => (shownClass(place) ? theme.classes[theme.numbers[place]].colour : style.muted));
    for (const graph of atlas.graphs) if (state.links.has(graph.id)) drawLinks(context, places, graph, to, style.ink);
    const layers = atlas.layers.filter((layer) => layer.kind === "points" && (layer === theme.layerHere ? theme.kind !== "surface" : layer.id === "places" || pointsShown(layer)));
    for (const layer of layers) {
      const mapped = layer.id === theme.layer && theme.kind !== "surface";
      drawPoints(context, layer, to, (place) => {
        if (!mapped) return { fill: style.soft, line: style.halo, alpha: 0.55 };
        const out = !shownClass(place);
        return { fill: out ? style.muted : theme.classes[theme.numbers[place]].colour, line: out ? style.grid : style.edge, alpha: 1 };
      });
      if (layer.count <= 400) drawNames(context, layer, to, view, () => [style.ink, style.halo]);
    }
    if (places.kind === "polygons" && places.count <= 400 && !layers.length) drawNames(context, places, to, view, (place, beside) => (beside ? ["#1a1d21", "rgba(255,255,255,0.85)"] : onColour(theme, place, shownClass(place) ? null : style)));
  }
  function layerOfMap() { return state.theme.kind === "surface" ? null : state.theme.layerHere; }
  function drawMarks(context, view) {
    const to = placement(atlas, view);
    const graph = state.hovered && state.hovered.layer === places && !state.hovered.places && atlas.graphs.find((each) => state.links.has(each.id));
    if (graph) {
      const near = graph.others.subarray(graph.starts[state.hovered.place], graph.starts[state.hovered.place + 1]);
      for (const place of near) mark(context, view, to, { layer: places, place }, style.accent, 1.8);
    }
    for (const [found, width] of [[state.selected, 3], [state.hovered, 2]]) if (found) mark(context, view, to, found, style.ink, width);
  }
  function mark(context, view, to, { layer, place, places: several = [place] }, colour, width) {
    const small = layer === layerOfMap() ? tiny(layer, to) : new Set(), round = several.filter((each) => layer.kind !== "polygons" || small.has(each));
    const line = several.length > 1 ? width - 0.5 : width, large = layer.kind === "polygons" ? several.filter((each) => !small.has(each)) : [];
    context.lineJoin = context.lineCap = "round";
    for (const [ink, wide] of [[style.halo, line + 2.5], [colour, line]]) {
      context.strokeStyle = ink;
      context.lineWidth = wide;
      if (large.length) strokeRim(context, layer, to, large);
      for (const each of round) {
        circle(context, ...centre(layer, to, each), (small.has(each) ? TINY : radius(layer, each)) + 1.5);
        context.stroke();
      }
    }
  }

  function redraw() {
    fills.redraw();
    lines.redraw();
    marks.redraw();
    plot.draw(state.theme, style);
    charts.mark();
  }
  function at(point) {
    const pixel = map.containerPointToLayerPoint(point).add(map.getPixelOrigin()).divideBy(2 ** map.getZoom());
    const x = (pixel.x - atlas.ground.corner[0]) / atlas.ground.step, y = (pixel.y - atlas.ground.corner[1]) / atlas.ground.step;
    const pixels = atlas.ground.step * 2 ** map.getZoom();
    for (const layer of atlas.layers.slice().reverse()) {
      if (layer.kind !== "points" || !(layer === state.theme.layerHere || layer.id === "places" || pointsShown(layer))) continue;
      let best = -1, least = Infinity;
      for (let place = 0; place < layer.count; place++) {
        const far = Math.hypot(layer.centres[2 * place] - x, layer.centres[2 * place + 1] - y) * pixels - radius(layer, place);
        if (far < 5 && far < least) { least = far; best = place; }
      }
      if (best >= 0) return { layer, place: best };
    }
    if (places === layerOfMap()) {
      const near = (place) => Math.hypot(places.centres[2 * place] - x, places.centres[2 * place + 1] - y) * pixels;
      for (const place of tiny(places, { step: pixels })) if (near(place) < TINY + 3) return { layer: places, place };
    }
    const place = find.has("places") ? find.get("places")(x, y) : -1;
    return place < 0 ? null : { layer: places, place };
  }
  function hover(found, point) {
    const same = found && state.hovered && ["layer", "place", "places"].every((part) => found[part] === state.hovered[part]);
    if (!same && (found || state.hovered)) {
      state.hovered = found;
      marks.redraw();
      plot.draw(state.theme, style);
      charts.mark();
    }
    tip(found && point, found && found.layer, found && found.place, state.theme, speak);
    map.getContainer().classList.toggle("over", Boolean(found));
  }
  function select(found, move = false) {
    state.selected = found;
    showSelected(atlas, state.theme, found, speak, () => select(null));
    if (found) {
      const { layer, place } = found, column = layer.columnById.get(layer === state.theme.layerHere ? state.theme.column : null);
      const here = layer === state.theme.layerHere && state.theme.classes[state.theme.numbers[place]];
      document.getElementById("spoken").textContent = found.places ? speak.several(layer, found.places) : [layer.names[place], column && `${column.title}: ${speak.withUnit(column, place)}`, here && here.label].filter(Boolean).join(". ");
      if (move && layer.kind === "points" && layer.id !== "places") state.points.set(layer.id, true);
      const point = map.latLngToContainerPoint(toLatLng(layer, place)), size = map.getSize();
      if (move && (point.x < 20 || point.y < 20 || point.x > size.x - 20 || point.y > size.y - 20)) map.panTo(toLatLng(layer, place));
    } else document.getElementById("spoken").textContent = "";
    redraw();
    remember();
  }
  function toLatLng(layer, place) {
    const [left, top] = atlas.ground.corner;
    return map.options.crs.pointToLatLng(L.point(left + layer.centres[2 * place] * atlas.ground.step, top + layer.centres[2 * place + 1] * atlas.ground.step), 0);
  }
  function choose(theme) {
    state.theme = theme;
    picked(theme);
    plot.choose(theme);
    charts.follow(theme);
    if (state.shown !== theme) showLinks(theme);
    document.getElementById("theme-title").replaceChildren(isolated(theme.title));
    document.getElementById("theme-unit").textContent = theme.unit;
    document.getElementById("described").textContent = described(theme, speak);
    showLegend(theme, speak, () => redraw());
    if (picture) picture.remove();
    picture = theme.kind === "surface" ? surface(map, atlas, theme) : null;
    if (state.selected) showSelected(atlas, theme, state.selected, speak, () => select(null));
    switches(atlas, speak, state, pointsShown, () => redraw());
    table(theme.kind === "surface" ? places : theme.layerHere);
    redraw();
    remember();
  }
  // A map of neighbours shows who they are; with the next map their links go again, unless somebody has asked for them.
  function showLinks(theme) {
    if (state.own) state.links.delete(state.own);
    state.own = theme.links && atlas.graphs.some((graph) => graph.id === theme.graph) && !state.links.has(theme.graph) ? theme.graph : null;
    if (state.own) state.links.add(state.own);
    state.shown = theme;
  }
  function remember() {
    const { lat, lng } = map.getCenter(), words = new URLSearchParams();
    words.set("map", state.theme.id);
    words.set("view", [map.getZoom().toFixed(2), lat.toFixed(4), lng.toFixed(4)].join("/"));
    if (state.selected && !state.selected.places) words.set("place", `${state.selected.layer.id}/${state.selected.layer.keys[state.selected.place]}`);
    try { history.replaceState(null, "", "#" + words); } catch { /* an address that may not change only loses the link */ }
  }
  function recall() {
    const words = new URLSearchParams(location.hash.slice(1));
    const [zoom, lat, lng] = (words.get("view") || "").split("/").map(Number);
    if ([zoom, lat, lng].every(Number.isFinite) && words.get("view")) map.setView([lat, lng], zoom, { animate: false });
    choose(atlas.themes.find((theme) => theme.id === words.get("map")) || atlas.themes[0]);
    const wanted = words.get("place") || "", layer = atlas.layerById.get(wanted.split("/")[0]);
    const place = layer ? layer.keys.indexOf(wanted.slice(layer.id.length + 1)) : -1;
    if (place >= 0) select({ layer, place });
  }

  pointing(map, { at, hover, select });
  keys(map, { at, select, state, ground: atlas.ground, layers: () => (state.theme.kind === "surface" ? places : state.theme.layerHere) });
  const opacity = document.getElementById("opacity");
  opacity.addEventListener("input", () => {
    const wanted = opacity.value / 100;
    fills.canvas.style.opacity = wanted;
    map.getPane("surfacePane").style.opacity = wanted;
  });
  const reload = () => { style = colours(); redraw(); if (redrawGrid) redrawGrid(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", reload);
  window.addEventListener("resize", () => { plot.draw(state.theme, style); charts.draw(); });
  let before = null;
  window.addEventListener("beforeprint", () => {
    const about = document.getElementById("about");
    before = { bounds: map.getBounds(), center: map.getCenter(), zoom: map.getZoom(), open: about.open };
    about.open = true;
    document.documentElement.classList.add("printing");
    map.invalidateSize({ pan: false, animate: false });
    map.fitBounds(before.bounds.pad(-0.03), { animate: false });
    reload();
    before.sheet = sheet(map, style.ground);
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    map.invalidateSize({ pan: false, animate: false });
    if (before) {
      before.sheet.remove();
      document.getElementById("about").open = before.open;
      map.setView(before.center, before.zoom, { animate: false });
    }
    reload();
  });
  recall();
  map.on("moveend", remember);
  window.addEventListener("hashchange", recall);
}

function frame(map, atlas) {
  const [left, top, right, bottom] = atlas.ground.bounds, toLatLng = (x, y) => map.options.crs.pointToLatLng(L.point(x, y), 0);
  const bounds = L.latLngBounds(toLatLng(left, bottom), toLatLng(right, top));
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) map._zoomAnimated = false;
  const whole = () => map.fitBounds(bounds, { padding: map.getSize().x < 500 ? [12, 18] : [28, 28], animate: false });
  map.invalidateSize(false);
  map.setMinZoom(-20);
  map.setMaxZoom(Math.min(24, Math.floor(Math.log2(3 / atlas.ground.step))));
  whole();
  map.setMinZoom(Math.floor(map.getZoom()) - 2);
  const home = element("a", { className: "leaflet-control-home", href: "#", role: "button", title: atlas.words.whole, "aria-label": atlas.words.whole });
  home.append("⤢");
  L.DomEvent.on(home, "click", (event) => { L.DomEvent.stop(event); whole(); });
  map.zoomControl.getContainer().append(home);
  for (const [selector, words] of [[".leaflet-control-zoom-in", atlas.words.zoom_in], [".leaflet-control-zoom-out", atlas.words.zoom_out]]) {
    const button = map.getContainer().querySelector(selector);
    button.title = words;
    button.setAttribute("aria-label", words);
  }
  map.getContainer().setAttribute("role", "application");
  map.getContainer().setAttribute("aria-label", atlas.words.map_label);
  map.getContainer().setAttribute("aria-describedby", "described");
}

function surface(map, atlas, theme) {
  const [left, top, right, bottom] = theme.bounds, toLatLng = (x, y) => map.options.crs.pointToLatLng(L.point(x, y), 0);
  return L.imageOverlay(theme.picture, L.latLngBounds(toLatLng(left, bottom), toLatLng(right, top)), { pane: "surfacePane", alt: theme.title, className: "surface" }).addTo(map);
}

function switches(atlas, speak, state, pointsShown, changed) {
  const box = document.getElementById("switches"), layers = atlas.layers.filter((layer) => layer.kind === "points" && layer.id !== "places");
  const one = (title, on, set) => {
    const input = element("input", { type: "checkbox" });
    input.checked = on;
    input.addEventListener("change", () => { set(input.checked); changed(); });
    return element("label", { className: "switch" }, input, isolated(title));
  };
  box.replaceChildren(
    ...layers.map((layer) => one(layer.title, pointsShown(layer), (on) => state.points.set(layer.id, on))),
    ...atlas.graphs.map((graph) => one(`${speak.say("links")}: ${graph.title}`, state.links.has(graph.id), (on) => (on ? state.links.add(graph.id) : state.links.delete(graph.id)))),
  );
  document.getElementById("show").hidden = !box.children.length;
}

function pointing(map, { at, hover, select }) {
  const container = map.getContainer();
  const here = (event) => map.mouseEventToContainerPoint(event), own = (event) => !event.target.closest(".leaflet-control");
  container.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    if (!own(event)) return hover(null, null);
    const point = here(event);
    hover(at(point), point);
  });
  container.addEventListener("pointerleave", () => hover(null, null));
  map.on("movestart zoomstart", () => hover(null, null));
  map.on("click", (event) => {
    const found = at(event.containerPoint);
    select(found);
    if (found && event.originalEvent.pointerType !== "mouse" && event.originalEvent.sourceCapabilities && event.originalEvent.sourceCapabilities.firesTouchEvents) hover(found, event.containerPoint);
  });
}

// Enter takes the place at the centre, Shift and an arrow walk to the nearest place in that direction, Escape lets go.
function keys(map, { at, select, state, ground, layers }) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const walk = (from, way) => {
    const layer = layers();
    let best = -1, least = Infinity;
    for (let place = 0; place < layer.count; place++) {
      const x = layer.centres[2 * place] - from[0], y = layer.centres[2 * place + 1] - from[1];
      const ahead = x * way[0] + y * way[1], aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
      const far = way[0] || way[1] ? ahead + 2 * aside : Math.hypot(x, y);
      if ((way[0] || way[1]) && ahead <= 0) continue;
      if (far < least) { least = far; best = place; }
    }
    if (best >= 0) select({ layer, place: best }, true);
  };
  const middle = () => {
    const pixel = map.project(map.getCenter(), 0);
    return [(pixel.x - ground.corner[0]) / ground.step, (pixel.y - ground.corner[1]) / ground.step];
  };
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.target !== map.getContainer()) return;
    const layer = layers(), now = state.selected && state.selected.layer === layer ? state.selected.place : -1;
    if (event.key === "Escape") select(null);
    else if (event.key === "Enter") {
      const found = at(map.getSize().divideBy(2));
      if (found) select(found, true);
      else walk(middle(), [0, 0]);
    } else if (event.shiftKey && ways[event.key]) {
      walk(now < 0 ? middle() : [layer.centres[2 * now], layer.centres[2 * now + 1]], now < 0 ? [0, 0] : ways[event.key]);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
}
