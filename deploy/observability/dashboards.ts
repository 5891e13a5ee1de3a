import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The Grafana dashboards, made here so that a metric's name is written once. `npm run dashboards` writes their JSON. */
interface Panel {
  readonly title: string;
  readonly unit: 'short' | 's' | 'reqps' | 'percentunit';
  /** Legend and PromQL of each line. */
  readonly lines: readonly (readonly [legend: string, expression: string])[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const quantile = (q: number, metric: string, by = '') =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${metric}_bucket[5m])))`;

const dashboards: readonly Dashboard[] = [
  {
    uid: 'fullhouse-on-sale',
    title: 'Fullhouse: on-sale',
    panels: [
      {
        title: 'Bookings by outcome',
        unit: 'short',
        lines: [['{{outcome}} {{reason}}', 'sum by (outcome, reason) (rate(fullhouse_bookings_total[1m]))']],
      },
      {
        title: 'Request to ticket',
        unit: 's',
        lines: [0.5, 0.9, 0.99].map(
          (q) => [`p${q * 100}`, quantile(q, 'fullhouse_request_to_ticket_seconds')] as const,
        ),
      },
      {
        title: 'Seats',
        unit: 'short',
        lines: [['{{change}}', 'sum by (change) (rate(fullhouse_seats_total[1m]))']],
      },
      {
        title: 'Money, minor units a second',
        unit: 'short',
        lines: [
          ['{{direction}} {{currency}}', 'sum by (direction, currency) (rate(fullhouse_money_minor_units_total[1m]))'],
        ],
      },
      {
        title: 'Places of the shows to come',
        unit: 'short',
        lines: [['{{state}}', 'sum by (state) (fullhouse_places)']],
      },
      {
        title: 'Shows by how full they are',
        unit: 'short',
        lines: [['at least {{taken}} %', 'sum by (taken) (fullhouse_shows)']],
      },
      {
        title: 'Holds live',
        unit: 'short',
        lines: [['holds', 'sum(fullhouse_deadlines_armed{service="seat-inventory"})']],
      },
      {
        title: 'Holds and other timers',
        unit: 'short',
        lines: [['{{service}}', 'sum by (service) (fullhouse_deadlines_armed)']],
      },
      {
        title: 'Waiting rooms',
        unit: 'short',
        lines: [['{{state}}', 'sum by (state) (fullhouse_waiting_room_people)']],
      },
      {
        title: 'Refused for load',
        unit: 'percentunit',
        lines: [
          [
            'share of requests',
            'sum(rate(fullhouse_http_request_seconds_count{status=~"429|503"}[1m])) / sum(rate(fullhouse_http_request_seconds_count[1m]))',
          ],
        ],
      },
    ],
  },
  {
    uid: 'fullhouse-services',
    title: 'Fullhouse: services',
    panels: [
      { title: 'Lag, records', unit: 'short', lines: [['{{service}}', 'sum by (service) (fullhouse_lag_records)']] },
      {
        title: 'Requests',
        unit: 'reqps',
        lines: [['{{route}} {{status}}', 'sum by (route, status) (rate(fullhouse_http_request_seconds_count[1m]))']],
      },
      {
        title: 'Requests, p99',
        unit: 's',
        lines: [['{{route}}', quantile(0.99, 'fullhouse_http_request_seconds', 'route')]],
      },
      {
        title: 'Batch, p99',
        unit: 's',
        lines: [['{{service}}', quantile(0.99, 'fullhouse_batch_seconds', 'service')]],
      },
      {
        title: 'Busy with one task, share of the time',
        unit: 'percentunit',
        lines: [
          [
            '{{service}} {{partition}}',
            'topk(10, sum by (service, partition) (rate(fullhouse_task_seconds_total[1m])))',
          ],
        ],
      },
      {
        title: 'Inputs of a batch, median',
        unit: 'short',
        lines: [['{{service}}', quantile(0.5, 'fullhouse_batch_inputs', 'service')]],
      },
      {
        title: 'Effects',
        unit: 'short',
        lines: [
          ['{{effect}} {{outcome}}', 'sum by (effect, outcome) (rate(fullhouse_effect_seconds_count[1m]))'],
          ['{{effect}} circuit open', 'max by (effect) (fullhouse_breaker_open)'],
        ],
      },
      { title: 'Parked', unit: 'short', lines: [['{{service}}', 'sum by (service) (fullhouse_inputs_parked)']] },
      { title: 'Tasks owned', unit: 'short', lines: [['{{service}}', 'sum by (service) (fullhouse_tasks_owned)']] },
      {
        title: 'Timers late, p99',
        unit: 's',
        lines: [['{{service}}', quantile(0.99, 'fullhouse_deadline_late_seconds', 'service')]],
      },
      { title: 'Event loop, p99', unit: 's', lines: [['{{instance}}', 'nodejs_eventloop_lag_p99_seconds']] },
    ],
  },
];

const panelHeight = 8;
const panelWidth = 12;

function panelJson({ title, unit, lines }: Panel, index: number): object {
  return {
    id: index + 1,
    type: 'timeseries',
    title,
    datasource: { type: 'prometheus', uid: '$datasource' },
    gridPos: {
      h: panelHeight,
      w: panelWidth,
      x: (index % 2) * panelWidth,
      y: Math.floor(index / 2) * panelHeight,
    },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: lines.map(([legendFormat, expr], line) => ({ refId: String.fromCharCode(65 + line), expr, legendFormat })),
  };
}

/** By file name: the JSON that Grafana imports. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    dashboards.map(({ uid, title, panels }) => [
      `${uid}.json`,
      `${JSON.stringify(
        {
          uid,
          title,
          schemaVersion: 41,
          timezone: 'browser',
          refresh: '10s',
          time: { from: 'now-1h', to: 'now' },
          templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
          panels: panels.map(panelJson),
        },
        null,
        2,
      )}\n`,
    ]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('./dashboards/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of dashboardFiles()) writeFileSync(new URL(name, folder), text);
}
