/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const acceptance = `
Which three sentences about {feature} have to be true, and checkable by somebody who did not build it, to call it done?
  They become the acceptance criteria as they are said.
[refactoring] What is compared to show that {feature} changed nothing: outputs, recorded calls, sums, and over which time?
  Green tests prove what they test.
[-refactoring] What must {feature} refuse, and how does a tester see that it was refused?
  Criteria without a negative case are met by code that allows everything.
[-refactoring] Which number does {feature} have to reach: seconds, percent, rows, errors per day, and measured where?
  A criterion without a number is a matter of taste.
Who says that {feature} is done, and by looking at what?
  It should be known before, and be one person.
  - Whoever reviews the code: tests decide
  - Whoever asked for it: a demonstration decides
  - The operators: a week without an incident decides
Which existing test or report has to stay green, unchanged, all the way through?
  A test that was changed to pass proves nothing.
[-refactoring-terminal] What does {feature} look like in the log and in the figures when all is well?
  Then it can be told from when it is not.
[-refactoring] Which one way through {feature} from beginning to end must work on the day of the release, whatever else is missing?
  It is the first test to write and the last to break.
What would make you take {feature} out again a week later?
  It is the criterion nobody writes down.
[things-refactoring] With how many {things}, of which kind, is {feature} tried out before it counts as done?
  Done with five is not done with fifty thousand.
[doing-refactoring] What exactly is different, and where can it be seen, after {doing} has worked?
  Somebody has to be able to write the check.
[doing-refactoring] What is just the same as before after {doing} has failed?
  It is the other half of the same criterion.
[external] Is it done when it works against {external} itself, and who has an account to show that?
  A fake says yes to everything.
  - The real one: shown once, by hand, with a date
  - Its sandbox: in an automatic run
  - A fake: with the differences listed
[performance] Which time, at which load, on which machine, is still good enough?
  Otherwise it is as fast as the developer's laptop.
[security] Which attack on {feature} is tried before the release, by whom?
  Not tried is not known.
[ui] On which browsers, sizes and with which assistive technology has it been seen working?
  Everything else is untested by definition.
[api] Is the description of the interface part of being done, and who checks that it is true?
  A wrong description costs others their days.
[replacing] What shows that the old way is really not used any more?
  Switching it off is the only other way to find out.
[money] Which sum has to agree with which other one, to the cent, at the end of a day?
  It is the one criterion that accounting reads.
[messages] How is it shown that nobody gets a message twice, and nobody gets somebody else's?
  Neither can be taken back.
[cli] Which command line, with which output and which exit code, is the demonstration?
  It can be pasted into a test as it is.
[reports] Which figures of the report are checked by hand against the data, and by whom?
  A plausible wrong number lives for years.
[exports] Which file, taken out and read back in, has to be the same?
  It is a one-line test that finds most mistakes.
[webhooks] How can a receiver see for itself what was sent, when, and what it answered?
  Else each of these questions is a support ticket.
`;
