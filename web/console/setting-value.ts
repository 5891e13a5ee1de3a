import { spanText } from './words.ts';

/** How the value of a setting is edited: by the type of its default, since that is what the server goes by too. */
export type Editor = 'number' | 'boolean' | 'string' | 'list' | 'json';

export function editorOf(example: unknown): Editor {
  if (typeof example === 'number') return 'number';
  if (typeof example === 'boolean') return 'boolean';
  if (typeof example === 'string') return 'string';
  if (Array.isArray(example) && example.every((each) => typeof each === 'string')) return 'list';
  return 'json';
}

/** A value as the editor shows it: a list line by line, all else as JSON. */
export function editedText(editor: Editor, value: unknown): string {
  if (editor === 'list' && Array.isArray(value)) return value.join('\n');
  if (editor === 'string' && typeof value === 'string') return value;
  return JSON.stringify(value, null, 2) ?? '';
}

export type Read = { readonly value: unknown } | { readonly wrong: string };

/** The value that somebody wrote into an editor. */
export function readValue(editor: Editor, text: string): Read {
  switch (editor) {
    case 'number':
      return numberIn(text);
    case 'boolean':
      return { value: text === 'true' };
    case 'string':
      return { value: text };
    case 'list':
      return {
        value: text
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== ''),
      };
    case 'json':
      return jsonIn(text);
    default:
      return editor satisfies never;
  }
}

function numberIn(text: string): Read {
  const value = Number(text.trim());
  return text.trim() === '' || !Number.isFinite(value) ? { wrong: 'is not a number' } : { value };
}

function jsonIn(text: string): Read {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { wrong: `is not JSON: ${(error as Error).message}` };
  }
}

/** A value in a line; a time as people tell it, beside the milliseconds. */
export function valueText(key: string, value: unknown): string {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(', ') || 'none';
  const isSpan = key.endsWith('Ms') && typeof value === 'number';
  return `${spacedJson(value)}${isSpan ? ` (${spanText(value)})` : ''}`;
}

/** JSON that a line can be broken in. */
const spacedJson = (value: unknown) => (JSON.stringify(value, null, 1) ?? '').replace(/\n\s*/g, ' ');
