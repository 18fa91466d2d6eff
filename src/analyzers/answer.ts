/** The other end of `callOwnProcess`: reads the request from stdin, writes the answer to stdout, and ends. */
export async function answerRequest(work: (request: string) => unknown): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const answer = await work(Buffer.concat(chunks).toString("utf8"));
  await new Promise<void>((resolve) => {
    process.stdout.write(JSON.stringify(answer), () => resolve());
  });
  // Some libraries leave threads behind that would take seconds to wind down.
  process.exit(0);
}
