/** A bar on a terminal, a line now and then elsewhere; on stderr, because stdout is for the result. */
export function progressBar(stream = process.stderr) {
  let last = "";
  let told = 0;
  return {
    show(what, done, total) {
      const width = 28;
      const filled = total === 0 ? width : Math.round((width * done) / total);
      const line = `${"█".repeat(filled)}${"░".repeat(width - filled)} ${done}/${total} ${what}`;
      if (stream.isTTY) stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      else if (Date.now() - told > 15_000 && line !== last) {
        told = Date.now();
        stream.write(`${done}/${total} ${what}\n`);
      }
      last = line;
    },
    end() {
      if (stream.isTTY) stream.write("\r\x1b[2K");
    },
  };
}
