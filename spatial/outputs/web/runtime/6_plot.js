// The Moran scatterplot of the map that is shown, tied to it: the same colours, the same place pointed at.

function moranPlot(atlas, speak, state, hooks) {
  const panel = document.getElementById("scatter"), canvas = panel.querySelector("canvas"), buttons = panel.querySelector(".quadrants");
  let shown = null, spots = [];
  const names = ["High-High", "Low-High", "Low-Low", "High-Low"];
  const quadrant = (place) => {
    const x = shown.x[place], y = shown.y[place];
    if (x === null || y === null) return -1;
    return x >= 0 ? (y >= 0 ? 0 : 3) : y >= 0 ? 1 : 2;
  };
  const choose = (theme) => {
    // Of the plots of a column its own comes first, then those of it with another one.
    const own = atlas.scatters.filter((each) => theme.column !== null && each.column === theme.column);
    const next = theme.layer !== "places" ? null : atlas.scatters.find((each) => each.step === theme.step) || own.find((each) => each.second === null) || own[0] || null;
    if (next !== shown) state.quadrant = -1;
    shown = next;
    panel.hidden = !shown;
    if (!shown) return;
    const two = shown.second !== null, title = speak.say(two ? "scatter_two" : "scatter"), name = two ? speak.say("two", shown) : shown.name;
    const words = shown.slope === null ? "" : speak.say(!shown.is_moran ? "slope" : two ? "slope_moran_two" : "slope_moran", { slope: speak.written(shown.slope, 3) });
    const told = [name, shown.graph, words, shown.n && speak.count(shown.n), shown.p].filter(Boolean), ringed = shown.rings.map((place) => atlas.layerById.get("places").names[place]).join(", ");
    panel.querySelector(".scatter-words").textContent = told.join(" · ");
    panel.querySelector(".scatter-rings").textContent = ringed && speak.say("ringed", { names: ringed });
    document.getElementById("scatter-title").textContent = title;
    canvas.setAttribute("aria-label", [title, ...told].join(". "));
    const counts = [0, 0, 0, 0];
    shown.x.forEach((_, place) => { if (quadrant(place) >= 0) counts[quadrant(place)]++; });
    const byPosition = [1, 0, 2, 3]; // upper left, upper right, lower left, lower right
    buttons.replaceChildren(...byPosition.map((number) => {
      const button = element("button", { type: "button", className: "quadrant", "aria-pressed": String(state.quadrant === number) }, `${names[number]} `, element("b", {}, speak.written(counts[number], 0)));
      button.addEventListener("click", () => {
        state.quadrant = state.quadrant === number ? -1 : number;
        choose(theme);
        hooks.changed();
      });
      return button;
    }));
  };
  const draw = (theme, style) => {
    if (!shown) return;
    const width = canvas.clientWidth, height = canvas.clientHeight, ratio = Math.min(window.devicePixelRatio || 1, 3);
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const given = shown.x.map((_, place) => place).filter((place) => quadrant(place) >= 0);
    const xs = span(given.map((place) => shown.x[place])), ys = span(given.map((place) => shown.y[place]));
    const box = { left: 48, top: 8, right: width - 8, bottom: height - 34 };
    const toX = (value) => box.left + ((value - xs[0]) / (xs[1] - xs[0])) * (box.right - box.left);
    const toY = (value) => box.bottom - ((value - ys[0]) / (ys[1] - ys[0])) * (box.bottom - box.top);
    // Two columns stand at the axes by name, as much of it as there is room for.
    const axis = (which, name, room) => (shown.second === null ? speak.say(`scatter_${which}`) : speak.say(`scatter_two_${which}`, { name: fitted(name, room - broad(speak.say(`scatter_two_${which}`, { name: "" }), 11), 11) }));
    const titles = [axis("x", shown.name, box.right - box.left), axis("y", shown.second, box.bottom - box.top)];
    drawAxes(context, box, xs, ys, toX, toY, style, speak, titles);
    if (shown.slope !== null) {
      context.save();
      context.beginPath();
      context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      context.clip();
      context.beginPath();
      context.moveTo(toX(xs[0]), toY(xs[0] * shown.slope));
      context.lineTo(toX(xs[1]), toY(xs[1] * shown.slope));
      context.strokeStyle = style.ink;
      context.lineWidth = 1.5;
      context.stroke();
      context.restore();
    }
    const size = given.length > 2000 ? 1.5 : given.length > 300 ? 2.5 : given.length > 60 ? 3.5 : 4.5;
    spots = given.map((place) => [toX(shown.x[place]), toY(shown.y[place]), place]);
    for (const [x, y, place] of spots) {
      const here = theme.classes[theme.numbers[place]], out = !hooks.shown(place);
      circle(context, x, y, size);
      context.globalAlpha = out ? 0.25 : 1;
      context.fillStyle = out || !here ? style.muted : here.colour;
      context.fill();
      context.strokeStyle = style.soft;
      context.lineWidth = 0.7;
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const place of shown.rings) {
      circle(context, toX(shown.x[place]), toY(shown.y[place]), size + 3);
      context.strokeStyle = style.ink;
      context.lineWidth = 1.2;
      context.stroke();
    }
    for (const [found, line] of [[state.selected, 2.5], [state.hovered, 2]]) {
      const places = new Set(found && found.layer.id === "places" ? found.places || [found.place] : []);
      for (const [x, y, place] of spots) {
        if (!places.has(place)) continue;
        circle(context, x, y, size + 2.5);
        context.strokeStyle = style.ink;
        context.lineWidth = line;
        context.stroke();
      }
    }
  };
  const nearest = (event) => {
    const at = canvas.getBoundingClientRect(), x = event.clientX - at.left, y = event.clientY - at.top;
    let best = -1, least = 14 ** 2;
    for (const [left, top, place] of spots) {
      const far = (left - x) ** 2 + (top - y) ** 2;
      if (far < least) { least = far; best = place; }
    }
    return best < 0 ? null : { layer: atlas.layerById.get("places"), place: best };
  };
  canvas.addEventListener("pointermove", (event) => hooks.hover(nearest(event)));
  canvas.addEventListener("pointerleave", () => hooks.hover(null));
  canvas.addEventListener("click", (event) => hooks.select(nearest(event)));
  return { choose, draw, holds: (place) => !shown || state.quadrant < 0 || quadrant(place) === state.quadrant };
}

function span(values) {
  let low = Math.min(0, ...values.slice(0, 1)), high = Math.max(0, ...values.slice(0, 1));
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const spare = (high - low || 1) * 0.08;
  return [low - spare, high + spare];
}

function ticks([low, high], most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) * power, found = [];
  for (let number = Math.ceil(low / step); number * step <= high; number++) found.push(number * step);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function drawAxes(context, box, xs, ys, toX, toY, style, speak, titles) {
  const font = getComputedStyle(document.body).fontFamily, x = ticks(xs, 5), y = ticks(ys, 4);
  context.font = `11px ${font}`;
  context.fillStyle = style.soft;
  context.lineWidth = 1;
  for (const value of x.found) {
    context.strokeStyle = Math.abs(value) < 1e-12 ? style.soft : style.grid;
    context.beginPath();
    context.moveTo(toX(value), box.top);
    context.lineTo(toX(value), box.bottom);
    context.stroke();
    context.textAlign = "center";
    context.fillText(speak.written(value, x.digits), toX(value), box.bottom + 13);
  }
  for (const value of y.found) {
    context.strokeStyle = Math.abs(value) < 1e-12 ? style.soft : style.grid;
    context.beginPath();
    context.moveTo(box.left, toY(value));
    context.lineTo(box.right, toY(value));
    context.stroke();
    context.textAlign = "right";
    context.fillText(speak.written(value, y.digits), box.left - 5, toY(value) + 4);
  }
  context.textAlign = "center";
  context.fillText(titles[0], (box.left + box.right) / 2, box.bottom + 29);
  context.save();
  context.translate(10, (box.top + box.bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(titles[1], 0, 0);
  context.restore();
}
