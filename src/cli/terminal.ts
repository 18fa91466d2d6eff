import pc from "picocolors";
import { printable } from "../printable.js";
import type { Sluice } from "../sluice.js";

/** Where a command prints, and whether a person is looking. */
export interface Terminal {
  /** A line of the result, on stdout. */
  print(line?: string): void;
  /** A line beside the result, on stderr. */
  note(line: string): void;
  colours: ReturnType<typeof pc.createColors>;
  /** Shows what goes on while `work` runs, on a terminal only. */
  during<T>(text: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T>;
  /** Asks yes or no; null when nobody is there to answer. */
  confirm(question: string): Promise<boolean | null>;
}

/** Colours only where stdout is a terminal and `NO_COLOR` is not set; a spinner only where stderr is one. */
export function createTerminal(sluice: Sluice): Terminal {
  const colourful = Boolean(process.stdout.isTTY) && !sluice.env.NO_COLOR && sluice.env.TERM !== "dumb";
  const colours = pc.createColors(colourful);
  return {
    print: (line = "") => {
      process.stdout.write(`${line}\n`);
    },
    note: (line) => {
      process.stderr.write(`${line}\n`);
    },
    colours,
    async during(text, work) {
      if (!process.stderr.isTTY || sluice.env.TERM === "dumb") return work(() => {});
      const { default: yoctoSpinner } = await import("yocto-spinner");
      const spinner = yoctoSpinner({ text, stream: process.stderr }).start();
      try {
        return await work((progress) => {
          spinner.text = printable(progress);
        });
      } finally {
        spinner.stop();
      }
    },
    async confirm(question) {
      if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
      const { createInterface } = await import("node:readline/promises");
      const prompt = createInterface({ input: process.stdin, output: process.stderr });
      try {
        const answer = await prompt.question(`${question} [y/N] `);
        return /^y(es)?$/i.test(answer.trim());
      } finally {
        prompt.close();
      }
    },
  };
}

/** Columns of left-aligned text; widths are taken before colours are added by `paint`. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number) => string = (cell) => cell,
): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map(
        (cell, column) =>
          paint(cell, column) +
          (column === row.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - cell.length)),
      )
      .join("  "),
  );
}
