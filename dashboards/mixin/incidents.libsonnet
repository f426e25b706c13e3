// What is open, how it came, and what it consists of.

local d = import 'dashboard.libsonnet';
local to = import 'links.libsonnet';
local p = import 'panel.libsonnet';
local q = import 'query.libsonnet';

local which = 'category=~"$category",severity=~"$severity"';
local first_seen = q.metric('shirwatch_incident_first_seen_timestamp_seconds', which);
local incidents(by, state) = 'sum by (%s) (%s)' % [by, q.lately('shirwatch_incidents', '%s,state="%s"' % [which, state])];
local errors(by) = [p.line(q.counted('shirwatch_errors_total', by, more=which), '{{%s}}' % by)];

d.dashboard('incidents', 'Incidents', 'The incidents that are open, each with its page and its runbook, and the errors behind them.', [
  p.stat('Open', 4, 'sum(%s) or vector(0)' % q.lately('shirwatch_incidents', which + ',state="open"'), steps=[[1, 'red']]),
  p.stat('Opened in this time range', 4, 'count(%s > time() - $__range_s) or vector(0)' % first_seen)
  + p.says('By the time in the log, of the 200 worst and latest that are open.'),
  p.stat('Resolved', 4, 'sum(%s) or vector(0)' % q.lately('shirwatch_incidents', which + ',state="resolved"')),
  p.stat('Oldest that is open', 4, '(time() - min(%s)) or vector(0)' % first_seen, 's', [[12 * 3600, 'orange'], [86400, 'red']]),
  p.stat('Errors in this time range', 4, q.total('shirwatch_errors_total', which)),
  p.stat('Not classified', 4, q.total('shirwatch_unclassified_errors_total'), steps=[[1, 'orange']])
  + p.says('Errors that no rule knows; `shirwatch rules draft` writes the skeleton of one.'),

  p.table('Open incidents', 16, {
    since: 'sort_desc(%s * 1000)' % first_seen,
  }, [
    ['severity', 'Severity', p.coloured],
    ['rule', 'Rule', p.to('What to do', to.runbook)],
    ['category', 'Category', []],
    ['since', 'First seen', p.as('dateTimeFromNow')],
    ['fingerprint', 'Incident', p.to('The incident', to.incident)],
    ['instance', 'Page', p.to('All incidents', to.page)],
  ], 12),
  p.lines('Open by severity', 8, [p.line(incidents('severity', 'open'), '{{severity}}')], height=6),
  p.area('Open by category', 8, [p.line(incidents('category', 'open'), '{{category}}')], height=6) + p.under,

  d.row('Errors'),
  p.bars('By severity', 8, errors('severity')),
  p.bars('By whose fault it is', 8, errors('fault'))
  + p.says('`user`: somebody changes a setting or data. `environment`: network, machine, rights. `service`, `transient`: a retry may help.'),
  p.bars('Not classified', 8, [p.line(q.counted('shirwatch_unclassified_errors_total', 'instance'), '{{instance}}')]),
  p.table('By rule', 12, { count: q.top(25, 'shirwatch_errors_total', 'rule, category, fault, instance', which) }, [
    ['rule', 'Rule', p.to('What to do', to.runbook)],
    ['category', 'Category', []],
    ['fault', 'Fault', []],
    ['count', 'Errors', []],
    ['instance', 'Page', p.to('All incidents', to.page)],
  ], 12),
  p.top('Outermost codes', 12, q.top(8, 'shirwatch_error_codes_total', 'code'), '{{code}}', height=6),
  p.top('Innermost exceptions', 12, q.top(8, 'shirwatch_root_exceptions_total', 'type'), '{{type}}', height=6) + p.under,

  d.row('Alert rules'),
  p.table('Alerts of Prometheus', 24, {
    state: 'ALERTS{alertname=~"Shirwatch.*",job=~"$job",instance=~"$instance"}',
  }, [
    ['alertname', 'Alert', []],
    ['severity', 'Severity', p.coloured],
    ['alertstate', 'State', []],
    ['category', 'Category', []],
    ['instance', 'Page', p.to('All incidents', to.page)],
  ], 6) + p.says('The rules in `dashboards/prometheus`. Each incident itself goes to Alertmanager from shirwatch.'),
], [
  d.variable('category', 'Category', 'shirwatch_errors_total', 'category'),
  d.variable('severity', 'Severity', 'shirwatch_errors_total', 'severity'),
])
