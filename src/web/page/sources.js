// What is read and who is told: sources with their ledger, receivers, silences.

import { ask } from './api.js';
import { badge, el, pairs } from './dom.js';
import { behind, bytes, many, number, time } from './format.js';
import { sourceState } from './overview.js';
import { silences } from './silences.js';

export async function sources(show) {
  // Before the first commit there is no store to ask for silences.
  const [status, kept] = await Promise.all([ask('/api/v1/status'), ask('/api/v1/silences').catch(() => ({ silences: [] }))]);
  const holding = kept.silences.filter((it) => Date.parse(it.ends_at) > Date.now());
  return el('div', null,
    el('h1', null, 'Sources'), cards(status.sources, source, 'No source is configured.'),
    status.members.length ? [el('h1.next', null, 'Members'), cards(status.members, member)] : null,
    el('h1.next', null, 'Receivers'), cards(status.receivers, receiver, 'No receiver is configured: incidents are shown here and told to nobody.'),
    el('h1.next', null, 'Silences'), holding.length ? el('div.card', null, silences(holding, status.read_only, show)) : el('p.quiet', null, 'Nothing is silenced.'));
}

const cards = (list, card, none) => (list.length ? el('div.cards', null, list.map(card)) : el('p.quiet', null, none));

function source(it) {
  const dropped = Object.entries(it.ledger.dropped || {});
  const count = (name) => (it.ledger[name] ? number(it.ledger[name]) : null);
  return el(`section.card${it.last_error || it.stalled ? '.bad' : ''}`, null,
    el('div.row.spread', null, el('h2.flush.break', null, it.name), sourceState(it)),
    el('p.small.quiet', null, it.kind, ', ', many(it.files_open, 'file'), ' open'),
    it.last_error ? el('p.small.break', null, el('strong', null, 'Last error: '), it.last_error) : null,
    pairs([['Read last', time(it.last_read)], ['Behind', behind(it)], ['Read', bytes(it.ledger.bytes)], ['Records', number(it.ledger.records)],
      ['Classified', count('classified')], ['Unclassified', count('unclassified')], ['No error', count('no_error')],
      ['Duplicate', count('duplicate')], ['Pending', count('pending')],
      ...dropped.map(([reason, lost]) => [`Dropped: ${reason}`, number(lost)])]),
    el('p.small', null, it.ledger.balanced ? badge('good', 'balances') : badge('warning', 'does not balance'),
      ' Each record is counted once as read and once as something.'));
}

function member(it) {
  const state = it.alive ? badge('good', 'there') : it.last_seen ? badge('error', 'gone') : badge('plain', 'left');
  return el(`section.card${!it.alive && it.last_seen ? '.bad' : ''}`, null,
    el('div.row.spread', null, el('h2.flush.break', null, it.name), state), el('p.small.quiet', null, 'shirwatch ', it.version),
    pairs([['Since', it.since ? time(it.since) : null], ['Seen last', it.alive || !it.last_seen ? null : time(it.last_seen)],
      ['Reads', it.sources.length ? it.sources.join(', ') : 'nothing']]));
}

function receiver(it) {
  const state = it.last_error ? badge('error', 'fails') : it.queue ? badge('warning', 'waiting') : badge('good', 'well');
  return el(`section.card${it.last_error ? '.bad' : ''}`, null,
    el('div.row.spread', null, el('h2.flush.break', null, it.name), state), el('p.small.quiet', null, it.kind),
    it.last_error ? el('p.small.break', null, el('strong', null, 'Last error: '), it.last_error) : null,
    pairs([['Waiting', number(it.queue)], ['Sent', number(it.sent)], ['Failed', number(it.failed)]]));
}
