// What ran, what failed, and how long it took.

local d = import 'dashboard.libsonnet';
local p = import 'panel.libsonnet';
local q = import 'query.libsonnet';

local of_pipeline = 'pipeline=~"$pipeline"';
local of_type = 'activity_type=~"$activity_type"';
local ended = 'status=~"Succeeded|Failed"';

local failed_share(metric, which) =
  '(%s) / (%s > 0) or vector(0)' % [
    'sum(%s)' % q.counted(metric, 'job', '$__range', which + ',status="Failed"'),
    'sum(%s)' % q.counted(metric, 'job', '$__range', which + ',' + ended),
  ];
local runs(metric, by, which) = [p.line(q.counted(metric, by, more=which), '{{%s}}' % by)];

d.dashboard('pipelines', 'Pipelines and activities', 'Runs of pipelines, activities and triggers by status, with their durations.', [
  p.stat('Pipeline runs', 4, q.total('shirwatch_pipeline_runs_total', of_pipeline + ',' + ended)),
  p.stat('Failed', 4, q.total('shirwatch_pipeline_runs_total', of_pipeline + ',status="Failed"'), steps=[[1, 'red']]),
  p.stat('Pipelines failed', 4, failed_share('shirwatch_pipeline_runs_total', of_pipeline), 'percentunit', [[0.05, 'orange'], [0.2, 'red']]),
  p.stat('Activity runs', 4, q.total('shirwatch_activity_runs_total', of_type + ',' + ended)),
  p.stat('Failed', 4, q.total('shirwatch_activity_runs_total', of_type + ',status="Failed"'), steps=[[1, 'red']]),
  p.stat('Activities failed', 4, failed_share('shirwatch_activity_runs_total', of_type), 'percentunit', [[0.05, 'orange'], [0.2, 'red']]),

  d.row('Pipelines'),
  p.bars('Runs by status', 8, runs('shirwatch_pipeline_runs_total', 'status', of_pipeline)),
  p.bars('Failed runs by pipeline', 8, runs('shirwatch_pipeline_runs_total', 'pipeline', of_pipeline + ',status="Failed"')),
  p.bars('Trigger runs by status', 8, runs('shirwatch_trigger_runs_total', 'status', '')),
  p.table('Pipelines', 12, {
    failed: q.counted('shirwatch_pipeline_runs_total', 'pipeline', '$__range', of_pipeline + ',status="Failed"'),
    runs: q.counted('shirwatch_pipeline_runs_total', 'pipeline', '$__range', of_pipeline),
  }, [
    ['pipeline', 'Pipeline', []],
    ['runs', 'Runs', []],
    ['failed', 'Failed', p.red_above(1)],
  ], 9),
  p.lines('How long pipelines took', 12, [
    p.line(q.quantile(0.5, 'shirwatch_pipeline_run_duration_seconds'), 'half of them'),
    p.line(q.quantile(0.95, 'shirwatch_pipeline_run_duration_seconds'), '95 of 100'),
  ], 's', 9),

  d.row('Activities'),
  p.bars('Runs by status', 8, runs('shirwatch_activity_runs_total', 'status', of_type)),
  p.bars('Failed runs by type', 8, runs('shirwatch_activity_runs_total', 'activity_type', of_type + ',status="Failed"')),
  p.bars('Failed runs by integration runtime', 8, runs('shirwatch_activity_runs_total', 'integration_runtime', of_type + ',status="Failed"')),
  p.lines('How long activities took (95 of 100)', 12, [
    p.line(q.quantile(0.95, 'shirwatch_activity_run_duration_seconds', 'activity_type'), '{{activity_type}}'),
  ], 's'),
  p.heat('How durations spread', 12, 'sum by (le) (increase(%s[$__rate_interval]))' % q.metric('shirwatch_activity_run_duration_seconds_bucket', of_type), 's'),
], [
  d.variable('pipeline', 'Pipeline', 'shirwatch_pipeline_runs_total', 'pipeline'),
  d.variable('activity_type', 'Activity type', 'shirwatch_activity_runs_total', 'activity_type'),
])
