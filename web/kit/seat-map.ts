import { html, type TemplateResult } from 'lit-html';
import { type Hall, type HallRow, neighbour, placeOf, type SeatPlace, seatNear } from './hall.ts';

/**
 * The hall as a picture: one canvas, so that 65,536 seats are drawn as easily as 60. Fingers and mice choose, drag and zoom; the arrow
 * keys go from seat to seat and Enter chooses.
 */
export interface SeatMap {
  readonly element: HTMLCanvasElement;
  /** Draws again, soon. */
  draw(): void;
  zoom(factor: number): void;
  whole(): void;
  /** Shows another hall: one that is being drawn up changes with every word. */
  change(hall: Hall): void;
  leave(): void;
}

export interface SeatMapOptions {
  readonly hall: Hall;
  /** 0 free, 1 held, 2 sold, 3 blocked; by index. */
  readonly states: () => Uint8Array;
  readonly isMine: (index: number) => boolean;
  /** How faint a seat is drawn, from 0, as all are where this is absent, to 1. */
  readonly fadingOf?: (index: number) => number;
  /** Names of the colours of held, sold and blocked seats; one for all of them where absent. */
  readonly takenColours?: readonly [held: string, sold: string, blocked: string];
  readonly onChoose: (seat: SeatPlace) => void;
  /** The seat a pointer or a key is at. */
  readonly onLook: (seat: SeatPlace | undefined) => void;
}

/** The map in a page, with what is said of the seat that is looked at, and buttons to come nearer. */
export function seatMapView(map: SeatMap, says: string): TemplateResult {
  return html`
    <div class="map-tools">
      <span aria-live="polite">${says}</span>
      <span>
        <button class="plain" aria-label="Zoom out" @click=${() => map.zoom(1 / 1.5)}>−</button>
        <button class="plain" aria-label="Zoom in" @click=${() => map.zoom(1.5)}>+</button>
        <button class="plain" @click=${() => map.whole()}>All</button>
      </span>
    </div>
    ${map.element}
  `;
}

interface Camera {
  /** Pixels of a seat. */
  scale: number;
  /** What is in the middle, in seats. */
  x: number;
  y: number;
}

const margin = 1.5;
/** How much of the margin there is for the name of a row, beside its first seat. */
const rowNameSeats = 1.2;
/** How far above the first row of a section its name stands, in seats. */
const sectionNameAbove = 0.72;
const scaleMax = 48;
/** A small hall is shown so large, and no larger. */
const wholeScaleMax = 36;
/** Below, a seat is too small to be pointed at, by a mouse or by a finger: a tap comes nearer instead. */
const tapScaleMin = 9;
const fingerScaleMin = 22;
const numbersFrom = 17;
const dragFromPixels = 6;
const keySteps = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' } as const;

export function seatMap(options: SeatMapOptions): SeatMap {
  const { states, isMine, fadingOf = asStrong, takenColours = alike, onChoose, onLook } = options;
  let { hall } = options;
  const element = document.createElement('canvas');
  element.tabIndex = 0;
  element.setAttribute('role', 'application');
  element.setAttribute('aria-label', 'Seat map. Arrow keys go from seat to seat, Enter chooses, plus and minus zoom.');
  element.style.aspectRatio = ratioOf(hall);
  const camera: Camera = { scale: 1, x: 0, y: 0 };
  const pointers = new Map<number, { x: number; y: number }>();
  let dragged = 0;
  let cursor: SeatPlace | undefined;
  let isDrawn = true;

  function draw(): void {
    if (!isDrawn) return;
    isDrawn = false;
    requestAnimationFrame(() => {
      isDrawn = true;
      paint(element, { hall, camera, states: states(), isMine, fadingOf, takenColours, cursor });
    });
  }

  function whole(): void {
    const { width, height } = element.getBoundingClientRect();
    camera.scale = Math.min(wholeScaleMax, width / (hall.width + 2 * margin), height / (hall.height + 2 * margin));
    camera.x = hall.left + hall.width / 2 - 0.5;
    camera.y = hall.top + hall.height / 2 - 0.5;
    draw();
  }

  function change(next: Hall): void {
    const isAsLarge = ratioOf(next) === ratioOf(hall) && next.width === hall.width;
    hall = next;
    cursor = cursor && placeOf(hall, cursor.index);
    element.style.aspectRatio = ratioOf(hall);
    // Whoever has come nearer stays there, as long as the hall is where it was.
    if (isAsLarge) draw();
    else whole();
  }

  /** Zooms so that what is at a place of the canvas stays there. */
  function zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const { width, height } = element.getBoundingClientRect();
    const point = at ?? { x: width / 2, y: height / 2 };
    const smallest = Math.min(width / (hall.width + 2 * margin), height / (hall.height + 2 * margin), scaleMax);
    const scale = Math.min(scaleMax, Math.max(smallest, camera.scale * factor));
    const shift = 1 / camera.scale - 1 / scale;
    camera.x += (point.x - width / 2) * shift;
    camera.y += (point.y - height / 2) * shift;
    camera.scale = scale;
    draw();
  }

  const pointOf = (event: PointerEvent | WheelEvent) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const seatAt = ({ x, y }: { readonly x: number; readonly y: number }) => {
    const { width, height } = element.getBoundingClientRect();
    return seatNear(hall, camera.x + (x - width / 2) / camera.scale, camera.y + (y - height / 2) / camera.scale);
  };

  function moved(event: PointerEvent): void {
    const now = pointOf(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      onLook(seatAt(now));
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) zoom(distance(now, other) / Math.max(1, distance(before, other)), other);
    dragged += distance(now, before);
    if (dragged > dragFromPixels && other === undefined) {
      camera.x -= (now.x - before.x) / camera.scale;
      camera.y -= (now.y - before.y) / camera.scale;
      draw();
    }
    pointers.set(event.pointerId, now);
  }

  function lifted(event: PointerEvent): void {
    const isTap = pointers.size === 1 && dragged <= dragFromPixels;
    pointers.delete(event.pointerId);
    if (!isTap) return;
    const point = pointOf(event);
    const scaleMin = event.pointerType === 'touch' ? fingerScaleMin : tapScaleMin;
    if (camera.scale < scaleMin) {
      zoom((1.5 * scaleMin) / camera.scale, point);
      return;
    }
    const seat = seatAt(point);
    if (seat === undefined) return;
    look(seat);
    onChoose(seat);
  }

  function look(seat: SeatPlace): void {
    cursor = seat;
    onLook(seat);
    draw();
  }

  function pressed(event: KeyboardEvent): void {
    const step = keySteps[event.key as keyof typeof keySteps];
    if (step !== undefined) {
      const first = placeOf(hall, 0);
      const next = cursor === undefined ? first : neighbour(hall, cursor, step);
      if (next !== undefined) {
        look(next);
        follow(next);
      }
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (cursor !== undefined) onChoose(cursor);
    } else if (event.key === '+') zoom(1.5);
    else if (event.key === '-') zoom(1 / 1.5);
    else return;
    event.preventDefault();
  }

  /** Keeps the seat that the keys are at in the picture. */
  function follow({ x, y }: SeatPlace): void {
    const { width, height } = element.getBoundingClientRect();
    const reach = { x: width / camera.scale / 2 - 1, y: height / camera.scale / 2 - 1 };
    camera.x = Math.min(x + reach.x, Math.max(x - reach.x, camera.x));
    camera.y = Math.min(y + reach.y, Math.max(y - reach.y, camera.y));
  }

  element.addEventListener('pointerdown', (event) => {
    if (pointers.size === 0) dragged = 0;
    pointers.set(event.pointerId, pointOf(event));
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener('pointermove', moved);
  element.addEventListener('pointerup', lifted);
  element.addEventListener('pointercancel', (event) => pointers.delete(event.pointerId));
  // A finger that is lifted leaves, too; what it chose is still to be told.
  element.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'touch' || onLook(undefined));
  element.addEventListener('keydown', pressed);
  element.addEventListener('blur', draw);
  element.addEventListener('focus', draw);
  element.addEventListener(
    'wheel',
    (event) => {
      // Without a modifier the wheel scrolls the page, as everywhere.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), pointOf(event));
    },
    { passive: false },
  );
  const sized = new ResizeObserver(() => whole());
  sized.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', draw);
  return {
    ...{ element, draw, whole, change, zoom: (factor: number) => zoom(factor) },
    leave() {
      sized.disconnect();
      scheme.removeEventListener('change', draw);
    },
  };
}

const ratioOf = (hall: Hall) => String((hall.width + 2 * margin) / (hall.height + 2 * margin));

const distance = (a: { readonly x: number; readonly y: number }, b: { readonly x: number; readonly y: number }) =>
  Math.hypot(a.x - b.x, a.y - b.y);

interface Picture {
  readonly hall: Hall;
  readonly camera: Camera;
  readonly states: Uint8Array;
  readonly isMine: (index: number) => boolean;
  readonly fadingOf: (index: number) => number;
  readonly takenColours: readonly string[];
  readonly cursor: SeatPlace | undefined;
}

/** Whoever buys wants to know what can be had. */
const alike = ['--seat-taken', '--seat-taken', '--seat-taken'] as const;
const asStrong = () => 0;
/** How strong colours are: what is drawn alike is one path, so there are few. */
const strengths = [1, 0.82, 0.66, 0.52, 0.4, 0.3, 0.22, 0.15] as const;
const categoryColours = ['--seat-free', '--seat-free-2', '--seat-free-3', '--seat-free-4'];

function paint(element: HTMLCanvasElement, picture: Picture): void {
  const { hall, camera, states, isMine, fadingOf, takenColours, cursor } = picture;
  const { width, height } = element.getBoundingClientRect();
  const context = element.getContext('2d');
  if (context === null || width === 0) return;
  const density = devicePixelRatio;
  element.width = Math.round(width * density);
  element.height = Math.round(height * density);
  context.setTransform(density, 0, 0, density, 0, 0);
  const css = getComputedStyle(element);
  const colour = (name: string) => css.getPropertyValue(name).trim();
  const { scale } = camera;
  const toX = (x: number) => width / 2 + (x - camera.x) * scale;
  const toY = (y: number) => height / 2 + (y - camera.y) * scale;
  const size = scale * 0.8;
  // What has one colour is one path: filling each seat by itself takes ten times as long.
  const paths = strengths.map(() => new Map<string, Path2D>());
  const marks = new Path2D();
  const numbers: { readonly text: string; readonly x: number; readonly y: number }[] = [];
  for (const row of hall.rows) {
    const y = toY(row.y);
    if (y < -scale || y > height + scale) continue;
    const free = categoryColours[row.category % categoryColours.length] ?? '--seat-free';
    for (let at = 0; at < row.row.count; at += 1) {
      const x = toX(row.x + at);
      if (x < -scale || x > width + scale) continue;
      const index = row.row.offset + at;
      const state = states[index] ?? 0;
      const isFree = state === 0;
      const name = isMine(index) ? '--seat-mine' : (takenColours[state - 1] ?? free);
      const sameStrength = paths[Math.floor(fadingOf(index) * (strengths.length - 0.01))];
      const path = sameStrength?.get(name) ?? new Path2D();
      sameStrength?.set(name, path);
      if (scale < 6) path.rect(x - size / 2, y - size / 2, size, size);
      else path.roundRect(x - size / 2, y - size / 2, size, size, size * 0.25);
      if (isFree && row.row.hasReservedSeats && isReserved(hall, index))
        marks.roundRect(x - size * 0.38, y - size * 0.38, size * 0.76, size * 0.76, size * 0.2);
      if (scale >= numbersFrom) numbers.push({ text: String(row.row.firstNumber + at * row.row.step), x, y });
    }
  }
  for (const [at, sameStrength] of paths.entries()) {
    context.globalAlpha = strengths[at] ?? 1;
    for (const [name, path] of sameStrength) {
      context.fillStyle = colour(name);
      context.fill(path);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = colour('--raised');
  context.lineWidth = Math.max(1, scale / 16);
  context.stroke(marks);
  if (scale >= numbersFrom) {
    context.fillStyle = colour('--raised');
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.font = `600 ${Math.round(scale * 0.38)}px system-ui, sans-serif`;
    for (const { text, x, y } of numbers) context.fillText(text, x, y);
  }
  paintSurroundings(context, { hall, toX, toY, scale, ink: colour('--quiet') });
  if (cursor !== undefined && document.activeElement === element) {
    context.strokeStyle = colour('--ink');
    context.lineWidth = 2;
    context.strokeRect(toX(cursor.x) - scale / 2, toY(cursor.y) - scale / 2, scale, scale);
  }
}

/** The stage, and the names of rows and sections where there is room for them. */
function paintSurroundings(
  context: CanvasRenderingContext2D,
  to: {
    readonly hall: Hall;
    readonly toX: (x: number) => number;
    readonly toY: (y: number) => number;
    readonly scale: number;
    readonly ink: string;
  },
): void {
  const { hall, toX, toY, scale, ink } = to;
  context.fillStyle = ink;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const stage = Math.min(hall.width * 0.6, 30);
  const middle = hall.left + hall.width / 2 - 0.5;
  context.fillRect(toX(middle - stage / 2), toY(hall.top - 1.3), stage * scale, Math.max(2, scale * 0.15));
  if (scale < tapScaleMin) return;
  context.font = `${Math.round(Math.min(14, scale * 0.55))}px system-ui, sans-serif`;
  context.textAlign = 'right';
  const room = scale * rowNameSeats;
  for (const row of hall.rows) {
    // Of `Row 12` the number says enough, where there is no room for all of it.
    const isWide = context.measureText(row.name).width > room;
    const name = isWide ? (row.name.split(' ').at(-1) ?? '') : row.name;
    context.fillText(name, toX(row.x - 0.6), toY(row.y), room);
  }
  context.textAlign = 'center';
  for (const { x, y, row, section } of namedFirstRows(hall))
    context.fillText(section, toX(x + (row.count - 1) / 2), toY(y - sectionNameAbove), (row.count + 2) * scale);
}

/** The first row of each section, where there are several and nothing stands above it: there is an `A` in the stalls and one in the circle. */
function namedFirstRows({ rows }: Hall): readonly HallRow[] {
  const firsts = rows.filter(({ section }, at) => section !== rows[at - 1]?.section);
  if (firsts.length < 2) return [];
  return firsts.filter((first) => !rows.some((each) => isAbove(each, first)));
}

function isAbove(each: HallRow, first: HallRow): boolean {
  const by = first.y - each.y;
  return by > 0 && by < 2 * sectionNameAbove && each.x < first.x + first.row.count && first.x < each.x + each.row.count;
}

function isReserved({ index: plan }: Hall, index: number): boolean {
  return ((((plan.accessible[index >> 3] ?? 0) | (plan.companion[index >> 3] ?? 0)) >> (index & 7)) & 1) === 1;
}
