import { type Knowledge, pypi } from "../practice.js";

/** Of Python projects in general, by the tools most have. */
export const python: Knowledge = {
  framework: false,
  label: "Python",
  packages: pypi("pytest", "mypy", "ruff", "tox", "pyright", "setuptools", "requests", "httpx", "click"),
  practices: [
    {
      kind: "do",
      text: "Fixtures with the narrowest scope that works; tmp_path and monkeypatch instead of global state",
      topics: "test fixture file config environment",
      source: "https://docs.pytest.org/en/stable/how-to/fixtures.html",
    },
    {
      kind: "do",
      text: "parametrize over cases, with ids; pytest.raises with `match`",
      topics: "test error validate parse",
      source: "https://docs.pytest.org/en/stable/how-to/parametrize.html",
    },
    {
      kind: "do",
      text: "Aware datetimes: datetime.now(timezone.utc); utcnow() is deprecated since 3.12",
      topics: "time date expiry schedule token timestamp",
      source: "https://docs.python.org/3/library/datetime.html",
    },
    {
      kind: "do",
      text: "Timeouts on every request: requests and urllib wait for ever without one",
      topics: "http request client fetch api download retry",
      source: "https://requests.readthedocs.io/en/latest/user/advanced/#timeouts",
    },
    {
      kind: "dont",
      text: "Don't use mutable default arguments, nor `except Exception: pass`",
      topics: "function error default option cache",
      source: "https://docs.python.org/3/faq/programming.html",
    },
    {
      kind: "security",
      text: "secrets for tokens, hmac.compare_digest to compare, no pickle or yaml.load on what others wrote",
      topics: "token secret key sign random auth load parse yaml cookie session",
      source: "https://docs.python.org/3/library/secrets.html",
    },
    {
      kind: "security",
      text: "subprocess with a list and without shell=True",
      topics: "command process shell exec git cli",
      source: "https://docs.python.org/3/library/subprocess.html#security-considerations",
    },
    {
      kind: "performance",
      text: "One Session or Client per program keeps connections; generators for what doesn't fit memory",
      topics: "http client request stream file large",
      source: "https://www.python-httpx.org/advanced/clients/",
    },
  ],
};
