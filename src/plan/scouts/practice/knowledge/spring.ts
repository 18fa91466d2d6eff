import type { Knowledge } from "../practice.js";

const maven = (...names: string[]) => names.map((name) => ({ ecosystem: "maven" as const, name }));

export const spring: Knowledge = {
  framework: true,
  packages: maven(
    "org.springframework.boot:spring-boot-starter-parent",
    "org.springframework.boot:spring-boot-starter-web",
    "org.springframework.boot:spring-boot-starter-webmvc",
    "org.springframework.boot:spring-boot-starter",
    "org.springframework.boot:spring-boot-starter-data-jpa",
  ),
  practices: [
    {
      kind: "do",
      text: "Constructor injection with final fields; @ConfigurationProperties with @Validated for settings",
      topics: "service bean config setting",
      source: "https://docs.spring.io/spring-boot/reference/features/external-config.html",
    },
    {
      kind: "do",
      text: "@RestControllerAdvice with ProblemDetail for errors of an API",
      topics: "error exception api rest controller",
      from: 3,
      source: "https://docs.spring.io/spring-framework/reference/web/webmvc/mvc-ann-rest-exceptions.html",
    },
    {
      kind: "dont",
      text: "Don't call an @Transactional, @Async or @Cacheable method on `this`: the proxy is passed by",
      topics: "transaction async cache service",
      source:
        "https://docs.spring.io/spring-framework/reference/data-access/transaction/declarative/annotations.html",
    },
    {
      kind: "dont",
      text: "Don't expose entities as request or response: a DTO says what may be written and seen",
      topics: "api rest controller entity form dto",
      source:
        "https://docs.spring.io/spring-framework/reference/web/webmvc/mvc-controller/ann-modelattrib-method-args.html",
    },
    {
      kind: "security",
      text: "SecurityFilterChain denies by default; authorise methods, too",
      topics: "auth login permission role endpoint",
      from: 3,
      source:
        "https://docs.spring.io/spring-security/reference/servlet/authorization/authorize-http-requests.html",
    },
    {
      kind: "performance",
      text: "Fetch what a page shows (join fetch, @EntityGraph); open-in-view off",
      topics: "list page jpa repository query relation",
      source: "https://docs.spring.io/spring-data/jpa/reference/jpa/query-methods.html",
    },
  ],
};
