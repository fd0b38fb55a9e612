// The pictures of the README are of this version: they are taken anew and compared, in squares that a different hinting of letters, an
// order's number and a time of day don't change.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { findChromium } from '../../scripts/setup.mjs';
import { folder, takeScreenshots } from '../../scripts/screenshots.mjs';
import { noBrowser, testUnless } from '../worker/harness.mjs';

const chromium = await findChromium();
const test = testUnless(chromium ? null : noBrowser);

/** Squares of a picture, each side; how much grey one may differ by; and how many may differ by more. */
const [squares, grey, share] = [24, 24, 0.08];

test('the pictures of the README show the pages of this version, and are small', async () => {
  const fresh = await takeScreenshots(chromium);
  for (const [name, bytes] of Object.entries(fresh)) {
    const file = path.join(folder, `${name}.png`);
    const [now, then] = await Promise.all([seen(bytes), seen(await readFile(file))]);
    const differ = now.filter((value, index) => Math.abs(value - then[index]) > grey).length / now.length;
    assert.ok(differ <= share, `${name}.png differs in ${Math.round(differ * 100)} % of its squares: npm run screenshots takes it anew`);
    assert.ok((await stat(file)).size < 200_000, `${name}.png is large`);
  }
});

const seen = async (png) => [...(await sharp(png).greyscale().resize(squares, squares, { fit: 'fill' }).raw().toBuffer())];
