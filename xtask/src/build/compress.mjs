// For `cargo xtask build`: the files of a folder, each as small as brotli and gzip make it, in a folder named after the coding.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [folder, ...files] = process.argv.slice(2);
for (const file of files) {
  const raw = readFileSync(join(folder, file));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  const compressed = { br: brotliCompressSync(raw, { params }), gzip: gzipSync(raw, { level: 9 }) };
  for (const [coding, bytes] of Object.entries(compressed)) {
    const goal = join(folder, coding, file);
    // Moved into place, so that a server never sends half a file.
    writeFileSync(`${goal}.half`, bytes);
    renameSync(`${goal}.half`, goal);
  }
}
