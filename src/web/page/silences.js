// Silences: what is counted and told to nobody for a while.

import { change } from './api.js';
import { el, failure } from './dom.js';
import { exact } from './format.js';

const SPANS = [[1, '1 hour'], [4, '4 hours'], [24, '1 day'], [168, '1 week']];

/** The silences that hold, each with the button that ends it. */
export function silences(list, readOnly, show) {
  return (list || []).map((it) => el('div.silence', null,
    el('p', null, el('strong', null, Date.parse(it.starts_at) > Date.now() ? 'Will be silenced from ' : 'Silenced until '),
      exact(Date.parse(it.starts_at) > Date.now() ? it.starts_at : it.ends_at)),
    el('p.mono.small.break', null, it.matchers.join('  ')),
    it.comment ? el('p.small.break', null, it.comment) : null,
    readOnly ? null : ending(it, show)));
}

function ending(it, show) {
  const button = el('button.small', { type: 'button', 'aria-label': `End the silence ${it.matchers.join(' ')}` }, 'End the silence');
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await change(`/api/v1/silences/${encodeURIComponent(it.id)}`, 'DELETE');
      show();
    } catch (error) { button.replaceWith(failure(error)); }
  });
  return button;
}

/** Silences an incident by its number. */
export function silencing(it, show) {
  const span = el('select', { id: 'span', 'aria-label': 'For how long', 'data-key': `span ${it.fingerprint}` }, SPANS.map(([hours, text]) => el('option', { value: hours }, text)));
  const button = el('button', { type: 'button', id: 'silence' }, 'Silence');
  button.addEventListener('click', async () => {
    button.disabled = true;
    const ends = new Date(Date.now() + Number(span.value) * 3600e3).toISOString();
    try {
      await change('/api/v1/silences', 'POST', { matchers: [`fingerprint=${it.fingerprint}`], ends_at: ends });
      show();
    } catch (error) { button.replaceWith(failure(error)); }
  });
  return el('p.row', null, button, 'for', span);
}
