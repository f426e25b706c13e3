// Errors over time, for a span that somebody chooses.

import { ask } from './api.js';
import { chart } from './chart.js';
import { el } from './dom.js';
import { exact } from './format.js';

/** The span that is looked at; up to now where `until` is null. */
const span = { hours: 24, until: null };

/** Hours, hours of one column, name. */
const SPANS = [[24, 1, '24 h'], [168, 6, '7 days'], [720, 24, '30 days']];

export async function askErrors() {
  const [, step] = SPANS.find(([hours]) => hours === span.hours);
  const until = span.until ? `&until=${encodeURIComponent(span.until)}` : '';
  return ask(`/api/v1/errors?hours=${span.hours}&step=${step}${until}`);
}

export function errorsCard(errors, show) {
  const button = (id, text, change, pressed) => el('button.small', { type: 'button', id, 'aria-pressed': pressed,
    onclick: () => { Object.assign(span, change); show(); } }, text);
  return el('section.card', { 'aria-labelledby': 'over-time' },
    el('div.row.spread', null, el('h2.flush', { id: 'over-time' }, 'Errors over time'),
      el('div.tabs', null,
        errors.earlier ? button('earlier', '‹ Earlier', { until: before(errors) }) : null,
        SPANS.map(([hours, , text]) => button(`span-${hours}`, text, { hours, until: null }, String(span.hours === hours && !span.until))))),
    span.until ? el('p.small.quiet', null, `${exact(errors.from)} to ${exact(errors.to)}`) : null,
    chart('Errors over time', errors.points, errors.step_seconds));
}

/** So that the last hour with an error before this span stands near the right end. */
const before = (errors) => new Date(Date.parse(errors.earlier) + 2 * errors.step_seconds * 1000).toISOString();
