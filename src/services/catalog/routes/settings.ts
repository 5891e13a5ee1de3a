import { z } from 'zod';
import { isSettingKey, type SettingKey, settingFrom, settingKeys, settings } from '../../../contracts/settings.ts';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../../runtime/service-runtime.ts';
import { plainly } from '../../../runtime/wording.ts';
import { answerOnce } from '../changes.ts';
import type { SettingChange } from '../entries.ts';
import * as projection from '../projection.ts';

/** Settings that change while the system runs; every change is kept with who made it, when and why. */

const historyMax = 50;
const params = z.strictObject({ key: z.string().max(100) });
const setting = z.object({
  key: z.string(),
  value: z.unknown(),
  default: z.unknown(),
  /** 0 for a setting that was never changed. */
  version: z.int(),
  who: z.string().optional(),
  when: z.string().optional(),
  why: z.string().optional(),
});
const change = z.object({ value: z.unknown(), version: z.int(), who: z.string(), when: z.string(), why: z.string() });
const settingWithHistory = setting.extend({ history: z.array(change) });
const tag = 'settings';

export function settingEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  const read = (key: string) => readSetting(service, key);
  return [
    endpoint({
      ...{ method: 'GET', path: '/settings', summary: 'All settings as they are in force.', tag, who: ['admin'] },
      answers: { 200: { says: 'All settings.', body: z.object({ items: z.array(setting), nextCursor: z.null() }) } },
      problems: ['forbidden'],
      async handle() {
        const changed = new Map((await projection.settingsInForce(service)).map((each) => [each.key, each]));
        const items = settingKeys.map((key) => settingOf(key, changed.get(key)));
        return { status: 200, body: { items, nextCursor: null } };
      },
    }),
    endpoint({
      ...{
        method: 'GET',
        path: '/settings/{key}',
        summary: 'One setting, with its last changes.',
        tag,
        who: ['admin'],
        params,
      },
      answers: { 200: { says: 'The setting.', body: settingWithHistory } },
      problems: ['forbidden', 'not_found'],
      async handle({ params }) {
        return { status: 200, body: await read(known(params.key)) };
      },
    }),
    endpoint({
      ...{ method: 'PUT', path: '/settings/{key}', tag, who: ['admin'], params },
      summary: 'Change a setting; it is in force everywhere within two seconds.',
      body: z.strictObject({ value: z.unknown(), why: z.string().trim().min(1, 'must say why').max(500) }),
      idempotency: 'honoured',
      answers: { 200: { says: 'The setting as it is now.', body: settingWithHistory } },
      problems: ['forbidden', 'not_found', 'conflict', 'validation_failed'],
      async handle(call) {
        const key = known(call.params.key);
        const value = checked(key, call.body.value);
        return answerOnce(service, call, {
          read,
          async work(transaction) {
            const before = (await projection.settingsInForce(transaction, key))[0];
            const { userId: who } = call.principal;
            const when = new Date().toISOString();
            const next: SettingChange = {
              key,
              value,
              version: (before?.version ?? 0) + 1,
              who,
              when,
              why: call.body.why,
            };
            if (!(await projection.insertSetting(transaction, next))) {
              throw new Problem('conflict', 'Somebody else changed this setting just now. Read it again.');
            }
            await transaction.publish({
              ...{ type: 'SettingChanged', stream: `settings/${key}`, streamVersion: next.version, key, subject: key },
              ...{ data: next, traceparent: call.traceparent },
            });
            return { status: 200, resource: key };
          },
        });
      },
    }),
  ];
}

function known(key: string): SettingKey {
  if (isSettingKey(key)) return key;
  throw new Problem('not_found', `There is no setting "${key}". There are: ${settingKeys.join(', ')}.`);
}

/** The value, if the setting takes it; throws 422 that says what it takes instead. */
function checked(key: SettingKey, value: unknown): unknown {
  const parsed = settings[key].schema.safeParse(value, { error: plainly });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    pointer: ['/value', ...issue.path.map(String)].join('/'),
    code: issue.code,
    message: issue.message,
  }));
  const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ');
  throw new Problem('validation_failed', detail, { errors });
}

async function readSetting(service: ServiceRuntime, key: string) {
  const history = await projection.settingHistory(service, key, historyMax);
  return { ...settingOf(known(key), history[0]), history: history.map(({ key: _key, ...each }) => each) };
}

function settingOf(key: SettingKey, changed: SettingChange | undefined) {
  const byDefault = { key, value: settingFrom(() => undefined, key), default: settings[key].default, version: 0 };
  return changed === undefined ? byDefault : { ...changed, default: settings[key].default };
}
