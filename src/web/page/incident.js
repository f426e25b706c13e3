// One incident: what it is, why, what to do, and where it happened.

import { ask, change } from './api.js';
import { chart } from './chart.js';
import { badge, clean, el, failure, go, pairs, path, prose } from './dom.js';
import { advice, also, evidence, facts, references, said } from './finding.js';
import { number, time } from './format.js';
import { name, title, where } from './incidents.js';
import { silences, silencing } from './silences.js';

const HOUR = 3600;

/** Columns of the chart over time. */
const COLUMNS = 48;

export async function incident(show, key) {
  const [it, status] = await Promise.all([ask(`/api/v1${path('incidents', key)}`), ask('/api/v1/status')]);
  const sample = it.sample || it;
  document.title = `${clean(title(it))} · shirwatch`;
  return el('div', null, head(it),
    el('div.columns', null,
      el('section.card', { 'aria-label': 'What it is' }, advice(sample), said(sample.record || {}), also(sample.also), references(sample.references)),
      el('aside', null, state(it, status, show), overTime(it.hours, it.severity), places(it), record(sample), occurrences(it.occurrences))));
}

function head(it) {
  return el('div.headline', null, el('h1', null, prose(title(it))), facts(it, go(path('rules', it.rule), it.rule)));
}

function state(it, status, show) {
  const over = it.state === 'resolved';
  return el('section.card', { 'aria-label': 'State' },
    el('p.row', null, over ? badge('good', 'resolved') : badge(it.severity, 'open'), el('span.count', null, `seen ${number(it.count)} ×`)),
    pairs([['First', time(it.first_seen)], ['Last', time(it.last_seen)], ['Resolved', over ? time(it.resolved_at) : null],
      ...Object.entries(it.group), ['Fingerprint', el('span.mono', null, it.fingerprint)]]),
    silences(it.silences, status.read_only, show),
    over || status.read_only ? null : [silencing(it, show), resolving(it, show)]);
}

/** Asks twice, in the same place. */
function resolving(it, show) {
  let sure = false;
  const button = el('button', { type: 'button', id: 'resolve' }, 'Resolve');
  button.addEventListener('click', async () => {
    if (!sure) {
      sure = true;
      button.textContent = 'It is mended: resolve';
      button.dataset.asked = '';
      return;
    }
    delete button.dataset.asked;
    button.disabled = true;
    try {
      await change(`/api/v1${path('incidents', name(it))}/resolve`, 'POST');
      show();
    } catch (error) { button.replaceWith(failure(error)); }
  });
  return el('p', null, button);
}

/** The hours of an incident in equal columns, the last of them at the right. */
function overTime(hours, level) {
  if (!hours || !hours.length) return null;
  const at = (it) => Date.parse(it.time) / 1000;
  const span = at(hours.at(-1)) + HOUR - at(hours[0]);
  const step = Math.max(HOUR, Math.ceil(span / COLUMNS / HOUR) * HOUR);
  const columns = Math.max(12, Math.ceil(span / step));
  const first = at(hours.at(-1)) + HOUR - columns * step;
  const points = Array.from({ length: columns }, (_, it) => ({ time: new Date((first + it * step) * 1000).toISOString(), [level]: 0 }));
  for (const it of hours) points[Math.floor((at(it) - first) / step)][level] += it.count;
  return el('section.card', null, el('h2.flush', null, 'Over time'), chart('Occurrences over time', points, step));
}

function places(it) {
  const list = where(it, true);
  return list.length ? el('section.card', null, el('h2.flush', null, 'Affected'), pairs(list)) : null;
}

const record = (sample) => (sample.record ? el('section.card', null, el('h2.flush', null, 'Evidence'), evidence(sample.record)) : null);

function occurrences(list) {
  if (!list || !list.length) return null;
  return el('section.card', null, el('h2.flush', null, 'Latest'), el('ul.small.break.plain', null, list.slice(0, 20).map((it) =>
    el('li', null, time(it.time), ' ', [it.pipeline, it.activity, it.node].filter(Boolean).join(' · '),
      el('div.quiet.mono', null, it.position ? `${it.position.path}${it.position.line ? `:${it.position.line}` : ` at byte ${it.position.offset}`}` : '')))));
}
