/** What everything else is handed instead of reaching for globals: tests pass their own, nothing is patched. */
export interface Sluice {
  /** Where the process was started; the default repository. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  clock(): number;
  /** A line for a person, on stderr: stdout belongs to JSON-RPC. */
  log(message: string): void;
  /** Folders beyond `cwd` that the client opened to us (MCP roots), as absolute paths. */
  roots(): Promise<readonly string[]>;
}

/** The real environment, with what a caller wants replaced. */
export function createSluice(overrides: Partial<Sluice> = {}): Sluice {
  return {
    cwd: process.cwd(),
    env: process.env,
    clock: Date.now,
    log: (message) => {
      process.stderr.write(`sluice: ${message}\n`);
    },
    roots: async () => [],
    ...overrides,
  };
}
