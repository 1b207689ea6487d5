// Elements from plain calls. Text is always set as text, so nothing that a client or a model wrote becomes markup.

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

/** A table whose rows are kept between updates, so that a thousand of them stay quick and the focus stays where it is. */
export function table(caption, columns, empty) {
  const body = el("tbody");
  const rows = new Map();
  const note = el("p", { class: "empty" }, empty);
  const element = el("div", { class: "scroll" },
    el("table", { class: "stack" }, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, columns.map(column => el("th", { scope: "col", class: column.number ? "number" : null }, column.title)))), body), note);

  function update(items, key) {
    const seen = new Set();
    let place = body.firstChild;
    for (const item of items) {
      const id = key(item);
      seen.add(id);
      let row = rows.get(id);
      if (!row) {
        row = el("tr", {}, columns.map(column => el("td", { "data-label": column.title, class: column.number ? "number" : column.wide ? "wide" : null })));
        rows.set(id, row);
      }
      columns.forEach((column, at) => fill(row.children[at], column.value(item)));
      if (row === place) place = place.nextSibling;
      else body.insertBefore(row, place);
    }
    for (const [id, row] of rows) if (!seen.has(id)) { row.remove(); rows.delete(id); }
    note.hidden = items.length > 0;
  }
  return { element, update };
}

function fill(cell, value) {
  if (value instanceof Node) {
    // A control that is there already keeps its focus.
    if (cell.firstChild?.isEqualNode?.(value)) return;
    cell.replaceChildren(value);
  } else if (cell.textContent !== String(value ?? "–")) {
    cell.textContent = value ?? "–";
  }
}

export function figures(pairs) {
  return el("dl", { class: "figures" }, pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
}

export const seconds = ms => ms === null || ms === undefined ? "–" : ms < 10000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
export const count = number => (number ?? 0).toLocaleString("en-US");
export const dollars = usd => usd === null || usd === undefined ? "unknown" : `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
export const when = time => time ? new Date(time).toLocaleString() : "–";
