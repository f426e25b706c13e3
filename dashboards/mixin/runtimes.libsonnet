// Integration runtimes and their nodes: which is down, since when, and what fails on it.

local d = import 'dashboard.libsonnet';
local to = import 'links.libsonnet';
local p = import 'panel.libsonnet';
local q = import 'query.libsonnet';

// The same as in the recording rule; the names of the states are the vendor's, in any case.
local down = 'status=~"(?i:offline|initializefailed)"';

local nodes = 'node=~"$node"';

// One number for a runtime or a node: 3 is well, 2 is on its way or not fully there, 1 is down.
local standing(name, by) = std.stripChars(|||
  max by (%s) (
    3 * (%s == 1) or 2 * (%s == 1) or 1 * (%s == 1)
  )
||| % [
  by,
  q.metric(name, 'status=~"(?i:online)"'),
  q.metric(name, 'status!~"(?i:online|offline|initializefailed)"'),
  q.metric(name, down),
], '\n');

local states = [[3, 'online', 'green'], [2, 'limited', 'orange'], [1, 'down', 'dark-red']];
local timeline(width) =
  p.states('Runtimes', width, [p.line(standing('shirwatch_ir_status', 'integration_runtime'), '{{integration_runtime}}')], states);

// What the service reports of nodes, where its answers are read as well.
local reported(name, more='') = q.metric('shirwatch_ir_node_' + name, std.join(',', [nodes] + (if more == '' then [] else [more])));
local by_node(name) = [p.line(reported(name), '{{integration_runtime}} {{node}}')];
local asked = p.says('By the answers of `getMonitoringData` and `getStatus`, where a source holds them.');
// A value of a node beside the version that runs there, so that one table holds both.
local version = 'max by (integration_runtime, node, version) (%s)' % reported('info');
local versioned(name, factor='') =
  '%s * on (integration_runtime, node) group_left (version) %s%s'
  % ['max by (integration_runtime, node) (%s)' % reported(name), version, factor];

// What goes wrong on a node or between it and the rest, and not in a pipeline.
local of_machine = 'category=~"ir-.*|credential-store|missing-dependency"';
local of_network = 'category=~"connectivity|firewall|dns|private-endpoint|tls|proxy"';

local errors(by, which) = [p.line(q.counted('shirwatch_errors_total', by, more=which), '{{%s}}' % by)];

d.dashboard('runtimes', 'Integration runtimes and nodes', 'How each integration runtime stands, when it was connected last, and what fails on its nodes.', [
  p.stat('Runtimes known', 4, 'count(count by (integration_runtime) (%s)) or vector(0)' % q.metric('shirwatch_ir_status')),
  p.stat('Down', 4, 'count(max by (integration_runtime) (%s) > 0) or vector(0)' % q.lately('shirwatch_ir_status', down), steps=[[1, 'dark-red']]),
  p.stat('Longest without contact', 4, 'max(time() - %s) or vector(0)' % q.metric('shirwatch_ir_last_connect_timestamp_seconds'), 's', [[3600, 'orange'], [86400, 'red']])
  + p.says('By what the logs say; a runtime that nothing fails on is not written of.'),
  p.stat('Nodes with errors', 4, 'count(%s > 0) or vector(0)' % q.counted('shirwatch_node_errors_total', 'node', '$__range', nodes), steps=[[1, 'orange']]),
  p.stat('Errors of machines', 4, q.total('shirwatch_errors_total', of_machine), steps=[[1, 'orange']]),
  p.stat('Errors of the network', 4, q.total('shirwatch_errors_total', of_network), steps=[[1, 'orange']]),

  d.row('Runtimes'),
  timeline(16),
  p.table('Last contact', 8, {
    at: 'max by (integration_runtime, instance) (%s) * 1000' % q.lately('shirwatch_ir_last_connect_timestamp_seconds'),
  }, [
    ['integration_runtime', 'Runtime', []],
    ['at', 'Connected', p.as('dateTimeFromNow')],
    ['instance', 'Page', p.to('Open incidents', to.page)],
  ]),
  p.bars('Activity runs by runtime', 12, [p.line(q.counted('shirwatch_activity_runs_total', 'integration_runtime'), '{{integration_runtime}}')]),
  p.bars('Failed activity runs by runtime', 12, [p.line(q.counted('shirwatch_activity_runs_total', 'integration_runtime', more='status="Failed"'), '{{integration_runtime}}')]),

  d.row('Nodes'),
  p.bars('Errors by node', 12, [p.line(q.counted('shirwatch_node_errors_total', 'node', more=nodes), '{{node}}')], height=10),
  p.table('What fails on which node', 12, {
    count: q.top(30, 'shirwatch_node_errors_total', 'node, category, severity, instance', nodes),
  }, [
    ['node', 'Node', []],
    ['category', 'Category', p.to('Incidents of this kind', to.dashboard('incidents', '&var-category=${__data.fields.category}'))],
    ['severity', 'Severity', p.coloured],
    ['count', 'Errors', []],
    ['instance', 'Page', p.to('Open incidents', to.page)],
  ], 10),
  p.bars('Errors of machines by category', 12, errors('category', of_machine))
  + p.says('Registration, health, memory and disk, upgrades, the credential store, what is not installed.'),
  p.bars('Errors of the network by category', 12, errors('category', of_network)),

  d.row('Nodes, as the service reports them'),
  p.states('Nodes', 12, [p.line(standing('shirwatch_ir_node_status', 'integration_runtime, node'), '{{integration_runtime}} {{node}}')], states) + asked,
  p.table('What runs where', 12, {
    info: version,
    connected: versioned('last_connect_timestamp_seconds', ' * 1000'),
    heard: versioned('last_heard_timestamp_seconds', ' * 1000'),
    expires: versioned('version_expiry_timestamp_seconds', ' * 1000'),
    synced: versioned('credentials_in_sync'),
    expired: '%s * on (integration_runtime) group_left max by (integration_runtime) (%s)' % [version, q.metric('shirwatch_ir_certificate_expired')],
    updated: '%s * on (integration_runtime) group_left max by (integration_runtime) (%s)' % [version, q.metric('shirwatch_ir_auto_update_enabled')],
  }, [
    ['integration_runtime', 'Runtime', []],
    ['node', 'Node', []],
    ['version', 'Version', []],
    ['connected', 'Connected', p.as('dateTimeFromNow')],
    ['heard', 'Heard of', p.as('dateTimeFromNow')],
    ['expires', 'Version expires', p.as('dateTimeFromNow')],
    ['synced', 'Credentials in sync', p.as('bool_yes_no')],
    ['expired', 'Certificate expired', p.as('bool_yes_no')],
    ['updated', 'Auto-update', p.as('bool_on_off')],
  ]) + asked,
  p.lines('Free memory', 8, by_node('available_memory_bytes'), 'bytes') + asked,
  p.lines('Processor in use', 8, by_node('cpu_utilization_ratio'), 'percentunit') + asked,
  p.lines('Jobs, of as many as may run', 8, [
    p.line(reported('concurrent_jobs'), '{{node}}'),
    p.line(reported('concurrent_jobs_limit'), '{{node}}: limit'),
  ]) + asked,
  p.lines('Received', 12, by_node('received_bytes'), 'bytes') + asked,
  p.lines('Sent', 12, by_node('sent_bytes'), 'bytes') + asked,
], [
  d.variable('node', 'Node', 'shirwatch_node_errors_total', 'node'),
]) + {
  // For the overview, and not part of the JSON.
  down:: down,
  timeline:: timeline,
}
