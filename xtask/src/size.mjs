// For `cargo xtask size`: one line per file, with its bytes raw, after gzip 9 and after brotli 11.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

for (const file of process.argv.slice(2)) {
  const raw = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  console.log(raw.length, gzipSync(raw, { level: 9 }).length, brotliCompressSync(raw, { params }).length);
}
