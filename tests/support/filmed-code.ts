import { writeFile } from 'node:fs/promises';
import { encode } from 'uqr';

const width = 640;
const height = 480;
const moduleSize = 6;
const quietModules = 4;
/** Of the luma of BT.601: paper and ink. */
const [white, black, grey] = [235, 16, 128];

/**
 * A film for the camera of a browser, as YUV4MPEG2: a code held up for ever. Chromium plays it with `--use-fake-device-for-media-stream` and
 * `--use-file-for-fake-video-capture=<path>`.
 */
export async function filmCode(path: string, code: string): Promise<void> {
  const { size, data } = encode(code, { border: quietModules, ecc: 'M' });
  const luma = Buffer.alloc(width * height, white);
  const [left, top] = [(width - size * moduleSize) >> 1, (height - size * moduleSize) >> 1];
  if (top < 0) throw new Error(`a code of ${size} modules does not fit into the picture`);
  data.forEach((row, y) => {
    row.forEach((isDark, x) => {
      if (!isDark) return;
      for (let line = 0; line < moduleSize; line += 1) {
        const from = (top + y * moduleSize + line) * width + left + x * moduleSize;
        luma.fill(black, from, from + moduleSize);
      }
    });
  });
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc((width * height) / 2, grey)]);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  await writeFile(path, Buffer.concat([head, frame, frame]));
}
