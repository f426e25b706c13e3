// Expressions, as the panels write them.
//
//     q.metric('shirwatch_incidents', 'state="open"')   the metric, of the chosen daemons
//     q.counted('shirwatch_errors_total', 'category')   what was counted, by category
//
// Counters are asked for differences and not by `increase()`, which does not see the first
// error of a rule: a series that appears at 1 never rose. Totals survive restarts, so there
// is no reset to correct.

local metric(name, more='') =
  '%s{job=~"$job",instance=~"$instance"%s}' % [name, if more == '' then '' else ',' + more];

{
  // A metric of the chosen daemons.
  metric:: metric,

  // A gauge as it was lately, so that one failed scrape is no hole.
  lately(name, more=''):: 'max_over_time(%s[5m])' % metric(name, more),

  // What was counted in a window, by some labels: `$__interval` for bars, `$__range` for sums.
  counted(name, by='job', window='$__interval', more='')::
    local now = metric(name, more);
    'sum by (%(by)s) (clamp_min(%(now)s - %(now)s offset %(window)s, 0) or (%(now)s unless %(now)s offset %(window)s))'
    % { by: by, now: now, window: window },

  // The same over the whole time range, and 0 where nothing was counted.
  total(name, more=''):: 'sum(%s) or vector(0)' % self.counted(name, 'job', '$__range', more),

  // The greatest of what was counted over the whole time range.
  top(count, name, by, more='')::
    'topk(%d, %s > 0)' % [count, self.counted(name, by, '$__range', more)],

  rate(name, by, more='')::
    'sum by (%s) (rate(%s[$__rate_interval]))' % [by, metric(name, more)],

  // A quantile of a histogram over the last quarter of an hour: runs are rare.
  quantile(share, name, by='')::
    local labels = std.join(', ', (if by == '' then [] else [by]) + ['le']);
    'histogram_quantile(%g, sum by (%s) (rate(%s[15m])))' % [share, labels, metric(name + '_bucket')],
}
