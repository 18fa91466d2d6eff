/**
 * Makes a vendor's client without what its SDK would take from this process's environment by itself: an address, an
 * organization, headers of another program's. What the client is to have, it is handed. Nothing else can run meanwhile.
 *
 * @param prefixes of the variables' names, in capitals
 */
export function withoutVariables<T>(prefixes: readonly string[], make: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) =>
    prefixes.some((prefix) => name.toUpperCase().startsWith(prefix)),
  );
  for (const [name] of hidden) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of hidden) process.env[name] = value;
  }
}
