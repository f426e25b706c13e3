// The catalogue, to be searched, and each rule as a runbook.

import { ask } from './api.js';
import { clean, el, go, heads, path, severity, template, wide } from './dom.js';
import { facts, ours, references, steps } from './finding.js';
import { many, number } from './format.js';
import { card, name, title } from './incidents.js';

/** What was searched for last. */
const wanted = { words: '', category: '' };

export async function rules() {
  const list = el('ul.rules', { 'aria-label': 'Rules' });
  const told = el('p.small.quiet', { role: 'status' });
  const category = el('select', { id: 'category', 'aria-label': 'Category' }, el('option', { value: '' }, 'All categories'));
  let found = [];
  const fill = () => {
    const shown = found.filter((it) => !wanted.category || it.category === wanted.category);
    told.textContent = many(shown.length, 'rule');
    list.replaceChildren(...shown.map(row));
  };
  const search = async () => {
    const words = wanted.words;
    const answer = await ask(`/api/v1/rules?search=${encodeURIComponent(words)}`);
    if (words === wanted.words) { found = answer.rules; fill(); }
  };
  let waiting;
  const words = el('input', { type: 'search', id: 'search', 'aria-label': 'Search the catalogue',
    placeholder: 'Words, an error code, a number: 18456, AADSTS, UserErrorFileNotFound…' });
  words.value = wanted.words;
  words.addEventListener('input', () => { wanted.words = words.value; clearTimeout(waiting); waiting = setTimeout(search, 200); });
  category.addEventListener('change', () => { wanted.category = category.value; fill(); });
  const [unknown, all] = await Promise.all([unclassified(), ask('/api/v1/rules'), search()]);
  const names = [...new Set(all.rules.map((it) => it.category))].sort();
  category.append(...names.map((it) => el('option', { value: it, selected: it === wanted.category }, it)));
  return el('div', null, el('h1', null, 'Catalogue'), unknown, el('div.row.narrowing', null, category, words), told, list);
}

const row = (it) => el('li', null, go(path('rules', it.id), template(it.title)), severity(it.severity),
  el('span.quiet.small', null, it.category), el('span.quiet.mono', null, it.id, it.status !== 'active' ? ` (${it.status})` : ''));

/** What no rule knows, the most frequent first: each with the command that begins a rule. */
async function unclassified() {
  const { incidents } = await ask('/api/v1/incidents?state=all&rule=unclassified&limit=50').catch(() => ({ incidents: [] }));
  if (!incidents.length) return null;
  return el('section.card', null, el('h2.flush', null, 'Unclassified, most frequent first'),
    el('p.quiet', null, 'No rule knows these errors. The command writes the beginning of one, for your own folder of rules.'),
    wide('Unclassified errors', el('table', null, heads(['Seen', 'Error', 'Command']),
      el('tbody', null, incidents.map((it) => el('tr', null, el('td.number', null, `${number(it.count)} ×`),
        el('td.break', null, go(path('incidents', name(it)), title(it))),
        el('td', null, el('code', null, `shirwatch rules draft ${it.fingerprint}`))))))));
}

export async function rule(show, id) {
  const [it, open] = await Promise.all([ask(`/api/v1${path('rules', id)}`),
    ask(`/api/v1/incidents?state=open&brief=true&limit=10&rule=${encodeURIComponent(id)}`).catch(() => ({ incidents: [] }))]);
  document.title = `${clean(it.title)} · shirwatch`;
  return el('div', null, el('div.headline', null, el('h1', null, template(it.title)), facts(it, el('span.mono.quiet', null, it.id))),
    it.observable === false ? el('p.quiet', null, 'No log shows this error; it stands here to be found.') : null,
    it.causes.map((cause, at) => cause.cause ? part(it, cause, at) : null),
    references(it.references),
    open.incidents.length ? [el('h2', null, 'Open now'), open.incidents.map((one) => card(one, false))] : null,
    examples(it.examples),
    it.match && it.match.length ? el('details', { 'data-key': 'match' }, el('summary', null, 'How it is told apart'), el('pre', { tabindex: '0' }, JSON.stringify(it.match, null, 2))) : null);
}

/** One cause with its steps. */
function part(it, cause, at) {
  return el('section.card', null,
    el('h2.flush', null, it.causes.length > 1 ? `Cause ${at + 1}` : 'Cause'), el('p', null, template(cause.cause)), ours(cause),
    cause.when ? el('p.small.quiet', null, 'When the text says: ', el('span.mono', null, cause.when)) : null,
    cause.resolution && cause.resolution.length ? [el('h3', null, 'What to do'), steps(cause.resolution, template)] : null,
    cause.verify ? el('p', null, el('strong', null, 'Mended when: '), template(cause.verify)) : null);
}

function examples(list) {
  if (!list || !list.length) return null;
  return el('details', { 'data-key': 'examples' }, el('summary', null, 'What it looks like in a log'), list.map((one) => el('pre', { tabindex: '0' }, one.text)));
}
