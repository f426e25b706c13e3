// Hears of changes while the page is in sight, and tells who shows them: at once, then at most
// once in a while, however many come.

const PAUSE = 1000;
const EVERY = 30000;

/** Calls `refresh` after changes. */
export function live(refresh) {
  let events = null;
  let last = 0;
  let waiting = null;
  const soon = () => {
    if (waiting) return;
    waiting = setTimeout(() => { waiting = null; last = Date.now(); refresh(); }, Math.max(100, last + PAUSE - Date.now()));
  };
  const listen = () => {
    if (document.hidden || events) return;
    events = new EventSource('/api/v1/events');
    for (const name of ['incident', 'missed', 'open']) events.addEventListener(name, soon);
    // A browser gives up when it is refused, and must be asked again.
    events.addEventListener('error', () => { if (events && events.readyState === EventSource.CLOSED) { events = null; soon(); } });
  };
  document.addEventListener('visibilitychange', () => {
    // A browser has six connections for all its tabs; one that nobody looks at holds none.
    if (document.hidden && events) { events.close(); events = null; }
    listen();
  });
  setInterval(() => { listen(); if (!document.hidden) soon(); }, EVERY);
  listen();
}
