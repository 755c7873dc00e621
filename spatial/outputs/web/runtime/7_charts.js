// The charts of the steps, drawn from their numbers: one at a time, with words beside it and the numbers as a table.

function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, given] of Object.entries(attributes)) if (given !== null && given !== undefined) made.setAttribute(key, given);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function broad(text, size) {
  const context = broad.context || (broad.context = document.createElement("canvas").getContext("2d"));
  context.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

// As much of a text as there is room for; the whole of it stands in its title.
function fitted(text, room, size) {
  if (broad(text, size) <= room) return text;
  let end = text.length;
  while (end > 1 && broad(text.slice(0, end) + "…", size) > room) end--;
  return text.slice(0, end).trimEnd() + "…";
}

const written = (x, y, text, attributes = {}) => shape("text", { x, y, ...attributes }, text);
const line = (x1, y1, x2, y2, className) => shape("line", { x1, y1, x2, y2, class: className });

function chartPanel(atlas, speak, state, hooks) {
  const panel = document.getElementById("charts"), select = document.getElementById("chart"), box = document.getElementById("chart-box");
  const words = document.getElementById("chart-words"), numbers = document.getElementById("chart-numbers");
  if (!atlas.charts.length) return { follow() {}, mark() {}, draw() {} };
  panel.hidden = false;
  const groups = new Map();
  for (const chart of atlas.charts) groups.set(chart.group, [...(groups.get(chart.group) || []), chart]);
  for (const [name, charts] of groups) select.append(element("optgroup", { label: name }, ...charts.map((chart) => element("option", { value: chart.id }, chart.label))));
  let shown = null;
  const draw = () => {
    const width = Math.max(260, Math.round(box.clientWidth)), { height, parts } = CHARTS[shown.kind](shown, width, atlas, speak, hooks);
    const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": shown.caption }, ...parts);
    box.replaceChildren(picture);
    mark();
  };
  const mark = () => {
    const found = [state.selected, state.hovered].filter((each) => each && each.layer.id === "places"), places = new Set(found.flatMap((each) => each.places || [each.place]));
    for (const leaf of box.querySelectorAll("[data-leaf]")) leaf.classList.toggle("marked", shown.leaves[leaf.dataset.leaf].some((place) => places.has(place)));
  };
  const choose = (chart) => {
    shown = chart;
    select.value = chart.id;
    document.getElementById("chart-title").replaceChildren(isolated(`${chart.group}: ${chart.title}`));
    words.replaceChildren(...chart.words.map((text) => element("p", {}, text)));
    const { heads, rows } = NUMBERS[chart.kind](chart, atlas, speak);
    const cell = (text, at) => element(at ? "td" : "th", at ? { className: typeof text === "number" ? "number" : "" } : { scope: "row" }, isolated(typeof text === "number" ? speak.number(text) : text));
    numbers.replaceChildren(element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)))), element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))));
    draw();
  };
  const step = (by) => choose(atlas.charts[(atlas.charts.indexOf(shown) + by + atlas.charts.length) % atlas.charts.length]);
  select.addEventListener("change", () => choose(atlas.charts.find((chart) => chart.id === select.value)));
  document.getElementById("chart-earlier").addEventListener("click", () => step(-1));
  document.getElementById("chart-later").addEventListener("click", () => step(1));
  if (atlas.charts.length < 2) panel.querySelector(".pick-row").hidden = true;
  const place = (event) => {
    const leaf = event.target.closest("[data-leaf]"), places = leaf && shown.leaves[leaf.dataset.leaf];
    return leaf && { layer: atlas.layerById.get("places"), place: places[0], ...(places.length > 1 && { places }) };
  };
  box.addEventListener("pointerover", (event) => hooks.hover(place(event)));
  box.addEventListener("pointerleave", () => hooks.hover(null));
  box.addEventListener("click", (event) => { const found = place(event); if (found) hooks.select(found); });
  choose(atlas.charts[0]);
  return { mark, draw, follow: (theme) => {
    const wanted = theme.step !== null && shown.step !== theme.step && atlas.charts.find((chart) => chart.step === theme.step);
    if (wanted) choose(wanted);
  } };
}

const CHARTS = {
  histogram(chart, width, atlas, speak) {
    const height = 280, left = 44, right = width - 8, top = 20, bottom = height - 44, parts = [];
    const low = Math.min(1, ...chart.numbers), high = Math.max(...chart.numbers), most = Math.max(...chart.counts);
    const band = Math.min((right - left) / (high - low + 1), 90), toX = (number) => left + (number - low + 0.5) * band, toY = (count) => bottom - (count / (most * 1.06)) * (bottom - top);
    const y = ticks([0, most * 1.06], 4);
    for (const value of y.found.filter((each) => Number.isInteger(each))) parts.push(line(left, toY(value), left + band * (high - low + 1), toY(value), value ? "grid" : "axis"), written(left - 6, toY(value) + 4, speak.written(value, 0), { "text-anchor": "end" }));
    const every = Math.max(1, Math.ceil(28 / band));
    chart.numbers.forEach((number, at) => {
      const count = chart.counts[at];
      parts.push(shape("rect", { class: number ? "bar" : "bar alone", x: toX(number) - band * 0.4, y: toY(count), width: band * 0.8, height: bottom - toY(count), fill: number ? null : chart.isolated }));
      if (band >= 22 && count) parts.push(written(toX(number), toY(count) - 5, speak.written(count, 0), { "text-anchor": "middle", class: "strong" }));
    });
    for (let number = low; number <= high; number += every) parts.push(written(toX(number), bottom + 16, speak.written(number, 0), { "text-anchor": "middle" }));
    parts.push(written((left + Math.min(right, left + band * (high - low + 1))) / 2, height - 8, speak.say("neighbours_number"), { "text-anchor": "middle", class: "axis-title" }), turned(11, (top + bottom) / 2, speak.say("places")));
    return { height, parts };
  },

  correlogram(chart, width, atlas, speak) {
    const count = chart.lags.length, height = 330, left = 52, right = width - 10, top = 12, bottom = height - 62;
    const all = [...chart.statistic, ...chart.low, ...chart.high, 0], spare = (Math.max(...all) - Math.min(...all) || 1) * 0.08, ys = [Math.min(...all) - spare, Math.max(...all) + spare];
    const toX = (at) => left + ((at + 0.5) / count) * (right - left), toY = (value) => bottom - ((value - ys[0]) / (ys[1] - ys[0])) * (bottom - top), parts = [], y = ticks(ys, 8);
    const along = (values) => [[left, values[0]], ...values.map((value, at) => [toX(at), value]), [right, values[count - 1]]].map(([x, value]) => `${x},${toY(value)}`);
    parts.push(shape("polygon", { class: "band", points: [...along(chart.low), ...along(chart.high).reverse()].join(" ") }));
    for (const value of y.found) parts.push(line(left, toY(value), right, toY(value), Math.abs(value) < 1e-12 ? "axis" : "grid"), written(left - 6, toY(value) + 4, speak.written(value, y.digits), { "text-anchor": "end" }));
    parts.push(shape("polyline", { class: "expected", points: along(chart.expected).join(" ") }), shape("polyline", { class: "found", points: chart.statistic.map((value, at) => `${toX(at)},${toY(value)}`).join(" ") }));
    chart.statistic.forEach((value, at) => parts.push(shape("circle", { class: chart.out[at] ? "found-mark" : "found-mark open", cx: toX(at), cy: toY(value), r: 5 }, shape("title", {}, `${chart.lags[at]}: ${speak.number(value)}`))));
    const every = Math.max(1, Math.ceil((Math.max(...chart.lags.map((text) => broad(text, 12))) + 8) / ((right - left) / count)));
    const roomy = every === 1 && Math.max(...chart.links.map((each) => broad(speak.say("links_count", { n: speak.written(each, 0) }), 12))) + 6 < (right - left) / count;
    chart.lags.forEach((text, at) => {
      if (at % every) return;
      parts.push(written(toX(at), bottom + 17, text, { "text-anchor": "middle" }));
      if (roomy) parts.push(written(toX(at), bottom + 32, speak.say("links_count", { n: speak.written(chart.links[at], 0) }), { "text-anchor": "middle", class: "faint" }));
    });
    parts.push(written((left + right) / 2, height - 8, chart.x, { "text-anchor": "middle", class: "axis-title" }), turned(11, (top + bottom) / 2, chart.y));
    return { height, parts };
  },

  tree(chart, width, atlas, speak) {
    const layer = atlas.layerById.get("places"), count = chart.leaves.length, row = count <= 50 ? 17 : count <= 70 ? 15 : 13, size = row > 16 ? 12 : row > 14 ? 11.5 : 10.5;
    const left = Math.min(190, Math.round(width * (folded(chart) ? 0.42 : 0.34))), right = width - 12, top = 22, bottom = top + row * count, height = bottom + 46, parts = [];
    const x = ticks([0, Math.max(...chart.heights) * 1.04], width < 420 ? 3 : 6), toX = (value) => left + (value / (Math.max(...chart.heights) * 1.04 || 1)) * (right - left);
    const ys = new Array(count + chart.pairs.length);
    chart.order.forEach((leaf, at) => { ys[leaf] = top + (at + 0.5) * row; });
    chart.pairs.forEach(([first, second], at) => { ys[count + at] = (ys[first] + ys[second]) / 2; });
    for (const value of x.found) parts.push(line(toX(value), top, toX(value), bottom, value ? "grid" : "axis"), written(toX(value), bottom + 16, speak.written(value, x.digits), { "text-anchor": "middle" }));
    chart.pairs.forEach(([first, second], at) => {
      const to = toX(chart.heights[count + at]), colour = chart.colours[count + at];
      parts.push(shape("path", { class: colour ? "branch" : "branch stem", stroke: colour, d: `M${toX(chart.heights[first])} ${ys[first]}H${to}V${ys[second]}H${toX(chart.heights[second])}` }));
    });
    chart.leaves.forEach((places, leaf) => {
      const y = ys[leaf], colour = chart.colours[leaf], more = (name) => (places.length > 1 ? speak.say("and_more", { name, n: speak.written(places.length - 1, 0) }) : name);
      const tip = Math.max(toX(chart.heights[leaf]), left + 8), fold = places.length > 1 && shape("polygon", { class: colour ? "fold" : "fold stem", stroke: colour, points: `${left},${y - row * 0.3} ${tip},${y} ${left},${y + row * 0.3}` });
      parts.push(shape("g", { class: "leaf", "data-leaf": leaf }, shape("rect", { class: "hit", x: 0, y: y - row / 2, width: left, height: row }), written(left - 11, y + size * 0.35, more(fitted(layer.names[places[0]], left - 18 - broad(more(""), size) * (places.length > 1), size)), { "text-anchor": "end", "font-size": size }),
        fold || null, colour && shape("rect", { x: left - 7, y: y - 3.5, width: 7, height: 7, fill: colour }), shape("title", {}, speak.several(layer, places))));
    });
    if (chart.cut !== null) parts.push(line(toX(chart.cut), top - 4, toX(chart.cut), bottom, "cut"), written(toX(chart.cut), top - 9, speak.say("groups_count", { n: chart.groups }), { "text-anchor": "middle", class: "cut-words" }));
    parts.push(written(Math.min((left + right) / 2, width - broad(speak.say("height"), 12) / 2 - 2), height - 8, speak.say("height"), { "text-anchor": "middle", class: "axis-title" }));
    return { height, parts };
  },

  profiles(chart, width, atlas, speak) {
    const most = Math.max(1, Math.min(3, Math.floor(width / 210))), rows = Math.ceil(chart.columns.length / most), across = Math.ceil(chart.columns.length / rows);
    const wide = (width - 24 * (across - 1)) / across, tall = 30 + chart.groups.length * 21 + 20, parts = [];
    const reach = Math.max(1e-9, ...chart.values.flat().filter((value) => value !== null).map(Math.abs));
    chart.columns.forEach((title, at) => {
      const left = (at % across) * (wide + 24), top = Math.floor(at / across) * tall, middle = left + 20 + (wide - 20) / 2, half = (wide - 20) / 2 - 36;
      parts.push(shape("g", {}, written(left, top + 15, fitted(title, wide * 0.92, 13), { class: "strong", "font-size": 13 }), shape("title", {}, title)));
      chart.groups.forEach((group, number) => {
        const y = top + 28 + number * 21, value = chart.values[at][number];
        parts.push(written(left + 8, y + 13, group, { "text-anchor": "middle" }));
        if (value === null) return;
        const size = (Math.abs(value) / reach) * half, fixed = speak.signed(value, 1);
        parts.push(shape("rect", { class: "profile", x: value < 0 ? middle - size : middle, y, width: size, height: 17, fill: chart.colours[number] }), written(value < 0 ? middle - size - 5 : middle + size + 5, y + 13, fixed, { "text-anchor": value < 0 ? "end" : "start" }));
      });
      parts.push(line(middle, top + 25, middle, top + 28 + chart.groups.length * 21, "axis"));
    });
    return { height: rows * tall, parts };
  },

  choice(chart, width, atlas, speak) {
    const across = width < 420 ? 1 : Math.min(chart.criteria.length, width < 640 ? 2 : 3), wide = (width - 20 * (across - 1)) / across, tall = 200, parts = [];
    chart.criteria.forEach((title, at) => {
      const left = (at % across) * (wide + 20) + 42, right = left - 42 + wide - 6, top = Math.floor(at / across) * tall + 30, bottom = top + 118;
      const given = chart.values[at].map((value, number) => [chart.numbers[number], value]).filter(([, value]) => value !== null);
      const low = Math.min(...given.map(([, value]) => value)), high = Math.max(...given.map(([, value]) => value)), spare = 0.12 * (high - low || Math.abs(high) || 1), y = ticks([low - spare, high + spare], 4);
      const first = chart.numbers[0], last = chart.numbers[chart.numbers.length - 1], toX = (number) => left + ((number - first + 0.5) / (last - first + 1)) * (right - left), toY = (value) => bottom - ((value - low + spare) / (high - low + 2 * spare)) * (bottom - top);
      parts.push(written(left - 42, top - 14, fitted(title, wide, 13), { class: "strong", "font-size": 13 }));
      for (const value of y.found) parts.push(line(left, toY(value), right, toY(value), "grid"), written(left - 6, toY(value) + 4, speak.written(value, y.digits), { "text-anchor": "end" }));
      parts.push(line(left, bottom, right, bottom, "axis"), shape("polyline", { class: "found", points: given.map(([number, value]) => `${toX(number)},${toY(value)}`).join(" ") }));
      for (const [number, value] of given) parts.push(shape("circle", { class: number === chart.used ? "found-mark" : "found-mark open", cx: toX(number), cy: toY(value), r: 4.5 }, shape("title", {}, `${number}: ${speak.number(value)}`)));
      for (const number of chart.numbers) parts.push(written(toX(number), bottom + 16, speak.written(number, 0), { "text-anchor": "middle" }));
      parts.push(written((left + right) / 2, bottom + 34, speak.say("groups"), { "text-anchor": "middle", class: "axis-title" }));
    });
    return { height: Math.ceil(chart.criteria.length / across) * tall, parts };
  },

  intervals(chart, width, atlas, speak) {
    const narrow = width < 560, row = narrow ? 40 : 25, left = narrow ? 8 : 190, right = width - (narrow ? 8 : 18 + Math.max(...chart.rows.map((each) => broad(each.text, 12)))), middle = (left + right) / 2, half = (right - left) / 2 - 6, parts = [];
    let y = narrow ? 12 : 8;
    const first = y;
    for (const { term, name, effect, numbers, reach, text } of chart.rows) {
      if (term && effect && y > first) y += 10;
      const at = y + (narrow ? 26 : 9), toX = (value) => middle + (value / reach) * half, label = narrow ? [name, effect].filter(Boolean).join(", ") : term;
      const top = narrow ? y + 10 : at + 4;
      parts.push(written(0, top, fitted(label, narrow ? width * 0.5 : effect ? 110 : 180, 12), {}));
      if (effect && !narrow) parts.push(written(left - 14, top, effect, { "text-anchor": "end", class: "faint" }));
      parts.push(written(narrow ? width : right + 14, top, text, narrow ? { "text-anchor": "end" } : {}));
      if (numbers.every((value) => value !== null)) {
        parts.push(line(toX(numbers[1]), at, toX(numbers[2]), at, "interval"), shape("circle", { class: "found-mark", cx: toX(numbers[0]), cy: at, r: 4 }, shape("title", {}, text)));
      }
      y += row;
    }
    parts.unshift(line(middle, first - 4, middle, y, "axis"));
    parts.push(written(middle, y + 14, "0", { "text-anchor": "middle" }));
    return { height: y + 22, parts };
  },
};

// Where only the top of a tree is drawn, some of its leaves hold several places.
const folded = (chart) => chart.leaves.some((places) => places.length > 1);

function turned(x, y, text) {
  return written(0, 0, text, { "text-anchor": "middle", class: "axis-title", transform: `translate(${x} ${y}) rotate(-90)` });
}

// The same as rows, for those who read rather than look.
const NUMBERS = {
  histogram: (chart, atlas, speak) => ({ heads: [speak.say("neighbours_number"), speak.say("places")], rows: chart.numbers.map((number, at) => [speak.written(number, 0), chart.counts[at]]) }),
  correlogram: (chart, atlas, speak) => ({
    heads: [chart.x, speak.say("links_head"), chart.y, speak.say("expected"), speak.say("band_low"), speak.say("band_high"), speak.say("p_adjusted")],
    rows: chart.lags.map((text, at) => [text, chart.links[at], chart.statistic[at], chart.expected[at], chart.low[at], chart.high[at], speak.written(chart.p_adjusted[at], 3)]),
  }),
  tree: (chart, atlas, speak) => {
    const layer = atlas.layerById.get("places"), count = chart.leaves.length, members = chart.leaves.slice(), top = folded(chart);
    const told = (places) => (top ? speak.several(layer, places) : places.map((place) => layer.names[place]).join(", "));
    return {
      heads: [speak.say("groups"), speak.say("height"), speak.say("joined")],
      rows: chart.pairs.map(([first, second], at) => {
        members.push([...members[first], ...members[second]]);
        return [speak.written(count - at - 1, 0), chart.heights[count + at], `${told(members[first])} + ${told(members[second])}`];
      }),
    };
  },
  profiles: (chart, atlas, speak) => ({ heads: [speak.say("group"), ...chart.columns], rows: chart.groups.map((group, number) => [group, ...chart.values.map((values) => (values[number] === null ? "–" : speak.signed(values[number], 2)))]) }),
  choice: (chart, atlas, speak) => ({ heads: [speak.say("groups"), ...chart.criteria], rows: chart.numbers.map((number, at) => [speak.written(number, 0), ...chart.values.map((values) => values[at] ?? "–")]) }),
  intervals: (chart, atlas, speak) => ({ heads: [speak.say("term"), speak.say("estimate")], rows: chart.rows.map(({ name, effect, text }) => [[name, effect].filter(Boolean).join(", "), text]) }),
};
