import { z } from 'zod';

/** One kind of event: its name, major version, payload schema and what it says in a sentence. */
export interface EventDefinition<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly type: Type;
  readonly version: number;
  readonly data: Schema;
  readonly says: string;
}

/** Names an event of version 1. Readers ignore fields they do not know, so schemas are plain objects. */
export function event<Type extends string, Schema extends z.ZodType>(
  type: Type,
  says: string,
  data: Schema,
): EventDefinition<Type, Schema> {
  return { type, version: 1, data, says };
}

/** The union of facts that a record of definitions allows. */
export type FactOf<Definitions extends readonly EventDefinition[]> = {
  [Index in keyof Definitions]: Definitions[Index] extends EventDefinition<infer Type, infer Schema>
    ? { readonly type: Type; readonly data: Readonly<z.infer<Schema>> }
    : never;
}[number];

/** The payload of one event definition. */
export type DataOf<Definition extends EventDefinition> = Readonly<z.infer<Definition['data']>>;

/** A moment: RFC 3339 in UTC. */
export const moment = z.iso.datetime();
