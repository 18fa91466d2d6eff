import { type Knowledge, pypi } from "../practice.js";

const docs = "https://docs.djangoproject.com/en/stable";

export const django: Knowledge = {
  framework: true,
  packages: pypi("django"),
  practices: [
    {
      kind: "do",
      text: "Ship model changes with migrations that run while the old code does: add nullable, fill, then constrain",
      topics: "model field migration database column",
      source: `${docs}/topics/migrations/`,
    },
    {
      kind: "do",
      text: "Wrap what belongs together in transaction.atomic(), and send mail or tasks in transaction.on_commit()",
      topics: "transaction payment order email task save",
      source: `${docs}/topics/db/transactions/`,
    },
    {
      kind: "do",
      text: "Use get_user_model() and settings.AUTH_USER_MODEL, never User itself",
      topics: "user auth login account profile",
      source: `${docs}/topics/auth/customizing/`,
    },
    {
      kind: "dont",
      text: "Don't put logic in signals that a method or manager could hold: the order and the errors are hard to see",
      topics: "signal save model hook",
      source: `${docs}/topics/signals/`,
    },
    {
      kind: "dont",
      text: "Don't use naive datetimes: timezone.now()",
      topics: "date time schedule expiry",
      source: `${docs}/topics/i18n/timezones/`,
    },
    {
      kind: "security",
      text: "No user input in raw(), extra() or RawSQL without params; no mark_safe on it",
      topics: "sql query raw search html template",
      source: `${docs}/topics/security/`,
    },
    {
      kind: "security",
      text: "Filter querysets by the user in each view: an id in a URL is no permission",
      topics: "view detail api permission owner user",
      source: `${docs}/topics/auth/default/`,
    },
    {
      kind: "performance",
      text: "select_related and prefetch_related against one query per row; assertNumQueries in tests",
      topics: "list query api serializer template relation",
      source: `${docs}/topics/db/optimization/`,
    },
    {
      kind: "performance",
      text: "bulk_create and update() skip save() and signals: fast, and to be known",
      topics: "bulk import update many",
      source: `${docs}/ref/models/querysets/`,
    },
  ],
};
