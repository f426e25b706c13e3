// Where a panel leads to. The address is the one that Prometheus scrapes; put the address of a
// proxy here if browsers need another one.

local page = 'http://${__data.fields.instance}';

{
  incident: page + '/incidents/${__data.fields.fingerprint}',
  runbook: page + '/rules/${__data.fields.rule}',
  page: page + '/',
  sources: page + '/sources',

  // Another dashboard, with the same time range, jobs and daemons.
  dashboard(name, more='')::
    '/d/shirwatch-%s?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}%s' % [name, more],
}
