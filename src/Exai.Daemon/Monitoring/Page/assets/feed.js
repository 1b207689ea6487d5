// The live socket: one at a time, back with growing pauses, and quiet while nobody looks. It never reconnects faster than its pauses say,
// whatever the browser tells it.

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30000;

export function openFeed(onOverview, onState) {
  let socket = null;
  let pause = FIRST_PAUSE;
  let timer = null;

  function dial() {
    timer = null;
    if (socket || document.hidden) return;
    onState("connecting");
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`);
    socket.onmessage = message => { pause = FIRST_PAUSE; onState("on"); onOverview(JSON.parse(message.data)); };
    socket.onclose = () => { socket = null; again(); };
  }

  function again() {
    if (document.hidden) { onState("paused"); return; }
    onState("off", pause);
    if (timer === null) timer = setTimeout(dial, pause * (1 + Math.random() * 0.2));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) socket?.close(1000);
    else if (!socket && timer === null) timer = setTimeout(dial, FIRST_PAUSE / 4);
  });
  addEventListener("pagehide", () => socket?.close(1000));
  dial();
}
