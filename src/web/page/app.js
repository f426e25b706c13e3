// The page: looks at the path, asks the API, and builds what is shown.
//
// All that comes from a log or a rule is set as text, never as markup, and only http
// addresses become links. Nothing is kept between two visits.

'use strict';

const main = document.getElementById('main');

// ---- Building ---------------------------------------------------------------------------

/** An element: tag and classes (`p.quiet.small`), attributes, children. Texts are texts. */
function el(spec, attributes, ...children) {
  const [tag, ...classes] = spec.split('.');
  const it = document.createElement(tag);
  if (classes.length) it.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) it.addEventListener(name.slice(2), value);
    else it.setAttribute(name, value === true ? '' : value);
  }
  it.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ''));
  return it;
}

/** A link within the page. */
const go = (path, ...children) => el('a', { href: path }, ...children);

/** A link elsewhere; an address that is not http is shown as text. */
function away(url, ...children) {
  if (!/^https?:\/\//i.test(url)) return el('span', null, url);
  return el('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, ...(children.length ? children : [url]));
}

/** A sentence; what stands between backticks is set as code. */
const prose = (text) => String(text).split('`').map((it, at) => (at % 2 ? el('code', null, it) : it));

/** A sentence of a rule: a hole such as `{user}` is shown by its name. */
const template = (text) => prose(text.replace(/`?\{([a-z][a-z0-9_]*)\}`?/g, '`$1`'));

const badge = (kind, text) => el(`span.badge.${kind}`, null, text);
const severity = (it) => badge(it, it);
const number = (it) => Number(it || 0).toLocaleString();

/** `5 min ago`, with the exact time for those who point at it. */
function time(text) {
  if (!text) return el('span.quiet', null, 'never');
  const at = new Date(text);
  return el('time', { datetime: text, title: at.toLocaleString() }, ago(at));
}

function ago(at) {
  const seconds = (Date.now() - at.getTime()) / 1000;
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < -60) return at.toLocaleString();
  if (seconds < 60) return 'just now';
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let it = Number(count || 0);
  while (it >= 1024 && at < units.length - 1) { it /= 1024; at += 1; }
  return `${at ? it.toFixed(1) : it} ${units[at]}`;
}

function steps(list, words = prose) {
  if (!list || !list.length) return null;
  return el('ol.steps', null, list.map((it) => el('li', null, words(it))));
}

function references(list) {
  if (!list || !list.length) return null;
  return [el('h2', null, 'Documented at'), el('ul.small.break', null, list.map((it) => el('li', null, away(it))))];
}

// ---- Asking -----------------------------------------------------------------------------

async function ask(path, options) {
  const response = await fetch(path, { headers: { Accept: 'application/json' }, ...options });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || `${path} answered ${response.status}`);
  return body;
}

const failure = (error) => el('div.card', { role: 'alert' }, el('strong', null, 'That did not work. '), error.message);

// ---- Pieces of a finding ------------------------------------------------------------------

/** The exceptions, outermost first, each inside the one before. */
function chain(links) {
  if (!links || !links.length) return null;
  const [first, ...rest] = links;
  const name = [first.error_code, first.type].filter(Boolean).join(' · ') || 'message';
  const details = Object.entries(first.details || {});
  return el('ul.chain', null, el('li', null,
    el(rest.length ? 'div.message' : 'div.message.root', null,
      el('div.quiet', null, name), first.message || el('span.quiet', null, '(no message)'),
      details.length ? el('div.quiet', null, details.map(([key, value]) => `${key}=${value}`).join('  ')) : null),
    (first.embedded || []).length ? el('details', null, el('summary.small', null, 'Printed inside this message'), chain(first.embedded)) : null,
    first.stack_trace ? el('details', null, el('summary.small', null, 'Stack trace'), el('pre', null, first.stack_trace)) : null,
    chain(rest)));
}

/** Cause, steps and proof. */
function advice(it) {
  return [
    it.cause ? [el('h2', null, 'Why'), el('p', null, prose(it.cause))] : null,
    it.resolution && it.resolution.length ? [el('h2', null, 'What to do'), steps(it.resolution)] : null,
    it.verify ? [el('h2', null, 'How to see that it is mended'), el('p', null, prose(it.verify))] : null,
  ];
}

function otherCauses(causes) {
  if (!causes || causes.length < 2) return null;
  return el('details', null, el('summary', null, `${causes.length - 1} other possible ${causes.length === 2 ? 'cause' : 'causes'}`),
    causes.slice(1).map((it) => el('div.card', null, el('p', null, prose(it.cause)), ours(it), steps(it.resolution),
      it.verify ? el('p.quiet', null, prose(it.verify)) : null)));
}

const ours = (cause) => (cause.ours ? el('p.quiet.small', null, 'Our suggestion; the vendor documents none.') : null);

/** A finding in full, as explained or as kept with an incident. */
function finding(it) {
  const record = it.record || {};
  return [
    el('h1', null, it.title || it.rule),
    facts(it, go(`/rules/${encodeURIComponent(it.rule)}`, it.rule)),
    advice(it), otherCauses(it.causes),
    el('h2', null, 'What the log says'),
    chain(record.chain) || el('div.message', null, record.message || ''),
    record.truncated ? el('p.quiet.small', null, 'The text was cut in the log; what is missing may say more.') : null,
    it.also && it.also.length ? el('p.small', null, 'Also fits: ', it.also.map((id, at) => [at ? ', ' : '', go(`/rules/${encodeURIComponent(id)}`, id)])) : null,
    references(it.references),
  ];
}

function facts(it, ...more) {
  const retry = it.retryable === true ? badge('plain', 'running it again may help') : null;
  const fault = it.fault && it.fault !== 'unknown' ? badge('plain', `fault: ${it.fault}`) : null;
  return el('p.row.small', null, severity(it.severity), badge('plain', it.category), fault, retry, ...more);
}

// ---- Incidents ----------------------------------------------------------------------------

const places = [['pipelines', 'Pipelines'], ['activities', 'Activities'], ['nodes', 'Nodes'],
  ['integration_runtimes', 'Integration runtimes'], ['factories', 'Factories']];

function where(it, full) {
  const parts = places.filter(([key]) => it[key] && it[key].length).map(([key, name]) => {
    const shown = full ? it[key] : it[key].slice(0, 3);
    const more = it[key].length - shown.length;
    return el('span', null, el('span.quiet', null, `${name}: `), shown.join(', ') + (more > 0 ? ` and ${more} more` : ''));
  });
  return parts.length ? el('p.row.small.break', null, parts) : null;
}

function incidentCard(it) {
  const over = it.state === 'resolved';
  return el(`article.card.incident.${over ? 'resolved' : it.severity}`, null,
    el('div.row.spread', null,
      el('h3', null, go(`/incidents/${encodeURIComponent(it.key || it.fingerprint)}`, it.title || it.rule)),
      el('span.count', { title: 'times seen' }, `${number(it.count)} ×`)),
    el('p.row.small', null, severity(it.severity), badge('plain', it.category), over ? badge('good', 'resolved') : null,
      el('span.quiet', null, 'last ', time(it.last_seen), ', first ', time(it.first_seen))),
    where(it, false),
    it.cause ? el('p', null, prose(it.cause)) : null,
    it.resolution && it.resolution.length
      ? whatToDo(it)
      : null);
}

/** Which parts somebody opened or closed by hand, so that a refresh leaves them so. */
const unfolded = new Map();

/** The steps of an incident: in sight while it is open. */
function whatToDo(it) {
  const key = it.key || it.fingerprint;
  const open = unfolded.has(key) ? unfolded.get(key) : it.state === 'open';
  const part = el('details', { open }, el('summary', null, `What to do (${it.resolution.length})`), steps(it.resolution));
  part.firstChild.addEventListener('click', () => unfolded.set(key, !part.open));
  return part;
}

let shownState = 'open';

async function incidentsPage() {
  const [{ incidents }, status] = await Promise.all([
    ask(`/api/v1/incidents?state=${shownState}&limit=200`), ask('/api/v1/status')]);
  const tab = (state, text) => el('button', { type: 'button', 'aria-pressed': String(state === shownState),
    onclick: () => { shownState = state; show(); } }, text);
  const order = ['critical', 'error', 'warning', 'info'];
  const rank = (it) => (it.state === 'open' ? order.indexOf(it.severity) : order.length);
  incidents.sort((a, b) => rank(a) - rank(b) || (a.last_seen < b.last_seen ? 1 : -1));
  return el('div.columns', null,
    el('section', { 'aria-label': 'Incidents' },
      el('div.tabs', null, tab('open', 'Open'), tab('resolved', 'Resolved'), tab('all', 'All')),
      incidents.length ? incidents.map(incidentCard) : nothingOpen(status)),
    el('aside', null, explainBox(), sourcesCard(status)));
}

function nothingOpen(status) {
  const text = shownState === 'open' ? 'No incident is open.' : 'Nothing here.';
  const hint = status.sources.length ? 'The sources are read; what breaks will stand here.' : 'No source is configured yet.';
  return el('div.card.empty', null, el('h3', null, text), el('p.quiet', null, hint));
}

async function incidentPage(name) {
  const [it, status] = await Promise.all([ask(`/api/v1/incidents/${encodeURIComponent(name)}`), ask('/api/v1/status')]);
  const sample = it.sample || it;
  document.title = `${it.title || it.rule} · shirwatch`;
  return el('div.columns', null,
    el('section.card', null, finding(sample)),
    el('aside', null, aboutCard(it, status), occurrencesCard(it.occurrences)));
}

function aboutCard(it, status) {
  const over = it.state === 'resolved';
  return el('div.card', null,
    el('p.row', null, over ? badge('good', 'resolved') : badge(it.severity, 'open'), el('span.count', null, `seen ${number(it.count)} ×`)),
    el('p.small', null, el('span.quiet', null, 'First '), time(it.first_seen)),
    el('p.small', null, el('span.quiet', null, 'Last '), time(it.last_seen)),
    over ? el('p.small', null, el('span.quiet', null, 'Resolved '), time(it.resolved_at)) : null,
    where(it, true),
    Object.entries(it.group || {}).map(([key, value]) => el('p.small', null, el('span.quiet', null, `${key}: `), value)),
    el('p.small.quiet.mono', null, it.fingerprint),
    over || status.read_only ? null : el('p.row', null, resolveButton(it), silenceButton(it)));
}

/** Asks twice, in the same place. */
function resolveButton(it) {
  let sure = false;
  const button = el('button', { type: 'button' }, 'Resolve');
  button.addEventListener('click', async () => {
    if (!sure) { sure = true; button.textContent = 'It is mended: resolve'; return; }
    button.disabled = true;
    try {
      await ask(`/api/v1/incidents/${encodeURIComponent(it.key || it.fingerprint)}/resolve`, { method: 'POST' });
      show();
    } catch (error) { button.replaceWith(failure(error)); }
  });
  return button;
}

/** Silences an incident by its number for two hours. */
function silenceButton(it) {
  const button = el('button', { type: 'button' }, 'Silence for 2 h');
  button.addEventListener('click', async () => {
    button.disabled = true;
    const ends = new Date(Date.now() + 2 * 3600 * 1000).toISOString();
    const body = JSON.stringify({ matchers: [`fingerprint=${it.fingerprint}`], ends_at: ends });
    try {
      await ask('/api/v1/silences', { method: 'POST', body });
      button.textContent = `Silenced until ${ends}`;
    } catch (error) { button.replaceWith(failure(error)); }
  });
  return button;
}

function occurrencesCard(list) {
  if (!list || !list.length) return null;
  return el('div.card', null, el('h3', null, 'Latest'), el('ul.small.break', null, list.slice(0, 20).map((it) =>
    el('li', null, time(it.time), ' ', [it.pipeline, it.activity, it.node].filter(Boolean).join(' · '),
      el('div.quiet.mono', null, it.position ? `${it.position.path}${it.position.line ? `:${it.position.line}` : ''}` : '')))));
}

// ---- Explain ------------------------------------------------------------------------------

function explainBox() {
  const text = el('textarea', { 'aria-label': 'The text of an error', spellcheck: 'false',
    placeholder: 'Paste an error: a log line, a run record, a whole exception…' });
  const button = el('button.main', { type: 'button' }, 'Explain');
  button.addEventListener('click', () => {
    if (!text.value.trim()) { text.focus(); return; }
    pasted = text.value;
    history.pushState(null, '', '/explain');
    show();
  });
  return el('div.card', null, el('h3', null, 'Explain an error'), el('p', null, text), button);
}

let pasted = '';

async function explainPage() {
  const text = el('textarea', { 'aria-label': 'The text of an error', spellcheck: 'false',
    placeholder: 'Paste an error: a log line, a run record, a whole exception…' });
  text.value = pasted;
  const answer = el('div', { 'aria-live': 'polite' });
  const button = el('button.main', { type: 'button' }, 'Explain');
  const run = async () => {
    pasted = text.value;
    if (!pasted.trim()) { text.focus(); return; }
    button.disabled = true;
    try {
      answer.replaceChildren(el('section.card', null, finding(await ask('/api/v1/explain', { method: 'POST', body: pasted }))));
    } catch (error) { answer.replaceChildren(failure(error)); }
    button.disabled = false;
  };
  button.addEventListener('click', run);
  text.addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run(); });
  if (pasted.trim()) run();
  return el('div', null, el('h1', null, 'Explain an error'),
    el('p.quiet', null, 'The text stays on this machine: it is read, judged by the catalogue, and forgotten.'),
    el('p', null, text), el('p', null, button), answer);
}

// ---- Catalogue ----------------------------------------------------------------------------

/** What no rule knows, the most frequent first: each with the command that begins a rule. */
async function unclassifiedCard() {
  const { incidents } = await ask('/api/v1/incidents?state=all&rule=unclassified&limit=50');
  if (!incidents.length) return null;
  return el('section.card.scroll', null, el('h2', null, 'Unclassified, most frequent first'),
    el('p.quiet', null, 'No rule knows these errors. The command writes the beginning of one, for your own folder of rules.'),
    el('table', null, el('thead', null, el('tr', null, ['Seen', 'Error', 'Command'].map((it) => el('th', { scope: 'col' }, it)))),
      el('tbody', null, incidents.map((it) => el('tr', null, el('td.number', null, `${number(it.count)} ×`),
        el('td.break', null, go(`/incidents/${encodeURIComponent(it.key || it.fingerprint)}`, it.template || '(no text)')),
        el('td', null, el('code', null, `shirwatch rules draft ${it.fingerprint}`)))))));
}

async function rulesPage() {
  const table = el('tbody');
  const told = el('p.small.quiet', { role: 'status' });
  const fill = async (words) => {
    const { rules } = await ask(`/api/v1/rules?search=${encodeURIComponent(words)}`);
    told.textContent = `${number(rules.length)} ${rules.length === 1 ? 'rule' : 'rules'}`;
    table.replaceChildren(...rules.map((it) => el('tr', null,
      el('td', null, go(`/rules/${encodeURIComponent(it.id)}`, it.title),
        el('div.quiet.mono', null, it.id, it.status !== 'active' ? ` (${it.status})` : '')),
      el('td', null, it.category), el('td', null, severity(it.severity)))));
  };
  let waiting;
  const words = el('input', { type: 'search', 'aria-label': 'Search the catalogue',
    placeholder: 'Words, an error code, a number: 18456, AADSTS, UserErrorFileNotFound…' });
  words.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(() => fill(words.value), 200); });
  const [unknown] = await Promise.all([unclassifiedCard(), fill('')]);
  return el('div', null, el('h1', null, 'Catalogue'), unknown, el('p', null, words), told, el('div.card.scroll', null,
    el('table', null, el('thead', null, el('tr', null, ['Error', 'Category', 'Severity'].map((it) => el('th', { scope: 'col' }, it)))), table)));
}

async function rulePage(id) {
  const it = await ask(`/api/v1/rules/${encodeURIComponent(id)}`);
  document.title = `${it.title} · shirwatch`;
  return el('div', null, el('h1', null, template(it.title)),
    facts(it, el('span.mono.quiet', null, it.id)),
    it.observable === false ? el('p.quiet', null, 'No log shows this error; it stands here to be found.') : null,
    it.causes.map((cause, at) => el('section.card', null,
      el('h3', null, it.causes.length > 1 ? `Cause ${at + 1}: ` : 'Cause: ', template(cause.cause)), ours(cause),
      cause.when ? el('p.small.quiet', null, 'When the text says: ', el('span.mono', null, cause.when)) : null,
      steps(cause.resolution, template), cause.verify ? el('p', null, el('strong', null, 'Mended when: '), template(cause.verify)) : null)),
    references(it.references),
    it.examples && it.examples.length ? el('details', null, el('summary', null, 'What it looks like in a log'), it.examples.map((one) => el('pre', null, one.text))) : null,
    it.match && it.match.length ? el('details', null, el('summary', null, 'How it is told apart'), el('pre', null, JSON.stringify(it.match, null, 2))) : null);
}

// ---- Sources ------------------------------------------------------------------------------

function sourceState(it) {
  if (it.stalled) return badge('error', 'stalled');
  if (it.ledger && !it.ledger.balanced) return badge('warning', 'ledger open');
  return badge('good', 'reading');
}

function sourcesCard(status) {
  if (!status.sources.length) return null;
  return el('div.card', null, el('h3', null, go('/sources', 'Sources')), status.sources.map((it) =>
    el('p.row.spread.small', null, el('span.break', null, it.name), sourceState(it), el('span.quiet', null, time(it.last_read)))));
}

/** Silences that hold or are to come. Before the first commit there is no store to ask. */
async function silencesCard() {
  const { silences } = await ask('/api/v1/silences').catch(() => ({ silences: [] }));
  const now = Date.now();
  const rows = silences.filter((it) => Date.parse(it.ends_at) > now);
  return el('div.card.scroll', null, rows.length ? el('table', null,
    el('tbody', null, rows.map((it) => el('tr', null, el('td.mono.small', null, it.id),
      el('td.mono.small.break', null, it.matchers.join(' ')), el('td', null, time(it.starts_at)), el('td', null, time(it.ends_at)),
      el('td.small.break', null, it.comment))))) : el('p.quiet', null, 'Nothing is silenced.'));
}

async function sourcesPage() {
  const [status, silences] = await Promise.all([ask('/api/v1/status'), silencesCard()]);
  const head = (names, numbers) => el('thead', null, el('tr', null, names.map((it) => el(numbers.includes(it) ? 'th.number' : 'th', { scope: 'col' }, it))));
  const count = (it) => el('td.number', null, number(it));
  const dropped = (it) => Object.values(it || {}).reduce((sum, one) => sum + one, 0);
  return el('div', null,
    el('h1', null, 'Sources'),
    el('div.card.scroll', null, status.sources.length ? el('table', null,
      head(['Source', 'State', 'Read last', 'Behind', 'Records', 'Classified', 'Unclassified', 'No error', 'Duplicate', 'Dropped', 'Pending'],
        ['Behind', 'Records', 'Classified', 'Unclassified', 'No error', 'Duplicate', 'Dropped', 'Pending']),
      el('tbody', null, status.sources.map((it) => el('tr', null,
        el('td.break', null, it.name, el('div.quiet.small', null, it.kind)), el('td', null, sourceState(it)), el('td', null, time(it.last_read)),
        el('td.number', null, bytes(it.lag_bytes)), count(it.ledger.records), count(it.ledger.classified), count(it.ledger.unclassified),
        count(it.ledger.no_error), count(it.ledger.duplicate), count(dropped(it.ledger.dropped)), count(it.ledger.pending)))))
      : el('p.quiet', null, 'No source is configured.')),
    el('h1', null, 'Receivers'),
    el('div.card.scroll', null, status.receivers.length ? el('table', null,
      head(['Receiver', 'Kind', 'Waiting', 'Sent', 'Failed', 'Last failure'], ['Waiting', 'Sent', 'Failed']),
      el('tbody', null, status.receivers.map((it) => el('tr', null, el('td', null, it.name), el('td', null, it.kind), count(it.queue),
        count(it.sent), count(it.failed), el('td.small.break', null, it.last_error || ''))))) : el('p.quiet', null, 'No receiver is configured.')),
    el('h1', null, 'Silences'), silences);
}

// ---- The whole ----------------------------------------------------------------------------

const pages = [
  [/^\/$/, incidentsPage, '/', 'Incidents'],
  [/^\/incidents\/([^/]+)$/, incidentPage, '/', 'Incident'],
  [/^\/explain$/, explainPage, '/explain', 'Explain'],
  [/^\/rules$/, rulesPage, '/rules', 'Catalogue'],
  [/^\/rules\/([^/]+)$/, rulePage, '/rules', 'Rule'],
  [/^\/sources$/, sourcesPage, '/sources', 'Sources'],
];

let asked = 0;

/** Shows the page of the path. An answer that comes after the next question is dropped. */
async function show() {
  asked += 1;
  const mine = asked;
  const path = location.pathname;
  const found = pages.map(([pattern, ...rest]) => [pattern.exec(path), ...rest]).find(([match]) => match);
  const [match, page, section, title] = found || [null, null, '', 'Nothing here'];
  document.title = `${title} · shirwatch`;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === section) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  let body;
  try {
    body = page ? await page(...match.slice(1).map(decodeURIComponent)) : el('div.card', null, 'There is nothing at this path.');
  } catch (error) { body = failure(error); }
  if (mine === asked) main.replaceChildren(body);
}

/** Says how the daemon is, in the corner. */
async function pulse() {
  const state = document.getElementById('state');
  try {
    const status = await ask('/api/v1/status');
    state.className = status.ready ? '' : 'bad';
    state.textContent = status.ready ? 'Watching' : status.reasons.join('; ');
    document.getElementById('version').textContent = `shirwatch ${status.version} · ${number(status.rules)} rules`;
  } catch (error) {
    state.className = 'bad';
    state.textContent = 'The daemon does not answer';
  }
}

/** A page that changes by itself is shown again, unless somebody is writing. */
function refresh() {
  const live = location.pathname === '/' || location.pathname === '/sources';
  const busy = [...main.querySelectorAll('textarea, input')].some((it) => it.value || it === document.activeElement);
  if (live && !busy && !document.hidden) show();
  pulse();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || !pages.some(([pattern]) => pattern.test(url.pathname))) return;
  event.preventDefault();
  history.pushState(null, '', url.pathname);
  show().then(() => { scrollTo(0, 0); main.focus({ preventScroll: true }); });
});

addEventListener('popstate', show);

let soon;
const events = new EventSource('/api/v1/events');
for (const name of ['incident', 'missed']) {
  events.addEventListener(name, () => { clearTimeout(soon); soon = setTimeout(refresh, 500); });
}
setInterval(refresh, 30000);

show();
pulse();
