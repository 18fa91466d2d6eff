/**
 * The environment of a child that looks at a repository: it finds no program by name, and leaves its temporary files
 * with us. (No PATH at all would mean a default one.)
 *
 * @param empty a folder with nothing in it
 * @param env ours, for what Windows can't start a process without
 */
export function bareEnvironment(
  empty: string,
  temporary: string,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { SystemRoot } = env;
  return {
    PATH: empty,
    HOME: empty,
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
    ...(SystemRoot ? { SystemRoot } : {}),
  };
}
