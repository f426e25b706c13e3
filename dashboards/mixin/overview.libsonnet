// One glance: is it healthy, what broke, since when.

local d = import 'dashboard.libsonnet';
local to = import 'links.libsonnet';
local p = import 'panel.libsonnet';
local q = import 'query.libsonnet';
local runtimes = import 'runtimes.libsonnet';

local open(severity, colour) =
  p.stat('Open: ' + severity, 4, 'sum(%s) or vector(0)' % q.lately('shirwatch_incidents', 'state="open",severity="%s"' % severity), steps=[[1, colour]])
  + p.link('Incidents', to.dashboard('incidents', '&var-severity=' + severity));

d.dashboard('overview', 'Overview', 'What is open, what broke, and whether the watcher itself is well.', [
  open('critical', 'dark-red'),
  open('error', 'red'),
  open('warning', 'orange'),
  p.stat('Errors in this time range', 4, q.total('shirwatch_errors_total')),
  p.stat('Runtimes down', 4, 'count(max by (job, instance, integration_runtime) (%s) > 0) or vector(0)' % q.lately('shirwatch_ir_status', runtimes.down), steps=[[1, 'dark-red']])
  + p.link('Runtimes', to.dashboard('runtimes')),
  p.stat('Daemons that answer', 4, 'sum(up{job=~"$job",instance=~"$instance"}) or vector(0)')
  + p.thresholds([[1, 'green']], 'red')
  + p.link('shirwatch itself', to.dashboard('self')),

  d.row('What broke'),
  p.bars('Errors by category', 16, [p.line(q.counted('shirwatch_errors_total', 'category'), '{{category}}')], height=9)
  + p.link('Incidents of this kind', to.dashboard('incidents', '&var-category=${__field.labels.category}')),
  p.lines('Open incidents by severity', 8, [p.line('sum by (severity) (%s)' % q.lately('shirwatch_incidents', 'state="open"'), '{{severity}}')], height=9),
  p.table('Rules that matched most', 15, {
    count: q.top(15, 'shirwatch_errors_total', 'rule, category, severity, instance'),
  }, [
    ['rule', 'Rule', p.to('What to do', to.runbook)],
    ['severity', 'Severity', p.coloured],
    ['category', 'Category', []],
    ['count', 'Errors', []],
    ['instance', 'Page', p.to('Open incidents', to.page)],
  ], 10),
  p.table('Last error of each category', 9, {
    at: 'sort_desc(max by (category) (%s) * 1000)' % q.lately('shirwatch_last_error_timestamp_seconds'),
  }, [
    ['category', 'Category', p.to('Incidents of this kind', to.dashboard('incidents', '&var-category=${__data.fields.category}'))],
    ['at', 'Last error', p.as('dateTimeFromNow')],
  ], 10),

  d.row('Runs and runtimes'),
  p.bars('Pipeline runs by status', 8, [p.line(q.counted('shirwatch_pipeline_runs_total', 'status'), '{{status}}')])
  + p.link('Pipelines', to.dashboard('pipelines')),
  p.top('Pipelines that fail most', 8, q.top(8, 'shirwatch_pipeline_runs_total', 'pipeline', 'status="Failed"'), '{{pipeline}}')
  + p.link('This pipeline', to.dashboard('pipelines', '&var-pipeline=${__field.labels.pipeline}')),
  runtimes.timeline(8),

  d.row('The watcher'),
  p.lines('Bytes behind', 8, [p.line('sum by (source) (%s)' % q.metric('shirwatch_source_lag_bytes'), '{{source}}')], 'bytes', 6)
  + p.link('shirwatch itself', to.dashboard('self')),
  p.bars('Alerts told', 8, [p.line(q.counted('shirwatch_notifications_total', 'receiver'), '{{receiver}}')], height=6),
  p.bars('Attempts that failed', 8, [p.line(q.counted('shirwatch_notifications_failed_total', 'receiver, reason'), '{{receiver}}: {{reason}}')], height=6),
])
