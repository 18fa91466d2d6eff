import type { Knowledge } from "../practice.js";

const gems = (...names: string[]) => names.map((name) => ({ ecosystem: "rubygems" as const, name }));

export const rails: Knowledge = {
  framework: true,
  packages: gems("rails", "sinatra", "activerecord"),
  practices: [
    {
      kind: "do",
      text: "Strong parameters (params.expect since 8.0) and validations in the model, constraints in the database, too",
      topics: "form params model validate create update",
      source: "https://guides.rubyonrails.org/action_controller_overview.html",
    },
    {
      kind: "do",
      text: "Jobs take ids and can run twice without harm",
      topics: "job background queue email task",
      source: "https://guides.rubyonrails.org/active_job_basics.html",
    },
    {
      kind: "dont",
      text: "Don't change data in schema migrations with model classes that may be gone later",
      topics: "migration column data model",
      source: "https://guides.rubyonrails.org/active_record_migrations.html",
    },
    {
      kind: "security",
      text: 'No user text in where("…"), order or html_safe; authorise every record that an id finds',
      topics: "query search sort html view permission id",
      source: "https://guides.rubyonrails.org/security.html",
    },
    {
      kind: "performance",
      text: "includes or preload against one query per row; strict_loading finds them",
      topics: "list api relation query view",
      source: "https://guides.rubyonrails.org/active_record_querying.html",
    },
  ],
};
