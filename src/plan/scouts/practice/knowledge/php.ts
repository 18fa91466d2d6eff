import type { Knowledge } from "../practice.js";

const packagist = (...names: string[]) => names.map((name) => ({ ecosystem: "packagist" as const, name }));

export const php: Knowledge = {
  framework: true,
  packages: packagist("laravel/framework", "symfony/framework-bundle", "symfony/http-kernel", "slim/slim"),
  practices: [
    {
      kind: "do",
      text: "declare(strict_types=1), typed properties, and validation of requests in one place",
      topics: "request validate form input type",
      source: "https://www.php.net/manual/en/language.types.declarations.php",
    },
    {
      kind: "dont",
      text: "Don't unserialize() what others wrote: json_decode with JSON_THROW_ON_ERROR",
      topics: "serialize parse cache session json",
      source: "https://www.php.net/manual/en/function.unserialize.php",
    },
    {
      kind: "security",
      text: "Prepared statements only; escape on output by the template engine",
      topics: "sql query search html template view",
      source: "https://www.php.net/manual/en/pdo.prepared-statements.php",
    },
    {
      kind: "security",
      text: "password_hash and random_bytes; hash_equals to compare",
      topics: "password token secret login auth",
      source: "https://www.php.net/manual/en/function.password-hash.php",
    },
    {
      kind: "performance",
      text: "Queue what is slow; eager-load relations",
      topics: "email job queue list relation",
      source: "https://laravel.com/docs/eloquent-relationships#eager-loading",
    },
  ],
};
