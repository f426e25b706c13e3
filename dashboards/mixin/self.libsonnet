// Whether the watcher itself is well: what it reads, what it tells, what it costs.

local d = import 'dashboard.libsonnet';
local to = import 'links.libsonnet';
local p = import 'panel.libsonnet';
local q = import 'query.libsonnet';

local up = 'up{job=~"$job",instance=~"$instance"}';
local by_source(metric) = 'max by (instance, source) (%s)' % q.lately(metric);

d.dashboard('self', 'shirwatch itself', 'Sources with their ledger, receivers with their queues, and the process.', [
  p.stat('Daemons that answer', 4, 'sum(%s) or vector(0)' % up) + p.thresholds([[1, 'green']], 'red'),
  p.stat('Runs since', 4, 'min(time() - %s)' % q.metric('process_start_time_seconds'), 's'),
  p.stat('Sources stalled', 4, 'sum(%s) or vector(0)' % q.lately('shirwatch_source_stalled'), steps=[[1, 'red']]),
  p.stat('Alerts that wait', 4, 'sum(%s) or vector(0)' % q.metric('shirwatch_notification_queue_length'), steps=[[20, 'orange'], [1000, 'red']]),
  p.stat('Alerts not told', 4, q.total('shirwatch_notifications_failed_total', 'reason=~"given-up|queue-full"'), steps=[[1, 'red']]),
  p.stat('Configuration', 4, 'min(%s)' % q.lately('shirwatch_config_last_reload_successful'))
  + p.thresholds([[1, 'green']], 'red')
  + { fieldConfig+: { defaults+: { mappings: [{ type: 'value', options: { '0': { text: 'refused' }, '1': { text: 'in use' } } }] } } },

  d.row('Sources'),
  p.table('Sources', 16, {
    behind: 'sum by (instance, source) (%s)' % q.lately('shirwatch_source_lag_bytes'),
    files: by_source('shirwatch_source_files_open'),
    last: by_source('shirwatch_source_last_read_timestamp_seconds') + ' * 1000',
    read: 'sum by (instance, source) (%s)' % q.metric('shirwatch_source_bytes_total'),
    stalled: by_source('shirwatch_source_stalled'),
  }, [
    ['source', 'Source', []],
    ['last', 'Read last', p.as('dateTimeFromNow')],
    ['read', 'Read', p.as('bytes')],
    ['behind', 'Behind', p.as('bytes')],
    ['files', 'Files', []],
    ['stalled', 'Stalled', p.red_above(1)],
    ['instance', 'Page', p.to('Sources', to.sources)],
  ]),
  p.lines('Bytes behind', 8, [p.line('sum by (source) (%s)' % q.metric('shirwatch_source_lag_bytes'), '{{source}}')], 'bytes'),
  p.lines('Bytes read a second', 8, [p.line(q.rate('shirwatch_source_bytes_total', 'source'), '{{source}}')], 'Bps'),
  p.bars('Records by format', 8, [p.line(q.counted('shirwatch_source_records_total', 'format'), '{{format}}')]),
  p.bars('What became of the records', 8, [
    p.line(q.counted('shirwatch_source_outcomes_total', 'outcome'), '{{outcome}}'),
    p.line(q.counted('shirwatch_source_duplicates_total', 'job'), 'duplicates'),
    p.line(q.counted('shirwatch_source_dropped_total', 'reason'), 'dropped: {{reason}}'),
  ]) + p.says('Read is classified, unclassified, no error, duplicate or dropped: the ledger balances.'),
  p.bars('Damage met in records', 12, [p.line(q.counted('shirwatch_parse_issues_total', 'format, kind'), '{{format}}: {{kind}}')])
  + p.says('Such records were read as far as they go.'),
  p.bars('Too large, gone before it was read, or beyond the cap of series', 12, [
    p.line(q.counted('shirwatch_source_cut_total', 'source'), 'cut: {{source}}'),
    p.line(q.counted('shirwatch_source_missed_total', 'source'), 'missed: {{source}}'),
    p.line(q.counted('shirwatch_source_replaced_total', 'source'), 'replaced: {{source}}'),
    p.line(q.counted('shirwatch_source_throttled_total', 'source'), 'throttled: {{source}}'),
    p.line(q.counted('shirwatch_series_limited_total', 'metric'), 'other: {{metric}}'),
  ]),

  d.row('Receivers'),
  p.bars('Alerts told', 8, [p.line(q.counted('shirwatch_notifications_total', 'receiver'), '{{receiver}}')]),
  p.bars('Attempts that failed', 8, [p.line(q.counted('shirwatch_notifications_failed_total', 'receiver, reason'), '{{receiver}}: {{reason}}')])
  + p.says('`given-up` and `queue-full` are alerts that were not told; all else is tried again.'),
  p.lines('Alerts that wait', 8, [p.line('sum by (receiver) (%s)' % q.metric('shirwatch_notification_queue_length'), '{{receiver}}')]),
  p.lines('How long receivers took (95 of 100)', 12, [
    p.line(q.quantile(0.95, 'shirwatch_notification_latency_seconds', 'receiver'), '{{receiver}}'),
  ], 's'),
  p.heat('How answers spread', 12, 'sum by (le) (increase(%s[$__rate_interval]))' % q.metric('shirwatch_notification_latency_seconds_bucket'), 's'),

  d.row('The process'),
  p.table('Builds', 8, { at: 'max by (instance, version, revision) (%s)' % q.metric('shirwatch_build_info') }, [
    ['instance', 'Daemon', p.to('Its page', to.page)],
    ['version', 'Version', []],
    ['revision', 'Revision', []],
  ]),
  p.lines('Processor', 8, [p.line(q.rate('process_cpu_seconds_total', 'instance'), '{{instance}}')], 'percentunit'),
  p.lines('Memory', 8, [
    p.line(q.metric('process_resident_memory_bytes'), '{{instance}}'),
  ], 'bytes'),
  p.lines('Open files and threads', 8, [
    p.line(q.metric('process_open_fds'), 'files of {{instance}}'),
    p.line(q.metric('process_threads'), 'threads of {{instance}}'),
  ]),
  p.lines('Share of the files it may open', 8, [
    p.line('%s / %s' % [q.metric('process_open_fds'), q.metric('process_max_fds')], '{{instance}}'),
  ], 'percentunit'),
  p.table('Configuration in use since', 8, { at: 'max by (instance) (%s) * 1000' % q.lately('shirwatch_config_last_reload_timestamp_seconds') }, [
    ['instance', 'Daemon', []],
    ['at', 'Loaded', p.as('dateTimeFromNow')],
  ]),
])
