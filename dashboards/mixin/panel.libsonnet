// Panels, a few lines each.
//
//     p.bars('Errors by category', 16, [p.line(expression, '{{category}}')], unit='short')
//
// A panel has a title, a width of 24 columns and its queries; `dashboard.libsonnet` finds its
// place. Colours are the same everywhere: red is failed, green is well.

local datasource = { type: 'prometheus', uid: '${datasource}' };

local colours = {
  severity: { critical: 'dark-red', 'error': 'red', warning: 'orange', info: 'blue' },
  status: { Failed: 'red', Succeeded: 'green', Cancelled: 'purple', InProgress: 'blue', Queued: 'light-blue' },
  outcome: { classified: 'green', unclassified: 'orange', no_error: 'blue', duplicates: 'text' },
};

// The colours of what a legend names.
local coloured(targets) = [
  {
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: colours[label][name] } }],
  }
  for label in std.objectFields(colours)
  if std.length([it for it in targets if it.legendFormat == '{{%s}}' % label]) > 0
  for name in std.objectFields(colours[label])
];

local panel(type, title, width, targets, height=8) = {
  type: type,
  title: title,
  description: '',
  datasource: datasource,
  gridPos: { w: width, h: height },
  targets: targets,
  fieldConfig: { defaults: { links: [] }, overrides: [] },
  options: {},
};

local unit(it, decimals=null) = {
  fieldConfig+: { defaults+: { unit: it } + if decimals == null then {} else { decimals: decimals } },
};

// Green below the first of `steps`, then the colours that they name: `[[1, 'orange'], [5, 'red']]`.
local thresholds(steps, base='green') = {
  fieldConfig+: { defaults+: {
    thresholds: {
      mode: 'absolute',
      steps: [{ color: base, value: null }] + [{ value: it[0], color: it[1] } for it in steps],
    },
    color: { mode: 'thresholds' },
  } },
};

local graph(title, width, targets, custom, height) =
  panel('timeseries', title, width, targets, height) + {
    fieldConfig+: {
      defaults+: { min: 0, color: { mode: 'palette-classic-by-name' }, custom: { fillOpacity: 10, showPoints: 'never' } + custom },
      overrides: coloured(targets),
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };

local reduced = { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } };

{
  // A query over time, and one at the end of the time range. Both as a line of a legend.
  line(expr, legend=''):: {
    datasource: datasource,
    expr: expr,
    legendFormat: legend,
    range: true,
    instant: false,
    interval: '1m',
  },
  now(expr, legend=''):: { datasource: datasource, expr: expr, legendFormat: legend, range: false, instant: true },

  // Stands under the panel before it.
  under:: { under:: true },
  says(text):: { description: text },
  unit:: unit,
  thresholds:: thresholds,
  link(title, url):: { fieldConfig+: { defaults+: { links+: [{ title: title, url: url, targetBlank: false }] } } },

  // One number.
  stat(title, width, expr, unit='short', steps=null)::
    panel('stat', title, width, [self.now(expr)], 4) + $.unit(unit)
    + (if steps == null then thresholds([], 'blue') else thresholds(steps))
    + { options: reduced { colorMode: 'background', graphMode: 'none', textMode: 'value' } },

  // How much in each interval, stacked.
  bars(title, width, targets, unit='short', height=8)::
    graph(title, width, targets, { drawStyle: 'bars', fillOpacity: 80, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } }, height)
    + $.unit(unit),

  // How it went.
  lines(title, width, targets, unit='short', height=8)::
    graph(title, width, targets, { drawStyle: 'line', lineWidth: 2 }, height) + $.unit(unit),

  // What adds up to a whole.
  area(title, width, targets, unit='short', height=8)::
    graph(title, width, targets, { drawStyle: 'line', lineWidth: 1, fillOpacity: 40, stacking: { mode: 'normal', group: 'A' } }, height)
    + $.unit(unit),

  // The greatest, as bars that lie.
  top(title, width, expr, legend, unit='short', height=8)::
    panel('bargauge', title, width, [self.now(expr, legend)], height) + $.unit(unit)
    + { fieldConfig+: { defaults+: { min: 0, color: { mode: 'fixed', fixedColor: 'orange' } } } }
    + { options: reduced { orientation: 'horizontal', displayMode: 'basic', valueMode: 'color', showUnfilled: false } },

  // States over time; `states` is `[[number, text, colour], …]`.
  states(title, width, targets, states, height=8)::
    panel('state-timeline', title, width, targets, height) + {
      fieldConfig+: { defaults+: {
        custom: { fillOpacity: 80, lineWidth: 0 },
        mappings: [{ type: 'value', options: { [std.toString(it[0])]: { text: it[1], color: it[2] } } } for it in states],
      } },
      options: { showValue: 'auto', mergeValues: true, rowHeight: 0.8, legend: { showLegend: false } },
    },

  // How values spread over the buckets of a histogram.
  heat(title, width, expr, unit, height=8)::
    panel('heatmap', title, width, [self.line(expr, '{{le}}') + { format: 'heatmap' }], height)
    + { options: { calculate: false, yAxis: { unit: unit }, color: { mode: 'scheme', scheme: 'Oranges', steps: 64 }, cellGap: 1 } },

  // A table; `columns` is `[[name of the label or query, heading, properties], …]` in their order.
  table(title, width, queries, columns, height=8)::
    local shown = [it[0] for it in columns];
    panel('table', title, width, [
      $.now(queries[name]) + { refId: name, format: 'table' }
      for name in std.objectFields(queries)
    ], height) + {
      local many = std.length(queries) > 1,
      local value(name) = if many then 'Value #' + name else 'Value',
      local field(name) = if std.objectHas(queries, name) then value(name) else name,
      transformations: (if many then [{ id: 'merge', options: {} }] else []) + [
        { id: 'filterFieldsByName', options: { include: { names: [field(name) for name in shown] } } },
        { id: 'organize', options: { indexByName: { [field(shown[i])]: i for i in std.range(0, std.length(shown) - 1) } } },
      ],
      fieldConfig+: { overrides: [{
        matcher: { id: 'byName', options: field(it[0]) },
        properties: [{ id: 'displayName', value: it[1] }] + it[2],
      } for it in columns] },
      options: { showHeader: true, cellHeight: 'sm', footer: { show: false } },
    },

  // Properties of columns.
  as(unit):: [{ id: 'unit', value: unit }],
  to(title, url):: [{ id: 'links', value: [{ title: title, url: url, targetBlank: false }] }],
  coloured:: [
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
    { id: 'mappings', value: [{ type: 'value', options: { [name]: { text: name, color: colours.severity[name] } for name in std.objectFields(colours.severity) } }] },
  ],
  red_above(limit):: [
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
    { id: 'thresholds', value: { mode: 'absolute', steps: [{ color: 'text', value: null }, { color: 'red', value: limit }] } },
  ],
}
