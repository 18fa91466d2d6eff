import type { Sluice } from "../sluice.js";

/** Requests to a provider, on connections of their own. */
export interface ProviderFetch {
  fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Ends what is still open. */
  close(): Promise<void>;
}

/**
 * What a provider's SDK sends its requests with: through the proxy that the environment names, and without a limit on
 * silence. A model that thinks hard is silent for longer than Node's 300 s; the limit on the whole call is the caller's.
 */
export async function providerFetch({ env }: Pick<Sluice, "env">): Promise<ProviderFetch> {
  const { EnvHttpProxyAgent } = await import("undici");
  const value = (name: string) => env[name.toLowerCase()] ?? env[name] ?? "";
  const proxy = (name: string) => (URL.canParse(value(name)) ? value(name) : "");
  const http = proxy("HTTP_PROXY");
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: http,
    httpsProxy: proxy("HTTPS_PROXY") || http,
    noProxy: value("NO_PROXY"),
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 15_000 },
  });
  return {
    // Not a spread: the types of Node's own undici and of ours don't agree, what they describe does.
    fetch: (input, init) => fetch(input, Object.assign({}, init, { dispatcher })),
    close: () => dispatcher.destroy(),
  };
}
