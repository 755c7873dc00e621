// The same data as a table, for those who read rather than look, and as a file.

const FIRST_ROWS = 250;

function dataTable(atlas, speak, select) {
  const place = document.getElementById("rows");
  let layer = null, order = [], sorted = { column: null, down: false }, all = false;
  const head = () => {
    const cells = [null, ...layer.columns].map((column) => {
      const direction = sorted.column === column ? (sorted.down ? "descending" : "ascending") : "none";
      const title = column ? column.title + (column.unit ? ` (${column.unit})` : "") : speak.say("place");
      const button = element("button", { type: "button" }, isolated(title));
      button.addEventListener("click", () => {
        sorted = { column, down: sorted.column === column ? !sorted.down : Boolean(column && column.number) };
        arrange();
        fill();
        place.querySelectorAll("th button")[column ? layer.columns.indexOf(column) + 1 : 0].focus();
      });
      return element("th", { scope: "col", "aria-sort": direction, className: column && column.number ? "number" : "" }, button);
    });
    return element("thead", {}, element("tr", {}, ...cells));
  };
  const arrange = () => {
    order = Array.from({ length: layer.count }, (_, number) => number);
    const { column, down } = sorted, sign = down ? -1 : 1;
    order.sort((one, other) => {
      if (!column) return sign * speak.compare(layer.names[one], layer.names[other]) || one - other;
      const a = column.values[one], b = column.values[other];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return sign * (column.number ? a - b : speak.compare(a, b)) || one - other;
    });
  };
  const row = (number) => {
    const name = element("button", { type: "button", className: "link", onclick: () => select({ layer, place: number }) }, isolated(layer.names[number]));
    const cells = layer.columns.map((column) => element("td", { className: column.number ? "number" : "" }, isolated(speak.value(column, number))));
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
  };
  const fill = () => {
    const shown = all || layer.count <= FIRST_ROWS * 2 ? order : order.slice(0, FIRST_ROWS);
    place.replaceChildren(element("table", {}, head(), element("tbody", {}, ...shown.map(row))));
    const more = document.getElementById("all-rows");
    more.hidden = shown.length === layer.count;
    more.textContent = speak.say("table_all", { n: speak.written(layer.count, 0) });
    more.onclick = () => { all = true; fill(); };
  };
  document.getElementById("download").addEventListener("click", () => download(atlas, layer));
  return (next) => {
    if (next === layer) return;
    layer = next;
    sorted = { column: null, down: false };
    all = false;
    arrange();
    fill();
  };
}

// A spreadsheet runs what begins with = + - @; such text gets an apostrophe before it. Numbers stay numbers.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvOf(layer) {
  const lines = [["place", "name", ...layer.columns.map((column) => column.id)].map(cell).join(",")];
  for (let number = 0; number < layer.count; number++)
    lines.push([layer.keys[number], layer.names[number], ...layer.columns.map((column) => column.values[number])].map(cell).join(","));
  return "\ufeff" + lines.join("\r\n") + "\r\n";
}

function download(atlas, layer) {
  const address = URL.createObjectURL(new Blob([csvOf(layer)], { type: "text/csv;charset=utf-8" }));
  const link = element("a", { href: address, download: `${atlas.name}-${layer.id}.csv`.replace(/[^\p{L}\p{N}._-]+/gu, "_") });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
