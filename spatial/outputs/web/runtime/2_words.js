// Words and numbers for a reader. Text from data only ever becomes a text node.

function speaker(atlas) {
  const say = (key, values = {}) => atlas.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const grouped = (whole) => whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  const written = (value, decimals) => {
    const [whole, part] = Math.abs(value).toFixed(Math.min(12, decimals)).split(".");
    const digits = part ? grouped(whole) + atlas.words.decimal + part : grouped(whole);
    return value < 0 && /[1-9]/.test(digits) ? "\u2212" + digits : digits;
  };
  const signed = (value, decimals) => (value > 0 && Number(value.toFixed(decimals)) ? "+" : "") + written(value, decimals);
  const number = (value) => (value === 0 ? "0" : written(value, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))));
  const value = (column, place) => {
    const given = column.values[place];
    if (given === null || given === undefined) return "\u2013";
    if (!column.number) return given;
    return column.whole ? written(given, 0) : number(given);
  };
  const withUnit = (column, place) => {
    const text = value(column, place);
    return column.unit && text !== "\u2013" ? text + "\u00a0" + column.unit : text;
  };
  const count = (many) => say(many === 1 ? "count_one" : "count_many", { n: written(many, 0) });
  // Several places by the first of them.
  const several = (layer, places) => (places.length === 1 ? layer.names[places[0]] : say("and_more", { name: layer.names[places[0]], n: written(places.length - 1, 0) }));
  const collator = new Intl.Collator(atlas.language, { numeric: true, sensitivity: "base" });
  return { say, number, written, signed, value, withUnit, count, several, compare: collator.compare };
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, given] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), given);
    else if (key === "className") made.className = given;
    else if (given === true) made.setAttribute(key, "");
    else if (given !== false && given !== null && given !== undefined) made.setAttribute(key, given);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Names may run from right to left: <bdi> keeps them from turning what stands beside them.
const isolated = (text) => element("bdi", {}, text);

function swatch(colour, round) {
  const made = element("span", { className: round ? "swatch round" : "swatch", "aria-hidden": "true" });
  made.style.backgroundColor = colour;
  return made;
}
