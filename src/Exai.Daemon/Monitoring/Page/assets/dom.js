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

const SHOWN_AT_FIRST = 100;

/**
 * A table whose rows are kept between updates, so that the focus stays where it is. Only the `most` first rows are there, and more when they
 * are asked for: a page with a thousand calls must stay quick. A column with `keep` makes its control once for each row.
 */
export function table(caption, columns, empty, most = SHOWN_AT_FIRST) {
  const body = el("tbody");
  const rows = new Map();
  const note = el("p", { class: "empty" }, empty);
  let shown = most;
  let latest = null;
  const more = el("button", { type: "button", hidden: true, onclick: () => { shown += SHOWN_AT_FIRST; update(...latest); } });
  const element = el("div", { class: "scroll" },
    el("table", { class: "stack" }, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, columns.map(column => el("th", { scope: "col", class: column.number ? "number" : null }, column.title)))), body), note, more);

  function update(items, key) {
    latest = [items, key];
    const visible = items.slice(0, shown);
    const present = new Set(visible.map(key));
    // First those that are gone: a row that is moved loses the focus.
    for (const [id, row] of rows) if (!present.has(id)) { row.remove(); rows.delete(id); }
    let place = body.firstChild;
    for (const item of visible) {
      const id = key(item);
      let row = rows.get(id);
      if (!row) {
        row = el("tr", {}, columns.map(column => el("td", { "data-label": column.title, class: column.number ? "number" : column.wide ? "wide" : null })));
        rows.set(id, row);
      }
      columns.forEach((column, at) => { if (!column.keep || !row.children[at].firstChild) fill(row.children[at], column.value(item)); });
      if (row === place) place = place.nextSibling;
      else body.insertBefore(row, place);
    }
    note.hidden = items.length > 0;
    more.hidden = visible.length === items.length;
    more.textContent = `Show more of the other ${count(items.length - visible.length)}`;
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
/** A time span as a person says it, from the two that matter most. */
export function span(ms) {
  const minutes = Math.floor(ms / 60000);
  const hours = Math.floor(minutes / 60);
  return hours >= 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : hours > 0 ? `${hours} h ${minutes % 60} min` : minutes > 0 ? `${minutes} min` : "less than 1 min";
}
export const count = number => (number ?? 0).toLocaleString("en-US");
export const dollars = usd => usd === null || usd === undefined ? "unknown" : `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
export const when = time => time ? new Date(time).toLocaleString() : "–";
