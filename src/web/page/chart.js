// Bars over time, drawn from committed numbers. The picture has a summary in words and a
// table of its numbers, for who cannot see it.

import { el, heads, svg, wide } from './dom.js';
import { exact, many, number } from './format.js';

const HEIGHT = 100;
const LEVELS = ['info', 'warning', 'error', 'critical'];

/**
 * A chart of `points` ({time, critical, error, …}), each `step` seconds wide. `name` says what
 * is counted.
 */
export function chart(name, points, step) {
  const sums = points.map(sum);
  const top = round(Math.max(1, ...sums));
  const caption = el('p.caption.small', { 'aria-live': 'off' }, summary(points, sums));
  const tell = (point, count) => { caption.textContent = `${span(point.time, step)}: ${words(point, count)}`; };
  const picture = svg('svg', { viewBox: `0 0 ${points.length} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    [0.5, 1].map((it) => svg('line.grid', { x1: 0, x2: points.length, y1: HEIGHT * (1 - it), y2: HEIGHT * (1 - it) })),
    points.map((point, at) => column(point, at, top, () => tell(point, sums[at]))));
  picture.addEventListener('pointerleave', () => { caption.textContent = summary(points, sums); });
  return el('figure.chart', { 'aria-label': name },
    el('div.plot', null, el('span.axis.top', { 'aria-hidden': 'true' }, number(top)),
      el('span.axis.middle', { 'aria-hidden': 'true' }, number(top / 2)), picture),
    ticks(points, step), el('figcaption', null, caption), numbers(name, points, sums, step));
}

/** One column: its severities on top of each other, the worst at the bottom. */
function column(point, at, top, tell) {
  let below = 0;
  const bars = [...LEVELS].reverse().filter((it) => point[it]).map((level) => {
    const height = (point[level] / top) * HEIGHT;
    below += height;
    return svg(`rect.bar.${level}`, { x: at + 0.1, width: 0.8, y: HEIGHT - below, height });
  });
  return svg('g', { onpointerenter: tell }, svg('rect.hit', { x: at, width: 1, y: 0, height: HEIGHT }), bars);
}

/** Up to five times below the picture. */
function ticks(points, step) {
  const shown = Math.min(5, points.length);
  const hours = points.length * step <= 48 * 3600;
  const format = hours ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } : { day: 'numeric', month: 'short' };
  const at = Array.from({ length: shown }, (_, it) => Math.floor((it * points.length) / shown));
  return el('div.ticks', { 'aria-hidden': 'true' }, at.map((it) => el('span', null, new Date(points[it].time).toLocaleString([], format))));
}

/** The numbers of those columns that have any. */
function numbers(name, points, sums, step) {
  const rows = points.map((point, at) => [point, sums[at]]).filter(([, count]) => count);
  if (!rows.length) return null;
  const levels = [...LEVELS].reverse().filter((level) => rows.some(([point]) => point[level]));
  return el('details.small', { 'data-key': `numbers of ${name}` }, el('summary', null, 'Numbers'), wide(`${name}, in numbers`,
    el('table', null, heads(['Time', ...levels]), el('tbody', null, rows.map(([point]) =>
      el('tr', null, el('td', null, span(point.time, step)), levels.map((it) => el('td', null, number(point[it])))))))));
}

const sum = (point) => LEVELS.reduce((all, it) => all + (point[it] || 0), 0);

function summary(points, sums) {
  const total = sums.reduce((all, it) => all + it, 0);
  if (!total) return 'No errors in this time.';
  const most = sums.indexOf(Math.max(...sums));
  const share = sums[most] === total ? 'all' : `most of them (${number(sums[most])})`;
  return `${many(total, 'error')}, ${share} from ${exact(points[most].time)}.`;
}

function words(point, count) {
  const parts = [...LEVELS].reverse().filter((it) => point[it]).map((it) => `${number(point[it])} ${it}`);
  return count ? parts.join(', ') : 'no errors';
}

function span(begin, step) {
  const end = new Date(Date.parse(begin) + step * 1000);
  return step < 86400 ? `${exact(begin)} to ${end.toLocaleTimeString([], { timeStyle: 'short' })}` : exact(begin);
}

/** The next number that is easy to read, and even. */
function round(count) {
  const power = 10 ** Math.floor(Math.log10(count));
  return [2, 4, 6, 8, 10].map((it) => it * power).find((it) => it >= count && it % 2 === 0) || 10 * power;
}
