import { type Knowledge, npm } from "../practice.js";

export const nodeDatabases: Knowledge = {
  framework: false,
  packages: npm(
    "@prisma/client",
    "prisma",
    "typeorm",
    "drizzle-orm",
    "sequelize",
    "knex",
    "pg",
    "mysql2",
    "mongoose",
  ),
  practices: [
    {
      kind: "do",
      text: "Put what must happen together into one transaction, and pass its handle to everything inside",
      topics: "transaction order payment save update create database",
      source: "https://www.prisma.io/docs/orm/prisma-client/queries/transactions",
    },
    {
      kind: "do",
      text: "Migrations in steps that old and new code both survive: add, fill, switch, remove",
      topics: "migration column table schema model rename",
      source: "https://www.prisma.io/docs/guides/data-migration",
    },
    {
      kind: "dont",
      text: "Don't use schema synchronisation (synchronize, db push) on data that matters",
      topics: "migration schema deploy table",
      source: "https://typeorm.io/docs/data-source/data-source-options",
    },
    {
      kind: "security",
      text: "Parameters, never text put together, in raw queries and in order by",
      topics: "query raw search filter sort sql",
      source: "https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html",
    },
    {
      kind: "performance",
      text: "One pool per process; look for one query per row, and page by a key rather than by offset",
      topics: "list page query relation database pool",
      source: "https://use-the-index-luke.com/no-offset",
    },
  ],
};
