import { type Examined, lateMsMax } from './status.ts';

/** What customers are told: rules about messages. */

/** Tries, their pauses and what a channel may take for each, with room. */
const sendingMsMax = 120_000;

export function oneMessage({ facts }: Examined): readonly string[] {
  const wrong: string[] = [];
  const messages = new Map<string, Set<string>>();
  const rounds = new Map<string, number>();
  const delivered = new Map<string, number>();
  for (const { type, data } of facts.messages) {
    const { messageId = '', userId, causeId, kind, channel } = data;
    if (type === 'MessagePlanned') rounds.set(messageId, Math.max(rounds.get(messageId) ?? 0, data.round ?? 1));
    if (type !== 'NotificationSent') continue;
    // Those who were given tickets of it are told beside its customer.
    const name = `${kind} by ${channel} to ${userId} about ${causeId}`;
    messages.set(name, (messages.get(name) ?? new Set()).add(messageId));
    if (data.status === 'delivered') delivered.set(name, (delivered.get(name) ?? 0) + 1);
  }
  for (const [name, ids] of messages) if (ids.size > 1) wrong.push(`has ${ids.size} messages ${name}`);
  for (const [name, times] of delivered) if (times > 1) wrong.push(`was told ${times} times: ${name}`);
  for (const [id, most] of rounds) {
    const times = facts.inbox.get(id) ?? 0;
    if (times > most) wrong.push(`got message ${id} ${times} times`);
  }
  return wrong;
}

export function messagesHaveOutcomes({ facts, now }: Examined): readonly string[] {
  const sent = new Set(facts.messages.flatMap(({ type, data }) => (type === 'NotificationSent' ? data.messageId : [])));
  return facts.messages.flatMap(({ type, time, data: { messageId, kind, channel } }) =>
    type === 'MessagePlanned' && !sent.has(messageId) && now > time + sendingMsMax + lateMsMax
      ? [
          `was to be told of ${kind} by ${channel} ${Math.round((now - time) / 1_000)} s ago, and nothing is known of it`,
        ]
      : [],
  );
}
