#!/usr/bin/env node
import { run } from './run.js';

// `golden-signals rules | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

void run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (line) => void process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
  env: process.env,
}).then((code) => {
  // Not exit(): what is written to a pipe may still be on its way.
  process.exitCode = code;
});
