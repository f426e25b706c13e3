// The page: looks at the path and shows its view; shows it again when something changes.

import { ask } from './api.js';
import { el, failure } from './dom.js';
import { explain } from './explain.js';
import { number } from './format.js';
import { incident } from './incident.js';
import { live } from './live.js';
import { overview } from './overview.js';
import { rule, rules } from './rules.js';
import { sources } from './sources.js';

const main = document.getElementById('main');

// path, view, its place in the navigation, title, whether it changes by itself
const VIEWS = [
  [/^\/$/, overview, '/', 'Overview', true],
  [/^\/incidents\/([^/]+)$/, incident, '/', 'Incident', true],
  [/^\/explain$/, explain, '/explain', 'Explain', false],
  [/^\/rules$/, rules, '/rules', 'Catalogue', false],
  [/^\/rules\/([^/]+)$/, rule, '/rules', 'Rule', false],
  [/^\/sources$/, sources, '/sources', 'Sources', true],
];

const NOTHING = [/^/, async () => el('div.card', null, el('h1', null, 'There is nothing at this path')), '', 'Nothing here', false];

const viewOf = (path) => VIEWS.find(([pattern]) => pattern.test(path)) || NOTHING;

let asked = 0;

/** Shows the view of the path. An answer that comes after the next question is dropped. */
async function show() {
  asked += 1;
  const mine = asked;
  const [pattern, view, section, title] = viewOf(location.pathname);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === section) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${title} · shirwatch`;
  let body;
  try {
    body = await view(show, ...pattern.exec(location.pathname).slice(1).map(decodeURIComponent));
  } catch (error) { body = el('div', null, el('h1', null, title), failure(error)); }
  if (mine === asked) put(body);
}

/** Puts a view in the place of the last, with what somebody opened or chose and where they type. */
function put(body) {
  const open = new Map([...main.querySelectorAll('details[data-key]')].map((it) => [it.dataset.key, it.open]));
  const chosen = new Map([...main.querySelectorAll('select[data-key]')].map((it) => [it.dataset.key, it.value]));
  const active = main.contains(document.activeElement) ? document.activeElement : null;
  const at = { id: active && active.id, top: scrollY, start: active && active.selectionStart, end: active && active.selectionEnd };
  for (const it of body.querySelectorAll('details[data-key]')) {
    if (open.has(it.dataset.key)) it.open = open.get(it.dataset.key);
  }
  for (const it of body.querySelectorAll('select[data-key]')) {
    if (chosen.has(it.dataset.key)) it.value = chosen.get(it.dataset.key);
  }
  main.replaceChildren(body);
  const again = at.id && document.getElementById(at.id);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (typeof at.start === 'number') again.setSelectionRange(at.start, at.end);
  scrollTo(0, at.top);
}

let again;

/** Says how the daemon is, in the corner; while it is not well, every few seconds. */
async function pulse() {
  clearTimeout(again);
  const state = document.getElementById('state');
  try {
    const status = await ask('/api/v1/status');
    state.className = status.ready ? 'good' : 'bad';
    state.textContent = status.ready ? 'Watching' : status.reasons.join('; ');
    if (!status.ready) again = setTimeout(refresh, 2000);
    document.getElementById('version').textContent = `shirwatch ${status.version} · ${number(status.rules)} rules`;
  } catch {
    state.className = 'bad';
    state.textContent = 'The daemon does not answer';
    again = setTimeout(pulse, 2000);
  }
}

/** Shows a view that changes by itself again, unless somebody marks a text or was asked twice. */
function refresh() {
  const marked = getSelection();
  const busy = !marked.isCollapsed && main.contains(marked.anchorNode);
  if (viewOf(location.pathname)[4] && !busy && !main.querySelector('[data-asked]')) show();
  pulse();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.hash || viewOf(url.pathname) === NOTHING) return;
  event.preventDefault();
  history.pushState(null, '', url.pathname);
  show().then(() => { scrollTo(0, 0); main.focus({ preventScroll: true }); });
});

addEventListener('popstate', show);
show();
pulse();
live(refresh);
