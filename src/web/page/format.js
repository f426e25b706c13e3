// Numbers, sizes and times as people read them.

import { el } from './dom.js';

export const number = (it) => Number(it || 0).toLocaleString();

export const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let it = Number(count || 0);
  while (it >= 1024 && at < units.length - 1) { it /= 1024; at += 1; }
  return `${at ? it.toFixed(1) : it} ${units[at]}`;
}

/** How much of a source is there and was not read. */
export const behind = (it) => (it.lag_messages === undefined ? bytes(it.lag_bytes) : many(it.lag_messages, 'message'));

/** A time in full, without seconds. */
export const exact = (at) => new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

/** `5 min ago`, with the exact time for those who point at it. */
export function time(text) {
  if (!text) return el('span.quiet', null, 'never');
  const at = new Date(text);
  return el('time', { datetime: text, title: at.toLocaleString() }, ago(at));
}

function ago(at) {
  const seconds = (Date.now() - at.getTime()) / 1000;
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < -60) return exact(at);
  if (seconds < 60) return 'just now';
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 86400 * 45) return `${Math.round(seconds / 86400)} days ago`;
  return exact(at);
}
