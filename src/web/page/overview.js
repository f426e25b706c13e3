// The overview: is it well, what broke, since when, what to do.

import { ask } from './api.js';
import { badge, el, go, path } from './dom.js';
import { askErrors, errorsCard } from './errors.js';
import { behind, bytes, many, number, time } from './format.js';
import { SEVERITIES, list, name, narrowed, sorted } from './incidents.js';

/** What is looked at; kept while the page is open. */
const wanted = { state: 'open', severity: '', words: '', all: false };

export async function overview(show) {
  const listed = (state) => ask(`/api/v1/incidents?state=${state}&brief=true`);
  const [open, others, status, errors] = await Promise.all([listed('open'),
    wanted.state === 'open' ? null : listed(wanted.state), ask('/api/v1/status'), askErrors()]);
  const { incidents } = others || open;
  return el('div', null,
    headline(status), tiles(status.incidents, show), errorsCard(errors, show),
    el('div.columns', null,
      el('section', { 'aria-label': 'Incidents' }, narrowing(show), found(incidents, status, show)),
      el('aside', null, runtimes(status.runtimes, open.incidents, show), sources(status.sources), receivers(status.receivers))));
}

function headline(status) {
  const counts = SEVERITIES.filter((it) => status.incidents[it]).map((it) => `${number(status.incidents[it])} ${it}`);
  const open = SEVERITIES.reduce((sum, it) => sum + status.incidents[it], 0);
  return el('div.headline', null,
    el('h1', null, open ? `${many(open, 'open incident')}` : 'Nothing is broken'),
    el('p.quiet', null, open ? `${counts.join(', ')}.` : 'No incident is open.',
      status.ready ? '' : ` Not all is read at the moment: ${status.reasons.join('; ')}`));
}

/** Open incidents by severity; each narrows the list. */
function tiles(counts, show) {
  return el('div.tiles', { role: 'group', 'aria-label': 'Open incidents by severity' }, SEVERITIES.map((it) =>
    el(`button.tile.${it}`, { type: 'button', id: `tile-${it}`, 'aria-pressed': String(wanted.severity === it),
      onclick: () => { wanted.severity = wanted.severity === it ? '' : it; show(); } },
    el('span.big', null, number(counts[it])), el('span', null, it))));
}

function narrowing(show) {
  const tab = (state, text) => el('button', { type: 'button', id: `state-${state}`, 'aria-pressed': String(state === wanted.state),
    onclick: () => { wanted.state = state; show(); } }, text);
  let waiting;
  const words = el('input', { type: 'search', id: 'words', 'aria-label': 'Narrow the list', placeholder: 'Narrow: a pipeline, a node, a word…' });
  words.value = wanted.words;
  words.addEventListener('input', () => { wanted.words = words.value; clearTimeout(waiting); waiting = setTimeout(show, 200); });
  return el('div.row.narrowing', null, el('div.tabs', { role: 'group', 'aria-label': 'State' },
    tab('open', 'Open'), tab('resolved', 'Resolved'), tab('all', 'All')), words);
}

function found(incidents, status, show) {
  const shown = sorted(narrowed(incidents, wanted));
  const more = () => { wanted.all = true; show(); };
  if (shown.length) return list(shown, wanted.all, more);
  const narrow = incidents.length ? 'No incident fits these words and this severity.' : null;
  const hint = status.sources.length ? 'The sources are read; what breaks will stand here.' : 'No source is configured yet.';
  return el('div.card.empty', null, el('h3', null, narrow || { open: 'No incident is open.' }[wanted.state] || 'Nothing here.'), narrow ? null : el('p.quiet', null, hint));
}

const GOOD = { Online: 'good', Limited: 'warning', Initializing: 'info', Starting: 'info', Upgrading: 'info' };

const standing = (status) => (status ? badge(GOOD[status] || 'critical', status) : badge('plain', 'unknown'));

/** What the service reports of a node, in a few words. */
function load(gauges) {
  const of = (gauge) => gauges[`shirwatch_ir_node_${gauge}`];
  const words = [
    of('available_memory_bytes') === undefined ? null : `${bytes(of('available_memory_bytes'))} free`,
    of('cpu_utilization_ratio') === undefined ? null : `${Math.round(of('cpu_utilization_ratio') * 100)} % busy`,
    of('concurrent_jobs') === undefined ? null : `${of('concurrent_jobs')} of ${of('concurrent_jobs_limit') ?? '?'} jobs`,
    of('credentials_in_sync') === 0 ? 'credentials out of sync' : null,
  ];
  return words.filter(Boolean).join(', ');
}

/** The runtimes with their nodes, and the nodes that open incidents name. */
function runtimes(known, incidents, show) {
  const rows = known.flatMap((it) => [
    it.name ? el('li', null, el('span.break', null, el('bdi', null, it.name)), standing(it.status),
      it.last_connect ? el('span.quiet.small', null, 'connected ', time(it.last_connect)) : null) : null,
    ...it.nodes.map((node) => el('li', null, el('span.break.small', null, 'node ', el('bdi', null, node.name)), node.status ? standing(node.status) : null,
      el('span.quiet.small', null, load(node.gauges)))),
  ].filter(Boolean));
  const nodes = new Map();
  for (const it of sorted(incidents)) {
    for (const node of it.nodes || []) nodes.set(node, [...(nodes.get(node) || []), it]);
  }
  const troubled = [...nodes].map(([node, list]) => el('li', null, el('span.break', null, el('bdi', null, node)), badge(list[0].severity, list[0].severity),
    list.length === 1 ? go(path('incidents', name(list[0])), '1 incident')
      : el('button.small', { type: 'button', onclick: () => { Object.assign(wanted, { state: 'open', severity: '', words: node }); show(); } }, many(list.length, 'incident'))));
  return el('section.card', null, el('h2.flush', null, 'Integration runtimes'),
    rows.length ? el('ul.list', null, rows) : el('p.quiet.small', null, 'Nothing bad was heard of any.'),
    troubled.length ? [el('h3', null, 'Nodes in trouble'), el('ul.list', null, troubled)] : null);
}

export function sourceState(it) {
  if (it.stalled) return badge('error', 'stalled');
  if (it.last_error) return badge('error', 'cannot be read');
  if (it.kind === 'removed') return badge('plain', 'removed');
  if (!it.ledger.balanced) return badge('warning', 'ledger open');
  return badge('good', 'reading');
}

function sources(list) {
  return el('section.card', null, el('h2.flush', null, go('/sources', 'Sources')), list.length ? el('ul.list', null, list.map((it) =>
    el('li', null, el('span.break', null, it.name), sourceState(it),
      el('span.quiet.small', null, it.lag_bytes || it.lag_messages ? `${behind(it)} behind` : 'nothing behind', ', read ', time(it.last_read)))))
    : el('p.quiet.small', null, 'None is configured.'));
}

/** Only those that cannot be told. */
function receivers(list) {
  const bad = list.filter((it) => it.last_error);
  return bad.length ? el('section.card.bad', null, el('h2.flush', null, go('/sources', 'Receivers in trouble')),
    el('ul.list', null, bad.map((it) => el('li', null, el('span', null, it.name), el('span.small.break', null, it.last_error))))) : null;
}
