import { type SeatPlan, SeatPlanPublished, type Setting, SettingChanged, type Show } from '../../contracts/catalog.ts';
import type { AppliedBatch, Statement } from '../../runtime/service.ts';
import { seatPlansAgain, settingsAgain, showsAgain, type ToldShow } from './projection.ts';

/**
 * After this service's database was restored: entries that requests had stored are brought back from the facts that left with
 * them. A show tells all of itself, its seat plan and the settings too; of movies, theatres and screens only those come back
 * that a show tells of, and only as far as it does.
 */
export function recalled({ applied }: AppliedBatch): readonly Statement[] {
  const shows = new Map<string, ToldShow>();
  const plans: SeatPlan[] = [];
  const settings: Setting[] = [];
  for (const { kind, key, envelope } of applied) {
    if (kind !== 'fact' || envelope.data === null) continue;
    if (envelope.type === SeatPlanPublished.type) plans.push(envelope.data as SeatPlan);
    else if (envelope.type === SettingChanged.type) settings.push(envelope.data as Setting);
    else shows.set(key, { show: envelope.data as Show, version: envelope.streamVersion });
  }
  return [
    ...(plans.length === 0 ? [] : [seatPlansAgain(plans)]),
    ...(settings.length === 0 ? [] : [settingsAgain(settings)]),
    ...(shows.size === 0 ? [] : showsAgain([...shows.values()])),
  ];
}
