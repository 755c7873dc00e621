// The side of the map: which map, its legend, one place at a time.

function themePicker(atlas, speak, choose) {
  const select = document.getElementById("theme");
  const groups = new Map();
  for (const theme of atlas.themes) groups.set(theme.group, [...(groups.get(theme.group) || []), theme]);
  for (const [name, themes] of groups) {
    const options = themes.map((theme) => element("option", { value: theme.id }, theme.title));
    if (groups.size > 1) select.append(element("optgroup", { label: name }, ...options));
    else select.append(...options);
  }
  const step = (by) => {
    const now = atlas.themes.findIndex((theme) => theme.id === select.value);
    choose(atlas.themes[(now + by + atlas.themes.length) % atlas.themes.length]);
  };
  select.addEventListener("change", () => choose(atlas.themes.find((theme) => theme.id === select.value)));
  document.getElementById("earlier").addEventListener("click", () => step(-1));
  document.getElementById("later").addEventListener("click", () => step(1));
  if (atlas.themes.length < 2) document.querySelector(".pick").classList.add("single");
  return (theme) => { select.value = theme.id; };
}

function showLegend(theme, speak, changed) {
  const list = document.getElementById("legend"), all = document.getElementById("all-classes"), round = theme.layerHere.kind === "points";
  const surface = theme.kind === "surface", most = Math.max(1, ...theme.classes.map((each) => each.count));
  const order = theme.classes.map((_, number) => number);
  const entries = order.map((number) => {
    const each = theme.classes[number];
    const inner = [swatch(each.colour, round && !surface), element("span", { className: "class-name" }, isolated(each.label))];
    if (surface) return element("li", {}, element("span", { className: "class" }, ...inner));
    const bar = element("span", { className: "class-bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", String(each.count / most));
    const count = element("span", { className: "class-count", title: speak.count(each.count) }, speak.written(each.count, 0));
    const button = element("button", { type: "button", className: "class", "aria-pressed": String(!theme.hidden.has(number)) }, ...inner, bar, count);
    button.addEventListener("click", () => {
      if (!theme.hidden.delete(number)) theme.hidden.add(number);
      button.setAttribute("aria-pressed", String(!theme.hidden.has(number)));
      all.hidden = !theme.hidden.size;
      changed();
    });
    return element("li", {}, button);
  });
  list.replaceChildren(...entries);
  all.hidden = !theme.hidden.size;
  all.onclick = () => {
    theme.hidden.clear();
    showLegend(theme, speak, changed);
    changed();
  };
  document.getElementById("legend-hint").hidden = surface;
  const foot = [theme.unit && theme.unit, theme.method && (surface ? theme.method : `${speak.say("classes")}: ${theme.method}`)].filter(Boolean);
  document.getElementById("legend-foot").replaceChildren(...foot.map((text) => element("div", {}, text)));
}

// What a screen reader hears of a map, and what stands for it where it cannot be seen.
function described(theme, speak) {
  const layer = theme.layerHere, column = layer.columnById.get(theme.column);
  const sentences = [speak.say("description", { title: theme.title + (theme.unit ? ` (${theme.unit})` : ""), count: speak.count(layer.count) })];
  if (column && column.number) {
    const given = Array.from({ length: layer.count }, (_, place) => place).filter((place) => column.values[place] !== null);
    given.sort((one, other) => column.values[one] - column.values[other] || one - other);
    if (given.length) {
      const names = (places) => places.map((place) => `${layer.names[place]} (${speak.value(column, place)})`).join(", ");
      sentences.push(speak.say("range", { low: speak.value(column, given[0]), high: speak.value(column, given[given.length - 1]) }));
      sentences.push(speak.say("highest", { names: names(given.slice(-3).reverse()) }), speak.say("lowest", { names: names(given.slice(0, 3)) }));
    }
    if (given.length < layer.count) sentences.push(speak.say("missing", { n: speak.written(layer.count - given.length, 0) }));
  } else sentences.push(theme.classes.map((each) => (theme.kind === "surface" ? each.label : `${each.label}: ${each.count}`)).join(", ") + ".");
  return sentences.join(" ");
}

const MOST_LISTED = 100;

function showSelected(atlas, theme, found, speak, clear) {
  const panel = document.getElementById("selected");
  panel.hidden = !found;
  if (!found) return;
  const { layer, place, places = [place] } = found;
  const close = element("button", { type: "button", className: "quiet close", "aria-label": speak.say("clear"), title: speak.say("clear"), onclick: clear }, "×");
  const rows = places.length > 1 ? listed(theme, layer, places, speak) : valued(atlas, theme, layer, place, speak);
  panel.replaceChildren(element("div", { className: "selected-head" }, element("h3", {}, isolated(speak.several(layer, places))), close), element("dl", {}, ...rows));
}

function valued(atlas, theme, layer, place, speak) {
  const rows = [], told = new Set();
  const classOf = new Map(atlas.themes.filter((each) => each.layer === layer.id && each.column !== null).map((each) => [each.column, each.classes[each.numbers[place]]]));
  for (const column of layer.columns) {
    if (told.has(column.id)) continue;
    told.add(column.id);
    const here = classOf.get(column.id), current = theme.layer === layer.id && theme.column === column.id;
    rows.push(element("div", { className: current ? "row current" : "row" },
      element("dt", {}, isolated(column.title)),
      element("dd", {}, here ? swatch(here.colour, layer.kind === "points") : null, isolated(speak.withUnit(column, place)))));
  }
  return rows;
}

// Several places with what the map shows of them.
function listed(theme, layer, places, speak) {
  const mapped = theme.layer === layer.id && theme.column !== null ? layer.columnById.get(theme.column) : null;
  const row = (place) => {
    const here = mapped && theme.classes[theme.numbers[place]];
    return element("div", { className: "row" },
      element("dt", {}, isolated(layer.names[place])),
      mapped ? element("dd", {}, here ? swatch(here.colour, layer.kind === "points") : null, isolated(speak.withUnit(mapped, place))) : null);
  };
  const rows = places.slice(0, MOST_LISTED).map(row), left = places.length - rows.length;
  return left > 0 ? [...rows, element("div", { className: "row" }, element("dt", {}, speak.say("and_more", { name: "…", n: speak.written(left, 0) })))] : rows;
}

function tooltip(map) {
  const box = element("div", { className: "tip", hidden: true, "aria-hidden": "true" });
  map.getContainer().append(box);
  return (point, layer, place, theme, speak) => {
    box.hidden = !point;
    if (!point) return;
    const lines = [element("div", { className: "tip-name" }, isolated(layer.names[place]))];
    const mapped = theme.layer === layer.id && theme.column !== null ? theme : null;
    const column = layer.columnById.get(mapped ? theme.column : layer.weight);
    const here = mapped && theme.classes[theme.numbers[place]];
    if (column && column.number) lines.push(element("div", { className: "tip-value" }, speak.value(column, place), column.unit ? element("span", { className: "tip-unit" }, " " + column.unit) : null));
    if (mapped || column) lines.push(element("div", { className: "tip-title" }, (mapped || column).title));
    if (here) lines.push(element("div", { className: "tip-class" }, swatch(here.colour, layer.kind === "points"), isolated(here.label)));
    box.replaceChildren(...lines);
    const size = map.getSize(), width = box.offsetWidth, height = box.offsetHeight;
    const x = point.x + 16 + width > size.x ? Math.max(4, point.x - width - 14) : point.x + 16;
    const y = point.y + 16 + height > size.y ? Math.max(4, point.y - height - 12) : point.y + 16;
    box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  };
}

// A text field with the places whose name holds what was typed; arrows, Enter and Escape as in any list of its kind.
function searchBox(atlas, speak, choose) {
  const input = document.getElementById("search"), list = document.getElementById("found");
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase(atlas.language);
  const everything = atlas.layers.flatMap((layer) => layer.names.map((name, place) => ({ layer, place, name, folded: folded(name) })));
  let found = [], active = -1;
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const pick = (number) => {
    if (!found[number]) return;
    input.value = found[number].name;
    choose(found[number].layer, found[number].place);
    close();
  };
  const point = (number) => {
    active = number;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    input.setAttribute("aria-activedescendant", `found-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  };
  const open = () => {
    const wanted = folded(input.value.trim());
    if (!wanted) return close();
    found = everything.filter((each) => each.folded.includes(wanted));
    found.sort((one, other) => one.folded.indexOf(wanted) - other.folded.indexOf(wanted) || speak.compare(one.name, other.name));
    found = found.slice(0, 8);
    list.replaceChildren(...found.map((each, number) => element("li", { role: "option", id: `found-${number}`, "aria-selected": "false",
      onpointerdown: (event) => { event.preventDefault(); pick(number); } }, isolated(each.name))));
    if (!found.length) list.append(element("li", { className: "none", role: "option", "aria-disabled": "true" }, speak.say("search_none")));
    list.hidden = false;
    active = -1;
    input.setAttribute("aria-expanded", "true");
  };
  input.addEventListener("input", open);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !list.hidden) { event.preventDefault(); pick(Math.max(0, active)); }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      event.preventDefault();
      if (list.hidden) open();
      if (!list.hidden && found.length) point((active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1) + found.length) % found.length);
    }
  });
}
