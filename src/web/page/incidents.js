// Incidents as a list, to be narrowed by state, severity and words.

import { badge, el, go, path, prose, severity } from './dom.js';
import { many, number, time } from './format.js';
import { steps } from './finding.js';

export const SEVERITIES = ['critical', 'error', 'warning', 'info'];

/** So many are shown with their steps. */
const FEW = 5;

/** How many are shown before somebody asks for more. */
const FIRST = 30;

const PLACES = [['pipelines', 'Pipelines'], ['activities', 'Activities'], ['nodes', 'Nodes'],
  ['integration_runtimes', 'Integration runtimes'], ['factories', 'Factories']];

export const name = (it) => it.key || it.fingerprint;

/** What an incident is called. What no rule knows is called by its words. */
export const title = (it) => (it.rule === 'unclassified' && it.template ? it.template : it.title || it.rule);

/** The beginning of a long name. */
const short = (name) => (name.length > 80 ? `${name.slice(0, 80)}…` : name);

/** What an incident touched; three names of each kind, or all. */
export function where(it, full) {
  return PLACES.filter(([key]) => it[key] && it[key].length).map(([key, label]) => {
    const shown = full ? it[key] : it[key].slice(0, 3);
    const more = it[key].length - shown.length;
    return [label, shown.map((one, at) => [at ? ', ' : '', el('bdi', null, full ? one : short(one))]).concat(more > 0 ? ` and ${more} more` : [])];
  });
}

/** The worst first, then the latest. */
export function sorted(incidents) {
  const rank = (it) => (it.state === 'open' ? SEVERITIES.indexOf(it.severity) : SEVERITIES.length);
  return [...incidents].sort((a, b) => rank(a) - rank(b) || (a.last_seen < b.last_seen ? 1 : -1));
}

/** Those of a severity that hold all words. */
export function narrowed(incidents, wanted) {
  const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (it) => [title(it), it.rule, it.category, it.cause, it.fingerprint, ...PLACES.flatMap(([key]) => it[key] || [])].join(' ').toLowerCase();
  return incidents.filter((it) => (!wanted.severity || it.severity === wanted.severity) && words.every((word) => text(it).includes(word)));
}

/** One incident in the list, with its steps unfolded where there are few. */
export function card(it, few) {
  const over = it.state === 'resolved';
  const places = where(it, false);
  return el(`article.card.incident.${over ? 'resolved' : it.severity}`, null,
    el('div.row.spread', null,
      el('h3', null, go(path('incidents', name(it)), title(it))),
      el('span.count', { title: 'times seen' }, `${number(it.count)} ×`)),
    el('p.row.small', null, severity(it.severity), badge('plain', it.category), over ? badge('good', 'resolved') : null,
      el('span.quiet', null, 'last ', time(it.last_seen), it.count > 1 ? [', first ', time(it.first_seen)] : null)),
    places.length ? el('p.row.small.break', null, places.map(([label, names]) => el('span', null, el('span.quiet', null, `${label}: `), names))) : null,
    it.cause ? el('p', null, prose(it.cause)) : null,
    it.resolution && it.resolution.length
      ? el('details', { 'data-key': `steps of ${name(it)}`, open: few && !over }, el('summary', null, `What to do (${many(it.resolution.length, 'step')})`), steps(it.resolution)) : null);
}

/** The list; what is beyond the first ones is built when it is asked for. */
export function list(incidents, all, more) {
  const shown = all ? incidents : incidents.slice(0, FIRST);
  return [shown.map((it) => card(it, shown.length <= FEW)), shown.length < incidents.length
    ? el('button', { type: 'button', id: 'more', onclick: more }, `Show ${incidents.length - shown.length} more`) : null];
}
