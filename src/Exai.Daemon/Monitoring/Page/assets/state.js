import { el, table, figures, seconds, count, dollars, when } from "./dom.js";
import { get } from "./api.js";

/** A view that fetches once and says what went wrong if it cannot. */
function fetched(title, path, show) {
  const element = el("div", {}, el("h2", {}, title), el("p", { class: "empty" }, "loading…"));
  const load = () => get(path).then(
    document => element.replaceChildren(el("h2", {}, title), ...show(document)),
    failure => element.replaceChildren(el("h2", {}, title), el("p", { class: "bad", role: "alert" }, failure.message)));
  load();
  return { element, load };
}

export const sessions = () => fetched("Sessions", "sessions", document => {
  const list = table(`Links to epoch ${document.epoch}, and the clients at /mcp in the last half hour`, [
    { title: "Client", value: session => session.client },
    { title: "Version", value: session => session.clientVersion },
    { title: "Way", value: session => session.transport === "http" ? "HTTP" : "shim" },
    { title: "Shim", value: session => session.shimVersion },
    { title: "Era", value: session => session.era },
    { title: "Since", value: session => when(session.connectedAt) },
    { title: "Last request", value: session => when(session.lastUsedAt) },
    { title: "Reconnects", number: true, value: session => session.reconnects },
    { title: "Downtime", number: true, value: session => seconds(session.downtimeMs) },
    { title: "Session", wide: true, value: session => session.sessionId },
  ], "Nobody is connected.");
  list.update(document.sessions, session => session.sessionId + session.era);
  return [list.element];
});

export const queues = () => fetched("Queues and permits", "queues", document => {
  const list = table("Permits are held by running attempts only", [
    { title: "Scope", value: scope => scope.kind },
    { title: "Name", wide: true, value: scope => scope.name },
    { title: "Held", number: true, value: scope => scope.held },
    { title: "Limit", number: true, value: scope => scope.limit },
    { title: "Learned", number: true, value: scope => scope.learnedLimit },
    { title: "Waiting", number: true, value: scope => scope.queued },
    { title: "Left alone until", value: scope => when(scope.pausedUntil) },
  ], "Nothing has been asked yet.");
  list.update([
    { kind: "global", ...document.global },
    ...document.providers.map(provider => ({ kind: "provider", ...provider.scope, pausedUntil: provider.pausedUntil })),
    ...document.sessions.map(session => ({ kind: "session", name: session.id, ...session })),
  ], scope => scope.kind + scope.name);
  return [list.element];
});

export const settings = () => fetched("Settings", "settings", document => {
  const list = table(`File: ${document.file ?? "none"}`, [
    { title: "Name", wide: true, value: setting => setting.name },
    { title: "Value", wide: true, value: setting => setting.value === undefined ? null : `${setting.value}${setting.unit ? ` ${setting.unit}` : ""}` },
    { title: "Source", wide: true, value: setting => setting.source },
    { title: "Default", wide: true, value: setting => setting.default },
    { title: "Meaning", wide: true, value: setting => setting.meaning },
  ], "", Infinity);
  list.update(document.settings, setting => setting.name);
  return [document.restartNeeded ? el("p", { class: "warn", role: "status" }, `Changed since the daemon started, and not in effect before a restart: ${document.settings.filter(setting => setting.changed).map(setting => setting.name).join(", ")}.`) : null, list.element].filter(Boolean);
});

export const providers = () => fetched("Providers, the last 24 hours", "providers", document =>
  document.providers.length === 0 ? [el("p", { class: "empty" }, "No provider is configured. 'exai doctor' says how.")] : document.providers.map(provider));

function provider(it) {
  const sum = name => it.hours.reduce((total, hour) => total + hour[name], 0);
  const ok = sum("ok");
  const mean = name => { const known = it.hours.filter(hour => hour[name] !== undefined && hour.ok > 0); return known.length ? known.reduce((total, hour) => total + hour[name] * hour.ok, 0) / known.reduce((total, hour) => total + hour.ok, 0) : null; };
  const open = it.breakers.filter(breaker => breaker.state !== "closed");
  const failures = table("Failures by what ended them and where", [
    { title: "Outcome", value: failure => failure.outcome }, { title: "Stage", value: failure => failure.stage },
    { title: "Times", number: true, value: failure => failure.count }, { title: "Last", value: failure => when(failure.last) },
  ], "None.");
  failures.update(it.failures, failure => failure.outcome + failure.stage);
  return el("section", { "aria-label": it.name },
    el("h2", {}, it.name),
    figures([
      ["Answered", count(ok)], ["Failed", count(sum("failed"))], ["Mean time", seconds(mean("totalMs"))], ["First token", seconds(mean("firstTokenMs"))],
      ["Tokens", count(sum("tokens"))], ["Cost", dollars(sum("costUsd"))], ["Limit", it.limits ? `${it.limits.scope.limit}${it.limits.scope.learnedLimit ? " (learned)" : ""}` : "–"],
      ["Breaker", open.length ? open.map(breaker => `${breaker.model} ${breaker.state}`).join(", ") : "closed"],
    ]),
    el("p", { class: "faint" }, `${it.dialect} · from ${it.origin} · ${it.models.join(", ")}`),
    chart(it), failures.element);
}

function chart(it) {
  const hours = Map.groupBy(it.hours, hour => Date.parse(hour.hour) / 1000);
  if (hours.size === 0) return el("p", { class: "empty" }, "Nothing was asked in the last 24 hours.");
  const last = Math.floor(Date.now() / 3600000) * 3600;
  const times = Array.from({ length: 25 }, (_, at) => last - (24 - at) * 3600);
  const total = name => times.map(time => (hours.get(time) ?? []).reduce((sum, hour) => sum + (hour[name] ?? 0), 0));
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const holder = el("div", { role: "img", "aria-label": `Attempts of ${it.name} by hour: ${times.filter(time => hours.has(time)).map(time => `${new Date(time * 1000).toLocaleTimeString()} ${hours.get(time).reduce((sum, hour) => sum + hour.ok, 0)} answered, ${hours.get(time).reduce((sum, hour) => sum + hour.failed, 0)} failed`).join("; ")}` });
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const clock = (_, splits) => splits.map(time => new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  // Two bars for each hour, side by side.
  const bars = (label, name, align) => ({ label, stroke: colour(name), fill: colour(name), width: 0, points: { show: false }, paths: globalThis.uPlot.paths.bars({ size: [0.35, 24], align }) });
  // Drawn once it has a width.
  requestAnimationFrame(() => new globalThis.uPlot({
    width: Math.max(280, holder.clientWidth), height: 180, legend: { live: false }, cursor: { show: false },
    axes: [{ ...axis, values: clock }, { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }],
    scales: { x: { range: (_, first, last) => [first - 1800, last + 1800] }, y: { range: (_, low, high) => [0, Math.max(1, high)] } },
    series: [{}, bars("answered", "--good", -1), bars("failed", "--bad", 1)],
  }, [times, total("ok"), total("failed")], holder));
  return holder;
}
