import { el, table, figures, seconds, count, dollars, when } from "./dom.js";
import { get, post } from "./api.js";

const stateClass = { succeeded: "good", failed: "bad", interrupted: "bad", cancelled: "warn", running: "" };
const link = call => el("a", { href: `#call/${call.callId}` }, call.question || call.callId);
const state = call => el("span", { class: stateClass[call.state] ?? "" }, call.state);

/** What a call does, without what other columns say. */
function doing(call) {
  switch (call.stage) {
    case "queue": return `queued, place ${call.queuePlace}`;
    case "first_token": return "waiting for the first token";
    case "reasoning": return "thinking";
    case "answer": return "answering";
    default: return call.progress ?? "runs in another daemon";
  }
}

/** Those that are at work come first, the oldest ahead; then the queue in its order. */
const turn = call => call.queuePlace ?? (call.stage === "accepted" ? Infinity : 0);
const byTurn = (one, other) => turn(one) - turn(other) || Date.parse(one.acceptedAt) - Date.parse(other.acceptedAt);

export function live() {
  const problem = el("p", { class: "bad", role: "alert" });
  const running = table("Calls that run now", [
    { title: "For", number: true, value: call => seconds(call.elapsedMs) },
    { title: "Client", value: call => call.client },
    { title: "Tool", value: call => call.tool },
    { title: "Model", value: call => call.model },
    { title: "Doing", wide: true, value: doing },
    { title: "Tokens", number: true, value: call => call.receivedTokens === undefined ? null : count(call.receivedTokens) },
    { title: "Question", wide: true, value: link },
    { title: "Cancel", keep: true, value: call => cancelButton(call, problem) },
  ], "No call is running.");
  const totals = el("div");
  return {
    element: el("div", {}, el("h2", {}, "Now"), totals, problem, running.element),
    overview(overview) {
      const daemon = overview.daemon;
      const today = Object.values(overview.today).reduce((sum, times) => sum + times, 0);
      totals.replaceChildren(figures([
        ["Running", overview.running.length], ["Permits", `${overview.permits.held} / ${overview.permits.limit}`], ["Waiting", overview.permits.queued],
        ["Sessions", daemon.sessions], ["Calls, 24 h", count(today)], ["Failed, 24 h", count(overview.today.failed)],
        ["Tokens, 24 h", count(overview.tokens)], ["Cost, 24 h", dollars(overview.costUsd)],
      ]));
      running.update([...overview.running].sort(byTurn), call => call.callId);
    },
  };
}

/** Stays what it is while the call ends: whoever pressed it keeps the focus there. */
function cancelButton(call, problem) {
  const button = el("button", {
    type: "button", "aria-label": `Cancel the call: ${call.question || call.callId}`,
    onclick: async () => {
      if (button.getAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", "true");
      button.textContent = "Cancelling…";
      problem.textContent = "";
      try { await post(`calls/${call.callId}/cancel`); } catch (failure) {
        problem.textContent = failure.message;
        button.removeAttribute("aria-disabled");
        button.textContent = "Cancel";
      }
    },
  }, "Cancel");
  return button;
}

const historyColumns = [
  { title: "Asked", value: call => when(call.acceptedAt) },
  { title: "State", value: state },
  { title: "Tool", value: call => call.tool },
  { title: "Model", value: call => call.model },
  { title: "Took", number: true, value: call => seconds(call.elapsedMs) },
  { title: "Tokens", number: true, value: call => count(call.tokens) },
  { title: "Cost", number: true, value: call => dollars(call.costUsd) },
  { title: "Question", wide: true, value: link },
];

export function history() {
  const found = table("Calls, the newest first", historyColumns, "No call is like that.");
  const problem = el("p", { class: "bad", role: "alert" });
  const form = el("form", { role: "search", onsubmit: event => { event.preventDefault(); load(); } },
    el("label", {}, "Words, client, model or id", el("input", { name: "q", type: "search" })),
    el("label", {}, "State", el("select", { name: "state" }, ["", "running", "succeeded", "failed", "cancelled", "interrupted"].map(name => el("option", { value: name }, name || "any")))),
    el("button", { type: "submit" }, "Search"));
  async function load() {
    try {
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
      found.update((await get(`calls?${query}`)).calls, call => call.callId);
      problem.textContent = "";
    } catch (failure) { problem.textContent = failure.message; }
  }
  load();
  return { element: el("div", {}, el("h2", {}, "History"), form, problem, found.element) };
}

export function threads() {
  const list = table("Conversations of the calls that are kept, the newest first", [
    { title: "Last", value: thread => when(thread.calls[0].acceptedAt) },
    { title: "Turns", number: true, value: thread => thread.calls.length },
    { title: "Models", value: thread => [...new Set(thread.calls.map(call => call.model).filter(Boolean))].join(", ") },
    { title: "Last question", wide: true, value: thread => link(thread.calls[0]) },
    { title: "continuation_id", wide: true, value: thread => thread.id },
  ], "There are no conversations yet.");
  const problem = el("p", { class: "bad", role: "alert" });
  get("calls?limit=500").then(({ calls }) => {
    const byThread = Map.groupBy(calls, call => call.threadId);
    list.update([...byThread].map(([id, of]) => ({ id, calls: of })), thread => thread.id);
  }, failure => { problem.textContent = failure.message; });
  return { element: el("div", {}, el("h2", {}, "Threads"), problem, list.element) };
}

export function call(id) {
  const element = el("div", {}, el("h2", {}, "Call"), el("p", { class: "empty" }, "loading…"));
  get(`calls/${id}`).then(({ call: it, timeline, attempts, receipt, error }) => {
    const tried = table("Attempts", [
      { title: "Model", value: attempt => `${attempt.provider ?? ""}/${attempt.model}` },
      { title: "Outcome", value: attempt => el("span", { class: { ok: "good", running: "" }[attempt.outcome] ?? "bad" }, attempt.outcome) },
      { title: "Stage", value: attempt => attempt.stage },
      { title: "Queue", number: true, value: attempt => seconds(attempt.queueMs) },
      { title: "First token", number: true, value: attempt => seconds(attempt.firstTokenMs) },
      { title: "Total", number: true, value: attempt => seconds(attempt.totalMs) },
      { title: "Tokens", number: true, value: attempt => count(attempt.tokens.input + attempt.tokens.output) },
      { title: "Cost", number: true, value: attempt => dollars(attempt.costUsd) },
    ], "No model was asked.");
    tried.update(attempts.map((attempt, at) => ({ ...attempt, at })), attempt => attempt.at);
    element.replaceChildren(...[
      el("h2", {}, it.question || it.callId),
      figures([["State", it.state], ["Tool", it.tool], ["Client", it.client ?? "–"], ["Took", seconds(it.elapsedMs)], ["Runs", it.runs], ["Recovered", receipt?.recovered ?? "–"]]),
      error ? el("p", { class: "bad" }, `${error.code}: ${error.message}`) : null,
      el("h2", {}, "Its way, link by link"),
      el("ol", { class: "timeline" }, timeline.map(entry => el("li", {}, el("span", {}, seconds(entry.at)), el("strong", {}, entry.link), el("span", {}, entry.event)))),
      tried.element,
      receipt ? el("details", {}, el("summary", {}, "Receipt"), el("pre", {}, JSON.stringify(receipt, null, 2))) : null,
      el("p", { class: "faint" }, `call ${it.callId} · thread ${it.threadId} · session ${it.sessionId}`),
    ].filter(Boolean));
  }, failure => element.replaceChildren(el("h2", {}, "Call"), el("p", { class: "bad", role: "alert" }, failure.message)));
  return { element };
}
