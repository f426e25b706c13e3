// A dashboard: variables, annotations and links that all of them share, and panels laid out
// from left to right, row by row.

local q = import 'query.libsonnet';

local datasource = { type: 'prometheus', uid: '${datasource}' };

local chosen(name, label, query) = {
  type: 'query',
  name: name,
  label: label,
  datasource: datasource,
  definition: query,
  query: { query: query, refId: 'var-' + name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
};

// Which Prometheus, which scrape job, which daemons.
local shared = [
  { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', refresh: 1, current: {} },
  chosen('job', 'Job', 'label_values(shirwatch_build_info, job)'),
  chosen('instance', 'Instance', 'label_values(shirwatch_build_info{job=~"$job"}, instance)'),
];

local annotation(name, colour, expr, more) = {
  name: name,
  datasource: datasource,
  enable: true,
  hide: false,
  iconColor: colour,
  expr: expr,
  step: '1m',
} + more;

// The time of a mark is the value itself, in milliseconds.
local at_value = { useValueForTime: true };

local annotations = [
  annotation('Incidents', 'red', q.metric('shirwatch_incident_first_seen_timestamp_seconds', 'severity=~"error|critical"') + ' * 1000', at_value {
    titleFormat: '{{rule}}',
    textFormat: '{{category}}, {{severity}}',
    tagKeys: 'fingerprint',
  }),
  annotation('Restarts', 'blue', q.metric('process_start_time_seconds') + ' * 1000', at_value {
    titleFormat: 'shirwatch started',
    textFormat: '{{instance}}',
    tagKeys: 'job',
  }),
];

// Gives each panel its place: under the one before it if it says so, else beside it, or in the
// next line where there is no room.
local place(state, panel) =
  local last = state.panels[std.length(state.panels) - 1].gridPos;
  local under = std.objectHasAll(panel, 'under');
  local fits = state.x + panel.gridPos.w <= 24;
  local x = if under then last.x else if fits then state.x else 0;
  local y = if under then last.y + last.h else if fits then state.y else state.y + state.h;
  {
    x: x + panel.gridPos.w,
    y: if under then state.y else y,
    h: if under || fits then std.max(state.h, y + panel.gridPos.h - self.y) else panel.gridPos.h,
    panels: state.panels + [panel { id: std.length(state.panels) + 1, gridPos+: { x: x, y: y } }],
  };

// A, B, C …: the names of the queries of a panel.
local named(panel) = panel {
  targets: std.mapWithIndex(function(i, it) { refId: std.char(65 + i) } + it, panel.targets),
};

{
  row(title):: { type: 'row', title: title, collapsed: false, gridPos: { w: 24, h: 1 }, targets: [], panels: [] },

  // A variable of one dashboard, beside the shared ones.
  variable(name, label, metric, by):: chosen(name, label, 'label_values(%s, %s)' % [q.metric(metric), by]),

  dashboard(name, title, description, panels, variables=[]):: {
    uid: 'shirwatch-' + name,
    title: 'shirwatch / ' + title,
    description: description,
    tags: ['shirwatch', 'data-factory'],
    editable: true,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    timezone: 'browser',
    templating: { list: shared + variables },
    annotations: { list: annotations },
    links: [{
      type: 'dashboards',
      title: 'shirwatch',
      tags: ['shirwatch'],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: 'external link',
      url: '',
      tooltip: '',
    }],
    panels: std.foldl(place, std.map(named, panels), { x: 0, y: 0, h: 0, panels: [] }).panels,
  },
}
