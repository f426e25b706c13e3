// The monitoring mixin of shirwatch: alerts, recording rules and dashboards.
//
//     local shirwatch = (import 'mixin.libsonnet') + { _config+:: { job: 'my-job' } };
//     { 'alerts.json': shirwatch.prometheusAlerts }
//
// The rules are read from `prometheus/*.yml`, where they stand with their reasons; the
// dashboards are written in `mixin/`. Needs jsonnet 0.18 or later and nothing else.

{
  _config+:: {
    // The scrape job that the alert `ShirwatchDown` asks for.
    job: 'shirwatch',
  },

  local rules(text) = std.parseYaml(std.strReplace(text, 'job="shirwatch"', 'job="%s"' % $._config.job)),

  prometheusAlerts+:: rules(importstr 'prometheus/alerts.yml'),
  prometheusRules+:: rules(importstr 'prometheus/recording.yml'),

  grafanaDashboards+:: {
    'overview.json': import 'mixin/overview.libsonnet',
    'incidents.json': import 'mixin/incidents.libsonnet',
    'pipelines.json': import 'mixin/pipelines.libsonnet',
    'runtimes.json': import 'mixin/runtimes.libsonnet',
    'self.json': import 'mixin/self.libsonnet',
  },
}
