import { fillPrompt, loadPrompt } from "../config/prompts.js";
import { guides } from "./prompts.js";

/** The phases as Claude Code reads slash commands: Markdown with a head; what the user typed stands for `$ARGUMENTS`. */
export async function commandFiles(): Promise<{ name: string; text: string }[]> {
  return Promise.all(
    guides.map(async ({ name, description, argument, file, subject }) => {
      const hint = argument.required ? `<${argument.name}>` : `[${argument.name}]`;
      const head = `---\ndescription: ${description}\nargument-hint: "${hint}"\n---\n`;
      // Nothing typed leaves nothing behind: then the sentence around it must still read.
      const given = argument.required
        ? subject("$ARGUMENTS")
        : ". The task it belongs to, where one is named: $ARGUMENTS";
      return {
        name: `${name}.md`,
        text: `${head}${fillPrompt(await loadPrompt(file), { subject: given })}\n`,
      };
    }),
  );
}
