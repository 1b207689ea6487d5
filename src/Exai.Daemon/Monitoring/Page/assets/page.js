import { openFeed } from "./feed.js";
import { span } from "./dom.js";
import * as calls from "./calls.js";
import * as state from "./state.js";

const views = {
  live: calls.live, history: calls.history, threads: calls.threads, call: calls.call,
  queues: state.queues, providers: state.providers, sessions: state.sessions, settings: state.settings,
};
const holder = document.getElementById("view");
const connection = document.getElementById("connection");
let view = null;
const daemonLine = document.getElementById("daemon");
let latest = null;
let latestAt = null;

function show() {
  const [name, argument] = (location.hash.slice(1) || "live").split("/");
  const make = views[name] ?? views.live;
  view = make(argument);
  holder.replaceChildren(view.element);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (latest) view.overview?.(latest);
}

function theme(name) {
  document.documentElement.dataset.theme = name;
}

const stored = localStorage.getItem("exai-theme");
theme(stored ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
document.getElementById("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("exai-theme", next);
  theme(next);
  show();
});
addEventListener("hashchange", () => { show(); scrollTo(0, 0); holder.focus({ preventScroll: true }); });
show();

openFeed(overview => {
  latest = overview;
  latestAt = new Date();
  const daemon = overview.daemon;
  daemonLine.textContent = `${daemon.version} · ${daemon.status} · up ${span(Date.now() - Date.parse(daemon.startedAt))}`;
  view.overview?.(overview);
}, (now, pause) => {
  if (now === "off" && latestAt) daemonLine.textContent = `as it was at ${latestAt.toLocaleTimeString()}`;
  const text = { on: "live", off: `disconnected; trying again in ${Math.round((pause ?? 0) / 1000)} s`, connecting: "connecting…", paused: "paused" }[now];
  if (connection.textContent !== text) {
    connection.textContent = text;
    connection.dataset.state = now;
  }
});
