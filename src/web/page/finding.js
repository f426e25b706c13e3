// The pieces of a finding: its chain, its advice, and where it is documented.

import { copyButton } from './copy.js';
import { away, badge, el, go, pairs, path, prose, severity } from './dom.js';
import { exact } from './format.js';

/** Numbered steps, each to be copied. */
export function steps(list, words = prose) {
  if (!list || !list.length) return null;
  return el('ol.steps', null, list.map((it, at) =>
    el('li', null, el('span', null, words(it)), copyButton(it.replaceAll('`', ''), `step ${at + 1}`))));
}

/** The exceptions as a tree, outermost first; the last is the root cause. */
export function chain(links, outer = true) {
  if (!links || !links.length) return null;
  const [first, ...rest] = links;
  const root = outer && !rest.length;
  return el('ul.chain', null, el('li', null,
    el(root ? 'div.message.root' : 'div.message', null, root ? el('strong.mark', null, 'Root cause') : null,
      el('div.quiet', null, [first.error_code, first.type].filter(Boolean).join(' · ') || 'message'),
      el('bdi', null, first.message || el('span.quiet', null, '(no message)')), details(first)),
    folded('Printed inside this message', chain(first.embedded, false)),
    first.stack_trace ? folded('Stack trace', el('pre', { tabindex: '0' }, first.stack_trace)) : null,
    chain(rest, outer)));
}

const folded = (name, part) => (part ? el('details', null, el('summary.small', null, name), part) : null);

function details(link) {
  const fields = Object.entries(link.details || {});
  return fields.length ? el('div.quiet', null, fields.map(([key, value]) => `${key}=${value}`).join('  ')) : null;
}

/** What the log says of it besides. */
export function evidence(record) {
  const at = record.context || {};
  return pairs([
    ['Time', record.time ? exact(record.time) : null], ['Factory', at.factory], ['Pipeline', at.pipeline],
    ['Pipeline run', at.pipeline_run_id], ['Activity', at.activity], ['Activity run', at.activity_run_id],
    ['Activity type', at.activity_type], ['Runtime', at.integration_runtime], ['Node', at.node],
    ['Failure type', record.failure_type], ['Code', record.code], ['Side', record.side], ['Format', record.format],
  ]);
}

/** Cause, steps and proof. */
export function advice(it) {
  return [
    it.cause ? [el('h2', null, 'Cause'), el('p', null, prose(it.cause))] : null,
    it.resolution && it.resolution.length ? [el('h2', null, 'What to do'), steps(it.resolution)] : null,
    it.verify ? [el('h2', null, 'How to see that it is mended'), el('p', null, prose(it.verify))] : null,
    otherCauses(it.causes),
  ];
}

function otherCauses(causes) {
  if (!causes || causes.length < 2) return null;
  const more = causes.length - 1;
  return el('details', { 'data-key': 'other causes' }, el('summary', null, `${more} other possible ${more === 1 ? 'cause' : 'causes'}`),
    causes.slice(1).map((it) => el('div.part', null, el('p', null, prose(it.cause)), ours(it), steps(it.resolution),
      it.verify ? el('p.quiet', null, prose(it.verify)) : null)));
}

export const ours = (cause) => (cause.ours ? el('p.quiet.small', null, 'Our suggestion; the vendor documents none.') : null);

export function references(list) {
  if (!list || !list.length) return null;
  return [el('h2', null, 'Documented at'), el('ul.small.break', null, list.map((it) => el('li', null, away(it))))];
}

/** What the log says: the chain, or the text where there is none. */
export function said(record) {
  return [
    el('h2', null, 'What the log says'),
    chain(record.chain) || el('div.message.root', null, el('bdi', null, record.message || '(no text)')),
    record.truncated ? el('p.quiet.small', null, 'The text was cut in the log; what is missing may say more.') : null,
  ];
}

/** Other rules that fit too. */
export function also(ids) {
  if (!ids || !ids.length) return null;
  return el('p.small', null, 'Also fits: ', ids.map((id, at) => [at ? ', ' : '', go(path('rules', id), id)]));
}

/** Severity, category, fault and whether a retry helps. */
export function facts(it, ...more) {
  const retry = { true: 'a retry may help', false: 'a retry will not help' }[it.retryable];
  return el('p.row.small', null, severity(it.severity), badge('plain', it.category),
    it.fault && it.fault !== 'unknown' ? badge('plain', `fault: ${it.fault}`) : null, retry ? badge('plain', retry) : null, ...more);
}

/** A finding in full, as it is explained. */
export function finding(it) {
  const record = it.record || {};
  return [el('h2.title', null, prose(it.title || it.rule)), facts(it, go(path('rules', it.rule), it.rule)),
    advice(it), said(record), evidence(record), also(it.also), references(it.references)];
}
