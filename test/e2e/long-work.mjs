// Work that outlasts a call, a call that is cut, and a server that starts slowly or dies, as each client's model sees it.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { said } from "./harness.mjs";

/** Milliseconds after which the client cuts a call here. */
const cutAfter = 6_000;
const words = "Give greet in src/greet.js a second argument loud.";
const implement = { tool: "implement_task", input: { task: words, backend: "local" } };

/** @param edit what the local model answers in the end */
export async function longWork(client, local, project, edit, check) {
  const { folder, server, git, top } = project;
  const clean = () => {
    assert.equal(git("status", "--porcelain", "--", "src", "test"), "");
    assert.equal(git("worktree", "list", "--porcelain").match(/^worktree /gm).length, 1);
  };
  git("checkout", "-q", "--", "src", "test");

  await check("work longer than a call may last: gone on with by its job, to its end", async () => {
    const gate = deferred();
    let turns = 0;
    local.answers.implement_edit = async (told) => {
      if (told.includes("toUpperCase")) return { ...edit, edits: [] };
      await gate.promise;
      return edit;
    };
    const started = Date.now();
    const talk = await client.converse({
      project: folder,
      server,
      toolTimeout: cutAfter,
      steps: [{ id: "long", ...implement, within: { wait_s: 3 } }],
      onTurn() {
        turns += 1;
        if (Date.now() - started > cutAfter + 4_000 && turns >= 3) gate.resolve();
      },
    });
    gate.resolve();
    const first = talk.first("long");
    assert.equal(first?.state, "running", talk.text("long") ?? said(talk.result));
    assert.equal(Object.keys(first)[0], "state");
    assert.match(first.next, new RegExp(`implement_task with \\{"job": "${first.job}"\\}`));
    assert.ok(turns >= 4, `${turns} turns`);
    assert.equal(talk.answer("long")?.outcome, "proposed", talk.text("long"));
    clean();
  });

  await check("a call that the client cuts: its model is told, the work ends, nothing is left", async () => {
    const left = local.left();
    let leftSince = 0;
    local.answers.implement_edit = () => new Promise(() => {});
    const talk = await client.converse({
      project: folder,
      server,
      toolTimeout: 2 * cutAfter,
      onTurn: () => {
        leftSince = local.left() - left;
      },
      steps: [
        { id: "cut", ...implement, within: { wait_s: 50 } },
        { id: "after", tool: "fingerprint_check" },
      ],
    });
    assert.match(talk.text("cut") ?? said(talk.result), /time(d )?\s?-?out/i);
    assert.ok(["review", "skip"].includes(talk.answer("after")?.decision), talk.text("after"));
    assert.ok(leftSince > 0, "the local model's work was not given up");
    clean();
  });

  await check("a server that takes 4 s to start: waited for, and used", async () => {
    const slow = starter(top, "slow", "sleep 4");
    const talk = await client.converse({
      project: folder,
      server: { ...server, ...slow(server) },
      steps: [{ id: "after", tool: "fingerprint_check" }],
    });
    assert.ok(["review", "skip"].includes(talk.answer("after")?.decision), talk.text("after"));
  });

  await check("a server that dies in a call: its model is told, and the next start is clean", async () => {
    const note = join(top, "server-pid");
    const dying = starter(top, "dying", `echo $$ > '${note}'`);
    local.answers.implement_edit = () => {
      process.kill(Number(readFileSync(note, "utf8")), "SIGKILL");
      return new Promise(() => {});
    };
    const talk = await client.converse({
      project: folder,
      server: { ...server, ...dying(server) },
      toolTimeout: 60_000,
      steps: [
        { id: "death", ...implement },
        { id: "after", tool: "fingerprint_check" },
      ],
    });
    const told = `${talk.text("death")}\n${talk.text("after")}`;
    assert.equal(talk.result.code, 0, said(talk.result));
    assert.match(
      talk.text("death") ?? said(talk.result),
      /clos|disconnect|terminated|cancel|transport|ended/i,
    );
    assert.equal(existsSync(note), true, told);
    local.answers.implement_edit = (seen) => (seen.includes("toUpperCase") ? { ...edit, edits: [] } : edit);
    const next = await client.converse({
      project: folder,
      server,
      steps: [{ id: "again", ...implement }],
    });
    assert.equal(next.answer("again")?.outcome, "proposed", next.text("again"));
    clean();
  });

  await check("a server that does not start in time: the client says so, and does not hang", async () => {
    const never = starter(top, "never", "sleep 60");
    const talk = await client.converse({
      project: folder,
      server: { ...server, ...never(server) },
      startTimeout: 3_000,
      required: false,
      steps: [],
    });
    assert.equal(talk.result.timedOut, false);
    assert.ok(talk.result.ms < 30_000, `${talk.result.ms} ms`);
    const seen = JSON.stringify(talk.init?.mcp_servers ?? talk.result.stdout + talk.result.stderr);
    assert.match(seen, /sluice/);
    assert.match(seen, /fail|timed out|pending/i);
  });
}

/** The server's command behind a line of shell. */
function starter(top, name, line) {
  const file = join(top, `${name}-server.sh`);
  writeFileSync(file, `${line}\nexec "$@"\n`);
  return ({ command, args }) => ({ command: "/bin/sh", args: [file, command, ...args] });
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => {
    made.resolve = resolve;
  });
  return made;
}
