/**
 * What comes of each reply in messages-server.mjs: null for an answer, else the kind of failure. Requests are those
 * to a model; `most` is how many the program may make of it (what the provider rejects at once costs nothing).
 *
 * @type {Record<string, { api: string | null, cli: string | null, most: number }>}
 */
export const outcomes = {
  answer: { api: null, cli: null, most: 1 },
  text: { api: null, cli: null, most: 1 },
  wrong_form: { api: null, cli: null, most: 1 },
  empty: { api: "silent", cli: "silent", most: 2 },
  cut_at_limit: { api: "cut", cli: "cut", most: 2 },
  refusal: { api: "refused", cli: "refused", most: 1 },
  usage_limit: { api: "usage_limit", cli: "usage_limit", most: 1 },
  opus_limit: { api: "usage_limit", cli: "usage_limit", most: 1 },
  rate_limit: { api: "rate_limit", cli: "rate_limit", most: 1 },
  spend_limit: { api: "billing", cli: "billing", most: 1 },
  monthly_limit: { api: "usage_limit", cli: "usage_limit", most: 3 },
  overloaded: { api: "overloaded", cli: "overloaded", most: 1 },
  server_error: { api: "overloaded", cli: "overloaded", most: 1 },
  billing: { api: "billing", cli: "billing", most: 1 },
  credit: { api: "billing", cli: "billing", most: 1 },
  bad_key: { api: "auth", cli: "auth", most: 2 },
  forbidden: { api: "model_unknown", cli: "model_unknown", most: 2 },
  no_model: { api: "model_unknown", cli: "model_unknown", most: 2 },
  // The program does not hand on which of the two it was.
  no_api: { api: "unreachable", cli: "model_unknown", most: 2 },
  too_long: { api: "too_large", cli: "too_large", most: 1 },
  too_large: { api: "too_large", cli: "too_large", most: 1 },
  declined: { api: "refused", cli: "refused", most: 3 },
  error_within: { api: "overloaded", cli: "overloaded", most: 1 },
  cut: { api: "cut", cli: "cut", most: 1 },
  hang: { api: "timeout", cli: "timeout", most: 1 },
};
